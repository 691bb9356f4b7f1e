"""The rules of expected versions and of truncation, as tables."""

from __future__ import annotations

from uuid import UUID

import pytest

from grenier_infra.eventnode.log import GENERATIONS, RecentIds
from grenier_infra.eventnode.rules import (
    ANY,
    EXISTS,
    NO_EVENTS,
    NO_STREAM,
    NO_TRUNCATION,
    SOFT_DELETED_BEFORE,
    TICKS_PER_SECOND,
    Decision,
    Recorded,
    StreamFacts,
    Truncation,
    Verdict,
    judge,
    truncation_from,
)


def event(number: int) -> bytes:
    return UUID(int=number).bytes


STORED = {0: (event(10), 100), 1: (event(11), 200), 2: (event(12), 300)}
RECENT = {event(11): Recorded(1, 200), event(12): Recorded(2, 300)}

NEW = StreamFacts(NO_EVENTS, tombstoned=False, soft_deleted=False, has_metadata=False)
DESCRIBED = StreamFacts(NO_EVENTS, tombstoned=False, soft_deleted=False, has_metadata=True)
THREE = StreamFacts(2, tombstoned=False, soft_deleted=False, has_metadata=False)
SOFT = StreamFacts(2, tombstoned=False, soft_deleted=True, has_metadata=True)
ENDED = StreamFacts(2, tombstoned=True, soft_deleted=False, has_metadata=False)

APPEND, WRONG, DELETED = (Decision(v) for v in (Verdict.APPEND, Verdict.WRONG_VERSION, Verdict.DELETED))


def repeated(revision: int) -> Decision:
    return Decision(Verdict.REPEATED, Recorded(revision, STORED[revision][1]))


@pytest.mark.parametrize(
    ("name", "facts", "expected", "ids", "decision"),
    [
        ("a tombstone refuses any", ENDED, ANY, [1], DELETED),
        ("a tombstone refuses exists", ENDED, EXISTS, [1], DELETED),
        ("a tombstone refuses no stream", ENDED, NO_STREAM, [1], DELETED),
        ("a tombstone refuses the right version", ENDED, 2, [1], DELETED),
        ("a tombstone refuses even a repetition", ENDED, NO_STREAM, [10], DELETED),
        ("exists wants a stream", NEW, EXISTS, [1], WRONG),
        ("exists is content with metadata", DESCRIBED, EXISTS, [1], APPEND),
        ("exists accepts a living stream", THREE, EXISTS, [1], APPEND),
        ("exists refuses a deleted stream", SOFT, EXISTS, [1], DELETED),
        ("any accepts a new stream", NEW, ANY, [1], APPEND),
        ("any accepts a deleted stream", SOFT, ANY, [1], APPEND),
        ("any knows a recent id", THREE, ANY, [11], repeated(1)),
        ("any knows several recent ids", THREE, ANY, [11, 12], repeated(2)),
        ("any does not know an old id", THREE, ANY, [10], APPEND),
        ("exists knows a recent id", THREE, EXISTS, [12], repeated(2)),
        ("a known id before an unknown one", THREE, ANY, [11, 1], WRONG),
        ("an unknown id before a known one", THREE, ANY, [1, 11], APPEND),
        ("nothing appended to any", THREE, ANY, [], APPEND),
        ("no stream on a new stream", NEW, NO_STREAM, [1], APPEND),
        ("no stream on a stream", THREE, NO_STREAM, [1], WRONG),
        ("no stream repeated by its first event", THREE, NO_STREAM, [10], repeated(0)),
        ("no stream repeated wholly", THREE, NO_STREAM, [10, 11, 12], repeated(2)),
        ("no stream repeated and something more", THREE, NO_STREAM, [10, 11, 12, 13], WRONG),
        ("no stream repeated with another second event", THREE, NO_STREAM, [10, 1], WRONG),
        ("no stream on a deleted stream", SOFT, NO_STREAM, [1], APPEND),
        ("no stream repeated on a deleted stream", SOFT, NO_STREAM, [10, 11], repeated(1)),
        ("no stream half repeated on a deleted stream", SOFT, NO_STREAM, [10, 1], WRONG),
        ("an earlier version repeated", THREE, 0, [11, 12], repeated(2)),
        ("an earlier version with the event that is elsewhere", THREE, 0, [12], WRONG),
        ("an earlier version with a new event", THREE, 1, [1], WRONG),
        ("an earlier version of a deleted stream", SOFT, 1, [1], WRONG),
        ("an earlier version, nothing appended", THREE, 0, [], Decision(Verdict.REPEATED)),
        ("the version itself", THREE, 2, [1], APPEND),
        ("the version itself asks for no ids: the same id twice", THREE, 2, [12], APPEND),
        ("the version itself of a deleted stream", SOFT, 2, [1], APPEND),
        ("a later version", THREE, 3, [1], WRONG),
        ("a version of a new stream", NEW, 0, [1], WRONG),
    ],
)
def test_an_append_is_judged(name: str, facts: StreamFacts, expected: int, ids: list[int], decision: Decision) -> None:
    assert judge(facts, expected, [event(i) for i in ids], RECENT.get, STORED.get) == decision, name


@pytest.mark.parametrize(
    ("metadata", "truncation"),
    [
        (b"{}", NO_TRUNCATION),
        (b'{"$maxCount": 5, "$maxAge": 60, "$tb": 3, "other": 1}', Truncation(5, 60, 3)),
        (b'{"$tb": 9223372036854775807}', Truncation(before=SOFT_DELETED_BEFORE)),
        (b'{"$maxCount": "5", "$maxAge": -1, "$tb": true}', NO_TRUNCATION),
        (b"not json", NO_TRUNCATION),
        (b"[1]", NO_TRUNCATION),
        (b"\xff", NO_TRUNCATION),
    ],
)
def test_metadata_says_what_is_hidden(metadata: bytes, truncation: Truncation) -> None:
    assert truncation_from(metadata) == truncation


@pytest.mark.parametrize(
    ("truncation", "last", "first"),
    [(NO_TRUNCATION, 9, 0), (Truncation(max_count=3), 9, 7), (Truncation(max_count=30), 9, 0),
     (Truncation(before=4), 9, 4), (Truncation(max_count=3, before=8), 9, 8), (Truncation(max_count=3, before=1), 9, 7)],
)  # fmt: skip
def test_the_stricter_of_count_and_truncate_before_hides(truncation: Truncation, last: int, first: int) -> None:
    assert truncation.first_visible(last) == first


def test_age_is_counted_in_seconds() -> None:
    assert Truncation(max_age_s=2).oldest_visible(10 * TICKS_PER_SECOND) == 8 * TICKS_PER_SECOND
    assert NO_TRUNCATION.oldest_visible(10 * TICKS_PER_SECOND) < 0


def test_recent_ids_are_bounded_and_belong_to_a_stream() -> None:
    ids, kept = RecentIds(limit=10 * GENERATIONS), set()
    for number in range(400):
        ids.add(1, event(number), Recorded(number, number))
        known = [earlier for earlier in range(number + 1) if ids.find(1, event(earlier))]
        assert known == list(range(number + 1 - len(known), number + 1)), "the latest ones"
        if number >= 200:
            kept.add(len(known))
    assert kept == set(range(10 * GENERATIONS - 9, 10 * GENERATIONS + 1)), "a little is forgotten at a time"
    assert ids.find(1, event(399)) == Recorded(399, 399)
    assert ids.find(2, event(399)) is None
    ids.clear()
    assert ids.find(1, event(399)) is None
