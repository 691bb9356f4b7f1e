"""What a household has put together and not confirmed yet. Stream: draft-<cycle>-<household>; nothing is promised by it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

import msgspec

from grenier.decider import Decider
from grenier.language.orders import DraftDiscarded, DraftLine, DraftSaved

# -- commands ----------------------------------------------------------------------------------------------------


class SaveDraft(msgspec.Struct, frozen=True, kw_only=True):
    cycle_id: str
    group_id: str
    household_id: str
    lines: list[DraftLine]
    now: datetime


class DiscardDraft(msgspec.Struct, frozen=True, kw_only=True):
    """`saved_until`: a draft saved after this instant stays (its owner went on after confirming)."""

    cycle_id: str
    group_id: str
    household_id: str
    saved_until: datetime


Command = SaveDraft | DiscardDraft
Event = DraftSaved | DraftDiscarded

# -- state -------------------------------------------------------------------------------------------------------


class Draft(msgspec.Struct, frozen=True):
    lines: list[DraftLine] | None = None
    saved_at: datetime | None = None


# -- decide ------------------------------------------------------------------------------------------------------


def decide(draft: Draft, command: Command) -> Sequence[Event]:
    match command:
        case SaveDraft():
            return save(draft, command)
        case DiscardDraft():
            return discard(draft, command)
        case _:
            assert_never(command)


def save(draft: Draft, command: SaveDraft) -> list[Event]:
    if draft.lines == command.lines:
        return []
    saved = DraftSaved(
        cycle_id=command.cycle_id,
        group_id=command.group_id,
        household_id=command.household_id,
        lines=command.lines,
        saved_at=command.now,
    )
    return [saved]


def discard(draft: Draft, command: DiscardDraft) -> list[Event]:
    if draft.lines is None or (draft.saved_at is not None and draft.saved_at > command.saved_until):
        return []
    discarded = DraftDiscarded(cycle_id=command.cycle_id, group_id=command.group_id, household_id=command.household_id)
    return [discarded]


# -- evolve ------------------------------------------------------------------------------------------------------


def evolve(_draft: Draft, event: Event) -> Draft:
    match event:
        case DraftSaved():
            return Draft(event.lines, event.saved_at)
        case DraftDiscarded():
            return Draft()
        case _:
            assert_never(event)


def key(cycle_id: str, household_id: str) -> str:
    return f"{cycle_id}-{household_id}"


decider: Decider[Draft, Command, Event] = Decider("draft", Draft(), decide, evolve)
