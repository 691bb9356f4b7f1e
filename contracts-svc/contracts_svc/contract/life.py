"""The life of a contract, from the first draft to the end of the season (S0:21-25). Part of the stream `contract-<id>`.

    drafted -> submitted -> approved -> opened -> ended
       ^          |            |
       |          v            | revised: needs a new approval
       +- changes requested <--+                abandoned: from any state before opened

The producer approves one version; only exactly that version can be opened. After opening the terms stay as they were
agreed: a single delivery may be moved, cancelled, counted anew or added, and everybody it touches is told.
"""

from __future__ import annotations

from typing import assert_never

import msgspec

from contracts_svc.contract.adding import AddDelivery, add_delivery, with_added
from contracts_svc.contract.approval import (
    ApproveContract,
    RequestChanges,
    SubmitContract,
    approve,
    request_changes,
    submit,
)
from contracts_svc.contract.deliveries import (
    CancelDelivery,
    CountDelivery,
    MoveDelivery,
    cancel_delivery,
    count_delivery,
    move_delivery,
)
from contracts_svc.contract.life_commands import (
    AbandonContract,
    CloseSignUps,
    DraftContract,
    EndContract,
    LifeCommand,
    LifeEvent,
    OpenContract,
    ReopenSignUps,
    ReviseContract,
)
from contracts_svc.contract.state import Life, Submission, must_be_before_opening, must_be_newest, must_be_opened
from contracts_svc.rules.terms import check_terms
from grenier.decider import Rejected
from grenier.errors import Invalid
from grenier.language.season import (
    ContractAbandoned,
    ContractApproved,
    ContractChangesRequested,
    ContractDrafted,
    ContractEnded,
    ContractOpened,
    ContractRevised,
    ContractSubmitted,
    DeliveryAdded,
    DeliveryCancelled,
    DeliveryCountedAnew,
    DeliveryMoved,
    PlannedDelivery,
    SignUpsClosed,
    SignUpsReopened,
    Terms,
)

# -- decide ------------------------------------------------------------------------------------------------------


def decide_life(life: Life, command: LifeCommand) -> list[LifeEvent]:
    match command:
        case DraftContract():
            return draft(life, command)
        case ReviseContract():
            return revise(life, command)
        case SubmitContract():
            return [*submit(life, command)]
        case ApproveContract():
            return [*approve(life, command)]
        case RequestChanges():
            return [*request_changes(life, command)]
        case OpenContract():
            return open_contract(life, command)
        case CloseSignUps():
            return close_sign_ups(life, command)
        case ReopenSignUps():
            return reopen_sign_ups(life, command)
        case MoveDelivery():
            return [*move_delivery(life, command)]
        case CancelDelivery():
            return [*cancel_delivery(life, command)]
        case CountDelivery():
            return [*count_delivery(life, command)]
        case AddDelivery():
            return [*add_delivery(life, command)]
        case EndContract():
            return end(life, command)
        case AbandonContract():
            return abandon(life, command)
        case _:
            assert_never(command)


def draft(life: Life, command: DraftContract) -> list[LifeEvent]:
    drafted = ContractDrafted(**msgspec.structs.asdict(command))
    if life.terms is not None:
        if life.drafted == drafted:
            return []
        raise Rejected("contract-exists", contract_id=command.contract_id)
    check_terms(command.terms)
    return [drafted]


def revise(life: Life, command: ReviseContract) -> list[LifeEvent]:
    if life.agreed == command.terms and command.from_version in (life.version, life.version - 1):
        return []
    must_be_before_opening(life)
    must_be_newest(life, command.from_version)
    check_terms(command.terms)
    return [ContractRevised(**life.ids, version=life.version + 1, terms=command.terms)]


def open_contract(life: Life, command: OpenContract) -> list[LifeEvent]:
    if life.status == "opened" and life.version == command.version:
        return []
    must_be_before_opening(life)
    must_be_newest(life, command.version)
    if life.status != "approved" or life.approved_version != command.version:
        raise Rejected("contract-not-approved", version=command.version)
    return [
        ContractOpened(
            **life.ids, producer_id=life.producer_id, coordinator_id=life.coordinator_id, version=life.version,
            terms=life.agreed,
        )
    ]  # fmt: skip


def close_sign_ups(life: Life, command: CloseSignUps) -> list[LifeEvent]:
    if life.sign_ups_closed or life.status == "ended":
        return []
    if command.after is not None and command.after != life.sign_ups_until:
        return []
    must_be_opened(life)
    return [SignUpsClosed(**life.ids)]


