"""What a distribution needs when nobody says otherwise: tasks, times around the opening hours, head counts (S1:18-87)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from grenier.language.matching import HelpSlot

CALL_BEFORE = timedelta(days=2)  # S1:38: volunteers are asked again two days before
TITLE = "Distribution"


class UsualSlot(msgspec.Struct, frozen=True):
    """`task` is a code that the gateway translates; minutes count from the opening or the closing of the doors."""

    task: str
    begins: tuple[Literal["opening", "closing"], int]
    ends: tuple[Literal["opening", "closing"], int]
    needed: int


DISTRIBUTION_SLOTS = (
    UsualSlot("set_up", ("opening", -60), ("opening", 0), 3),
    UsualSlot("welcome", ("opening", 0), ("closing", 0), 2),
    UsualSlot("stands", ("opening", 0), ("closing", 0), 4),
    UsualSlot("till", ("opening", 0), ("closing", 0), 2),
    UsualSlot("tidy_up", ("closing", 0), ("closing", 45), 3),
)


def distribution_slots(opens_at: datetime, closes_at: datetime) -> list[HelpSlot]:
    """The usual slots around the opening hours of one distribution."""

    def instant(anchor: tuple[str, int]) -> datetime:
        return (opens_at if anchor[0] == "opening" else closes_at) + timedelta(minutes=anchor[1])

    return [
        HelpSlot(
            slot_id=usual.task, task=usual.task, starts_at=instant(usual.begins), ends_at=instant(usual.ends),
            needed=usual.needed,
        )
        for usual in DISTRIBUTION_SLOTS
    ]  # fmt: skip
