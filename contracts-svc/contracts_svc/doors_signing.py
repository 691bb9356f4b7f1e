"""Commands about signatures: a tick by oneself, a link for the producer, paper at the help desk (S0:26)."""

from __future__ import annotations

from typing import Any

import msgspec

from contracts_svc.contract.subscriptions import SignSubscription
from contracts_svc.subscribing import (
    EATER,
    MANAGE,
    eaters_of,
    require_manager,
    require_own_or_manager,
    subscription_row,
    tell_contract,
)
from grenier import links
from grenier.doors import Context, door
from grenier.errors import Forbidden, Invalid
from grenier.language import purposes
from grenier.language.season import Party, SignatureMeans
from grenier.readmodel import Row
from grenier.runtime import Runtime, read


class Sign(msgspec.Struct, forbid_unknown_fields=True):
    subscription_id: str
    party: Party
    means: SignatureMeans
    document_sha256: str = ""
    person_id: str = ""


class SignByLink(msgspec.Struct, forbid_unknown_fields=True):
    token: str
    document_sha256: str


class SigningDoors:
    runtime: Runtime

    @door
    def sign_subscription(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(Sign, payload)
        row = subscription_row(self.runtime, ask.subscription_id)
        role = self._signers_role(ask, row, context)
        command = SignSubscription(
            subscription_id=ask.subscription_id, party=ask.party, means=ask.means,
            person_id=self._signer(ask, row, context), document_sha256=ask.document_sha256,
        )  # fmt: skip
        return tell_contract(self.runtime, row, command, context, role)

    @door
    def sign_by_link(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """The producer's signature without an account; the link says who signs which subscription."""
        ask = read(SignByLink, payload)
        facts = links.read(
            self.runtime.settings.session_secret, purposes.SUBSCRIPTION_SIGNATURE, ask.token, self.runtime.clock.now()
        )
        row = subscription_row(self.runtime, facts["subscription"])
        command = SignSubscription(
            subscription_id=row["subscription_id"], party="producer", person_id=facts["person"], means="link",
            document_sha256=ask.document_sha256,
        )  # fmt: skip
        return tell_contract(self.runtime, row, command, context, "producer")

    def _signer(self, ask: Sign, row: Row, context: Context) -> str:
        """Whose name stands beside the signature; "" for the producer's on paper, which may come without a person."""
        if ask.means == "tick":
            return context.actor
        if not ask.person_id:
            return {"member": str(row["person_id"]), "producer": "", "group": context.actor}[ask.party]
        if not self._signs_for(ask.person_id, ask.party, row):
            raise Invalid(fields={"person_id": ["Nobody of this group."]})
        return ask.person_id

    def _signs_for(self, person_id: str, party: Party, row: Row) -> bool:
        access = self.runtime.access
        if party == "producer":
            return bool(access.role_for(person_id, "orders.supplier-orders", scope_id=row["producer_id"]))
        if party == "group":
            return access.may(person_id, MANAGE, group_id=row["group_id"], scope_id=row["contract_id"])
        return any(person_id in access.persons_of(one) for one in eaters_of(row))

    def _signers_role(self, ask: Sign, row: Row, context: Context) -> str:
        """A tick is one's own; paper is recorded by who looks after the contract; links have a door of their own."""
        if ask.means == "link":
            raise Invalid(fields={"means": ["tick or paper."]})
        if ask.means == "tick" and ask.party == "member":
            role = require_own_or_manager(self.runtime, context, eaters_of(row), row["group_id"], row["contract_id"])
            if role != EATER:
                raise Forbidden("signature-of-another")
            return role
        if ask.means == "tick" and ask.party == "producer":
            if self.runtime.access.role_for(context.actor, "orders.supplier-orders", scope_id=row["producer_id"]):
                return "producer"
            require_manager(self.runtime, context, row["group_id"], row["contract_id"])
            raise Forbidden("signature-of-another")
        return require_manager(self.runtime, context, row["group_id"], row["contract_id"])
