"""However the views get there, they are the same bytes: live, anew, in pieces, twice, elsewhere, on another database."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from grenier.log.protocol import Recorded
from grenier.testing_postgres import AVAILABLE, running_postgres
from tests.lived_month import Lived
from tests.replaying import SERVICES, Replay, delivered_again, fresh, in_batches, save, scratch, settings_of, sha

pytestmark = pytest.mark.proof("T25")
PREFIXES = 20
ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def events(lived: Lived) -> list[Recorded]:
    return list(lived.site.house.log.read_all())


def played(name: str, lived: Lived, batches: Iterable[Sequence[Recorded]], folder: Path) -> bytes:
    replay = Replay(name, lived.site.house.settings, scratch(folder))
    for batch in batches:
        replay.take(batch)
    found = replay.dump()
    replay.close()
    return found


@pytest.mark.parametrize("name", SERVICES)
def test_live_views_equal_a_replay(lived: Lived, name: str) -> None:
    assert len(lived.site.house.dump(name)) > 1000, "a month leaves something in every service"
    assert lived.site.house.dump(name) == lived.site.house.rebuilt_dump(name)


@pytest.mark.parametrize("name", SERVICES)
def test_every_prefix_is_the_same_in_pieces_and_at_once(
    lived: Lived, events: list[Recorded], name: str, tmp_path: Path
) -> None:
    rng = random.Random(f"prefixes/{name}")
    settings, start = lived.site.house.settings, 0
    grown = Replay(name, settings, scratch(tmp_path))
    for end in sorted(rng.sample(range(1, len(events) + 1), PREFIXES)):
        for batch in in_batches(events[start:end], rng):
            grown.take(batch)
        start = end
        assert sha(grown.dump()) == sha(fresh(name, settings, events[:end], scratch(tmp_path))), f"after {end} events"
    grown.close()


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_delivered_again_changes_nothing(
    lived: Lived, events: list[Recorded], name: str, tmp_path: Path
) -> None:
    once = fresh(name, lived.site.house.settings, events, scratch(tmp_path))
    for seed in range(3):
        assert played(name, lived, delivered_again(events, random.Random(seed)), tmp_path) == once, f"seed {seed}"


def test_another_process_another_hash_seed_another_time_zone(
    lived: Lived, events: list[Recorded], tmp_path: Path
) -> None:
    save(events, tmp_path / "log")
    house = lived.site.house
    here = {name: sha(fresh(name, house.settings, events, scratch(tmp_path))) for name in SERVICES}
    for hash_seed, zone in (("1", "Pacific/Auckland"), ("4711", "America/Lima")):
        found = subprocess.run(
            [sys.executable, "-m", "tests.replaying", tmp_path / "log", house.data_dir, tmp_path],
            env=os.environ | {"PYTHONHASHSEED": hash_seed, "TZ": zone},
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        assert dict(line.split() for line in found.splitlines()) == here, f"PYTHONHASHSEED={hash_seed} TZ={zone}"


@pytest.mark.postgres
@pytest.mark.slow
@pytest.mark.skipif(not AVAILABLE, reason="needs the PostgreSQL server programs")
def test_postgresql_holds_the_same_bytes(lived: Lived, events: list[Recorded], tmp_path: Path) -> None:
    settings = settings_of(lived.site.house.data_dir)
    with running_postgres() as url:
        for name in SERVICES:
            replay = Replay(name, settings, url)
            for batch in in_batches(events, random.Random(name)):
                replay.take(batch)
            assert replay.dump() == fresh(name, settings, events, scratch(tmp_path)), name
            replay.close()
