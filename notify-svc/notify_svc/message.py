"""Stream `message-<id>`: one thing told to one person, by e-mail or on the phone.

It is requested once, sent once; a failure is tried again a bounded number of times; who could not be reached by mail is
called (S1:14).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, assert_never

import msgspec

from grenier.decider import Decider
from grenier.errors import Rejected
from grenier.language.notify import CallLogged, Channel, MessageFailed, MessageRequested, MessageSent

MAX_ATTEMPTS = 5

# -- commands ------------------------------------------------------------------------------------------------------


class RequestMessage(msgspec.Struct, frozen=True, kw_only=True):
    message_id: str
    template: str
    person_id: str
    group_id: str
    household_id: str
    channel: Channel
    params: dict[str, Any]


class RecordSent(msgspec.Struct, frozen=True, kw_only=True):
    pass


class RecordFailed(msgspec.Struct, frozen=True, kw_only=True):
    """`for_good`: trying again would not help (no address, refused)."""

    reason: str
    for_good: bool


class LogCall(msgspec.Struct, frozen=True, kw_only=True):
    outcome: Literal["told", "no-answer", "wrong-number"]


Command = RequestMessage | RecordSent | RecordFailed | LogCall
Event = MessageRequested | MessageSent | MessageFailed | CallLogged


# -- state ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Message:
    requested: MessageRequested | None = None
    sent: bool = False
    failed: bool = False
    attempts: int = 0
    told: bool = False

    @property
    def waits_to_be_sent(self) -> bool:
        return self.requested is not None and self.requested.channel == "email" and not self.sent and not self.failed

    @property
    def is_to_be_called(self) -> bool:
        return self.requested is not None and (self.requested.channel == "phone" or self.failed)


# -- decide --------------------------------------------------------------------------------------------------------


def decide(message: Message, command: Command) -> Sequence[Event]:
    match command:
        case RequestMessage():
            return request_message(message, command)
        case RecordSent():
            return record_sent(message)
        case RecordFailed():
            return record_failed(message, command)
        case LogCall():
            return log_call(message, command)
        case _:
            assert_never(command)


def request_message(message: Message, command: RequestMessage) -> list[Event]:
    if message.requested is not None:
        return []
    return [
        MessageRequested(
            message_id=command.message_id,
            template=command.template,
            person_id=command.person_id,
            group_id=command.group_id,
            channel=command.channel,
            params=command.params,
            household_id=command.household_id,
        )
    ]


def record_sent(message: Message) -> list[Event]:
    requested = _requested(message)
    if message.sent:
        return []
    return [MessageSent(message_id=requested.message_id, group_id=requested.group_id, attempts=message.attempts + 1)]


def record_failed(message: Message, command: RecordFailed) -> list[Event]:
    requested = _requested(message)
    if not message.waits_to_be_sent:
        return []
    attempts = message.attempts + 1
    return [
        MessageFailed(
            message_id=requested.message_id,
            group_id=requested.group_id,
            attempts=attempts,
            reason=command.reason,
            final=command.for_good or attempts >= MAX_ATTEMPTS,
        )
    ]


def log_call(message: Message, command: LogCall) -> list[Event]:
    requested = _requested(message)
    if not message.is_to_be_called:
        raise Rejected("not-on-call-list", message_id=requested.message_id)
    if message.told:
        return []
    return [CallLogged(message_id=requested.message_id, group_id=requested.group_id, outcome=command.outcome)]


def _requested(message: Message) -> MessageRequested:
    if message.requested is None:
        raise Rejected("message-unknown")
    return message.requested


# -- evolve --------------------------------------------------------------------------------------------------------


def evolve(message: Message, event: Event) -> Message:
    match event:
        case MessageRequested():
            return replace(message, requested=event)
        case MessageSent():
            return replace(message, sent=True, attempts=event.attempts)
        case MessageFailed():
            return replace(message, failed=event.final, attempts=event.attempts)
        case CallLogged():
            return replace(message, told=message.told or event.outcome == "told")
        case _:
            assert_never(event)


decider: Decider[Message, Command, Event] = Decider("message", Message(), decide, evolve)
