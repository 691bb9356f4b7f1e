"""One mail from its id to the mail server: look whether it went out already, open the address, render, send, record.

The order matters: the mail is recorded as sent after the server has taken it, and only then acknowledged, so that a
process killed in between repeats one mail at most and loses none.
"""

from __future__ import annotations

import hashlib
import hmac
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr, parseaddr
from typing import Protocol
from uuid import NAMESPACE_URL, uuid4, uuid5

from grenier.handling import Trace
from grenier.readmodel import Row
from grenier.runtime import Runtime
from notify_svc import message
from notify_svc.catalogue import catalogue
from notify_svc.enclosures import enclose
from notify_svc.outbox import Outbox
from notify_svc.rendering import Mail
from notify_svc.smtp import MailRefused, on_wire
from notify_svc.views import messages, people
from notify_svc.wordings import mail_for

LOGIN = "login:"


class Server(Protocol):
    def send(self, mail: EmailMessage) -> None:
        """Raises smtp.ServerAway or smtp.MailRefused."""


class NotYetKnown(Exception):
    """The view has not taken the message in yet: come back in a moment."""


class Sender:
    def __init__(self, runtime: Runtime, server: Server) -> None:
        self._runtime = runtime
        self._server = server
        self._outbox = Outbox(runtime.db)

    def deliver(self, body: str) -> bool:
        """Carry out what came off the queue; True when it went out or was done before, False when it failed for good.

        Raises ServerAway (wait and call again) and NotYetKnown.
        """
        if body.startswith(LOGIN):
            return self._deliver_login(body.removeprefix(LOGIN))
        return self._deliver_message(body)

    # -- messages of the log -------------------------------------------------------------------------------------

    def _deliver_message(self, message_id: str) -> bool:
        state = self._runtime.handler.state(message.decider, message_id)
        if not state.waits_to_be_sent:
            return True
        row = messages.message(self._runtime.db, message_id)
        if row is None:
            raise NotYetKnown(message_id)
        person = people.person(self._runtime.db, row["person_id"])
        opened = self._opened(person)
        if person is None or not opened.get("email"):
            return self._record_failure(row, "no-address", for_good=True)
        mail = mail_for(self._runtime, row, language=person["language"], first_name=opened.get("first_name", ""))
        envelope = self._envelope(mail, row["person_id"], opened, message_id)
        if catalogue()[row["template"]].category == "announcement":
            self._add_unsubscribe(envelope, row["person_id"])
        enclose(self._runtime, envelope, row, mail.subject)
        try:
            self._server.send(envelope)
        except MailRefused as refused:
            return self._record_failure(row, refused.reason, for_good=refused.for_good)
        self._record(row, message.RecordSent(), "sent")
        return True

    def give_up(self, body: str) -> None:
        """Something unforeseen keeps this mail from going out: it is not tried again, a person is to call."""
        row = None if body.startswith(LOGIN) else messages.message(self._runtime.db, body)
        if row is not None:
            self._record_failure(row, "internal", for_good=True)

    def _record_failure(self, row: Row, reason: str, *, for_good: bool) -> bool:
        self._record(row, message.RecordFailed(reason=reason, for_good=for_good), f"failed-{uuid4()}")
        self._outbox.forget(row["message_id"])
        return not self._runtime.handler.state(message.decider, row["message_id"]).failed

    def _record(self, row: Row, command: message.Command, step: str) -> None:
        message_id = row["message_id"]
        trace = Trace(
            command_id=str(uuid5(uuid5(NAMESPACE_URL, f"message-{message_id}"), step)),
            actor="system:notify",
            causation_id=row["cause"],
            group_id=row["group_id"],
        )
        self._runtime.handler.execute(message.decider, message_id, command, trace)

    # -- login links ---------------------------------------------------------------------------------------------

    def _deliver_login(self, login_id: str) -> bool:
        """A link that has run out or was sent is nothing any more; one that is refused for good is dropped.

        Refused for now (greylisting refuses every first try), it is put on the queue again while it lasts.
        """
        row = self._outbox.login(login_id)
        if row is None:
            return True
        person = people.person(self._runtime.db, row["person_id"])
        opened = self._opened(person)
        link = self._runtime.keys.open(row["person_id"], row["sealed"]).get("link", "")
        delivered = bool(person and opened.get("email") and link)
        if person and delivered:
            mail = mail_for(
                self._runtime,
                {"template": "login-link", "group_id": "", "household_id": "", "params": {"minutes": row["minutes"]}},
                language=person["language"],
                first_name=opened.get("first_name", ""),
                link=link,
            )
            try:
                self._server.send(self._envelope(mail, row["person_id"], opened, login_id))
            except MailRefused as refused:
                if not refused.for_good:
                    return True
                delivered = False
        self._outbox.drop_login(login_id)
        return delivered

    # -- the envelope --------------------------------------------------------------------------------------------

    def _opened(self, person: Row | None) -> dict[str, str]:
        """The sealed fields in the clear, for the length of this mail; {} when the person was erased."""
        opened = self._runtime.keys.open(person["person_id"], person["sealed"]) if person else {}
        return {**opened, "email": on_wire(opened.get("email", ""))} if opened else {}

    def _envelope(self, mail: Mail, person_id: str, opened: dict[str, str], message_id: str) -> EmailMessage:
        settings = self._runtime.settings
        envelope = EmailMessage(policy=SMTP)
        envelope["Subject"] = mail.subject
        envelope["From"] = settings.mail_from
        name = " ".join(part for part in (opened.get("first_name"), opened.get("last_name")) if part)
        envelope["To"] = formataddr((_one_line(name), _one_line(opened["email"])))
        envelope["Reply-To"] = settings.contact if "@" in settings.contact else settings.mail_from
        envelope["Auto-Submitted"] = "auto-generated"
        # By this a mailbox of the installation's own forgets the mails of an erased person.
        envelope["X-Grenier-Person"] = person_id
        # The same for every try, so that a mail server can see a repetition.
        envelope["Message-ID"] = f"<{message_id}@{parseaddr(settings.mail_from)[1].partition('@')[2]}>"
        envelope["Date"] = self._runtime.clock.now()
        envelope.set_content(mail.text)
        envelope.add_alternative(mail.html, subtype="html")
        return envelope

    def _add_unsubscribe(self, envelope: EmailMessage, person_id: str) -> None:
        token = unsubscribe_token(self._runtime.settings.session_secret, person_id)
        url = f"{self._runtime.settings.public_url}/messages/desinscription/{person_id}/{token}"
        envelope["List-Unsubscribe"] = f"<{url}>"


def unsubscribe_token(secret: str, person_id: str) -> str:
    """Says that a mail to this person carried the link; allows nothing but declining announcements."""
    return hmac.new(secret.encode(), f"unsubscribe|{person_id}".encode(), hashlib.sha256).hexdigest()


def _one_line(text: str) -> str:
    return " ".join(text.split())
