"""The vocabulary: every version ever written is read by today's code, and nothing personal is published."""

import json

import msgspec
import pytest

from grenier.language import ENTRIES, UnknownEvent, contracts, decode, encode, public_body
from grenier.language.golden import FOLDER, example, path_of, versions
from grenier.language.registry import check_upcasts

PERSONAL = {
    "sealed",
    "person_id",
    "person_ids",
    "household_id",
    "household_ids",
    "draft_household_ids",
    "shares",
    "orders",
}


@pytest.mark.parametrize(("name", "version"), versions())
def test_golden_file_is_read_by_todays_code(name: str, version: int) -> None:
    path = path_of(name, version)
    assert path.exists(), "a new event needs its golden file: python -m grenier.language.golden"
    event = decode(name, version, path.read_bytes())
    assert decode(name, ENTRIES[name].version, encode(event)) == event


def test_no_golden_file_is_left_without_its_event() -> None:
    known = {path_of(name, version).name for name, version in versions()}
    assert {path.name for path in FOLDER.iterdir()} == known


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_the_public_feed_carries_nothing_personal(name: str) -> None:
    entry = ENTRIES[name]
    assert not PERSONAL.intersection(entry.public or ()), f"{name} publishes a personal field"
    assert "sealed" not in json.dumps(public_body(name, entry.version, encode(example(entry.kind))) or {})


# An owner whose vocabulary is long keeps part of it in modules beside the first.
FURTHER = {
    "contracts": ("season", "exchange", "subscriptions", "cheques", "sharing", "keeping"),
    "orders": ("parcels", "catalogue", "credit", "supply"),
}


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_names_say_their_owner_and_read_as_past_facts(name: str) -> None:
    owner, _, fact = name.partition(".")
    modules = {f"grenier.language.{module}" for module in (owner, *FURTHER.get(owner, ()))}
    assert ENTRIES[name].kind.__module__ in modules
    assert fact == fact.lower()
    assert "_" not in fact


def test_a_version_from_the_future_is_an_error_not_a_guess() -> None:
    with pytest.raises(UnknownEvent):
        decode("contracts.group-founded", 99, b"{}")
    with pytest.raises(UnknownEvent):
        decode("contracts.never-heard-of", 1, b"{}")


def test_every_upcast_chain_reaches_today() -> None:
    check_upcasts()


def test_floats_have_no_place_in_any_event() -> None:
    def floats(info: msgspec.inspect.Type) -> bool:
        if isinstance(info, msgspec.inspect.FloatType):
            return True
        if isinstance(info, msgspec.inspect.StructType):
            return any(floats(field.type) for field in info.fields)
        if isinstance(info, msgspec.inspect.ListType):
            return floats(info.item_type)
        return isinstance(info, msgspec.inspect.DictType) and floats(info.value_type)

    assert [name for name, entry in ENTRIES.items() if floats(msgspec.inspect.type_info(entry.kind))] == []


def test_an_event_refuses_to_be_changed() -> None:
    event = example(contracts.GroupFounded)
    with pytest.raises(AttributeError):
        event.name = "another"  # type: ignore[attr-defined]
