"""The doors of notify: announcements, templates, the log of messages, the call list, login links."""

from __future__ import annotations

import hmac
from typing import Any

from grenier.clock import iso
from grenier.doors import Context, door
from grenier.errors import Forbidden, Invalid, NotFound
from grenier.readmodel import Row
from grenier.runtime import Runtime, derived_id, read
from notify_svc import announcement, asks, message, preference
from notify_svc.audience import CONTRACT, meant
from notify_svc.outbox import Outbox
from notify_svc.question_doors import QuestionDoors
from notify_svc.sending import unsubscribe_token
from notify_svc.template_doors import TemplateDoors
from notify_svc.views import messages, occasions, people, season
from notify_svc.wordings import mail_for

# Who asks before anybody is signed in.
GATEWAY = ("", "system:gateway")


class Notify(TemplateDoors, QuestionDoors):
    """See the README for payloads and permissions."""

    name = "notify"

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime)
        self.outbox = Outbox(runtime.db)

    # -- commands ------------------------------------------------------------------------------------------------

    @door
    def announce(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.Announce = read(asks.Announce, payload)
        self.runtime.wait(context)
        role = self._announcer(context, ask)
        told, _ = meant(self.runtime, ask.group_id, ask.audience, self._cycle_id(ask))
        announcement_id = ask.announcement_id or derived_id(context.command_id, "announcement")
        template, params = self._announced(ask)
        command = announcement.Announce(
            announcement_id=announcement_id,
            group_id=ask.group_id,
            template=template,
            audience=ask.audience,
            recipients=told,
            params=params,
        )
        done = self.runtime.tell(
            announcement.decider, announcement_id, command, context, role=role, group_id=ask.group_id
        )
        # As it was made: the circle may have grown before a repetition.
        return {**done, "persons": self.runtime.handler.state(announcement.decider, announcement_id)}

    @door
    def log_call(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.LogCall = read(asks.LogCall, payload)
        state = self.runtime.handler.state(message.decider, ask.message_id)
        if state.requested is None:
            raise NotFound
        group_id = state.requested.group_id
        role = self.runtime.access.require(context, "notify.call", group_id=group_id)
        command = message.LogCall(outcome=ask.outcome)
        return self.runtime.tell(message.decider, ask.message_id, command, context, role=role, group_id=group_id,
                                 on_behalf_of=state.requested.household_id)  # fmt: skip

    @door
    def send_login_link(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """Before anybody is signed in: the gateway asks, with its own limits; answers the same whether the person is known."""
        ask: asks.SendLoginLink = read(asks.SendLoginLink, payload)
        if context.actor not in GATEWAY:
            raise Forbidden(permission="notify.login-link")
        if people.person(self.db, ask.person_id) is not None:
            sealed = self.runtime.keys.seal(ask.person_id, {"link": ask.link})
            self.outbox.put_login(ask.person_id, sealed, ask.expires_minutes)
        return {"accepted": True}

    @door
    def set_announcements(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """For oneself, or declining with the token of a mail's unsubscribe link, without signing in."""
        ask: asks.SetAnnouncements = read(asks.SetAnnouncements, payload)
        person_id = context.actor
        if ask.token or not person_id:
            expected = unsubscribe_token(self.runtime.settings.session_secret, ask.person_id)
            if ask.wanted or not hmac.compare_digest(expected, ask.token):
                raise NotFound
            person_id = ask.person_id
        if people.person(self.db, person_id) is None:
            raise NotFound
        command = preference.SetAnnouncements(person_id=person_id, wanted=ask.wanted)
        return self.runtime.tell(preference.decider, person_id, command, context)

    # -- questions -----------------------------------------------------------------------------------------------

    @door
    def announce_preview(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """How many would be told, by which way, and how it would read; nothing is written."""
        ask: asks.AnnouncePreview = read(asks.AnnouncePreview, payload)
        self.runtime.wait(context)
        self._announcer(context, ask)
        told, households = meant(self.runtime, ask.group_id, ask.audience, self._cycle_id(ask))
        known = people.persons(self.db, [recipient.person_id for recipient in told])
        willing = [row for row in known.values() if row["announcements"]]
        by_email = sum(people.uses_mail(row) for row in willing)
        template, params = self._announced(ask)
        draft = {"template": template, "group_id": ask.group_id, "household_id": "", "params": params}
        shown = self._mail(draft, context.language, "")
        return {
            "persons": len(willing),
            "by_email": by_email,
            "by_phone": len(willing) - by_email,
            "declined": len(known) - len(willing),
            "households": households,
            "subject": shown.subject,
            "text": shown.text,
        }

    @door
    def messages(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.Messages = read(asks.Messages, payload)
        self.runtime.wait(context)
        self.runtime.access.require(context, "notify.read", group_id=ask.group_id)
        found = messages.of_group(self.db, ask.group_id, state=ask.state, page=ask.page, size=ask.size)
        return {**found, "items": [self._logged(row) for row in found["items"]]}

    @door
    def my_messages(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.MyMessages = read(asks.MyMessages, payload)
        if not context.actor:
            raise NotFound
        self.runtime.wait(context)
        found = messages.of_person(self.db, context.actor, page=ask.page, size=ask.size)
        first_name = self._opened(people.person(self.db, context.actor)).get("first_name", "")
        items = []
        for row in found["items"]:
            mail = self._mail(row, context.language, first_name)
            items.append({**self._logged(row), "subject": mail.subject, "text": mail.text})
        return {**found, "items": items}

    @door
    def call_list(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """S1:14. Names and numbers are opened for this answer only."""
        ask: asks.CallList = read(asks.CallList, payload)
        self.runtime.wait(context)
        self.runtime.access.require(context, "notify.call", group_id=ask.group_id)
        rows = messages.to_call(self.db, ask.group_id, done=ask.done)
        known = people.persons(self.db, [row["person_id"] for row in rows])
        items = []
        for row in rows:
            person = known.get(row["person_id"])
            if person is None:
                continue
            opened = self._opened(person)
            mail = self._mail(row, person["language"], opened.get("first_name", ""), own=False)
            name = f"{opened.get('first_name', '')} {opened.get('last_name', '')}".strip()
            items.append({**self._logged(row), "name": name, "phone": opened.get("phone", ""),
                          "subject": mail.subject, "text": mail.text})  # fmt: skip
        return {"items": items, "total": len(items)}

    @door
    def preferences(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        read(asks.Nothing, payload)
        self.runtime.wait(context)
        person = people.person(self.db, context.actor)
        if person is None:
            raise NotFound
        return {"announcements": bool(person["announcements"])}

    # -- shared --------------------------------------------------------------------------------------------------

    def _announcer(self, context: Context, ask: asks.Announce | asks.AnnouncePreview) -> str:
        """The role that allows it: in the group, for this contract alone, or as the producer whose news it is."""
        contract_id = ask.audience.removeprefix(CONTRACT) if ask.audience.startswith(CONTRACT) else ""
        contract = season.contract(self.db, contract_id) if contract_id else None
        if contract_id and (contract is None or contract["group_id"] != ask.group_id):
            self.runtime.access.require(context, "notify.announce", group_id=ask.group_id)
            raise NotFound
        if ask.from_producer and contract is None:
            raise Invalid(fields={"from_producer": ["only to the subscribers of a contract"]})
        speaks = contract is not None and context.actor in self.runtime.access.holders(
            "producer", contract["producer_id"]
        )
        if ask.from_producer and speaks:
            return "producer"
        return self.runtime.access.require(context, "notify.announce", group_id=ask.group_id, scope_id=contract_id)

    def _announced(self, ask: asks.Announce | asks.AnnouncePreview) -> tuple[str, dict[str, Any]]:
        """The template and what it is filled with."""
        words = {"subject": ask.subject, "body": ask.body.strip()}
        if not ask.from_producer:
            return "announcement", words
        return "producer-announcement", {"contract_id": ask.audience.removeprefix(CONTRACT), **words}

    def _cycle_id(self, ask: asks.Announce | asks.AnnouncePreview) -> str:
        """The cycle that "ordered" speaks of: the one named, else the group's latest."""
        if ask.audience not in ("ordered", "not-ordered", "drafts"):
            return ""
        if ask.cycle_id:
            named = occasions.cycle(self.db, ask.cycle_id)
            if named is None or named["group_id"] != ask.group_id:
                raise NotFound
            return ask.cycle_id
        latest = occasions.latest_cycle(self.db, ask.group_id, iso(self.runtime.clock.now()))
        if latest is None:
            raise Invalid(fields={"audience": ["no order cycle has opened in this group yet"]})
        return str(latest["cycle_id"])

    def _opened(self, person: Row | None) -> dict[str, str]:
        return self.runtime.keys.open(person["person_id"], person["sealed"]) if person else {}

    def _mail(self, row: Row, language: str, first_name: str, *, own: bool = True) -> Any:
        return mail_for(self.runtime, row, language=language, first_name=first_name, own=own)

    @staticmethod
    def _logged(row: Row) -> Row:
        """A message as lists show it: who, when, how it went; its parameters stay inside."""
        return {name: value for name, value in row.items() if name not in ("params", "position")}
