"""Duties that the centre or the group does: which there are, and whose they are until somebody moves them."""

from __future__ import annotations

from typing import Literal, TypeAlias

Side: TypeAlias = Literal["centre", "group"]

# S1:13 mail before opening · S1:24 order desk · S1:34 regulation, "can be done by VRAC officers" · S1:38 volunteers ·
# S1:68 calls to no-shows · S1:153 cash verification.
DUTIES: dict[str, Side] = {
    "announce": "group",
    "help_desk": "group",
    "regulate": "group",
    "call_volunteers": "group",
    "call_no_shows": "group",
    "verify_cash": "centre",
}
