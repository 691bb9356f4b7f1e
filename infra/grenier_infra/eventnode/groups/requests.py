"""Reading what clients send about groups."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from grenier_infra.eventnode import answers
from grenier_infra.eventnode.groups.settings import ALL, END, START, STRATEGIES, Filter, Settings
from grenier_infra.eventnode.proposals import stream_name, uuid_from
from grenier_infra.eventnode.protos import persistent_pb2

MAX_PLACE = 2**63 - 1
TICKS_PER_MS = 10_000
OLD_END = 2**64 - 1
Key = tuple[str, str]


def key_of(options: Any) -> Key:
    """Read which group is meant. Errors: Refusal."""
    return source_of(options), options.group_name


def source_of(options: Any) -> str:
    """Read the stream, or ``$all``. Errors: Refusal."""
    if options.WhichOneof("stream_option") == "all":
        return ALL
    return stream_name(options.stream_identifier)


def settings_from(options: Any) -> Settings:
    """Read the settings of a Create or Update. Errors: Refusal."""
    kind = options.WhichOneof("stream_option")
    if kind == "all":
        source, start, wanted = ALL, _start(options.all, "all_option"), _filter(options.all)
    elif kind == "stream":
        source, start, wanted = (
            stream_name(options.stream.stream_identifier),
            _start(options.stream, "revision_option"),
            None,
        )
    else:  # as clients older than 21.10 say it
        source, start, wanted = stream_name(options.stream_identifier), _old_start(options.settings), None
    given = options.settings
    return Settings(
        source=source,
        group=options.group_name,
        start_from=min(start, MAX_PLACE),
        filter=wanted,
        resolve_links=given.resolve_links,
        extra_statistics=given.extra_statistics,
        message_timeout_ms=_milliseconds(given, "message_timeout"),
        max_retry_count=given.max_retry_count,
        checkpoint_after_ms=_milliseconds(given, "checkpoint_after"),
        min_checkpoint_count=given.min_checkpoint_count,
        max_checkpoint_count=given.max_checkpoint_count,
        max_subscriber_count=given.max_subscriber_count,
        live_buffer_size=given.live_buffer_size,
        read_batch_size=given.read_batch_size,
        history_buffer_size=given.history_buffer_size,
        strategy=_strategy(given),
    )


def _start(options: Any, group: str) -> int:
    match options.WhichOneof(group):
        case "end":
            return END
        case "revision":
            revision: int = options.revision
            return revision
        case "position":
            position: int = options.position.commit_position
            return position
        case _:
            return START


def _old_start(given: Any) -> int:
    return END if given.revision == OLD_END else given.revision


def _filter(options: Any) -> Filter | None:
    if "filter" not in options.DESCRIPTOR.fields_by_name or options.WhichOneof("filter_option") != "filter":
        return None
    kind = options.filter.WhichOneof("filter")
    if kind is None:
        raise answers.invalid("a filter needs an event type or a stream identifier expression")
    expression = getattr(options.filter, kind)
    return Filter(kind == "stream_identifier", expression.regex, tuple(expression.prefix))


def _strategy(given: Any) -> str:
    """Read the strategy by its name, which newer clients send, or by its number."""
    name: str = getattr(given, "consumer_strategy", "")
    if name:
        return next((known for known in STRATEGIES if known.lower() == name.lower()), name)
    numbers = persistent_pb2.CreateReq.ConsumerStrategy
    return numbers.Name(given.named_consumer_strategy)


def _milliseconds(given: Any, what: str) -> int:
    ticks: int = getattr(given, f"{what}_ticks")
    milliseconds: int = getattr(given, f"{what}_ms")
    return ticks // TICKS_PER_MS if given.WhichOneof(what) == f"{what}_ticks" else milliseconds


def ids_from(message: Any) -> list[bytes]:
    """Read the ids of an ack or nack. Errors: Refusal."""
    try:
        return [_id(one) for one in message.ids]
    except ValueError as error:
        raise answers.invalid("the event id is not a UUID") from error


def _id(message: Any) -> bytes:
    found: UUID = uuid_from(message)
    return found.bytes
