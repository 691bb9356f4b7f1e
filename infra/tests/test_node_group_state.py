"""What a group decides, without a node: order of retries, strategies, checkpoints, all with a clock of our own."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from math import inf

import pytest

from grenier_infra.eventnode.groups.settings import Filter, Settings
from grenier_infra.eventnode.groups.state import Consumer, GroupState, Message, Nack
from grenier_infra.eventnode.groups.strategies import choose

SETTINGS = Settings("s", "g", min_checkpoint_count=2, max_checkpoint_count=5, checkpoint_after_ms=1_000)


def messages(first: int, count: int) -> list[Message]:
    return [
        Message(id=bytes([first + i]), place=first + i, before=first + i - 1, order=i + 1, body=b"")
        for i in range(count)
    ]


def group(count: int, slots: int = 100, settings: Settings = SETTINGS) -> tuple[GroupState, Consumer]:
    state, consumer = GroupState(settings, -1, 0.0), Consumer("one", slots)
    state.take_in(messages(0, count), count, count - 1)
    state.join(consumer)
    state.push(0.0)
    return state, consumer


def handed(consumer: Consumer) -> list[int]:
    places, consumer.outbox = [message.place for message in consumer.outbox], []
    return places


def test_retried_events_come_in_the_order_of_the_log_and_before_new_ones() -> None:
    state, consumer = group(6, slots=3)
    assert handed(consumer) == [0, 1, 2]
    state.nack([b"\x02", b"\x00", b"\x01"], Nack.RETRY, "", 0.0)
    state.push(0.0)
    assert handed(consumer) == [0, 1, 2]
    state.ack([b"\x00"], 0.0)
    state.push(0.0)
    assert handed(consumer) == [3]


def test_replayed_events_come_after_retried_ones() -> None:
    state, consumer = group(1)
    handed(consumer)
    state.replay([Message(id=b"p", place=-1, before=-1, order=0, body=b"", parked_at=7)])
    state.nack([b"\x00"], Nack.RETRY, "", 0.0)
    state.push(0.0)
    assert handed(consumer) == [0, -1]
    state.ack([b"p"], 0.0)
    assert state.settled_parked == {7}


def test_an_event_whose_id_is_under_way_already_waits_for_it() -> None:
    state, consumer = GroupState(SETTINGS, -1, 0.0), Consumer("one", 9)
    twice = messages(0, 2)
    twice[1].id = twice[0].id
    state.take_in(twice, 2, 1)
    state.join(consumer)
    state.push(0.0)
    assert handed(consumer) == [0]
    state.ack([twice[0].id], 0.0)
    state.push(0.0)
    assert handed(consumer) == [1]


def test_answers_for_events_that_are_not_under_way_change_nothing() -> None:
    state, consumer = group(1)
    state.ack([b"?"], 0.0)
    state.nack([b"?"], Nack.PARK, "", 0.0)
    assert (state.processed, consumer.in_flight, state.parking) == (0, 1, {})


def test_an_event_that_could_not_be_parked_goes_round_again() -> None:
    state, consumer = group(1)
    handed(consumer)
    state.nack([b"\x00"], Nack.PARK, "why", 0.0)
    ((message, reason),) = state.parking.values()
    assert reason.endswith("why")
    state.not_parked(message)
    state.push(0.0)
    assert handed(consumer) == [0]


def test_nothing_is_checkpointed_beyond_an_unsettled_event() -> None:
    state, _ = group(6)
    state.ack([bytes([i]) for i in (0, 1, 3, 4, 5)], 2.0)
    assert state.checkpoint_due(2.0) == (1, 2)
    state.nack([b"\x02"], Nack.RETRY, "", 2.0)
    assert state.checkpoint_due(2.0) == (1, 2)
    state.nack([b"\x02"], Nack.PARK, "", 2.0)
    state.push(2.0)
    state.nack([b"\x02"], Nack.PARK, "", 2.0)
    assert state.checkpoint_due(2.0) == (1, 2)  # parked only when the log has it
    state.parked(state.parking[b"\x02"][0])
    assert state.checkpoint_due(2.0) == (5, 6)


@pytest.mark.parametrize(
    ("settled", "now", "due"),
    [(1, 0.5, None), (4, 0.5, None), (5, 0.5, (4, 5)), (1, 1.0, None), (2, 1.0, (1, 2))],
)
def test_a_checkpoint_is_due_by_count_or_by_time(settled: int, now: float, due: tuple[int, int] | None) -> None:
    state, _ = group(6)
    state.ack([bytes([i]) for i in range(settled)], now)
    assert state.checkpoint_due(now) == due


def test_events_passed_over_count_for_the_checkpoint() -> None:
    state = GroupState(SETTINGS, -1, 0.0)
    state.take_in([], 5, 400)
    assert state.checkpoint_due(0.0) == (400, 5)
    state.checkpointed(400, 5, 0.0)
    assert state.checkpoint_due(9.0) is None


def test_nothing_wakes_an_idle_group() -> None:
    state, _ = group(1)
    assert state.wakes_at(0.0) == 30.0
    state.ack([b"\x00"], 0.0)
    assert state.wakes_at(0.0) == inf


def test_a_group_reads_on_only_when_a_whole_batch_fits() -> None:
    state = GroupState(replace(SETTINGS, history_buffer_size=10, read_batch_size=4, live_buffer_size=2), -1, 0.0)
    assert state.room() == 4
    state.take_in(messages(0, 7), 7, 6)
    assert state.room() == 0
    state.live = True
    assert state.room() == 0
    state.buffer.clear()
    assert state.room() == 2


def test_pinning_keeps_a_key_with_one_consumer_and_lets_others_pass() -> None:
    consumers = deque([Consumer("a", 5), Consumer("b", 5), Consumer("c", 5)])
    owners = {key: choose("Pinned", consumers, key) for key in map(str, range(30))}
    consumers.rotate(1)
    assert owners == {key: choose("Pinned", consumers, key) for key in owners}
    assert len({one.name for one in owners.values() if one is not None}) == 3
    gone = consumers.popleft()
    for key, owner in owners.items():
        if owner is not gone:
            assert choose("Pinned", consumers, key) is owner  # only the keys of who left move


def test_settings_are_read_back_as_they_were_kept() -> None:
    settings = Settings("$all", "g", 5, 4, Filter(True, "x", ("a", "b")), max_retry_count=3, strategy="Pinned")
    assert Settings.from_json(settings.to_json() | {"added_later": 1}) == settings
