"""T4, the short form: seeds of the simulation hold, the same seed is the same run, and a broken product is noticed."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from grenier import rpc_client, runtime
from tests.sim.ground import Ground, standing
from tests.sim.mutants import MUTANTS, caught_after
from tests.sim.play import play

SEEDS = 12
STEPS = 240
SAME = (3, 4)
ROOT = Path(__file__).parent.parent


@pytest.mark.proof("T4")
@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_seed_holds(seed: int) -> None:
    outcome = play(seed, STEPS)
    assert not outcome.problems, f"python -m tests.sim --seed {seed} --steps {STEPS} --trace\n{outcome.problems[:3]}"
    assert outcome.commands > 40, "a run in which nobody does anything shows nothing"


@pytest.mark.proof("T4")
def test_the_same_seed_is_the_same_run_under_another_hash_seed() -> None:
    words = [sys.executable, "-m", "tests.sim", "--hashes", "--from", str(SAME[0]), "--seeds", str(len(SAME)),
             "--steps", str(STEPS)]  # fmt: skip
    told = subprocess.run(words, cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": "4711", "TZ": "Pacific/Auckland"},
                          capture_output=True, text=True, check=True)  # fmt: skip
    found = dict(line.split() for line in told.stdout.splitlines())
    assert found == {str(seed): play(seed, STEPS).trace_hash for seed in SAME}


@pytest.mark.proof("T4")
@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_broken_product_is_noticed(mutant: str) -> None:
    seeds, problem = caught_after(mutant, most=5)
    assert seeds, f"{mutant} went unnoticed"
    assert problem


def test_what_another_thread_does_takes_nothing_of_the_runs_time_and_chance() -> None:
    ground = Ground("0", datetime(2026, 11, 2, 12, tzinfo=UTC))
    before, told = (ground.now, ground.monotonic_s, ground.chance.getstate()), []

    def left_behind() -> None:
        runtime.time.sleep(0.01)
        told.extend([runtime.time.time(), rpc_client.uuid4()])

    with standing(ground):
        thread = threading.Thread(target=left_behind)
        thread.start()
        thread.join()
    assert len(told) == 2
    assert told[0] > ground.now.timestamp(), "the machine's own time"
    assert (ground.now, ground.monotonic_s, ground.chance.getstate()) == before
