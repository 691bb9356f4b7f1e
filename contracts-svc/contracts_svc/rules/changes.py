"""What is different between two versions of a contract's terms, path by path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Change = dict[str, Any]
# Lists of things that have an id of their own: compared by it, whatever their place.
IDS = {"options": "option_id", "deliveries": "delivery_id", "rounds": "round_id"}


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """[{path, name, before, after}] of two bodies of terms; None stands for what is not there.

    `name` tells which option or date is meant ("Pain au levain", "2026-11-05").
    """
    return list(_of(before, after, "", ""))


def _of(before: Any, after: Any, path: str, name: str) -> Iterator[Change]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            yield from _of(before.get(key), after.get(key), f"{path}.{key}" if path else key, name)
    elif path in IDS:
        yield from _of_things(before or [], after or [], path)
    else:
        yield {"path": path, "name": name, "before": before, "after": after}


def _of_things(before: list[Any], after: list[Any], path: str) -> Iterator[Change]:
    old = {each[IDS[path]]: each for each in before}
    new = {each[IDS[path]]: each for each in after}
    for key in dict.fromkeys([*old, *new]):
        one, other = old.get(key), new.get(key)
        name = _name(other or one)
        if one is None or other is None:
            yield {"path": path, "name": name, "before": one, "after": other}
        else:
            yield from _of(one, other, f"{path}.{key}", name)


def _name(thing: Any) -> str:
    return str(thing.get("title") or thing.get("on") or thing.get("opens_at") or "")
