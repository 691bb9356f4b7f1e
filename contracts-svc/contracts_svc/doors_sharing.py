"""Commands about sharing a basket: asked by e-mail address, answered by the household itself (S0:28)."""

from __future__ import annotations

from typing import Any

import msgspec

from contracts_svc.contact import email_address, email_key
from contracts_svc.contract.sharing_commands import (
    AnswerSharing,
    LeaveSharing,
    ProposeSharing,
    SetSharers,
    WithdrawSharing,
)
from contracts_svc.guards import today, with_id
from contracts_svc.subscribing import (
    EATER,
    check_membership,
    is_own,
    own_household_ids,
    require_in_group,
    require_own_or_manager,
    subscription_row,
    tell_contract,
)
from contracts_svc.views import people, sharing
from grenier.doors import Context, door
from grenier.errors import Invalid, NotFound
from grenier.readmodel import Row
from grenier.runtime import Runtime, derived_id, read


class Sharers(msgspec.Struct, forbid_unknown_fields=True):
    subscription_id: str
    household_ids: list[str]
    anchor_delivery_id: str = ""


class Propose(msgspec.Struct, forbid_unknown_fields=True):
    """`email`: of somebody of the other household."""

    subscription_id: str
    email: str
    anchor_delivery_id: str = ""


class OfProposal(msgspec.Struct, forbid_unknown_fields=True):
    proposal_id: str


class Leave(msgspec.Struct, forbid_unknown_fields=True):
    subscription_id: str
    household_id: str


class SharingDoors:
    runtime: Runtime

    @door
    def set_sharers(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """By who looks after the contract: agreed on paper. By the household that signed: others in turn, or fewer."""
        ask = read(Sharers, payload)
        row, role = self._of_signer(ask.subscription_id, context)
        for household_id in ask.household_ids:
            require_in_group(self.runtime, household_id, row["group_id"], "household_ids")
        command = SetSharers(
            subscription_id=ask.subscription_id, household_ids=ask.household_ids,
            anchor_delivery_id=ask.anchor_delivery_id, managed=role != EATER,
            agreeing=own_household_ids(self.runtime, context),
        )  # fmt: skip
        return tell_contract(self.runtime, row, command, context, role)

    @door
    def propose_sharing(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """Whoever uses the address is asked; whether anybody does is not told."""
        ask, context = read(Propose, payload), with_id(context)
        row, role = self._of_signer(ask.subscription_id, context)
        proposal_id = derived_id(context.command_id, "sharing")
        command = ProposeSharing(
            subscription_id=ask.subscription_id, proposal_id=proposal_id, person_id=context.actor,
            to_household_id=self._household_behind(ask.email, row), anchor_delivery_id=ask.anchor_delivery_id,
            today=today(self.runtime, row["group_id"]),
        )  # fmt: skip
        return {**tell_contract(self.runtime, row, command, context, role), "proposal_id": proposal_id}

    def _household_behind(self, email: str, row: Row) -> str:
        """The household of this group in which somebody uses the address, "" for none. Invalid for one's own."""
        address = email_address(email)
        if not address:
            raise Invalid(fields={"email": ["Missing."]})
        known = people.by_email(self.runtime.db, [address]).get(email_key(address))
        homes = self.runtime.access.households_of(known["person_id"]) if known else []
        if any(home["household_id"] == row["household_id"] for home in homes):
            raise Invalid(fields={"email": ["Somebody of the household that signs."]})
        here = [home for home in homes if home["group_id"] == row["group_id"] and self.runtime.access.is_current(home)]
        return str(here[0]["household_id"]) if here else ""

    @door
    def accept_sharing(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        return self._answer_sharing(read(OfProposal, payload).proposal_id, context, accept=True)

    @door
    def decline_sharing(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        return self._answer_sharing(read(OfProposal, payload).proposal_id, context, accept=False)

    def _answer_sharing(self, proposal_id: str, context: Context, *, accept: bool) -> dict[str, Any]:
        found = asked_row(self.runtime, proposal_id, context)
        command = AnswerSharing(
            subscription_id=found["subscription_id"], proposal_id=proposal_id, person_id=context.actor, accept=accept,
            today=today(self.runtime, found["group_id"]),
        )  # fmt: skip
        if accept:
            check_membership(self.runtime, found["to_household_id"], found["group_id"])
        return tell_contract(self.runtime, found, command, context, EATER)

    @door
    def withdraw_sharing(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        proposal_id = read(OfProposal, payload).proposal_id
        found = proposal_row(self.runtime, proposal_id)
        row, role = self._of_signer(found["subscription_id"], context)
        command = WithdrawSharing(subscription_id=found["subscription_id"], proposal_id=proposal_id)
        return tell_contract(self.runtime, row, command, context, role)

    @door
    def leave_sharing(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """One's own household goes; whoever looks after the contract notes it for another one."""
        ask = read(Leave, payload)
        row = subscription_row(self.runtime, ask.subscription_id)
        role = require_own_or_manager(self.runtime, context, [ask.household_id], row["group_id"], row["contract_id"])
        home = self.runtime.access.household(ask.household_id)
        if home is None or home["group_id"] != row["group_id"]:
            raise NotFound
        command = LeaveSharing(subscription_id=ask.subscription_id, household_id=ask.household_id)
        return tell_contract(self.runtime, row, command, context, role)

    def _of_signer(self, subscription_id: str, context: Context) -> tuple[Row, str]:
        """The subscription of one's own household, or of a contract one looks after."""
        row = subscription_row(self.runtime, subscription_id)
        own = [row["household_id"]]
        return row, require_own_or_manager(self.runtime, context, own, row["group_id"], row["contract_id"])


def proposal_row(runtime: Runtime, proposal_id: str) -> Row:
    found = sharing.proposal(runtime.db, proposal_id)
    if found is None:
        raise NotFound
    return found


def asked_row(runtime: Runtime, proposal_id: str, context: Context) -> Row:
    """The proposal, for somebody of the household that was asked; for everybody else it does not exist."""
    found = proposal_row(runtime, proposal_id)
    if not is_own(runtime, context, [found["to_household_id"]]):
        raise NotFound
    return found
