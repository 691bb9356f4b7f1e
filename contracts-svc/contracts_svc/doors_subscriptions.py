"""Commands about subscriptions: by a household for itself, or by who looks after the contract (S0:17, S0:28-30)."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from contracts_svc.contract import decider as contract
from contracts_svc.contract.decider import Contract
from contracts_svc.contract.subscriptions import (
    ComposeBasket,
    ConfirmSubscription,
    DeclineSubscription,
    EndSubscription,
    GivePlace,
    RegisterSubscription,
    SetAbsences,
)
from contracts_svc.guards import facts_told, with_id
from contracts_svc.rules.cheques import WrittenCheque
from contracts_svc.subscribing import (
    EATER,
    check_agreed,
    check_main_contract,
    check_membership,
    check_required_contract,
    contract_of,
    eaters_of,
    kind_of,
    local_now,
    require_in_group,
    require_manager,
    require_own_or_manager,
    subscription_row,
    tell_contract,
)
from grenier.doors import Context, door
from grenier.errors import Invalid
from grenier.language.season import (
    BasketComposed,
    Channel,
    PaymentMeans,
    SubscribedLine,
    SubscriptionEnded,
    SubscriptionRegistered,
)
from grenier.readmodel import Row
from grenier.runtime import Runtime, derived_id, read

MAX_REASON = 500


class Wish(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a household wants: the same for a quote and for the registration."""

    contract_id: str
    household_id: str
    lines: list[SubscribedLine] = []
    starts_on: date | None = None
    cheque_count: int | None = None
    household_ids: list[str] = []
    anchor_delivery_id: str = ""
    co_person_ids: list[str] = []
    absences: list[str] = []
    series: str = ""
    replaces: str = ""
    means: PaymentMeans = "cheque"
    cheques: list[WrittenCheque] = []


class Register(Wish, forbid_unknown_fields=True, kw_only=True):
    channel: Channel = "web"
    person_id: str = ""
    subscription_id: str = ""


class One(msgspec.Struct, forbid_unknown_fields=True):
    subscription_id: str


class WithReason(msgspec.Struct, forbid_unknown_fields=True):
    subscription_id: str
    reason: str = ""


class Absences(msgspec.Struct, forbid_unknown_fields=True):
    subscription_id: str
    delivery_ids: list[str]


class Compose(msgspec.Struct, forbid_unknown_fields=True):
    subscription_id: str
    delivery_id: str
    quantities: dict[str, int]


class End(msgspec.Struct, forbid_unknown_fields=True):
    subscription_id: str
    on: date
    reason: str
    recompute: bool = True


