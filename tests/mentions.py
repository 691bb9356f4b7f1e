"""Where the code of the product speaks of a line of the source documents: `S4:57` in a docstring or a comment.

A span counts for each of its lines ("S0:42-49" speaks of S0:47).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from grenier.testing_behaviours import cited
from tests.citations import ROOT

FOLDERS = ("services", "*-svc", "gateway", "infra")
SUFFIXES = {".py", ".html", ".typ", ".js", ".css"}
SPOKEN = re.compile(r"\bS[0-4]:\d+(?:-\d+)?")


@dataclass(frozen=True)
class Mention:
    """`number`: that of the line in the file; `text`: what stands there; `among`: how many lines it speaks of at once."""

    document: str
    line: int
    file: str
    number: int
    text: str
    among: int


def mentions(root: Path = ROOT) -> Iterator[Mention]:
    """In the code, tests left out, by file and line."""
    for folder in sorted(path for pattern in FOLDERS for path in root.glob(pattern)):
        for path in sorted(folder.rglob("*")):
            within = path.relative_to(root)
            if path.suffix in SUFFIXES and not {"tests", ".venv", "build"} & set(within.parts):
                yield from _of_file(path, str(within))


def _of_file(path: Path, name: str) -> Iterator[Mention]:
    text = path.read_text(encoding="utf-8")
    if not SPOKEN.search(text):
        return
    for number, line in enumerate(text.splitlines(), start=1):
        for citation in SPOKEN.findall(line):
            places = cited(citation)
            for document, place in places:
                yield Mention(document, place, name, number, line.strip(), len(places))
