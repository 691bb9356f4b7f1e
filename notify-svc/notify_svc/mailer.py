"""The process `grenier mailer`: takes ids from the queue `mail.outbox` and sends the mails they stand for.

Any number of mailers may run. While the mail server is away a mailer waits with the message in its hands; when it is
stopped or killed meanwhile, the message goes back to the queue.
"""

from __future__ import annotations

import signal
import threading
import time

from grenier.broker import MAIL_OUTBOX, Consumer, Delivery, Poison
from grenier.config import Settings
from grenier.health import HEALTH
from grenier.log.esdb import EsdbLog
from grenier.logging import get_logger
from grenier.metrics import MAIL_SENT
from grenier.runtime import Runtime
from notify_svc.sending import NotYetKnown, Sender
from notify_svc.smtp import ServerAway, SmtpServer

log = get_logger(__name__)

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0
VIEW_WAIT_S = 5.0
# After as many unforeseen failures a message is given up for good rather than coming back every minute.
MAX_SURPRISES = 5
LONGEST_ID = 200


class Mailer:
    """Works on one delivery at a time; `stopping` ends the wait for an absent mail server."""

    def __init__(self, sender: Sender, stopping: threading.Event) -> None:
        self._sender = sender
        self._stopping = stopping
        self.server_away = False

    def handle(self, delivery: Delivery) -> None:
        """Raises Poison for what was given up; anything else that is raised brings the message back later."""
        if len(delivery.body) > LONGEST_ID or not delivery.body.isascii():
            raise Poison("not the id of a message")
        body = delivery.body.decode()
        try:
            delivered = self._patiently(body)
        except (ServerAway, NotYetKnown):
            raise
        except Exception:
            if delivery.attempt < MAX_SURPRISES:
                raise
            log.error("mail-given-up", message_id=body, exc_info=True)
            self._sender.give_up(body)
            delivered = False
        MAIL_SENT.labels("sent" if delivered else "given-up").inc()
        if not delivered:
            raise Poison("not deliverable")

    def _patiently(self, body: str) -> bool:
        pause, view_until = FIRST_PAUSE_S, time.monotonic() + VIEW_WAIT_S
        while True:
            try:
                delivered = self._sender.deliver(body)
            except ServerAway as away:
                if not self.server_away:
                    log.warning("mail-server-away", reason=str(away))
                self.server_away = True
                if self._stopping.wait(pause):
                    raise
                pause = min(pause * 2, LONGEST_PAUSE_S)
            except NotYetKnown:
                if self._stopping.wait(0.1) or time.monotonic() > view_until:
                    raise
            else:
                self.server_away = False
                return delivered


def main(settings: Settings) -> None:
    """Run until SIGTERM."""
    stopping = threading.Event()
    runtime = Runtime.for_rpc(settings, "notify", EsdbLog(settings.esdb_uri))
    server = SmtpServer(settings.smtp_url)
    mailer = Mailer(Sender(runtime, server), stopping)
    consumer = Consumer(settings.amqp_url, MAIL_OUTBOX, mailer.handle)

    def stop(*_: object) -> None:
        stopping.set()
        consumer.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    HEALTH.add("mailer", lambda: consumer.connected)
    HEALTH.facts("mail-server", lambda: {"state": "waiting" if mailer.server_away else "well"})
    consumer.run()
    server.close()
