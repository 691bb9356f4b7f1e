"""Commands about cheques: received at a desk, handed to the producer with the contracts, given back (S0:26-27)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Literal

import msgspec

from contracts_svc import bundle, schedule
from contracts_svc.contract.joining import due_cents, numbered
from contracts_svc.contract.state import Life
from contracts_svc.contract.subscriptions import Held
from contracts_svc.guards import today, with_id
from contracts_svc.rules import cheques as rules
from contracts_svc.subscribing import CHEQUES, contract_of, kind_of, require_manager, subscription_row
from contracts_svc.views import cheques, subscription_questions
from grenier import links
from grenier.doors import Context, door
from grenier.errors import Forbidden, GrenierError, Invalid, NotFound, Rejected
from grenier.language import purposes
from grenier.language.season import BundledCheque, PlannedCheque, SignatureMeans
from grenier.readmodel import Row
from grenier.runtime import Runtime, derived_id, read

MOST_AT_ONCE = 200
Where = Literal["help_desk", "post", "distribution"]
Check = Callable[[], None] | None


class NewCheque(msgspec.Struct, forbid_unknown_fields=True):
    """`issuer`: the name printed on it, where it is not a member's of the household."""

    subscription_id: str
    cheque_id: str
    number: str
    bank: str
    issued_on: date
    issuer: str = ""


