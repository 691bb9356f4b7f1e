"""Sending: a real SMTP server of our own, real keys and views; the queue is tested where the broker runs."""

from __future__ import annotations

import socket
import threading
import time
from email import message_from_bytes, policy
from types import SimpleNamespace

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from grenier.broker import Delivery, Poison
from grenier.errors import Forbidden
from grenier.language import contracts, orders
from notify_svc.mailer import Mailer
from notify_svc.outbox import Outbox
from notify_svc.sending import LOGIN, Sender
from notify_svc.smtp import ServerAway, SmtpServer, on_wire


class Inbox:
    """Keeps what it gets; refuses recipients whose answer is set."""

    def __init__(self):
        self.mails = []
        self.answer = ""

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802
        if self.answer:
            return self.answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def inbox():
    handler = Inbox()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    handler.url = f"smtp://127.0.0.1:{controller.port}"
    yield handler
    controller.stop()


@pytest.fixture
def sender(house, inbox):
    server = SmtpServer(inbox.url)
    yield Sender(house.rooms["notify"].runtime, server)
    server.close()


@pytest.fixture
def waiting(house):
    """The id of a mail to ann that waits."""
    event = orders.ClosingAnnounced(
        cycle_id="c1", group_id="g1", closes_at=house.clock.now(), draft_household_ids=["h1"]
    )
    house.record("cycle-c1", event)
    return house.events("notify.message-requested")[0].message_id


def test_a_mail_carries_name_words_and_headers_and_is_recorded(house, inbox, sender, waiting):
    assert sender.deliver(waiting) is True
    (mail,) = inbox.mails
    assert mail["To"] == "Ann Martin <ann@example.org>"
    assert mail["Subject"] == "Votre commande n’est pas encore validée"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Unsubscribe"] is None
    assert mail["Message-ID"] == f"<{waiting}@localhost>"
    assert mail["Date"]
    assert mail["Reply-To"]
    assert mail.get_body(("plain",)).get_content().startswith("Bonjour Ann,")
    assert "<p>Bonjour Ann,</p>" in mail.get_body(("html",)).get_content()
    house.settle()
    assert [event.attempts for event in house.events("notify.message-sent")] == [1]


def test_a_mail_that_went_out_is_not_sent_again(house, inbox, sender, waiting):
    sender.deliver(waiting)
    assert sender.deliver(waiting) is True
    assert len(inbox.mails) == 1


def test_an_announcement_says_how_to_decline(house, inbox, sender):
    house.record("cycle-c1", orders.CycleOpened(cycle_id="c1", group_id="g1", closes_at=house.clock.now()))
    sender.deliver(house.events("notify.message-requested")[0].message_id)
    assert "/messages/desinscription/ann/" in inbox.mails[0]["List-Unsubscribe"]


def test_a_server_that_is_away_changes_nothing_and_the_mail_goes_out_later(house, inbox, waiting):
    runtime = house.rooms["notify"].runtime
    with pytest.raises(ServerAway):
        Sender(runtime, SmtpServer(f"smtp://127.0.0.1:{free_port()}")).deliver(waiting)
    assert house.events("notify.message-failed") == []
    assert Sender(runtime, SmtpServer(inbox.url)).deliver(waiting) is True


def test_a_refusal_for_now_is_tried_again_after_a_pause_then_given_up(house, inbox, sender, waiting):
    outbox = Outbox(house.rooms["notify"].runtime.db)
    inbox.answer = "451 try later"
    for attempt in range(1, 6):
        assert outbox.due(house.clock.now()) == [waiting]
        assert sender.deliver(waiting) is (attempt < 5)
        house.settle()
        assert outbox.due(house.clock.now()) == []
        house.clock.advance(minutes=6)
    failures = house.events("notify.message-failed")
    assert [(event.attempts, event.final) for event in failures] == [(n, n == 5) for n in range(1, 6)]
    listed = house.call("notify", "call_list", {"group_id": "g1"}, actor="orga")["items"]
    assert [row["name"] for row in listed] == ["Ann Martin"]


