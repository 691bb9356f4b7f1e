"""`make audit`: the bill of materials (build/sbom.cdx.json), and the known vulnerabilities of what it lists (T40).

    python -m tests.audit [--harmless PYSEC-2026-1 …] [--osv-url URL] [--bill-only]

Every known vulnerability of a pin is a miss, whatever its degree; one that has been looked into and does no harm here is
named with --harmless, by any of its names. A pin that no source answered for is a miss too: not asked is not clean.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Collection, Sequence

from tests.audit.bill import bill
from tests.audit.known import SOURCES, Finding, Told, ask
from tests.audit.pins import Pin, pinned
from tests.proof import BUILD, Row, report

BILL = BUILD / "sbom.cdx.json"


def judged(pins: Sequence[Pin], told: Sequence[Told], harmless: Collection[str] = (), seconds: float = 0.0) -> Row:
    """The row of T40: each source that did not answer, each pin that none answered for, each vulnerability."""
    asked = frozenset().union(*(each.answered for each in told))
    silent = [pin for pin in pins if pin.name not in asked]
    findings: list[Finding] = []
    for found in (found for each in told for found in each.findings):
        if not any(found.pin == other.pin and found.names & other.names for other in findings):
            findings.append(found)  # the sources tell the same one under different names
    harmful = [found for found in findings if not found.names & set(harmless)]
    problems = [f"{each.source}: {each.trouble}" for each in told if each.trouble] if silent else []
    if silent:
        problems.append(f"no source answered for {len(silent)} of {len(pins)}: {', '.join(map(str, silent[:5]))}…")
    problems += map(str, harmful)
    figure = {
        "pinned": len(pins),
        "with hashes": sum(bool(pin.hashes) for pin in pins),
        "sources": ", ".join(each.source for each in told if not each.trouble) or "none",
        "answered for": len(pins) - len(silent),
        "known vulnerabilities": len(harmful),
        "held harmless": len(findings) - len(harmful),
    }
    return Row("T40", figure, problems, seconds)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.audit")
    parser.add_argument("--harmless", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--osv-url", help="another server that answers as OSV does")
    parser.add_argument("--bill-only", action="store_true", help="make the bill and ask nobody")
    asked, began, pins = parser.parse_args(), time.monotonic(), pinned()
    BILL.parent.mkdir(parents=True, exist_ok=True)
    BILL.write_text(bill(pins) + "\n")
    sys.stdout.write(f"{BILL.relative_to(BUILD.parent)}: {len(pins)} components\n")
    if asked.bill_only:
        return 0
    elsewhere = ["--osv-url", asked.osv_url] if asked.osv_url else []
    told = [ask(source, pins, elsewhere if source == "osv" else ()) for source in SOURCES]
    return report("audit", [judged(pins, told, asked.harmless, time.monotonic() - began)])


if __name__ == "__main__":
    sys.exit(main())
