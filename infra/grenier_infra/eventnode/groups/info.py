"""What GetInfo and List tell about a group: its settings and what it is doing, measured."""

from __future__ import annotations

from collections.abc import Sequence

from grenier_infra.eventnode.groups.runner import Group
from grenier_infra.eventnode.groups.settings import START, Settings
from grenier_infra.eventnode.groups.state import Consumer
from grenier_infra.eventnode.protos import persistent_pb2

Info = persistent_pb2.SubscriptionInfo
QUANTILES = (
    ("Median", 0.5), ("Quintile 1", 0.2), ("Quintile 2", 0.4), ("Quintile 3", 0.6), ("Quintile 4", 0.8),
    ("Quintile 5", 1.0), ("90%", 0.9), ("95%", 0.95), ("99%", 0.99), ("99.5%", 0.995), ("99.9%", 0.999),
)  # fmt: skip


def info_of(group: Group) -> Info:
    """Describe a group. What was counted since the last description is counted from now on again."""
    settings, state, now = group.settings, group.state, group.now
    since, state.measured = state.processed - state.measured, state.processed
    info = Info(
        event_source=settings.source,
        group_name=settings.group,
        status="Live" if state.live else "Behind",
        connections=[_connection(one, settings, now) for one in group.connections],
        average_per_second=_rate(state.processed, now - state.began_at),
        total_items=state.processed,
        count_since_last_measurement=since,
        read_buffer_count=0 if state.live else len(state.buffer),
        live_buffer_count=len(state.buffer) if state.live else 0,
        retry_buffer_count=len(state.retry),
        total_in_flight_messages=sum(one.in_flight for one in group.connections),
        outstanding_messages_count=len(state.outstanding),
        parked_message_count=group.parked.end - group.replayed_to,
        last_checkpointed_event_position=_place(settings, state.checkpoint),
        last_known_event_position=_place(settings, state.known),
    )
    _settings(info, settings)
    return info


def _settings(info: Info, settings: Settings) -> None:
    info.start_from = settings.place(settings.start_from)
    info.resolve_link_tos = settings.resolve_links
    info.extra_statistics = settings.extra_statistics
    info.message_timeout_milliseconds = settings.message_timeout_ms
    info.max_retry_count = settings.max_retry_count
    info.live_buffer_size = settings.live_buffer_size
    info.buffer_size = settings.history_buffer_size
    info.read_batch_size = settings.read_batch_size
    info.check_point_after_milliseconds = settings.checkpoint_after_ms
    info.min_check_point_count = settings.min_checkpoint_count
    info.max_check_point_count = settings.max_checkpoint_count
    info.named_consumer_strategy = settings.strategy
    info.max_subscriber_count = settings.max_subscriber_count


def _connection(consumer: Consumer, settings: Settings, now: float) -> Info.ConnectionInfo:
    since, consumer.measured = consumer.answered - consumer.measured, consumer.answered
    return Info.ConnectionInfo(
        **{"from": consumer.peer},
        username=consumer.user,
        connection_name=consumer.connection,
        average_items_per_second=_rate(consumer.answered, now - consumer.joined_at),
        total_items=consumer.answered,
        count_since_last_measurement=since,
        available_slots=consumer.free_slots,
        in_flight_messages=consumer.in_flight,
        observed_measurements=_latencies(list(consumer.latencies)) if settings.extra_statistics else [],
    )


def _latencies(seconds: Sequence[float]) -> list[Info.Measurement]:
    """Say how many milliseconds consumers took to answer; all zero before the first answer."""
    ordered = sorted(round(one * 1_000) for one in seconds) or [0]
    named = [("Mean", round(sum(ordered) / len(ordered))), ("Fastest", ordered[0]), ("Slowest", ordered[-1])]
    named += [(name, ordered[max(0, -(-int(share * 1_000) * len(ordered) // 1_000) - 1)]) for name, share in QUANTILES]
    return [Info.Measurement(key=name, value=value) for name, value in named]


def _place(settings: Settings, place: int | None) -> str:
    return "" if place is None or place < START else settings.place(place)


def _rate(count: int, seconds: float) -> int:
    return round(count / seconds) if seconds > 0 else 0
