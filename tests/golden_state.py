"""T26: what today's code makes of every version of every event ever written.

    python -m tests.golden_state        write tests/golden_state.json anew; a change needs this, and a reason in its commit

The golden files (`grenier.language.golden`) are played twice over as a log. The file of
digests holds for each event what its body is once decoded, for each decider the state it folds to, for each view its rows.
A digest that differs says that yesterday's facts mean something else today: a field that is not read any more, a fold
or a view that works otherwise. A view whose rows differ needs a higher `version`, else live rows and a replay disagree.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import pkgutil
import sys
import typing
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec
import sqlalchemy as sa

from grenier.decider import Decider
from grenier.language.golden import path_of, versions
from grenier.language.registry import Event, decode
from grenier.log.protocol import Recorded
from grenier.projector import Projector, parked
from grenier.readmodel import Database, dump
from grenier.runtime import keys_of, load_service
from tests.replaying import SERVICES, scratch, settings_of

FILE = Path(__file__).with_suffix(".json")
OWNERS = tuple(name for name in SERVICES if name != "gateway")
FIRST = datetime(2026, 11, 1, 8, tzinfo=UTC)
PASSES = 2
STEP = 100


def bodies() -> dict[str, str]:
    """By "name v<version>": the golden file as today's code understands it, with every default spelt out."""
    return {
        f"{name} v{version}": digest(spelt(decode(name, version, path_of(name, version).read_bytes())))
        for name, version in sorted(versions())
    }


def states() -> dict[str, str]:
    """By the category of the stream: the state of a stream that holds all events of its decider."""
    found = {}
    for decider, kinds in deciders():
        events = [event for event in (_event(*entry) for entry in _played()) if isinstance(event, kinds)]
        found[decider.category] = digest(spelt(_folded(decider, events)))
    return dict(sorted(found.items()))


def _folded(decider: Decider[Any, Any, Any], events: list[Event]) -> list[Any]:
    """The state, and which events it could not take in: examples do not always fit each other (what is reversed is not there)."""
    state, refused = decider.initial, []
    for number, event in enumerate(events):
        try:
            state = decider.evolve(state, event)
        except (KeyError, ValueError, AssertionError) as wrong:
            refused.append([number, type(wrong).__name__])
    return [state, refused]


def views() -> dict[str, dict[str, Any]]:
    """By "service/view": its version and the digest of its rows, with what it could not take in."""
    found: dict[str, dict[str, Any]] = {}
    with TemporaryDirectory() as folder:
        settings = settings_of(Path(folder))
        for name in SERVICES:
            service = load_service(name)
            database = Database(scratch(Path(folder)), name)
            projector = Projector(database, service.all_views, keys_of(service, settings))
            log = list(corpus())
            projector.apply(log, log[-1].position)
            for view in service.all_views:
                waiting = sa.select(parked.c.position, parked.c.event).where(parked.c.view == view.name)
                rows = dump(database, view.tables) + spelt(database.rows(waiting.order_by(parked.c.position)))
                found[f"{name}/{view.name}"] = {"version": view.version, "rows": digest(rows)}
            database.close()
    return found


def corpus() -> Iterator[Recorded]:
    """The golden files as a log; each in a stream of its own, so that one which does not fit stops no other."""
    known = sorted(versions())
    for number, (name, version) in enumerate(_played()):
        stream, revision = f"golden-{known.index((name, version))}", number // len(known)
        instant = FIRST + timedelta(minutes=number)
        metadata = {"v": version, "at": instant.isoformat().replace("+00:00", "Z"), "cmd": f"c{number}", "actor": "a1"}
        yield Recorded(
            uuid5(NAMESPACE_URL, f"golden/{number}"), stream, revision, name, path_of(name, version).read_bytes(),
            json.dumps(metadata).encode(), (number + 1) * STEP, instant,
        )  # fmt: skip


def deciders() -> list[tuple[Decider[Any, Any, Any], tuple[type[Event], ...]]]:
    """Every decider of the services with the events it folds, by category."""
    found: dict[str, tuple[Decider[Any, Any, Any], tuple[type[Event], ...]]] = {}
    for owner in OWNERS:
        package = importlib.import_module(f"{owner}_svc")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for value in vars(importlib.import_module(module.name)).values():
                if isinstance(value, Decider):
                    found[value.category] = value, _kinds(value)
    return [found[category] for category in sorted(found)]


def _kinds(decider: Decider[Any, Any, Any]) -> tuple[type[Event], ...]:
    hints = typing.get_type_hints(decider.evolve)
    told = [hint for name, hint in hints.items() if name != "return"][1]
    return typing.get_args(told) or (told,)


def _played() -> list[tuple[str, int]]:
    """By owner, in the order in which the language tells them: roughly that of life."""
    return sorted(versions(), key=lambda entry: OWNERS.index(entry[0].partition(".")[0])) * PASSES


def _event(name: str, version: int) -> Event:
    return decode(name, version, path_of(name, version).read_bytes())


def spelt(value: Any) -> bytes:
    """Every field in its order, also those that hold their default (a stored body leaves them out); sets sorted."""
    return msgspec.json.encode(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted((_plain(item) for item in value), key=repr)
    if isinstance(value, Mapping):
        return [[_plain(key), _plain(item)] for key, item in sorted(value.items(), key=lambda entry: repr(entry[0]))]
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    for names in ("__struct_fields__", "__dataclass_fields__", "__slots__"):
        if fields := getattr(type(value), names, None):
            return [type(value).__name__, *([name, _plain(getattr(value, name))] for name in fields)]
    return value


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:24]


def today() -> dict[str, dict[str, Any]]:
    return {"bodies": bodies(), "states": states(), "views": views()}


def stored() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(FILE.read_text())
    return found


if __name__ == "__main__":
    FILE.write_text(json.dumps(today(), indent=1) + "\n")
    sys.stdout.write(f"{FILE.name}\n")
