"""The local mailbox keeps what it receives, for each recipient, and forgets wholly."""

from __future__ import annotations

import smtplib
import socket
from email.message import EmailMessage
from pathlib import Path

import pytest

from grenier_infra import mailbox


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def a_mail(to: str, subject: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "grenier@example.org", to, subject
    message.set_content("Bonjour, le comté est arrivé.")
    message.add_alternative("<p>Bonjour, le comté est arrivé.</p>", subtype="html")
    return message


def test_a_mail_sent_by_smtp_can_be_read_by_its_recipient(tmp_path: Path, port: int) -> None:
    path = tmp_path / "mailbox.sqlite"
    server = mailbox.controller(path, port)
    server.start()
    try:
        with smtplib.SMTP("127.0.0.1", port) as client:
            client.send_message(a_mail("Rosa@example.org", "Votre commande à l'épicerie"))
    finally:
        server.stop()
    (found,) = mailbox.mails(path, "rosa@EXAMPLE.org")
    assert (found.subject, found.body_text.strip()) == ("Votre commande à l'épicerie", "Bonjour, le comté est arrivé.")
    assert "<p>" in found.body_html
    assert mailbox.mails(path, "other@example.org") == []
    whole = mailbox.read(path, found.id)
    assert whole is not None
    assert b"multipart/alternative" in whole.raw


def test_forgetting_a_person_leaves_no_byte_of_the_mail(tmp_path: Path) -> None:
    path = tmp_path / "mailbox.sqlite"
    for number in range(20):
        mailbox.store(
            path,
            "g@example.org",
            [f"p{number}@example.org"],
            f"{mailbox.PERSON_HEADER}: person-{number:03}\r\n".encode()
            + a_mail(f"p{number}@example.org", f"secret-{number:03}-x").as_bytes(),
        )
    assert mailbox.delete_about(path, "person-007") == 1
    everything = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"secret-007-x" not in everything
    assert b"p7@example.org" not in everything
    assert b"secret-008-x" in everything


def test_the_oldest_mails_make_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "KEPT_MAILS", 3)
    path = tmp_path / "mailbox.sqlite"
    for number in range(5):
        mailbox.store(path, "g@example.org", ["p@example.org"], a_mail("p@example.org", f"n{number}").as_bytes())
    assert [mail.subject for mail in mailbox.mails(path)] == ["n4", "n3", "n2"]
