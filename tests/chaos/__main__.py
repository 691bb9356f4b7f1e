"""`python -m tests.chaos [--only T1,T3] [--seeds 1,2,3] [--kills 200] [--orders 20000] [--scale 0.1] [--short]`

Runs the proofs one after the other, prints a line as each ends, then the table; build/chaos.json keeps the figures.
Exit code 1 on a miss, 2 when nothing ran.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests import chaos
from tests.chaos.form import Form
from tests.proof import Row, report

Scenario = Callable[[Form], Row]


def scenarios() -> dict[str, Scenario]:
    """Each module `t<number>_<name>.py` brings the proof of its number, in `run`; it is imported when it is played."""
    found = {}
    for name in sorted(module.name for module in pkgutil.iter_modules(chaos.__path__)):
        number = name.partition("_")[0][1:]
        if name.startswith("t") and number.isdigit():
            found[f"T{int(number)}"] = partial(_run, name)
    return found


def _run(name: str, form: Form) -> Row:
    row: Row = importlib.import_module(f"tests.chaos.{name}").run(form)
    return row


SCENARIOS: dict[str, Scenario] = scenarios()


def play(test: str, form: Form) -> Row:
    """A proof that could not be carried out is a miss like any other."""
    began = time.monotonic()
    try:
        return SCENARIOS[test](form)
    except Exception as broken:
        traceback.print_exc()
        return Row(test, {}, [f"could not be carried out: {type(broken).__name__}: {broken}"[:2000]], time.monotonic() - began)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=chaos.__doc__)
    parser.add_argument("--only", default=",".join(SCENARIOS), help="T1,T3 (default: all)")
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--kills", type=int, default=0, help="deaths per seed in T1 (long: 200)")
    parser.add_argument("--orders", type=int, default=0, help="acknowledged commands per seed in T1 (long: 20000)")
    parser.add_argument("--scale", type=float, default=1.0, help="a share of every other count and time")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--previous", default="", help="T10: the version before, a tag or commit (default: the last tag, else some commits back; none: not mixed)")  # fmt: skip
    asked = parser.parse_args()
    wanted = [name for name in asked.only.split(",") if name]
    if unknown := [name for name in wanted if name not in SCENARIOS]:
        parser.error(f"{', '.join(unknown)}: known are {', '.join(SCENARIOS)}")
    seeds = tuple(int(seed) for seed in asked.seeds.split(","))
    kills = asked.kills or (10 if asked.short else max(1, round(200 * asked.scale)))
    orders = asked.orders or (500 if asked.short else max(1, round(20_000 * asked.scale)))
    rows = []
    with tempfile.TemporaryDirectory(prefix="grenier-chaos-") as folder:
        form = Form(
            Path(folder), seeds[:1] if asked.short else seeds, kills, orders, asked.scale, asked.short, asked.previous
        )
        for name in wanted:
            row = play(name, form)
            rows.append(row)
            sys.stdout.write(f"-- {name}: {'pass' if row.passed else 'MISS'} after {row.seconds:.0f} s\n")
            sys.stdout.flush()
    return report("chaos", rows, form.name)


if __name__ == "__main__":
    sys.exit(main())
