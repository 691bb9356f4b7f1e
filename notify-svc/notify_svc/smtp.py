"""One connection to the mail server, kept open between mails, and what its answers mean.

ServerAway     nothing is wrong with the mail: wait and send it again
MailRefused    the server does not take this mail; `for_good` when trying again would not help
"""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

TIMEOUT_S = 20.0
DEFAULT_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


class ServerAway(Exception):
    pass


class MailRefused(Exception):
    def __init__(self, reason: str, for_good: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.for_good = for_good


def on_wire(address: str) -> str:
    """The address as any mail server takes it, its domain in ASCII; "" when no mail can go there (josé@exemple.fr)."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local.encode('ascii').decode()}@{domain.encode('idna').decode()}" if local else ""
    except UnicodeError:
        return ""


class SmtpServer:
    """`url`: smtp://, smtps:// or smtp+starttls://, with user and password where the server asks for them."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._connection: smtplib.SMTP | None = None

    def send(self, mail: EmailMessage) -> None:
        """Hand over one mail. Raises ServerAway or MailRefused; when it returns the server has taken the mail."""
        try:
            self._connect().send_message(mail)
        except smtplib.SMTPRecipientsRefused as refused:
            code = min((code for code, _ in refused.recipients.values()), default=500)
            raise MailRefused(f"recipient refused ({code})", code >= 500) from refused
        except smtplib.SMTPServerDisconnected as gone:
            self.close()
            raise ServerAway(type(gone).__name__) from gone
        except smtplib.SMTPResponseException as refused:
            self._reset()
            if refused.smtp_code == 421:
                raise ServerAway("421") from refused
            raise MailRefused(f"refused ({refused.smtp_code})", refused.smtp_code >= 500) from refused
        except (OSError, smtplib.SMTPException) as away:
            self.close()
            raise ServerAway(type(away).__name__) from away

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except OSError:
                pass

    def _connect(self) -> smtplib.SMTP:
        if self._connection is not None and not self._alive(self._connection):
            self.close()
        if self._connection is None:
            try:
                self._connection = self._open()
            except (OSError, smtplib.SMTPException) as away:
                # A greeting or a password that is refused says nothing about the mail.
                told = f"{type(away).__name__} {getattr(away, 'smtp_code', '')}".strip()
                raise ServerAway(told) from away
        return self._connection

    def _open(self) -> smtplib.SMTP:
        host, port = self._url.hostname or "localhost", self._url.port or DEFAULT_PORTS[self._url.scheme]
        context = ssl.create_default_context()
        connection: smtplib.SMTP
        if self._url.scheme == "smtps":
            connection = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=context)
        else:
            connection = smtplib.SMTP(host, port, timeout=TIMEOUT_S)
        try:
            if self._url.scheme == "smtp+starttls":
                connection.starttls(context=context)
            if self._url.username:
                connection.login(unquote(self._url.username), unquote(self._url.password or ""))
        except (OSError, smtplib.SMTPException):
            connection.close()
            raise
        return connection

    @staticmethod
    def _alive(connection: smtplib.SMTP) -> bool:
        try:
            return connection.noop()[0] == 250
        except (OSError, smtplib.SMTPException):
            return False

    def _reset(self) -> None:
        try:
            if self._connection is not None:
                self._connection.rset()
        except (OSError, smtplib.SMTPException):
            self.close()
