"""pytest plugin: which lines of the source documents are covered by tests that ran and passed.

    @pytest.mark.behaviour("S1:33", "S1:64-65")

A line counts only when every test that cites it passed. With `--behaviours` the result is written to build/behaviours.json;
`make behaviours` does so and prints it. `LINES` holds the lines that describe a behaviour, document by document.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

LINES = {
    "S0": "3-7 13-15 17 21-28 30 32 36-40 42-44 46-49 51-54 56",
    "S1": "2 4-9 11-15 18-21 24-28 32-35 38-39 44-49 52-54 56-58 60-61 64-70 74-78 82-87 90-92 95-97 100-102 109-113"
    " 116-119 125-131 134-136 138-139 142-149 152-154 157-162",
    "S2": "3 5 7-8 10 12-21 23 25-32 34 36-40",
    "S3": "8-41 45-60",
    "S4": "1-5 7-8 10-11 15-20 22-28 30-33 35-38 40-42 44-45 47-50 52-53 55-71 73 75-77",
}
CITATION = re.compile(r"^(S[0-4]):(\d+)(?:-(\d+))?$")
RESULT = Path("build") / "behaviours.json"


def expand(text: str) -> list[int]:
    """ "11-13 18" -> [11, 12, 13, 18]."""
    lines: list[int] = []
    for part in text.split():
        first, _, last = part.partition("-")
        lines.extend(range(int(first), int(last or first) + 1))
    return lines


def cited(citation: str) -> list[tuple[str, int]]:
    """ "S1:64-65" -> [("S1", 64), ("S1", 65)]; ValueError for what is no citation of a known document."""
    match = CITATION.match(citation)
    if match is None:
        raise ValueError(f"{citation!r} cites no line of S0 to S4")
    document, first, last = match.groups()
    return [(document, line) for line in range(int(first), int(last or first) + 1)]


def report(passed: Iterable[str], failed: Iterable[str]) -> dict[str, dict[str, list[int]]]:
    """{"S1": {"covered": [...], "missing": [...]}} from the citations of passed and failed tests."""
    good, bad = ({place for text in texts for place in cited(text)} for texts in (passed, failed))
    result = {}
    for document, text in LINES.items():
        lines = expand(text)
        covered = [line for line in lines if (document, line) in good - bad]
        result[document] = {"covered": covered, "missing": [line for line in lines if line not in covered]}
    return result


class Collector:
    """Gathers citations from reports, which also travel from the workers of pytest-xdist."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._outcomes: dict[str, set[bool]] = defaultdict(set)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Iterator[None]:
        outcome = yield
        marks = [text for mark in item.iter_markers("behaviour") for text in mark.args]
        outcome.get_result().user_properties.append(("behaviour", marks))  # type: ignore[attr-defined]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.passed:
            return
        for name, marks in report.user_properties:
            if name == "behaviour" and isinstance(marks, list):
                for text in marks:
                    self._outcomes[text].add(report.passed)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        config = session.config
        if hasattr(config, "workerinput") or not self._outcomes or not config.getoption("behaviours"):
            return
        passed = [text for text, outcomes in self._outcomes.items() if True in outcomes]
        failed = [text for text, outcomes in self._outcomes.items() if False in outcomes]
        path = self._root / RESULT
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(report(passed, failed), indent=1) + "\n")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--behaviours", action="store_true", help=f"write {RESULT}: which lines the tests that ran cover")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Collector(config.rootpath), "behaviour-collector")
