"""`make behaviours`: run the acceptance tests that cite lines of the source documents, print what is covered, write the figures.

    python -m tests.behaviours             # runs them, in two processes; other words go to pytest
    python -m tests.behaviours --static    # reads the marks only: which line has no test, which has none through HTTP
    python -m tests.behaviours S4:57       # where the code speaks of a line, and which tests show it

Only tests that reach the product through its API or its pages count (tests/citations.py); those that start servers or a
browser run when a line has no other. Exit status: that of the tests; a line without a test is reported, not an error.
"""

import json
import subprocess
import sys
from collections.abc import Mapping

from grenier.testing_behaviours import CITATION, LINES, RESULT, cited, expand
from tests.citations import citations, files_to_run, lacking, uncited
from tests.mentions import mentions

QUICK = "behaviour and not slow and not browser"
WIDEST = 110


def runs(lines: list[int]) -> str:
    """[11, 12, 13, 18] -> "11-13 18"."""
    parts: list[list[int]] = []
    for line in lines:
        if parts and line == parts[-1][-1] + 1:
            parts[-1].append(line)
        else:
            parts.append([line])
    return " ".join(f"{part[0]}-{part[-1]}" if len(part) > 1 else str(part[0]) for part in parts) or "-"


def tell(found: Mapping[str, Mapping[str, list[int]]]) -> None:
    for document, lines in found.items():
        total = len(lines["covered"]) + len(lines["missing"])
        sys.stdout.write(f"\n{document}  {len(lines['covered'])} of {total} lines covered\n")
        sys.stdout.write(f"    covered  {runs(lines['covered'])}\n    missing  {runs(lines['missing'])}\n")


def from_marks() -> int:
    """What would be covered if every test passed."""
    found = citations()
    for document, text in LINES.items():
        every, missing = expand(text), lacking(found, document)
        within = [line for line in missing if line not in uncited(found, document)]
        tell({document: {"covered": [line for line in every if line not in missing], "missing": missing}})
        sys.stdout.write(f"    of these only by tests within a service  {runs(within)}\n")
    return 0


def whereabouts(citation: str) -> None:
    """Places in the code, those that speak of little else first; then tests, those through HTTP first."""
    wanted = set(cited(citation))
    sys.stdout.write(f"\n{citation}\n")
    places = {
        (each.among, each.file, each.number, each.text) for each in mentions() if (each.document, each.line) in wanted
    }
    for _, file, number, text in sorted(places):
        sys.stdout.write(f"    {file}:{number}  {text[:WIDEST]}\n")
    tests = {(not each.http, each.file, each.test) for each in citations() if (each.document, each.line) in wanted}
    for _, file, test in sorted(tests):
        sys.stdout.write(f"    {file}::{test}\n")


def main(words: list[str]) -> int:
    if "--static" in words:
        return from_marks()
    if asked := [word for word in words if CITATION.match(word)]:
        for word in asked:
            whereabouts(word)
        return 0
    RESULT.unlink(missing_ok=True)
    files, with_later = files_to_run(citations())
    chosen = ["-m", "behaviour" if with_later else QUICK, "-n", "2", "--dist", "loadfile"]
    status = subprocess.run([sys.executable, "-m", "pytest", "-q", "--behaviours", *chosen, *words, *files]).returncode
    if not RESULT.exists():
        sys.stderr.write("no test with a citation ran\n")
        return status or 1
    tell(json.loads(RESULT.read_text()))
    sys.stdout.write(f"\nwritten to {RESULT}\n")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
