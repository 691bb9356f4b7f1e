"""T25: a hundred random prefixes of a lived month, for every service: in pieces, at once, twice, elsewhere: the same bytes."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

from grenier.log.protocol import Recorded
from tests.chaos.form import Form
from tests.house_app import Site
from tests.lived_month import live
from tests.proof import Row
from tests.replaying import SERVICES, Replay, delivered_again, fresh, in_batches, save, scratch, sha

TEST = "T25"
ROOT = Path(__file__).parents[2]
ZONES = ("Pacific/Auckland", "America/Lima", "Asia/Kolkata", "UTC")


def run(form: Form) -> Row:
    began = time.monotonic()
    with form.place("replay") as folder:
        site = live(Site(folder / "house")).site
        events = list(site.house.log.read_all())
        problems, compared = [], 0
        for name in SERVICES:
            found = prefixes(site, name, events, folder, form)
            problems += found
            compared += form.count(100, 4)
        problems += elsewhere(site, events, folder, form.count(10, 1))
    figure = {"prefixes": compared, "events": len(events), "processes": form.count(10, 1)}
    return Row(TEST, figure, problems, time.monotonic() - began)


def prefixes(site: Site, name: str, events: list[Recorded], folder: Path, form: Form) -> list[str]:
    """Each prefix as it grows in random batches (now and then delivered again), and replayed from nothing, twice."""
    rng, settings, problems, start = random.Random(f"{form.seed}/{name}"), site.house.settings, list[str](), 0
    grown = Replay(name, settings, scratch(folder))
    for end in sorted(rng.sample(range(1, len(events) + 1), form.count(100, 4))):
        for batch in (delivered_again if rng.random() < 0.3 else in_batches)(events[start:end], rng):
            grown.take(batch)
        start = end
        digests = {sha(grown.dump()), *(sha(fresh(name, settings, events[:end], scratch(folder))) for _ in range(2))}
        if len(digests) != 1:
            problems.append(f"{name}: after {end} events the ways differ")
    grown.close()
    return problems


def elsewhere(site: Site, events: list[Recorded], folder: Path, processes: int) -> list[str]:
    """Other processes with other hash seeds and time zones."""
    save(events, folder / "log")
    here = {name: sha(fresh(name, site.house.settings, events, scratch(folder))) for name in SERVICES}
    problems = []
    for number in range(processes):
        env = os.environ | {"PYTHONHASHSEED": str(1_000 + number), "TZ": ZONES[number % len(ZONES)]}
        command = [sys.executable, "-m", "tests.replaying", str(folder / "log"), str(site.house.data_dir), str(folder)]
        said = subprocess.run(command, env=env, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        if dict(line.split() for line in said.splitlines()) != here:
            problems.append(f"another process (hash seed {env['PYTHONHASHSEED']}, {env['TZ']}) gives other views")
    return problems
