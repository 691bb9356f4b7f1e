"""Who shares a basket: nobody without having said yes, on the site or on paper (S0:28). Part of the stream `contract-<id>`."""

from __future__ import annotations

from typing import Any, TypeAlias, assert_never

import msgspec

from contracts_svc.contract.sharing_commands import (
    AnswerSharing,
    LapseSharing,
    LeaveSharing,
    Proposal,
    ProposeSharing,
    SetSharers,
    SharingCommand,
    WithdrawSharing,
)
from contracts_svc.contract.state import Life, must_be_opened
from contracts_svc.contract.subscriptions import CURRENT, Held, must_be
from contracts_svc.contract.turns import anchor_at, anchor_for_one_more, coming
from grenier.decider import Rejected
from grenier.errors import Invalid
from grenier.language.season import SharersSet
from grenier.language.sharing import (
    SharingAccepted,
    SharingDeclined,
    SharingLapsed,
    SharingProposed,
    SharingWithdrawn,
)

# Households at one basket: more could not keep their turns apart.
MOST_SHARERS = 20

SharingEvent: TypeAlias = (
    SharersSet | SharingProposed | SharingAccepted | SharingDeclined | SharingWithdrawn | SharingLapsed
)  # fmt: skip

# -- decide ------------------------------------------------------------------------------------------------------


def decide_sharing(life: Life, held: Held, command: SharingCommand) -> list[SharingEvent]:
    match command:
        case SetSharers():
            return set_sharers(life, held, command)
        case ProposeSharing():
            return propose(life, held, command)
        case AnswerSharing():
            return answer(life, held, command)
        case WithdrawSharing():
            return withdraw(life, held, command)
        case LapseSharing():
            return lapse(life, held, command)
        case LeaveSharing():
            return leave(life, held, command)
        case _:
            assert_never(command)


def set_sharers(life: Life, held: Held, command: SetSharers) -> list[SharingEvent]:
    if (held.household_ids, held.anchor_delivery_id) == (command.household_ids, command.anchor_delivery_id):
        return []
    must_be(held, *CURRENT)
    check_sharers(life, held, command.household_ids, command.anchor_delivery_id)
    asked = set(command.household_ids) - {held.household_id, *held.household_ids, *command.agreeing}
    if asked and not command.managed:
        raise Rejected("sharing-not-agreed", household_ids=sorted(asked))
    return [_set(life, held, command.household_ids, command.anchor_delivery_id)]


def propose(life: Life, held: Held, command: ProposeSharing) -> list[SharingEvent]:
    """One at a time; that there is no such household is not said, so that nobody tries addresses."""
    if held.proposal is not None and held.proposal.proposal_id == command.proposal_id:
        return []
    must_be_opened(life)
    must_be(held, *CURRENT)
    if held.asks is not None:
        raise Rejected("sharing-open", proposal_id=held.asks.proposal_id)
    if command.to_household_id in held.household_ids:
        raise Rejected("sharing-already", household_id=command.to_household_id)
    must_have_room(held)
    own = [delivery.delivery_id for delivery in held.covers(life)]
    if not coming(life, held, command.today):
        raise Rejected("sharing-over")
    anchor = command.anchor_delivery_id or held.anchor_delivery_id or anchor_for_one_more(life, held, command.today)
    if anchor not in own and anchor != held.anchor_delivery_id:
        raise Invalid(fields={"anchor_delivery_id": ["Not a delivery of this subscription."]})
    return [
        SharingProposed(
            **_ids(life, held), proposal_id=command.proposal_id, household_id=held.household_id,
            person_id=command.person_id, to_household_id=command.to_household_id, anchor_delivery_id=anchor,
        )
    ]  # fmt: skip


def answer(life: Life, held: Held, command: AnswerSharing) -> list[SharingEvent]:
    wanted = "accepted" if command.accept else "declined"
    proposal = _proposal(held, command.proposal_id)
    if not proposal.to_household_id:
        raise Rejected("sharing-missing", proposal_id=command.proposal_id)
    if proposal.answer == wanted or (proposal.answer == "lapsed" and not command.accept):
        return []
    if proposal.answer not in ("open", "lapsed"):
        raise Rejected("sharing-answered", answer=proposal.answer)
    told = {**_ids(life, held), "proposal_id": proposal.proposal_id, "household_id": held.household_id,
            "to_household_id": proposal.to_household_id, "person_id": command.person_id}  # fmt: skip
    if not command.accept:
        return [SharingDeclined(**told)]
    must_be_opened(life)
    must_be(held, *CURRENT)
    must_have_room(held)
    anchor = anchor_at(life, held, proposal, command.today)
    if proposal.answer == "lapsed" or not anchor:
        raise Rejected("sharing-over")
    sharers = [*(held.household_ids or [held.household_id]), proposal.to_household_id]
    return [SharingAccepted(**told), _set(life, held, sharers, anchor)]