def test_a_refusal_for_good_goes_to_the_dead_letters_and_the_call_list(house, inbox, sender, waiting):
    inbox.answer = "550 no such user"
    with pytest.raises(Poison):
        Mailer(sender, threading.Event()).handle(Delivery(waiting.encode(), waiting, "mail.outbox", 1))
    (failure,) = house.events("notify.message-failed")
    assert (failure.final, failure.reason) == (True, "recipient refused (550)")


def test_what_was_queued_is_given_a_minute_before_it_is_queued_again(house, waiting):
    outbox = Outbox(house.rooms["notify"].runtime.db)
    assert outbox.due(house.clock.now()) == [waiting]
    outbox.note_queued([waiting])
    assert outbox.due(house.clock.now()) == []


def test_while_nothing_is_sent_it_is_queued_again_ever_more_rarely(house, waiting, monkeypatch):
    """A mail server that is away for a weekend leaves some dozens of ids of a mail in the queue, not thousands."""
    outbox, now, queued = Outbox(house.rooms["notify"].runtime.db), time.time(), 0
    monkeypatch.setattr("notify_svc.outbox.time", SimpleNamespace(time=lambda: now))
    for _minute in range(60 * 60):
        if outbox.due(house.clock.now()) == [waiting]:
            outbox.note_queued([waiting])
            queued += 1
        now += 60
    assert 60 <= queued <= 70


def test_mails_that_pause_after_a_refusal_hold_up_nobody_else(house, inbox, sender, waiting):
    """A provider that takes nothing for a while (they limit senders) must not stop the mails to all others."""
    outbox = Outbox(house.rooms["notify"].runtime.db)
    house.record("cycle-c2", orders.CycleOpened(cycle_id="c2", group_id="g1", closes_at=house.clock.now()))
    later = [event.message_id for event in house.events("notify.message-requested") if event.message_id != waiting]
    assert outbox.due(house.clock.now(), most=1) == [waiting]
    inbox.answer = "451 too many"
    sender.deliver(waiting)
    house.settle()
    assert later
    assert outbox.due(house.clock.now(), most=1) == later[:1]


def test_a_password_that_the_server_refuses_costs_no_mail(house, waiting):
    """It is the operator's to mend: the mail waits as while the server is away."""
    refusing = Controller(
        Inbox(), hostname="127.0.0.1", port=free_port(), auth_require_tls=False,
        authenticator=lambda *_: AuthResult(success=False, handled=False),
    )  # fmt: skip
    refusing.start()
    try:
        server = SmtpServer(f"smtp://grenier:forgotten@127.0.0.1:{refusing.port}")
        with pytest.raises(ServerAway, match="535"):
            Sender(house.rooms["notify"].runtime, server).deliver(waiting)
    finally:
        refusing.stop()
    assert house.events("notify.message-failed") == []


def test_an_address_to_which_no_mail_can_go_is_called_at_once(house, inbox, sender, waiting):
    """An accent before the @ is a slip; the mail is not tried five times as if something of ours had failed."""
    sealed = house.rooms["notify"].runtime.keys.seal("ann", {"first_name": "Ann", "email": "annè@example.org"})
    house.record("person-ann", contracts.PersonDetailsChanged(person_id="ann", sealed=sealed))
    assert sender.deliver(waiting) is False
    (failed,) = house.events("notify.message-failed")
    assert (failed.reason, failed.final) == ("no-address", True)
    assert inbox.mails == []


def test_a_domain_with_accents_is_written_as_servers_know_it():
    assert on_wire("marie@ferme-des-érables.fr") == "marie@xn--ferme-des-rables-kqb.fr"
    assert (on_wire("josé@exemple.fr"), on_wire("")) == ("", "")
    assert on_wire("marie.dupont+amap@exemple.fr") == "marie.dupont+amap@exemple.fr"


