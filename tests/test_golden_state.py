"""T26: every event ever written is read by today's code, and means what it meant."""

from __future__ import annotations

import msgspec
import pytest

from grenier.language.golden import FOLDER, path_of
from grenier.language.registry import ENTRIES
from tests import golden_state

pytestmark = pytest.mark.proof("T26")
REMAKE = "if that is meant: python -m tests.golden_state, and say why in the commit"


def changed(part: str, now: dict[str, object]) -> list[str]:
    """What is new, gone or different."""
    before = golden_state.stored()[part]
    return sorted(name for name in {*before, *now} if before.get(name) != now.get(name))


def test_bodies_are_decoded_as_they_were() -> None:
    """A type that was removed, a field that is not read any more, a default that changed."""
    assert changed("bodies", golden_state.bodies()) == [], f"these facts are read otherwise than before; {REMAKE}"


def test_every_file_belongs_to_an_event_that_can_be_read() -> None:
    names = {f"{name} v{version}" for path in FOLDER.iterdir() for name, _, version in [path.stem.rpartition(".v")]}
    assert names == set(golden_state.stored()["bodies"])


def test_streams_fold_to_the_state_they_had() -> None:
    assert changed("states", golden_state.states()) == [], f"these streams fold to another state; {REMAKE}"


def test_views_have_the_rows_they_had() -> None:
    now, before = golden_state.views(), golden_state.stored()["views"]
    same_version = [
        name
        for name in changed("views", now)
        if name in before and now.get(name, {}).get("version") == before[name]["version"]
    ]
    assert same_version == [], f"the rows of these views differ: raise View.version, then {REMAKE}"
    assert changed("views", now) == [], REMAKE


def test_a_forgotten_field_would_be_seen() -> None:
    name = "orders.order-confirmed"
    kind = ENTRIES[name].kind
    kept = [(field.name, field.type) for field in msgspec.structs.fields(kind)][:-1]
    forgetful = msgspec.defstruct(kind.__name__, kept, frozen=True)
    read = msgspec.json.decode(path_of(name, 1).read_bytes(), type=forgetful)
    assert golden_state.digest(golden_state.spelt(read)) != golden_state.stored()["bodies"][f"{name} v1"]
