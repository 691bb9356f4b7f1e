"""Questions about subscriptions: what would it cost, who takes what, who belongs to us (S0:28-30)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec

from contracts_svc.answers_subscriptions import own_baskets, places, quoted
from contracts_svc.contract.capacity import full
from contracts_svc.contract.decider import Contract
from contracts_svc.contract.joining import minimum_cents, proposed, written_cheques
from contracts_svc.contract.subscriptions import RegisterSubscription
from contracts_svc.doors_subscriptions import Wish, wanted
from contracts_svc.guards import today
from contracts_svc.subscribing import (
    MANAGE,
    check_main_contract,
    check_membership,
    check_required_contract,
    contract_of,
    eaters_of,
    require_manager,
    require_own_or_manager,
    subscription_row,
    with_positions,
)
from contracts_svc.views import baskets
from contracts_svc.views import cheques as cheque_rows
from contracts_svc.views import subscription_questions as questions
from grenier import links
from grenier.doors import Context, door
from grenier.errors import Invalid, NotFound, Rejected
from grenier.language import purposes
from grenier.runtime import Runtime, read

MOST = 500
LINK_DAYS = 60


class Subscriptions(msgspec.Struct, forbid_unknown_fields=True):
    contract_id: str
    state: list[str] = []
    limit: int = MOST
    offset: int = 0


class OfHousehold(msgspec.Struct, forbid_unknown_fields=True):
    household_id: str


class One(msgspec.Struct, forbid_unknown_fields=True):
    subscription_id: str


class SignatureLink(msgspec.Struct, forbid_unknown_fields=True):
    subscription_id: str
    person_id: str


class WithToken(msgspec.Struct, forbid_unknown_fields=True):
    token: str


class OfDelivery(msgspec.Struct, forbid_unknown_fields=True):
    contract_id: str
    delivery_id: str


class HouseholdBaskets(msgspec.Struct, forbid_unknown_fields=True):
    household_id: str
    from_on: date | None = None
    until_on: date | None = None


class AsOf(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str
    as_of: date | None = None


class SubscriptionQuestions:
    runtime: Runtime

    @door
    def quote_subscription(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """What a subscription would cost and how it may be paid; refused as the registration would be."""
        ask = read(Wish, payload)
        state = contract_of(self.runtime, ask.contract_id)
        role = require_own_or_manager(self.runtime, context, [ask.household_id], state.life.group_id, ask.contract_id)
        command = wanted(self.runtime, context, state, ask, role, "quote")
        return {**quoted(state, command), "warnings": self._warnings_of_wish(state, command)}

    def _warnings_of_wish(self, state: Contract, command: RegisterSubscription) -> list[str]:
        """What would be refused, or different from what one hopes, if one signed now."""
        found = []
        held = proposed(state.life, state.roster, command)
        written_cheques(state.life, held, command)
        if full(state.life, state.roster, held, behind_those_who_wait=True) is not None:
            found.append("waiting-list")
        if held.amount_cents < minimum_cents(state.life, held) and state.life.agreed.basket_kind != "ordered":
            found.append("below-minimum")
        for check in (
            lambda: check_membership(self.runtime, command.household_id, state.life.group_id),
            lambda: check_required_contract(self.runtime, command.household_id, state),
            lambda: check_main_contract(self.runtime, command.household_id, state, command.replaces),
        ):
            try:
                check()
            except Rejected as why:
                found.append(why.code)
        return found

    @door
    def subscriptions(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(Subscriptions, payload)
        state = contract_of(self.runtime, ask.contract_id)
        require_manager(self.runtime, context, state.life.group_id, ask.contract_id)
        if not 1 <= ask.limit <= MOST or ask.offset < 0:
            raise Invalid(fields={"limit": [f"Between 1 and {MOST}."]})
        if unknown := [name for name in ask.state if name not in questions.STATES]:
            raise Invalid(fields={"state": [f"{unknown[0]} is none of {', '.join(questions.STATES)}."]})
        rows, total = questions.of_contract(self.runtime.db, ask.contract_id, tuple(ask.state), ask.limit, ask.offset)
        return {"subscriptions": with_positions(self.runtime, rows), "total": total, "places": places(state)}

    @door
    def subscriptions_of_household(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OfHousehold, payload)
        self.runtime.access.require_household(context, ask.household_id, MANAGE)
        rows = questions.of_household(self.runtime.db, ask.household_id)
        return {"subscriptions": with_positions(self.runtime, rows)}

    @door
    def subscription(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        row = subscription_row(self.runtime, read(One, payload).subscription_id)
        require_own_or_manager(self.runtime, context, eaters_of(row), row["group_id"], row["contract_id"])
        subscription_id = row["subscription_id"]
        return {
            **with_positions(self.runtime, [row])[0],
            "cheques": [_cheque(one) for one in cheque_rows.of_subscription(self.runtime.db, subscription_id)],
            "signatures": questions.signatures_of(self.runtime.db, subscription_id),
            "history": questions.history_of(self.runtime.db, subscription_id),
        }

    @door
    def signature_link(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """A link by which the producer's contact signs one subscription."""
        ask = read(SignatureLink, payload)
        row = subscription_row(self.runtime, ask.subscription_id)
        if context.actor != "system:notify":
            require_manager(self.runtime, context, row["group_id"], row["contract_id"])
        until = self.runtime.clock.now() + timedelta(days=LINK_DAYS)
        facts = purposes.subscription_signature(ask.subscription_id, ask.person_id)
        token = links.sign(self.runtime.settings.session_secret, purposes.SUBSCRIPTION_SIGNATURE, facts, until)
        return {"token": token, "expires_at": until.isoformat()}

    @door
    def signature_by_link(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(WithToken, payload)
        facts = links.read(
            self.runtime.settings.session_secret, purposes.SUBSCRIPTION_SIGNATURE, ask.token, self.runtime.clock.now()
        )
        row = subscription_row(self.runtime, facts["subscription"])
        told = (
            "subscription_id",
            "contract_id",
            "group_id",
            "household_id",
            "contract_title",
            "amount_cents",
            "state",
            "signed",
        )
        return {**{name: row[name] for name in told}, "person_id": facts["person"]}

    # -- deliveries ----------------------------------------------------------------------------------------------

    @door
    def baskets(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """S0:39-41: what each household takes at a delivery, with the totals; for sign-off sheet and producer."""
        ask = read(OfDelivery, payload)
        state = contract_of(self.runtime, ask.contract_id)
        group_id = state.life.group_id
        if not self.runtime.access.may(context.actor, "logistics.read", group_id=group_id):
            require_manager(self.runtime, context, group_id, ask.contract_id)
        if ask.delivery_id not in {one.delivery_id for one in state.life.agreed.deliveries}:
            raise NotFound
        found: dict[str, Any] = msgspec.to_builtins(baskets.baskets_of(state.life, state.roster, ask.delivery_id))
        return found

    @door
    def household_baskets(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """What a household finds at the coming deliveries of all its contracts, by date."""
        ask = read(HouseholdBaskets, payload)
        household = self.runtime.access.require_household(context, ask.household_id, MANAGE)
        first = ask.from_on or today(self.runtime, household["group_id"])
        last = ask.until_on or first + timedelta(days=370)
        found: list[dict[str, Any]] = []
        for row in questions.of_household(self.runtime.db, ask.household_id):
            if row["state"] in ("confirmed", "ended"):
                state = contract_of(self.runtime, row["contract_id"])
                held = state.roster.subscriptions[row["subscription_id"]]
                found += own_baskets(state, held, ask.household_id, first, last)
        return {"baskets": sorted(found, key=lambda one: (one["on"], one["starts"], one["contract_id"]))}

    @door
    def household_register(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """S0:30: the families with a running subscription on a date."""
        ask = read(AsOf, payload)
        self.runtime.access.require(context, "contracts.read-members", group_id=ask.group_id)
        day = (ask.as_of or today(self.runtime, ask.group_id)).isoformat()
        active = questions.active_on(self.runtime.db, ask.group_id, day)
        told = {row["household_id"]: row for row in questions.families(self.runtime.db, list(active))}
        nobody = {"label": "", "number": 0, "persons": []}
        rows = [
            {"household_id": household_id, **told.get(household_id, nobody), "contracts": held}
            for household_id, held in active.items()
        ]
        rows.sort(key=lambda row: (row["label"].casefold(), row["household_id"]))
        return {"as_of": day, "households": rows, "total": len(rows)}


def _cheque(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: row[name]
        for name in ("cheque_id", "amount_cents", "cash_on", "state", "number", "bank", "issued_on", "reason")
    }
