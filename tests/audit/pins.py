"""The pinned dependencies as they are installed: one version each, with the hashes of what may be downloaded.

    pinned() -> [Pin("flask", "3.1.2", ("5a81…",), at_run=True), …]

A line of infra/requirements/ that pins no version, or has no hash, is a ValueError: neither could be told from what
somebody put in its place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "infra" / "requirements"
LINE = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)(\[[\w,-]+\])?==(?P<version>[^\s;]+)\s*(;[^-]*)?(?P<hashes>(\s*--hash=\S+)*)"
)
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})\b")


@dataclass(frozen=True, slots=True)
class Pin:
    """A dependency; `at_run`: an installation needs it, else only the checks do."""

    name: str
    version: str
    hashes: tuple[str, ...]
    at_run: bool

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def pinned(folder: Path = FOLDER) -> list[Pin]:
    """What an installation needs first; what both name counts as needed."""
    found = {pin.name: pin for pin in read(folder / "dev.txt", at_run=False)}
    found |= {pin.name: pin for pin in read(folder / "run.txt", at_run=True)}
    return sorted(found.values(), key=lambda pin: (not pin.at_run, pin.name))


def read(path: Path, at_run: bool) -> list[Pin]:
    lines = path.read_text().replace("\\\n", " ").splitlines()
    return [_pin(line.strip(), path.name, at_run) for line in lines if line.strip() and not line.startswith("#")]


def _pin(line: str, where: str, at_run: bool) -> Pin:
    found = LINE.fullmatch(line)
    if found is None:
        raise ValueError(f"{where}: no pinned version: {line[:80]}")
    hashes = tuple(HASH.findall(found["hashes"]))
    if not hashes:
        raise ValueError(f"{where}: no hash: {found['name']}=={found['version']}")
    return Pin(canonical(found["name"]), found["version"], hashes, at_run)


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
