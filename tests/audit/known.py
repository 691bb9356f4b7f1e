"""Known vulnerabilities of the pins, asked with pip-audit of its two sources: the package index and OSV.

    ask("osv", pins) -> Told(source, answered={"flask", …}, findings=[…], trouble="")

A silent source must not pass for good news. pip-audit says "none found" of packages that a source does not know, and a
mirror of an index may carry no vulnerabilities at all: so each question contains a release that is known to be
vulnerable, and a source that says nothing of it has answered for nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.audit.pins import Pin, canonical

SOURCES = ("pypi", "osv")
CONTROL = ("pycrypto", "2.6.1")  # PYSEC-2017-94, PYSEC-2018-97; no later release, so it stays the last one
PATIENCE_S = 600

Run = Callable[[Sequence[str]], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One known vulnerability of one pin; `aliases` are its other names, `fixed` the versions without it."""

    pin: Pin
    name: str
    aliases: tuple[str, ...]
    fixed: tuple[str, ...]

    @property
    def names(self) -> frozenset[str]:
        return frozenset((self.name, *self.aliases))

    def __str__(self) -> str:
        known = ", ".join((self.name, *self.aliases))
        return f"{self.pin}: {known}; {'mended in ' + ', '.join(self.fixed) if self.fixed else 'not mended yet'}"


@dataclass(frozen=True, slots=True)
class Told:
    """What one source said; `trouble` says why it answered for nothing."""

    source: str
    answered: frozenset[str] = frozenset()
    findings: list[Finding] = field(default_factory=list)
    trouble: str = ""


def ask(source: str, pins: Sequence[Pin], words: Sequence[str] = (), run: Run | None = None) -> Told:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "pins.txt"
        path.write_text("".join(f"{name}=={version}\n" for name, version in [CONTROL, *((p.name, p.version) for p in pins)]))  # fmt: skip
        said, fault = (run or _pip_audit)(["-r", str(path), "--vulnerability-service", source, *words])
    try:
        entries = {canonical(each["name"]): each for each in json.loads(said)["dependencies"]}
    except (ValueError, KeyError):
        return Told(source, trouble=f"not reached: {_last(fault)}")
    return _judged(source, pins, entries)


def _judged(source: str, pins: Sequence[Pin], entries: dict[str, dict[str, Any]]) -> Told:
    if not entries.get(CONTROL[0], {}).get("vulns"):
        return Told(source, trouble=f"knows no vulnerabilities: it told nothing of {' '.join(CONTROL)}, which has some")
    answered = {pin for pin in pins if "vulns" in entries.get(pin.name, {})}
    found = [_finding(pin, each) for pin in pins if pin in answered for each in entries[pin.name]["vulns"]]
    return Told(source, frozenset(pin.name for pin in answered), found)


def _finding(pin: Pin, told: dict[str, Any]) -> Finding:
    return Finding(pin, told["id"], tuple(told.get("aliases", ())), tuple(told.get("fix_versions", ())))


def _pip_audit(words: Sequence[str]) -> tuple[str, str]:
    """What it said and what it complained of; its exit code tells findings and faults apart no better."""
    command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--progress-spinner", "off",
               "--desc", "off", "-f", "json", *words]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        return "", f"no answer in {PATIENCE_S} s"
    return done.stdout, done.stderr


def _last(fault: str) -> str:
    lines = [line.strip() for line in fault.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"
