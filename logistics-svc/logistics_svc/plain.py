"""Values as plain dicts with every field in place: events leave defaults out, rows and answers must not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec


def plain(parts: Iterable[msgspec.Struct]) -> list[dict[str, Any]]:
    return [_plain(part) for part in parts]


def _plain(part: msgspec.Struct) -> dict[str, Any]:
    found = msgspec.structs.asdict(part)
    return {name: _plain(value) if isinstance(value, msgspec.Struct) else value for name, value in found.items()}
