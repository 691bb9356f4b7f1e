"""`python -m tests.mutants [module …] [--jobs 2] [--all]`: plant every fault, say which ones no test notices (T31).

Exit code 1 when a module falls under its share (90%, books 100%), faults listed with a reason in known.py apart.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.mutants.known import EQUIVALENT, LEAST, MODULES
from tests.mutants.trial import KILLED, ROOT, try_all, warm_up
from tests.proof import Row, report


def judge(modules: list[str], jobs: int) -> Row:
    """The row of T31: killed of planted, module by module."""
    began, figure, problems, killed_of_all, all_of_them = time.monotonic(), {}, [], 0, 0
    warm_up()
    for name in modules:
        path, tests = MODULES[name]
        killed = listed = 0
        survivors = []
        for place, verdict in try_all(name, ROOT / path, tests, jobs):
            if verdict == KILLED:
                killed += 1
            elif (name, place.text) in EQUIVALENT:
                listed += 1
            else:
                survivors.append(f"{path}:{place.line}: {place.text}")
                sys.stdout.write(f"   survives: {survivors[-1]}\n")
                sys.stdout.flush()
        planted = killed + listed + len(survivors)
        killed_of_all, all_of_them = killed_of_all + killed, all_of_them + planted - listed
        share = killed / max(1, planted - listed)
        figure[name] = f"{killed}/{planted - listed}" + (f" ({listed} listed)" if listed else "")
        sys.stdout.write(f"-- {name}: {figure[name]} = {share:.1%} after {time.monotonic() - began:.0f} s\n")
        sys.stdout.flush()
        if share < LEAST.get(name.partition(".")[0], 0.9):
            problems += [f"{name}: {share:.1%}", *survivors]
    figure = {
        "killed": f"{killed_of_all}/{all_of_them}",
        "share": f"{killed_of_all / max(1, all_of_them):.1%}",
        **figure,
    }
    return Row("T31", figure, problems, time.monotonic() - began)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("modules", nargs="*", help=", ".join(MODULES))
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    modules = asked.modules or list(MODULES)
    if unknown := [name for name in modules if name not in MODULES]:
        parser.error(f"{', '.join(unknown)}: known are {', '.join(MODULES)}")
    row = judge(modules, asked.jobs)
    return report("chaos", [row], "long" if modules == list(MODULES) else "some modules")


if __name__ == "__main__":
    sys.exit(main())
