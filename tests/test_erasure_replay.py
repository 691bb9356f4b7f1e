"""T39 where views are made anew: a rebuild that began before somebody was erased leaves nothing of them behind."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from grenier.handover import switch
from grenier.language import contracts
from grenier.mirror import Mirror, mirror_path
from grenier.runtime import load_service
from grenier.shadow import Shadow
from grenier.testing import House
from tests.canary import ADDRESS, EMAIL, FIRST, LAST, PHONE_STORED, traces_in

pytestmark = pytest.mark.proof("T39")
SEALED = {"first_name": FIRST, "last_name": LAST, "email": EMAIL, "phone": PHONE_STORED, "address": ADDRESS}


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Somebody registered in contracts and notify; the mirror has taken note."""
    house = House(tmp_path, "contracts", "notify")
    sealed = house.rooms["contracts"].runtime.keys.seal("zz", SEALED)
    house.record("person-zz", contracts.PersonRegistered(person_id="zz", sealed=sealed))
    return house


def note(house: House) -> Mirror:
    mirror = Mirror(mirror_path(house.data_dir, "contracts"), ["contracts."])
    events = list(house.log.read_all(types=["contracts."]))
    mirror.extend(events, -1, events[-1].position)
    mirror.flush()
    return mirror


def erase(house: House) -> None:
    for room in house.rooms.values():
        room.runtime.keys.destroy("zz")
    house.record("person-zz", contracts.PersonErased(person_id="zz"))


def holders(folder: Path) -> set[str]:
    return {line.partition(":")[0].removesuffix("-wal") for line in traces_in(folder)}


def test_a_shadow_begun_before_is_clean_after_the_switch(house: House) -> None:
    name = "contracts"  # the one whose views hold names in the clear
    service = load_service(name)
    shadow = Shadow(service, house.settings, service.all_views)
    shadow.follow(house.log)
    file = f"views/{name}.rebuild.sqlite"
    assert file in holders(house.data_dir), "the shadow holds what the views hold"
    erase(house)
    room = house.rooms[name]
    switch(shadow, house.log, room.runtime.db, room.projector, threading.Lock())
    assert holders(house.data_dir) == set()
    shadow.drop()
    assert not list(house.data_dir.rglob("*rebuild*"))
    assert house.dump(name) == house.rebuilt_dump(name)


def test_log_and_mirror_never_held_it_so_their_old_backups_do_not(house: House) -> None:
    """Of what is kept for long, only the store of keys opens anything; it is kept apart, and for a shorter time."""
    mirror = note(house)
    kept = {path for path in holders(house.data_dir) if not path.startswith("views/")}
    assert kept == set()
    assert FIRST.encode() not in b"".join(event.data + event.metadata for event in house.log.read_all())
    erase(house)
    mirror.close()
    assert holders(house.data_dir) == set()
