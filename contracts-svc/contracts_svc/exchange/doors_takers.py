"""Commands about the exchange itself and its takers: settings, coming and going (S4:5, S4:13-33, S4:62-77)."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from contracts_svc import contact, group
from contracts_svc.exchange import desk
from contracts_svc.exchange.settings import ChangeExchangeSettings
from contracts_svc.exchange.taker import ConfirmTaker, EnrolTaker, LeaveExchange
from contracts_svc.guards import with_id
from contracts_svc.views import people
from grenier.doors import Context, door
from grenier.errors import Invalid, NotFound, Rejected
from grenier.language import purposes
from grenier.runtime import Runtime, read


class ChangeSettings(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str
    enabled: bool | None = None
    cutoff_hours: int | None = None
    federated: bool | None = None
    members_only: bool | None = None
    purge_months: int | None = None
    referent_id: str | None = None
    note: str | None = None
    mailbox: str | None = None
    tell_members: bool | None = None


class OfGroup(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str


class EnrolOther(msgspec.Struct, forbid_unknown_fields=True):
    """A known person by `person_id` (the referent's choice among members), or somebody by name and address."""

    group_id: str
    person_id: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""

    @property
    def friend(self) -> desk.Friend:
        return desk.Friend(first_name=self.first_name, last_name=self.last_name, email=self.email, phone=self.phone)


class Leave(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str
    person_id: str = ""


class WithToken(msgspec.Struct, forbid_unknown_fields=True):
    token: str


class TakerDoors:
    runtime: Runtime

    @door
    def change_exchange_settings(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(ChangeSettings, payload)
        role = desk.require_manager(self.runtime, context, ask.group_id)
        if ask.mailbox:
            ask.mailbox = _mailbox(ask.mailbox)
        if ask.referent_id and ask.group_id not in people.groups_of(self.runtime.db, ask.referent_id):
            raise Invalid(fields={"referent_id": ["Not a person of this group."]})
        command = ChangeExchangeSettings(**msgspec.structs.asdict(ask))
        return self.runtime.tell(group.decider, ask.group_id, command, context, role=role, group_id=ask.group_id)

    @door
    def enrol_as_taker(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """S4:22-28: a member enrols by a button; saying yes to a sponsor by the same button is fine, too."""
        ask = read(OfGroup, payload)
        if not desk.belongs(self.runtime, context.actor, ask.group_id):
            raise NotFound
        its = desk.settings(self.runtime, ask.group_id)
        if its.members_only and not self.runtime.access.belongs_to(context.actor, ask.group_id):
            raise Rejected("exchange-members-only")
        command = EnrolTaker(group_id=ask.group_id, person_id=context.actor, by="self")
        return desk.tell_taker(self.runtime, context, ask.group_id, context.actor, command, "eater")

    @door
    def enrol_taker(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """By the referent (S4:15-20): a taker at once. By a member (S4:33): once the person has said yes by mail."""
        ask, context = read(EnrolOther, payload), with_id(context)
        role = desk.manages(self.runtime, context.actor, ask.group_id)
        if not role and not self.runtime.access.belongs_to(context.actor, ask.group_id):
            desk.require_manager(self.runtime, context, ask.group_id)
        its = desk.settings(self.runtime, ask.group_id)
        person_id = self._person(ask, context, role)
        if its.members_only and not self.runtime.access.belongs_to(person_id, ask.group_id):
            raise Rejected("exchange-members-only")
        by: Literal["referent", "sponsor"] = "referent" if role else "sponsor"
        command = EnrolTaker(group_id=ask.group_id, person_id=person_id, by=by)
        answer = desk.tell_taker(self.runtime, context, ask.group_id, person_id, command, role or "eater")
        # A sponsor is not told whether the address was known here already.
        return (
            {**answer, "person_id": person_id} if role else {"id": context.command_id, "position": answer["position"]}
        )

    def _person(self, ask: EnrolOther, context: Context, role: str) -> str:
        if ask.person_id and role:
            if ask.group_id not in people.groups_of(self.runtime.db, ask.person_id):
                raise NotFound
            return ask.person_id
        if not role and not ask.email:
            raise Invalid(fields={"email": ["The person confirms by mail: their address is needed."]})
        return desk.find_or_register(self.runtime, context, ask.group_id, ask.friend, role or "eater")

    @door
    def confirm_taker(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """By the link of the mail, without signing in."""
        facts = desk.read_link(self.runtime, purposes.EXCHANGE_CONFIRM, read(WithToken, payload).token)
        context = desk.as_person(with_id(context), facts["person"])
        desk.settings(self.runtime, facts["group"])
        return desk.tell_taker(self.runtime, context, facts["group"], facts["person"], ConfirmTaker(), desk.TAKER)

    @door
    def leave_exchange(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """S4:62-70: oneself; the referent may take somebody off the list as well."""
        ask, context = read(Leave, payload), with_id(context)
        person_id = ask.person_id or context.actor
        own = person_id == context.actor
        if own and not desk.belongs(self.runtime, context.actor, ask.group_id):
            raise NotFound
        role = "eater" if own else desk.require_manager(self.runtime, context, ask.group_id)
        command = LeaveExchange(by="site" if own else "referent")
        return desk.tell_taker(self.runtime, context, ask.group_id, person_id, command, role)

    @door
    def leave_by_link(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """S4:75-77: by the link that every mail of the exchange carries."""
        facts = desk.read_link(self.runtime, purposes.EXCHANGE_LEAVE, read(WithToken, payload).token)
        context = desk.as_person(with_id(context), facts["person"])
        leave = LeaveExchange(by="link")
        return desk.tell_taker(self.runtime, context, facts["group"], facts["person"], leave, desk.TAKER)


def _mailbox(text: str) -> str:
    try:
        return contact.email_address(text)
    except Invalid as invalid:
        raise Invalid(fields={"mailbox": invalid.facts["fields"]["email"]}) from invalid
