"""Terms said in full, with what they leave at its default: for people and programs; the log keeps them short."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from grenier.language.season import Terms


def in_full(terms: Terms | Mapping[str, Any]) -> dict[str, Any]:
    """The terms, or a stored body of them, as JSON values: every field is there."""
    known = terms if isinstance(terms, Terms) else msgspec.convert(terms, Terms)
    body: dict[str, Any] = _full(known)
    return body


def _full(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return {name: _full(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, list):
        return [_full(each) for each in value]
    return msgspec.to_builtins(value)
