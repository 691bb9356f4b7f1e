"""How facts are named, versioned, written and read.

A stored event is a name ("orders.order-confirmed"), an integer version in the metadata and a JSON body. The name is an
explicit constant: renaming a class or moving a module changes nothing in the log. A changed *meaning* is a new name; a
changed *shape* is a new version with an upcast from the one before it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all events (each says `frozen=True, kw_only=True` itself: type checkers do not inherit it). Bodies carry ids, figures and instants; never personal data outside `sealed` fields."""


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A value inside an event (a line, a posting, a slot)."""


E = TypeVar("E", bound=type[Event])
Upcast = Callable[[dict[str, Any]], dict[str, Any]]


class Entry(msgspec.Struct, frozen=True):
    """One kind of event: its type, the version written today, what the public feed may show."""

    name: str
    kind: type[Event]
    version: int
    public: tuple[str, ...] | None
    decoder: Any


ENTRIES: dict[str, Entry] = {}
UPCASTS: dict[tuple[str, int], Upcast] = {}
_NAMES: dict[type, Entry] = {}
_ENCODER = msgspec.json.Encoder()


def event(name: str, *, version: int = 1, public: tuple[str, ...] | None = None) -> Callable[[E], E]:
    """Enter a class into the vocabulary. `public` lists the fields that the public feed shows (None: not published)."""

    def enter(kind: E) -> E:
        if name in ENTRIES:
            raise ValueError(f"two events are called {name}")
        unknown = set(public or ()) - set(kind.__struct_fields__)
        if unknown:
            raise ValueError(f"{name} publishes fields that it does not have: {sorted(unknown)}")
        entry = Entry(name, kind, version, public, msgspec.json.Decoder(kind))
        ENTRIES[name] = entry
        _NAMES[kind] = entry
        return kind

    return enter


def upcast(name: str, from_version: int) -> Callable[[Upcast], Upcast]:
    """Register the step from one version of a body to the next: dict -> dict, pure."""

    def enter(step: Upcast) -> Upcast:
        UPCASTS[(name, from_version)] = step
        return step

    return enter


def check_upcasts() -> None:
    """Every version ever written must reach today's version; called at start and by a test."""
    for entry in ENTRIES.values():
        for version in range(1, entry.version):
            if (entry.name, version) not in UPCASTS:
                raise ValueError(f"{entry.name} has no upcast from version {version}")


def name_of(kind: type[Event]) -> str:
    return _NAMES[kind].name


def version_of(kind: type[Event]) -> int:
    return _NAMES[kind].version


def encode(body: Event) -> bytes:
    return _ENCODER.encode(body)


class UnknownEvent(Exception):
    """The log holds a name or a version that this program does not know (written by a newer one)."""


def decode(name: str, version: int, data: bytes) -> Event:
    """The typed event of a stored one. UnknownEvent for names and versions from the future."""
    entry = ENTRIES.get(name)
    if entry is None or version > entry.version:
        raise UnknownEvent(f"{name} v{version}")
    if version < entry.version:
        raw = msgspec.json.decode(data)
        for step in range(version, entry.version):
            raw = UPCASTS[(name, step)](raw)
        return msgspec.convert(raw, entry.kind)
    decoded: Event = entry.decoder.decode(data)
    return decoded


def public_body(name: str, version: int, data: bytes) -> dict[str, Any] | None:
    """The fields of an event that anybody with a feed may see; None when it is not published at all."""
    entry = ENTRIES.get(name)
    if entry is None or entry.public is None:
        return None
    body: dict[str, Any] = msgspec.to_builtins(decode(name, version, data))
    return {field: body[field] for field in entry.public if field in body}
