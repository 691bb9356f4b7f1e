"""From the view of what waits to the queue of the mailers: ids only, confirmed by the broker, again when nothing came of it.

Losing the broker loses nothing: what waits stays in the view and is put on the queue when the broker is back.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from grenier.broker import MAIL_OUTBOX, BrokerUnavailable, ConfirmedPublisher, Message
from grenier.health import HEALTH
from grenier.logging import get_logger
from grenier.metrics import MAIL_WAITING
from grenier.runtime import Runtime
from notify_svc.outbox import Outbox
from notify_svc.sending import LOGIN
from notify_svc.views import messages

log = get_logger(__name__)

CONFIRMED_WITHIN_S = 5.0
_publishers: dict[str, ConfirmedPublisher] = {}
_outboxes: dict[str, Outbox] = {}
_unwanted: list[Message] = []
"""What the broker gave back of the present turn, because no queue wanted it."""


def queue_waiting(runtime: Runtime) -> None:
    """Put what is due on the queue; does nothing while the broker is away or still busy with the last batch."""
    outbox = _outbox(runtime)
    _note(messages.waiting(runtime.db))
    logins = outbox.logins_to_queue()
    message_ids = outbox.due(runtime.clock.now())
    if not logins and not message_ids:
        return
    publisher = _publisher(runtime.settings.amqp_url)
    if publisher is None or not publisher.connected or publisher.unconfirmed:
        return
    _unwanted.clear()
    try:
        for body in [*(LOGIN + login_id for login_id in logins), *message_ids]:
            publisher.publish(
                Message(MAIL_OUTBOX.exchange, MAIL_OUTBOX.name, body.encode(), message_id=body, mandatory=True)
            )
        confirmed = publisher.flush(CONFIRMED_WITHIN_S)
    except BrokerUnavailable:
        confirmed = False
    if not confirmed:
        log.warning("mail-queue-unconfirmed", waiting=len(message_ids))
        return
    if _unwanted:
        # The queue is gone: a new publisher makes it again, and what waits is put there at the next turn.
        log.error("mail-queue-missing", returned=len(_unwanted))
        _publishers.pop(runtime.settings.amqp_url).stop(0.1)
        return
    for login_id in logins:
        outbox.note_login_queued(login_id)
    if message_ids:
        outbox.note_queued(message_ids)


def _note(waiting: int) -> None:
    """How many mails wait, for the health page."""
    MAIL_WAITING.set(waiting)
    HEALTH.facts("mail", lambda: {"waiting": waiting})


def _outbox(runtime: Runtime) -> Outbox:
    key = f"{runtime.db.url}#{runtime.db.schema}"
    if key not in _outboxes:
        _outboxes[key] = Outbox(runtime.db)
    return _outboxes[key]


def _publisher(amqp_url: str) -> ConfirmedPublisher | None:
    """None while the installation has no password for its broker, that is, before its first start."""
    parts = urlsplit(amqp_url)
    if parts.username and parts.password is None:
        return None
    if amqp_url not in _publishers:
        _publishers[amqp_url] = ConfirmedPublisher(amqp_url, MAIL_OUTBOX.declare, on_returned=_unwanted.append).start()
    return _publishers[amqp_url]
