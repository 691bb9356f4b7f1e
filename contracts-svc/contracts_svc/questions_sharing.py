"""Questions about sharing a basket: who asks us, what we have asked, when each would fetch it (S0:28)."""

from __future__ import annotations

from typing import Any

import msgspec

from contracts_svc.contract.sharing_commands import Proposal
from contracts_svc.contract.subscriptions import Held
from contracts_svc.contract.turns import anchor_at, turn_of
from contracts_svc.doors_sharing import OfProposal, proposal_row
from contracts_svc.guards import today
from contracts_svc.subscribing import (
    EATER,
    MANAGE,
    contract_of,
    is_own,
    require_own_or_manager,
    subscription_row,
)
from contracts_svc.views import sharing
from grenier.doors import Context, door
from grenier.errors import GrenierError, NotFound
from grenier.readmodel import Row
from grenier.runtime import Runtime, read


class OfSubscription(msgspec.Struct, forbid_unknown_fields=True):
    subscription_id: str


class OfHousehold(msgspec.Struct, forbid_unknown_fields=True):
    household_id: str


class SharingQuestions:
    runtime: Runtime

    @door
    def sharing_to_answer(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """What a household was asked and has not answered."""
        ask = read(OfHousehold, payload)
        self.runtime.access.require_household(context, ask.household_id, MANAGE)
        return {"proposals": [_shown(row) for row in sharing.to_answer(self.runtime.db, ask.household_id)]}

    @door
    def sharing_of_subscription(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """What was proposed with this basket, the latest first."""
        row = subscription_row(self.runtime, read(OfSubscription, payload).subscription_id)
        role = require_own_or_manager(self.runtime, context, [row["household_id"]], row["group_id"], row["contract_id"])
        found = sharing.of_subscription(self.runtime.db, row["subscription_id"])
        return {"proposals": [_shown(one, hidden=role == EATER) for one in found]}

    @door
    def sharing_proposal(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """For whom it concerns, with the dates on which each household would fetch the basket."""
        found = proposal_row(self.runtime, read(OfProposal, payload).proposal_id)
        asked = is_own(self.runtime, context, [found["to_household_id"]])
        role = EATER if asked else self._sees(found, context)
        return {**_shown(found, hidden=role == EATER and not asked), "asked": asked, "turns": self._turns(found, asked)}

    def _sees(self, found: Row, context: Context) -> str:
        try:
            return require_own_or_manager(
                self.runtime, context, [found["household_id"]], found["group_id"], found["contract_id"]
            )
        except GrenierError as no:
            # That somebody asked somebody is nobody else's business.
            raise NotFound from no

    def _turns(self, found: Row, asked: bool) -> list[dict[str, Any]]:
        """Coming dates; `mine`: the turn of the household that looks at it."""
        state = contract_of(self.runtime, found["contract_id"])
        held = state.roster.subscriptions[found["subscription_id"]]
        day = today(self.runtime, found["group_id"])
        if found["state"] == "open" and held.asks is not None:
            held = _as_proposed(held, held.asks, anchor_at(state.life, held, held.asks, day))
        mine = found["to_household_id"] if asked else found["household_id"]
        return [
            {"delivery_id": one.delivery_id, "on": one.on.isoformat(), "starts": one.starts, "ends": one.ends,
             "place": one.place, "mine": turn_of(state.life, held, one) == mine}
            for one in held.takes(state.life) if one.on >= day
        ]  # fmt: skip


def _as_proposed(held: Held, proposal: Proposal, anchor: str) -> Held:
    """As it would be with a yes of today."""
    sharers = [*(held.household_ids or [held.household_id]), proposal.to_household_id]
    return msgspec.structs.replace(held, household_ids=sharers, anchor_delivery_id=anchor)


def _shown(row: Row, *, hidden: bool = False) -> dict[str, Any]:
    """`hidden`: who was asked is told to the household that asks once there is a yes, and not before."""
    kept = {name: value for name, value in row.items() if name != "place"}
    if hidden and row["state"] != "accepted":
        kept |= {"to_household_id": "", "answered_by": ""}
    return kept