class SubscriptionDoors:
    runtime: Runtime

    @door
    def register_subscription(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask, context = read(Register, payload), with_id(context)
        state = contract_of(self.runtime, ask.contract_id)
        role = require_own_or_manager(self.runtime, context, [ask.household_id], state.life.group_id, ask.contract_id)
        subscription_id = ask.subscription_id or derived_id(context.command_id, "subscription")
        command = wanted(self.runtime, context, state, ask, role, subscription_id)

        def check() -> None:
            check_membership(self.runtime, ask.household_id, state.life.group_id)
            check_required_contract(self.runtime, ask.household_id, state)
            check_main_contract(self.runtime, ask.household_id, state, ask.replaces)

        answer = self.runtime.tell(
            contract.decider, ask.contract_id, command, context, role=role, group_id=state.life.group_id,
            on_behalf_of="" if role == EATER else ask.household_id, check=check,
        )  # fmt: skip
        told = facts_told(self.runtime, contract.decider.stream(ask.contract_id), answer, context)
        registered = next((fact for fact in told if isinstance(fact, SubscriptionRegistered)), None)
        if registered is None:  # it stood already, under another command
            held = contract_of(self.runtime, ask.contract_id).roster.subscriptions[subscription_id]
            waiting, amount_cents, cheques = held.state == "waiting", held.amount_cents, held.cheques
        else:
            waiting, amount_cents, cheques = registered.waiting, registered.amount_cents, registered.cheques
        return {
            **answer, "subscription_id": subscription_id, "waiting": waiting, "amount_cents": amount_cents,
            "state": "waiting" if waiting else "to_confirm", "cheques": [msgspec.to_builtins(one) for one in cheques],
        }  # fmt: skip

    @door
    def confirm_subscription(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        row, role = self._subscription_managed(read(One, payload).subscription_id, context)
        now = local_now(self.runtime, row["group_id"])
        command = ConfirmSubscription(subscription_id=row["subscription_id"], now=now)
        return tell_contract(self.runtime, row, command, context, role)

    @door
    def give_place(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        row, role = self._subscription_managed(read(One, payload).subscription_id, context)
        command = GivePlace(subscription_id=row["subscription_id"], now=local_now(self.runtime, row["group_id"]))
        return tell_contract(self.runtime, row, command, context, role)

    @door
    def decline_subscription(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(WithReason, payload)
        row, role = self._subscription_managed(ask.subscription_id, context)
        return tell_contract(self.runtime, row, self._declining(ask, row), context, role)

    @door
    def withdraw_subscription(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(WithReason, payload)
        row = subscription_row(self.runtime, ask.subscription_id)
        role = require_own_or_manager(self.runtime, context, [row["household_id"]], row["group_id"], row["contract_id"])
        return tell_contract(self.runtime, row, self._declining(ask, row), context, role)

    @door
    def set_absences(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(Absences, payload)
        row, role = self._subscription_of_own(ask.subscription_id, context)
        command = SetAbsences(
            subscription_id=ask.subscription_id, delivery_ids=ask.delivery_ids, managed=role != EATER,
            now=local_now(self.runtime, row["group_id"]),
        )  # fmt: skip
        return tell_contract(self.runtime, row, command, context, role)

    @door
    def compose_basket(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(Compose, payload)
        row, role = self._subscription_of_own(ask.subscription_id, context)
        command = ComposeBasket(
            subscription_id=ask.subscription_id, delivery_id=ask.delivery_id, quantities=ask.quantities,
            managed=role != EATER, now=local_now(self.runtime, row["group_id"]),
        )  # fmt: skip
        answer = tell_contract(self.runtime, row, command, context, role)
        return {**answer, "amount_cents": self._amount_after(row, answer, context)}

    @door
    def end_subscription(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(End, payload)
        row, role = self._subscription_managed(ask.subscription_id, context)
        command = EndSubscription(
            subscription_id=ask.subscription_id, on=ask.on, reason=_reason(ask.reason), recompute=ask.recompute,
            now=local_now(self.runtime, row["group_id"]),
        )  # fmt: skip
        answer = tell_contract(self.runtime, row, command, context, role)
        return {**answer, "amount_cents": self._amount_after(row, answer, context)}

    def _amount_after(self, row: Row, answer: dict[str, Any], context: Context) -> int:
        """What is due in all since this command; as things stand when it changed nothing."""
        told = facts_told(self.runtime, contract.decider.stream(row["contract_id"]), answer, context)
        for fact in told:
            if isinstance(fact, BasketComposed | SubscriptionEnded):
                return fact.amount_cents
        held = contract_of(self.runtime, row["contract_id"]).roster.subscriptions[row["subscription_id"]]
        return int(held.amount_cents)

    # -- what they share -----------------------------------------------------------------------------------------

    def _subscription_managed(self, subscription_id: str, context: Context) -> tuple[Row, str]:
        """The subscription of a contract that the actor looks after; NotFound for a stranger, and for none."""
        row = subscription_row(self.runtime, subscription_id)
        return row, require_manager(self.runtime, context, row["group_id"], row["contract_id"])

    def _subscription_of_own(self, subscription_id: str, context: Context) -> tuple[Row, str]:
        row = subscription_row(self.runtime, subscription_id)
        return row, require_own_or_manager(self.runtime, context, eaters_of(row), row["group_id"], row["contract_id"])

    def _declining(self, ask: WithReason, row: Row) -> DeclineSubscription:
        return DeclineSubscription(
            subscription_id=ask.subscription_id,
            reason=_reason(ask.reason),
            now=local_now(self.runtime, row["group_id"]),
        )


def wanted(
    runtime: Runtime, context: Context, state: Contract, ask: Wish, role: str, subscription_id: str
) -> RegisterSubscription:
    """The command that a wish becomes. Raises Invalid for households and persons that are not of this group."""
    group_id, managed = state.life.group_id, role != EATER
    for household_id in [ask.household_id, *ask.household_ids]:
        require_in_group(runtime, household_id, group_id, "household_ids" if ask.household_ids else "household_id")
    if not managed:
        check_agreed(runtime, context, state, ask.household_ids, ask.replaces)
    persons = runtime.access.persons_of(ask.household_id)
    signing = getattr(ask, "person_id", "") or (context.actor if context.actor in persons else next(iter(persons), ""))
    if signing not in persons:
        raise Invalid(fields={"person_id": ["Not a person of this household."]})
    _check_eating(runtime, ask, persons)
    channel: Channel = getattr(ask, "channel", "web") if managed else "web"
    return RegisterSubscription(
        subscription_id=subscription_id, household_id=ask.household_id, person_id=signing, lines=ask.lines,
        now=local_now(runtime, group_id), starts_on=ask.starts_on,
        channel="coordinator" if managed and channel == "web" else channel, means=ask.means,
        cheque_count=ask.cheque_count, household_ids=ask.household_ids, anchor_delivery_id=ask.anchor_delivery_id,
        co_person_ids=ask.co_person_ids, absences=ask.absences, series=ask.series, replaces=ask.replaces,
        cheques=ask.cheques, managed=managed, group_kind=kind_of(runtime, group_id),
    )  # fmt: skip


def _check_eating(runtime: Runtime, ask: Wish, persons: list[str]) -> None:
    """Their names stand on the contract: nobody is put there but by the households that eat from it."""
    eating = {*persons, *(person for one in ask.household_ids for person in runtime.access.persons_of(one))}
    if set(ask.co_person_ids) - eating:
        raise Invalid(fields={"co_person_ids": ["Not a person of this household."]})


def _reason(text: str) -> str:
    if len(text) > MAX_REASON:
        raise Invalid(fields={"reason": [f"At most {MAX_REASON} characters."]})
    return text.strip()