def test_an_erased_person_gets_no_mail(house, inbox, sender, waiting):
    house.rooms["notify"].runtime.keys.destroy("ann")
    house.record("person-ann", contracts.PersonErased(person_id="ann"))
    assert sender.deliver(waiting) is False
    assert inbox.mails == []


def test_a_login_link_is_sent_once_and_leaves_no_trace(house, inbox, sender):
    runtime = house.rooms["notify"].runtime
    link = "https://grenier.example/connexion/secret-secret"
    assert house.call("notify", "send_login_link", {"person_id": "ann", "link": link}) == {"accepted": True}
    (login_id,) = Outbox(runtime.db).logins_to_queue()
    assert b"secret-secret" not in (house.data_dir / "views" / "notify.sqlite").read_bytes()
    assert sender.deliver(LOGIN + login_id) is True
    text = inbox.mails[0].get_body(("plain",)).get_content()
    assert link in text
    assert "pendant 10 minutes" in text
    assert sender.deliver(LOGIN + login_id) is True
    assert len(inbox.mails) == 1
    assert Outbox(runtime.db).login(login_id) is None
    assert house.events("notify.") == []


def test_a_login_link_that_is_refused_for_now_waits_for_its_next_try(house, inbox, sender):
    """Greylisting refuses the first try of whoever it does not know."""
    outbox = Outbox(house.rooms["notify"].runtime.db)
    house.call("notify", "send_login_link", {"person_id": "ann", "link": "https://grenier.example/x"})
    (login_id,) = outbox.logins_to_queue()
    inbox.answer = "450 try again"
    assert sender.deliver(LOGIN + login_id) is True
    assert outbox.logins_to_queue() == [login_id]
    inbox.answer = "550 no such user"
    assert sender.deliver(LOGIN + login_id) is False
    assert outbox.logins_to_queue() == []
    assert inbox.mails == []


def test_a_login_link_runs_out(house, sender, inbox, monkeypatch):
    house.call(
        "notify", "send_login_link", {"person_id": "ann", "link": "https://grenier.example/x", "expires_minutes": 1}
    )
    outbox = Outbox(house.rooms["notify"].runtime.db)
    (login_id,) = outbox.logins_to_queue()
    import time

    later = time.time() + 61
    monkeypatch.setattr("notify_svc.outbox.time.time", lambda: later)
    assert sender.deliver(LOGIN + login_id) is True
    assert outbox.logins_to_queue() == []
    assert inbox.mails == []


def test_only_the_gateway_asks_for_login_links_and_unknown_persons_answer_the_same(house):
    ask = {"person_id": "nobody", "link": "https://grenier.example/x"}
    assert house.call("notify", "send_login_link", ask) == {"accepted": True}
    assert Outbox(house.rooms["notify"].runtime.db).logins_to_queue() == []
    with pytest.raises(Forbidden):
        house.call("notify", "send_login_link", {**ask, "person_id": "ann"}, actor="ann")


@pytest.mark.proof("T38")
def test_names_cannot_break_out_of_their_header(house, inbox, sender):
    keys = house.rooms["notify"].runtime.keys
    sealed = keys.seal(
        "eve", {"first_name": "Eve\r\nBcc: all@example.org", "last_name": "X", "email": "eve@example.org"}
    )
    house.record("person-eve", contracts.PersonRegistered(person_id="eve", sealed=sealed))
    house.call("notify", "send_login_link", {"person_id": "eve", "link": "https://grenier.example/x"})
    (login_id,) = Outbox(house.rooms["notify"].runtime.db).logins_to_queue()
    sender.deliver(LOGIN + login_id)
    assert inbox.mails[0]["Bcc"] is None
    assert inbox.mails[0]["To"].addresses[0].addr_spec == "eve@example.org"


@pytest.mark.proof("T38")
@pytest.mark.parametrize("body", [b"\x80\x04\x95pickled", b"x" * 10_000, "été".encode()])
def test_what_is_no_id_is_given_up_at_once(sender, body):
    with pytest.raises(Poison):
        Mailer(sender, threading.Event()).handle(Delivery(body, "m", "mail.outbox", 1))