def withdraw(life: Life, held: Held, command: WithdrawSharing) -> list[SharingEvent]:
    proposal = _proposal(held, command.proposal_id)
    if proposal.answer in ("withdrawn", "lapsed"):
        return []
    if proposal.answer != "open":
        raise Rejected("sharing-answered", answer=proposal.answer)
    return [
        SharingWithdrawn(
            **_ids(life, held), proposal_id=proposal.proposal_id, household_id=held.household_id,
            to_household_id=proposal.to_household_id,
        )
    ]  # fmt: skip


def lapse(life: Life, held: Held, command: LapseSharing) -> list[SharingEvent]:
    if held.asks is None or held.asks.proposal_id != command.proposal_id or coming(life, held, command.today):
        return []
    return lapsed(life, held)


def lapsed(life: Life, held: Held) -> list[SharingEvent]:
    """Whoever was asked need not answer any more."""
    if held.asks is None:
        return []
    return [
        SharingLapsed(
            **_ids(life, held), proposal_id=held.asks.proposal_id, household_id=held.household_id,
            to_household_id=held.asks.to_household_id,
        )
    ]  # fmt: skip


def leave(life: Life, held: Held, command: LeaveSharing) -> list[SharingEvent]:
    if command.household_id not in held.household_ids:
        return []
    if command.household_id == held.household_id:
        raise Rejected("sharing-signer", household_id=held.household_id)
    rest = [one for one in held.household_ids if one != command.household_id]
    return [_set(life, held, rest, held.anchor_delivery_id) if len(rest) > 1 else _set(life, held, [], "")]


def must_have_room(held: Held) -> None:
    if len(held.household_ids) >= MOST_SHARERS:
        raise Rejected("sharing-full", most=MOST_SHARERS)


def check_sharers(life: Life, held: Held, household_ids: list[str], anchor_delivery_id: str) -> None:
    """Nobody but the household, or several of which the one that signs is one; the anchor is one of its deliveries."""
    if not household_ids and not anchor_delivery_id:
        return
    if household_ids[:1] != [held.household_id] or len(set(household_ids)) != len(household_ids):
        raise Invalid(fields={"household_ids": ["First the household that signs, then the others, each once."]})
    if len(household_ids) > MOST_SHARERS:
        raise Invalid(fields={"household_ids": [f"At most {MOST_SHARERS}."]})
    if anchor_delivery_id not in {delivery.delivery_id for delivery in held.covers(life)}:
        raise Invalid(fields={"anchor_delivery_id": ["Not a delivery of this subscription."]})


def _set(life: Life, held: Held, household_ids: list[str], anchor_delivery_id: str) -> SharersSet:
    before, after = ({*several, held.household_id} for several in (held.household_ids, household_ids))
    return SharersSet(
        **_ids(life, held), household_ids=household_ids, anchor_delivery_id=anchor_delivery_id,
        joined=sorted(after - before), left=sorted(before - after),
    )  # fmt: skip


def _proposal(held: Held, proposal_id: str) -> Proposal:
    if held.proposal is None or held.proposal.proposal_id != proposal_id:
        raise Rejected("sharing-missing", proposal_id=proposal_id)
    return held.proposal


def _ids(life: Life, held: Held) -> dict[str, Any]:
    return {"subscription_id": held.subscription_id, "contract_id": life.contract_id, "group_id": life.group_id}


# -- evolve ------------------------------------------------------------------------------------------------------


def evolve_sharing(held: Held, event: SharingEvent) -> Held:
    match event:
        case SharersSet():
            shared = msgspec.structs.replace(
                held, household_ids=event.household_ids, anchor_delivery_id=event.anchor_delivery_id
            )
            # Noted by the coordinator meanwhile: there is nothing left to answer.
            agreed = held.asks is not None and held.asks.to_household_id in event.household_ids
            return _answered(shared, "accepted") if agreed else shared
        case SharingProposed():
            asked = Proposal(
                proposal_id=event.proposal_id,
                to_household_id=event.to_household_id,
                anchor_delivery_id=event.anchor_delivery_id,
                sharers=held.household_ids,
                anchored=held.anchor_delivery_id,
            )
            return msgspec.structs.replace(held, proposal=asked)
        case SharingAccepted():
            return _answered(held, "accepted")
        case SharingDeclined():
            return _answered(held, "declined")
        case SharingWithdrawn():
            return _answered(held, "withdrawn")
        case SharingLapsed():
            return _answered(held, "lapsed")
        case _:
            assert_never(event)


def _answered(held: Held, said: Any) -> Held:
    assert held.proposal is not None
    return msgspec.structs.replace(held, proposal=msgspec.structs.replace(held.proposal, answer=said))