def reopen_sign_ups(life: Life, command: ReopenSignUps) -> list[LifeEvent]:
    """Also a later last day while signing up is still possible."""
    must_be_opened(life)
    if not life.sign_ups_closed and life.sign_ups_until == command.closes_on:
        return []
    if command.closes_on < command.today:
        raise Invalid(fields={"closes_on": ["Must not lie in the past."]})
    return [SignUpsReopened(**life.ids, closes_on=command.closes_on)]


def end(life: Life, command: EndContract) -> list[LifeEvent]:
    if life.status == "ended":
        return []
    must_be_opened(life)
    held = life.deliveries_held
    if held and held[-1].on > command.today:
        raise Rejected("deliveries-left", last_on=held[-1].on.isoformat())
    return [ContractEnded(**life.ids)]


def abandon(life: Life, command: AbandonContract) -> list[LifeEvent]:
    if life.status == "abandoned":
        return []
    must_be_before_opening(life)
    return [ContractAbandoned(**life.ids, reason=command.reason)]


# -- evolve ------------------------------------------------------------------------------------------------------


def evolve_life(life: Life, event: LifeEvent) -> Life:
    match event:
        case ContractDrafted():
            return drafted(event)
        case ContractRevised() | ContractSubmitted() | ContractChangesRequested() | ContractApproved():
            return agreeing(life, event)
        case ContractOpened():
            until = event.terms.sign_up.closes_on
            return msgspec.structs.replace(life, status="opened", terms=event.terms, sign_ups_until=until)
        case SignUpsClosed():
            return msgspec.structs.replace(life, sign_ups_closed=True)
        case SignUpsReopened():
            return msgspec.structs.replace(life, sign_ups_closed=False, sign_ups_until=event.closes_on)
        case DeliveryMoved() | DeliveryCancelled() | DeliveryCountedAnew():
            return msgspec.structs.replace(life, terms=with_delivery(life.terms, event))
        case DeliveryAdded():
            made_up = {**life.made_up, event.replaces_delivery_id: event.delivery.delivery_id}
            return msgspec.structs.replace(
                life,
                terms=with_added(life.agreed, event),
                made_up=made_up if event.replaces_delivery_id else life.made_up,
            )
        case ContractEnded():
            return msgspec.structs.replace(life, status="ended")
        case ContractAbandoned():
            return msgspec.structs.replace(life, status="abandoned")
        case _:
            assert_never(event)


def drafted(event: ContractDrafted) -> Life:
    return Life(
        contract_id=event.contract_id, group_id=event.group_id, producer_id=event.producer_id,
        coordinator_id=event.coordinator_id, status="drafted", version=1, terms=event.terms, renews=event.renews,
        drafted=event,
    )  # fmt: skip


def agreeing(
    life: Life, event: ContractRevised | ContractSubmitted | ContractChangesRequested | ContractApproved
) -> Life:
    match event:
        case ContractRevised():
            return msgspec.structs.replace(
                life, status="drafted", version=event.version, terms=event.terms, submission=None, approved_version=0,
                changes_wanted=None,
            )  # fmt: skip
        case ContractSubmitted():
            submission = Submission(
                version=event.version, person_id=event.person_id, document_sha256=event.document_sha256,
                answer_until=event.answer_until,
            )  # fmt: skip
            return msgspec.structs.replace(life, status="submitted", submission=submission, changes_wanted=None)
        case ContractChangesRequested():
            wanted = (event.version, event.comment)
            return msgspec.structs.replace(life, status="changes_requested", changes_wanted=wanted, submission=None)
        case ContractApproved():
            return msgspec.structs.replace(life, status="approved", approved_version=event.version)
        case _:
            assert_never(event)


def with_delivery(terms: Terms | None, event: DeliveryMoved | DeliveryCancelled | DeliveryCountedAnew) -> Terms | None:
    """The terms with this delivery as it stands after the event."""
    if terms is None:
        return None
    return msgspec.structs.replace(terms, deliveries=[changed(delivery, event) for delivery in terms.deliveries])


def changed(
    delivery: PlannedDelivery, event: DeliveryMoved | DeliveryCancelled | DeliveryCountedAnew
) -> PlannedDelivery:
    if delivery.delivery_id != event.delivery_id:
        return delivery
    match event:
        case DeliveryMoved():
            return event.delivery
        case DeliveryCancelled():
            return msgspec.structs.replace(delivery, cancelled=True, reason=event.reason)
        case DeliveryCountedAnew():
            return msgspec.structs.replace(delivery, factor_percent=event.factor_percent, reason=event.reason)
        case _:
            assert_never(event)
