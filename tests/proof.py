"""The forty proofs of reliability, T1 to T40: what each promises, and how a program that shows one keeps its figures.

    python -m tests.proof            # the table: what was promised, what the long forms last measured

A program of long forms (`make chaos`, `make sim`, `make fuzz`, `make soak`, `make audit`) gathers a `Row` per proof and ends with
`sys.exit(report("chaos", rows))`: a table is printed, `build/chaos.json` is written, a miss is exit code 1.
The short forms are tests of `make test`, marked `@pytest.mark.proof("T17")`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

BUILD = Path(__file__).parents[1] / "build"
PROGRAMS = ("chaos", "sim", "fuzz", "soak", "audit")

PROOFS = {
    "T1": "processes killed at random under orders: nothing lost, nothing double",
    "T2": "control of T1: without idempotency orders do double",
    "T3": "answer lost after the commit: the retry gets the recorded answer",
    "T4": "seeded simulation of deciders, handlers, projectors, policies",
    "T5": "broker killed with messages in flight: the relay catches up, in order",
    "T6": "broker away for a minute: commands 503 at once, reads go on",
    "T7": "event store away for a minute: writes 503 at once, balances go on with their age",
    "T8": "events delivered several times and out of order: the same views",
    "T9": "unroutable and poison messages: parked and alarmed, nothing dropped",
    "T10": "rolling restart under load: no error but 503 with Retry-After",
    "T11": "overload at five times capacity: goodput holds, and recovers",
    "T12": "disk full, short writes: read-only with 503, recovers alone",
    "T13": "flipped bits are found, never served",
    "T14": "a service's disk lost: rebuilt from the log, byte for byte",
    "T15": "backup under load: an exact prefix of the log",
    "T16": "idempotency keys by Stripe's table",
    "T17": "last unit: exactly one buyer",
    "T18": "credit floor holds against many tabs",
    "T19": "many writers on one stream: no gap, no repeat, no lost update",
    "T20": "a cycle closes while orders arrive: wholly in or 409",
    "T21": "ledger state machine: every entry sums to zero in whole cents",
    "T22": "journals accepted by hledger and beancount, to the cent",
    "T23": "an amount split over members: sums exactly, fair to the cent",
    "T24": "goods are conserved at every position",
    "T25": "replay equality: prefixes, batch sizes, hash seeds, time zones",
    "T26": "every event ever written can be read today",
    "T27": "views rebuilt while live: no error, atomic switch",
    "T28": "clock jumps, summer time, zones: no wrong side of a deadline",
    "T29": "mail server and screens cut off: nothing missing",
    "T30": "soak: nothing grows, nothing slows",
    "T31": "mutants of the domain are killed",
    "T32": "the whole API fuzzed from its own description, as each role",
    "T33": "isolation: every route and door against every stranger",
    "T34": "unknown and privileged fields refused, no field too many answered",
    "T35": "magic links",
    "T36": "sessions and cross-site requests",
    "T37": "headers and errors tell nothing",
    "T38": "inside the walls: no default login, least rights, hostile content",
    "T39": "erasure: no byte left",
    "T40": "audit complete and tamper-evident, nothing personal in logs, export complete, no known vulnerability",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One proof as it went: `figure` are the numbers measured, `problems` what broke the promise (none: shown)."""

    test: str
    figure: dict[str, Any]
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.test not in PROOFS:
            raise ValueError(f"{self.test} is no proof of the list")

    @property
    def passed(self) -> bool:
        return not self.problems


def report(program: str, rows: Iterable[Row], form: str = "long", folder: Path = BUILD) -> int:
    """Print the table, keep the rows beside those of proofs that did not run this time; 1 on any miss, 2 if nothing ran."""
    rows = list(rows)
    keep(program, rows, form, folder)
    for row in rows:
        sys.stdout.write(line(row.test, "pass" if row.passed else "MISS", row.figure, row.seconds) + "\n")
        sys.stdout.writelines(f"       {problem}\n" for problem in row.problems)
    sys.stdout.flush()
    return 2 if not rows else int(not all(row.passed for row in rows))


def keep(program: str, rows: Iterable[Row], form: str, folder: Path = BUILD) -> None:
    """`{"T1": {"pass": true, "figure": {...}, "problems": [], "form": "long", "seconds": 1.2, "at": ...}}`"""
    path = folder / f"{program}.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    at = datetime.now(UTC).isoformat(timespec="seconds")
    for row in rows:
        kept[row.test] = {"pass": row.passed, "claim": PROOFS[row.test], "figure": row.figure, "problems": row.problems,
                          "form": form, "seconds": round(row.seconds, 1), "at": at}  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


def line(test: str, state: str, figure: dict[str, Any], seconds: float) -> str:
    told = ", ".join(f"{name} {value}" for name, value in figure.items())
    return f"{test:4} {state:5} {PROOFS[test]}\n       {told}  ({seconds:.0f} s)"


def main() -> int:
    """What the long forms last measured, proof by proof."""
    found: dict[str, list[dict[str, Any]]] = {}
    for program in PROGRAMS:
        path = BUILD / f"{program}.json"
        for test, row in (json.loads(path.read_text()) if path.exists() else {}).items():
            found.setdefault(test, []).append(row | {"program": program})
    for test, claim in PROOFS.items():
        for row in found.get(test, ()):  # one proof may have parts in several programs
            sys.stdout.write(line(test, "pass" if row["pass"] else "MISS", row["figure"], row["seconds"]) + "\n")
            sys.stdout.write(f"       make {row['program']}, {row['form']} form, {row['at']}\n")
        if test not in found:
            sys.stdout.write(f"{test:4} -     {claim}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
