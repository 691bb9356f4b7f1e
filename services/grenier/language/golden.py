"""One canonical example of every event, kept as the file that was written when its version came into the world.

    python -m grenier.language.golden        write the files that are missing (never changes one that is there)

The files are the proof that today's code reads what was stored yesterday: tests decode every one of them.
"""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec

from grenier.language.registry import ENTRIES, Event, decode, name_of, version_of

FOLDER = Path(__file__).parent / "golden"

# Values by what a field is called, so that examples read like facts.
KNOWN: dict[str, Any] = {
    "month": "2026-11",
    "tier": "solidarity",
    "name": "Comté 12 mois",
    "place": "Maison de quartier",
    "time_zone": "Europe/Paris",
    "phone_region": "FR",
    "language": "fr",
    "role": "organiser",
    "duty": "regulate",
    "rule": "prorata",
    "template": "window-opened",
    "unit_label": "sachet 500 g",
    "reason": "erreur de saisie",
    "explanation": "pièce tombée",
    "account": "eater:household-martin",
}


def path_of(name: str, version: int) -> Path:
    return FOLDER / f"{name}.v{version}.json"


def example(kind: type[Event]) -> Event:
    """The canonical example of an event, as its golden file of today's version holds it."""
    name, version = name_of(kind), version_of(kind)
    return decode(name, version, path_of(name, version).read_bytes())


def versions() -> list[tuple[str, int]]:
    """Every version of every event that was ever written."""
    return [(entry.name, version) for entry in ENTRIES.values() for version in range(1, entry.version + 1)]


def write_missing() -> list[Path]:
    """Write today's version of events that have no file yet; returns the files written."""
    FOLDER.mkdir(exist_ok=True)
    written = []
    for entry in ENTRIES.values():
        path = path_of(entry.name, entry.version)
        if not path.exists():
            body = msgspec.json.encode(_sample(entry.kind))
            path.write_bytes(msgspec.json.format(body, indent=2) + b"\n")
            written.append(path)
    return written


def _sample(kind: Any, name: str = "") -> Any:
    info = msgspec.inspect.type_info(kind)
    return _value(info, name)


def _value(info: Any, name: str) -> Any:
    match info:
        case msgspec.inspect.StructType():
            return info.cls(**{field.name: _value(field.type, field.name) for field in info.fields})
        case msgspec.inspect.ListType():
            singular = name.removesuffix("s")
            return [] if name == "postings" else [_value(info.item_type, singular)]
        case msgspec.inspect.DictType():
            return {_value(info.key_type, "key"): _value(info.value_type, name)}
        case msgspec.inspect.UnionType():
            return _value(next(t for t in info.types if not isinstance(t, msgspec.inspect.NoneType)), name)
        case msgspec.inspect.LiteralType():
            return info.values[0]
        case msgspec.inspect.BoolType():
            return True
        case msgspec.inspect.IntType():
            return 1250 if name.endswith(("_cents", "_g")) else 2
        case msgspec.inspect.FloatType():
            return 1.5
        case msgspec.inspect.DateTimeType():
            return datetime.fromisoformat("2026-11-26T17:00:00Z")
        case msgspec.inspect.DateType():
            return date(2026, 11, 26)
        case msgspec.inspect.StrType():
            return KNOWN.get(name, f"{name.removesuffix('_id').replace('_', '-')}-1" if name else "text")
        case _:
            return "text"


if __name__ == "__main__":
    for path in write_missing():
        sys.stdout.write(f"{path.name}\n")
