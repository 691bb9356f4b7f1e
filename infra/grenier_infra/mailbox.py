"""A mail server that sends nothing: every mail it receives is kept, to be read in the demonstration and in tests.

Process side: `main(settings)` listens on the installation's SMTP port. Reader side, for the gateway's mailbox page and
for erasure: `mails`, `read`, `delete_about`. The file is `<data>/mailbox.sqlite`; what is deleted is overwritten
(secure_delete) and the journal is truncated, so that nothing of an erased person stays.
"""

from __future__ import annotations

import email
import email.policy
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from grenier.config import LOCAL, Settings
from grenier.health import HEALTH
from grenier.logging import get_logger

KEPT_MAILS = 20_000
MAX_MAIL_BYTES = 5_000_000
PERSON_HEADER = "X-Grenier-Person"  # as notify-svc writes it: an id, no address

SCHEMA = """
CREATE TABLE IF NOT EXISTS mails (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at TEXT NOT NULL,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body_text TEXT NOT NULL,
    body_html TEXT NOT NULL,
    raw BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS mails_by_recipient ON mails (recipient, id);
"""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail for one recipient. `received_at`: machine time, ISO UTC; `raw` is given by `read` only."""

    id: int
    received_at: str
    sender: str
    recipient: str
    subject: str
    body_text: str
    body_html: str
    raw: bytes = b""


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, timeout=10)
    try:
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA journal_mode = TRUNCATE")
        connection.executescript(SCHEMA)
        with connection:
            yield connection
    finally:
        connection.close()


def mails(path: Path, recipient: str = "", limit: int = 200) -> list[Mail]:
    """The newest first; of one recipient (address, any case) or of everybody."""
    if not path.exists():
        return []
    query = "SELECT id, received_at, sender, recipient, subject, body_text, body_html FROM mails"
    with opened(path) as connection:
        if recipient:
            rows = connection.execute(
                f"{query} WHERE recipient = ? ORDER BY id DESC LIMIT ?", (recipient.lower(), limit)
            )
        else:
            rows = connection.execute(f"{query} ORDER BY id DESC LIMIT ?", (limit,))
        return [Mail(*row) for row in rows]


def read(path: Path, mail_id: int) -> Mail | None:
    """One mail with its raw bytes, or None."""
    if not path.exists():
        return None
    with opened(path) as connection:
        row = connection.execute(
            "SELECT id, received_at, sender, recipient, subject, body_text, body_html, raw FROM mails WHERE id = ?",
            (mail_id,),
        ).fetchone()
    return Mail(*row) if row else None


def delete_about(path: Path, person_id: str) -> int:
    """Forget every mail whose header names this person as its reader; returns how many."""
    if not path.exists():
        return 0
    header = f"{PERSON_HEADER}: {person_id}".encode()
    with opened(path) as connection:
        return connection.execute("DELETE FROM mails WHERE instr(raw, ?) > 0", (header,)).rowcount


def store(path: Path, sender: str, recipients: list[str], raw: bytes) -> None:
    """One row per recipient; beyond KEPT_MAILS the oldest make room."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    subject, plain, html = str(message.get("Subject", "")), _part(message, "plain"), _part(message, "html")
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    with opened(path) as connection:
        connection.executemany(
            "INSERT INTO mails (received_at, sender, recipient, subject, body_text, body_html, raw) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(now, sender, recipient.lower(), subject, plain, html, raw) for recipient in recipients],
        )
        connection.execute("DELETE FROM mails WHERE id <= (SELECT max(id) FROM mails) - ?", (KEPT_MAILS,))


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""


class Keeper:
    """What aiosmtpd calls for each mail."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        try:
            store(self._path, envelope.mail_from or "", list(envelope.rcpt_tos), envelope.content)
        except sqlite3.Error:
            get_logger(__name__).exception("mail-not-kept")
            return "451 try again later"
        return "250 kept"


def controller(path: Path, port: int) -> Controller:
    """A server for `path` on a local port, not yet started (tests start and stop it themselves)."""
    with opened(path):
        pass  # the file and its table are there from the first moment
    path.chmod(0o600)
    return Controller(Keeper(path), hostname=LOCAL, port=port, data_size_limit=MAX_MAIL_BYTES, enable_SMTPUTF8=True)


def main(settings: Settings) -> int:
    """Listen until SIGTERM or SIGINT."""
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    server = controller(settings.mailbox_file, settings.smtp_port)
    server.start()
    HEALTH.add("listening", lambda: f"port {settings.smtp_port}")
    ended.wait()
    server.stop()
    return 0