class ReceiveCheques(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str
    at: Where
    cheques: list[NewCheque]


class GiveBack(msgspec.Struct, forbid_unknown_fields=True):
    subscription_id: str
    cheque_id: str
    reason: str


class Agree(msgspec.Struct, forbid_unknown_fields=True):
    subscription_id: str
    cheque_count: int


class HandOver(msgspec.Struct, forbid_unknown_fields=True):
    """`cheque_ids`, or all that have come and may be cashed until `cash_until`."""

    contract_id: str
    on: date | None = None
    cash_until: date | None = None
    cheque_ids: list[str] | None = None
    subscription_ids: list[str] = []
    bundle_id: str = ""


class Acknowledge(msgspec.Struct, forbid_unknown_fields=True):
    bundle_id: str
    means: SignatureMeans


class ByLink(msgspec.Struct, forbid_unknown_fields=True):
    token: str


class ChequeDoors:
    runtime: Runtime

    @door
    def receive_cheques(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """Those that are right are received, the others told with their error; repeating finishes what is left."""
        ask, context = read(ReceiveCheques, payload), with_id(context)
        if len(ask.cheques) > MOST_AT_ONCE:
            raise Invalid(fields={"cheques": [f"At most {MOST_AT_ONCE} at once."]})
        if not any(self._may_receive(context, ask.group_id, row) for row in [None, *self._subscriptions_named(ask)]):
            self.runtime.access.require(context, CHEQUES, group_id=ask.group_id)
        if ask.at == "distribution" and kind_of(self.runtime, ask.group_id) == "csa":
            raise Rejected("no-money-at-csa-distribution")
        done: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for row, cheque in enumerate(ask.cheques):
            try:
                done.append(self._receive_one(ask.group_id, cheque, context, row))
            except (Rejected, Invalid, NotFound, Forbidden) as error:
                errors.append(_told(row, error))
        position = max((one["position"] for one in done), default=0)
        return {"id": ask.group_id, "version": 0, "position": position, "received": len(done), "errors": errors}

    def _subscriptions_named(self, ask: ReceiveCheques) -> list[Row | None]:
        return [subscription_questions.by_id(self.runtime.db, one.subscription_id) for one in ask.cheques[:1]]

    def _agree_first(self, row: Row, context: Context, role: str) -> None:
        """Cheques that come together with a confirmation: the policy that agrees the schedule may not have run yet."""
        state = contract_of(self.runtime, row["contract_id"])
        held = state.roster.subscriptions[row["subscription_id"]]
        if held.state != "confirmed" or not held.cheques:
            return
        if self.runtime.handler.state(schedule.decider, row["subscription_id"]).agreed is not None:
            return
        command = schedule.AgreeSchedule(
            subscription_id=row["subscription_id"], contract_id=row["contract_id"], group_id=row["group_id"],
            household_id=row["household_id"], producer_id=state.life.producer_id, cheques=held.cheques,
        )  # fmt: skip
        self.runtime.tell(
            schedule.decider, row["subscription_id"], command, context, role=role, group_id=row["group_id"],
            on_behalf_of=row["household_id"], step="agree",
        )  # fmt: skip

    def _may_receive(self, context: Context, group_id: str, row: Row | None) -> bool:
        scope = {"scope_id": row["contract_id"]} if row and row["group_id"] == group_id else {}
        return self.runtime.access.may(context.actor, CHEQUES, group_id=group_id, **scope)

    def _receive_one(self, group_id: str, cheque: NewCheque, context: Context, row: int) -> dict[str, Any]:
        subscription = subscription_row(self.runtime, cheque.subscription_id)
        if subscription["group_id"] != group_id:
            raise NotFound
        role = require_manager(self.runtime, context, group_id, subscription["contract_id"], CHEQUES)
        issuer = cheque.issuer.strip()
        if len(issuer) > schedule.MAX_TEXT:
            raise Invalid(fields={"issuer": [f"At most {schedule.MAX_TEXT} characters."]})
        payer = subscription["person_id"]
        self._agree_first(subscription, context, role)
        command = schedule.ReceiveCheque(
            cheque_id=cheque.cheque_id, person_id=payer, number=cheque.number.strip(), bank=cheque.bank.strip(),
            issued_on=cheque.issued_on, today=today(self.runtime, group_id),
            sealed=self.runtime.keys.seal(payer, {"issuer": issuer}) if issuer else {},
        )  # fmt: skip
        return self.runtime.tell(
            schedule.decider, cheque.subscription_id, command, context, role=role, group_id=group_id,
            on_behalf_of=subscription["household_id"], step=f"cheque/{cheque.cheque_id}",
        )  # fmt: skip

    @door
    def return_cheque(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(GiveBack, payload)
        row, role = self._subscription_with_cheques(ask.subscription_id, context)
        command = schedule.ReturnCheque(cheque_id=ask.cheque_id, reason=ask.reason.strip())
        return self._tell_schedule(row, command, context, role)

    @door
    def agree_schedule(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """What is still owed, in so many new cheques: after one was given back, or for another number of them."""
        ask = read(Agree, payload)
        row, role = self._subscription_with_cheques(ask.subscription_id, context)
        state = contract_of(self.runtime, row["contract_id"])
        held = state.roster.subscriptions[ask.subscription_id]
        if held.state not in ("confirmed", "ended"):
            raise Rejected("subscription-not-confirmed", state=held.state)
        planned, hindrance = self._cheques_of_what_is_owed(ask, row, state.life, held)

        def check() -> None:
            """What is owed has changed when a repetition comes late; it is answered as the first time."""
            if hindrance is not None:
                raise hindrance

        command = schedule.AgreeSchedule(
            subscription_id=ask.subscription_id, contract_id=row["contract_id"], group_id=row["group_id"],
            household_id=row["household_id"], producer_id=state.life.producer_id, cheques=planned,
        )  # fmt: skip
        return self._tell_schedule(row, command, context, role, check)

    def _cheques_of_what_is_owed(
        self, ask: Agree, row: Row, life: Life, held: Held
    ) -> tuple[list[PlannedCheque], Rejected | None]:
        """The new cheques, or none and why they cannot be agreed."""
        known = self.runtime.handler.state(schedule.decider, ask.subscription_id)
        owed = due_cents(life, held) - known.sum_of("received", "handed_over")
        if owed <= 0:
            return [], Rejected("nothing-owed", owed_cents=owed)
        terms = msgspec.structs.replace(life.agreed.payment, counts=list(range(1, rules.MOST_CHEQUES + 1)))
        try:
            option = rules.option(owed, ask.cheque_count, terms, today(self.runtime, row["group_id"]), held.starts_on)
        except Rejected as hindrance:
            return [], hindrance
        after = max([known.numbered, len(held.cheques)])
        return numbered(ask.subscription_id, option, after=after), None

    def _subscription_with_cheques(self, subscription_id: str, context: Context) -> tuple[Row, str]:
        row = subscription_row(self.runtime, subscription_id)
        return row, require_manager(self.runtime, context, row["group_id"], row["contract_id"], CHEQUES)

    def _tell_schedule(
        self, row: Row, command: schedule.Command, context: Context, role: str, check: Check = None
    ) -> dict[str, Any]:
        return self.runtime.tell(
            schedule.decider, row["subscription_id"], command, context, role=role, group_id=row["group_id"],
            on_behalf_of=row["household_id"], check=check,
        )  # fmt: skip

    # -- to the producer -----------------------------------------------------------------------------------------

    @door
    def hand_over_bundle(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """Each cheque leaves our custody in its own stream first, so that none is in two bundles; then the list is written."""
        ask, context = read(HandOver, payload), with_id(context)
        life = contract_of(self.runtime, ask.contract_id).life
        role = require_manager(self.runtime, context, life.group_id, ask.contract_id, CHEQUES)
        bundle_id = ask.bundle_id or derived_id(context.command_id, "bundle")
        known = self.runtime.handler.state(bundle.decider, bundle_id).handed
        contracts = self._contracts_to_hand_over(ask)
        handed = (
            known.cheques
            if known
            else [self._hand_over_one(row, bundle_id, context, role) for row in self._chosen_cheques(ask, bundle_id)]
        )
        command = bundle.HandOverBundle(
            bundle_id=bundle_id, contract_id=ask.contract_id, group_id=life.group_id, producer_id=life.producer_id,
            on=ask.on or today(self.runtime, life.group_id), cheques=handed, subscription_ids=contracts,
        )  # fmt: skip
        answer = self.runtime.tell(
            bundle.decider, bundle_id, command, context, step="bundle", role=role, group_id=life.group_id
        )
        total = sum(cheque.amount_cents for cheque in handed)
        return {**answer, "bundle_id": bundle_id, "total_cents": total, "cheques": len(handed)}

    def _chosen_cheques(self, ask: HandOver, bundle_id: str) -> list[Row]:
        """The cheques in our custody that are meant; with those a broken-off attempt has handed to this very bundle."""
        life = contract_of(self.runtime, ask.contract_id).life
        every = cheques.found(self.runtime.db, life.group_id, contract_id=ask.contract_id)
        if ask.cheque_ids is not None:
            rows = {row["cheque_id"]: row for row in every}
            if missing := [cheque_id for cheque_id in ask.cheque_ids if cheque_id not in rows]:
                raise Invalid(fields={"cheque_ids": [f"{missing[0]} is no cheque of this contract."]})
            return [rows[cheque_id] for cheque_id in dict.fromkeys(ask.cheque_ids)]
        until = ask.cash_until.isoformat() if ask.cash_until else ""
        return [
            row
            for row in every
            if row["bundle_id"] == bundle_id or (row["state"] == "received" and until and row["cash_on"] <= until)
        ]

    def _contracts_to_hand_over(self, ask: HandOver) -> list[str]:
        rows, _ = subscription_questions.of_contract(self.runtime.db, ask.contract_id)
        known = {row["subscription_id"] for row in rows}
        if missing := [one for one in ask.subscription_ids if one not in known]:
            raise Invalid(fields={"subscription_ids": [f"{missing[0]} is no subscription of this contract."]})
        return list(dict.fromkeys(ask.subscription_ids))

    def _hand_over_one(self, row: Row, bundle_id: str, context: Context, role: str) -> BundledCheque:
        command = schedule.HandOverCheque(cheque_id=row["cheque_id"], bundle_id=bundle_id)
        self.runtime.tell(
            schedule.decider,
            row["subscription_id"],
            command,
            context,
            step=f"cheque/{row['cheque_id']}",
            role=role,
            group_id=row["group_id"],
        )
        named = ("subscription_id", "cheque_id", "household_id", "amount_cents")
        return BundledCheque(**{name: row[name] for name in named})

    @door
    def acknowledge_bundle(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """tick: the producer's own account; paper: recorded by who handed it over."""
        ask = read(Acknowledge, payload)
        handed = self._handed_bundle(ask.bundle_id)
        access = self.runtime.access
        if ask.means == "tick" and access.may(context.actor, "orders.supplier-orders", scope_id=handed.producer_id):
            return self._acknowledge_as(ask.bundle_id, ask.means, context.actor, "producer", context)
        role = require_manager(self.runtime, context, handed.group_id, handed.contract_id, CHEQUES)
        if ask.means != "paper":
            raise Forbidden("signature-of-another")
        return self._acknowledge_as(ask.bundle_id, ask.means, context.actor, role, context)

    @door
    def acknowledge_bundle_by_link(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        facts = links.read(
            self.runtime.settings.session_secret, purposes.BUNDLE_RECEIPT, read(ByLink, payload).token,
            self.runtime.clock.now(),
        )  # fmt: skip
        return self._acknowledge_as(facts["bundle"], "link", facts["person"], "producer", context)

    def _handed_bundle(self, bundle_id: str) -> Any:
        handed = self.runtime.handler.state(bundle.decider, bundle_id).handed
        if handed is None:
            raise NotFound
        return handed

    def _acknowledge_as(
        self, bundle_id: str, means: SignatureMeans, person_id: str, role: str, context: Context
    ) -> dict[str, Any]:
        group_id = self._handed_bundle(bundle_id).group_id
        command = bundle.AcknowledgeBundle(person_id=person_id, means=means)
        return self.runtime.tell(bundle.decider, bundle_id, command, context, role=role, group_id=group_id)


def _told(row: int, error: GrenierError) -> dict[str, Any]:
    facts = dict(error.facts)
    return {"row": row, "code": error.code, "messages": facts.pop("fields", {}), "facts": facts}
