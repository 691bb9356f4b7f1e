"""Rooms stay small, and choices are written down: lengths of files and functions, the form of decision records.

The lengths are no aim in themselves: what goes beyond them has to be named here with the reason, or be parted.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_architecture import PACKAGES, ROOT, SERVICES, files, parsed

LONGEST_MODULE = 350
LONG_FOR_A_REASON = {
    "services/grenier/config.py": "the one table of settings; the reference and .env.example are made of it",
    "infra/grenier_infra/eventnode/calls.py": "one call of gRPC from its first header to its trailers",
    "infra/grenier_infra/eventnode/http2.py": "the states of one HTTP/2 connection",
    "gateway/gateway/demo/month.py": "the steps of the month in their order, as the story reads them",
}
LONGEST_TEST = 400
LONG_TESTS = {
    "infra/tests/test_node_groups.py": "the rules of persistent subscriptions, over one running node",
    "tests/sim/world.py": "the one world of the simulation: everything that may happen in it",
}
LONGEST_FUNCTION = 60


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def of_the_product() -> Iterator[Path]:
    """The vocabulary has a file per owner, however many facts it knows."""
    for package in PACKAGES:
        yield from (path for path in files(package) if "language" not in path.parts)


def of_the_tests() -> Iterator[Path]:
    for folder in (
        "tests",
        *(f"{name}/tests" for name in ("services", "gateway", "infra", *(f"{name}-svc" for name in SERVICES))),
    ):
        yield from sorted((ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize(
    ("paths", "most", "reasons"),
    [(of_the_product, LONGEST_MODULE, LONG_FOR_A_REASON), (of_the_tests, LONGEST_TEST, LONG_TESTS)],
    ids=["product", "tests"],
)
def test_files_stay_readable(paths, most: int, reasons: dict[str, str]) -> None:
    long = {str(path.relative_to(ROOT)): found for path in paths() if (found := lines(path)) > most}
    assert long.keys() - reasons.keys() == set(), f"over {most} lines: is each still one room? {long}"
    assert all(found < 1.5 * most for found in long.values()), long
    assert all((ROOT / name).exists() for name in reasons), "a reason for a file that is gone"


def test_functions_stay_readable() -> None:
    long = {}
    for path in of_the_product():
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found = (node.end_lineno or node.lineno) - node.lineno + 1
                if found > LONGEST_FUNCTION:
                    long[f"{path.relative_to(ROOT)}:{node.name}"] = found
    assert long == {}, f"functions over {LONGEST_FUNCTION} lines"


def test_every_module_says_what_it_is() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in of_the_product()
        if path.name != "__init__.py" and ast.get_docstring(parsed(path)) is None
    ]
    assert silent == []


# -- decisions ---------------------------------------------------------------------------------------------------

DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
NAME = re.compile(r"\d{4}-[a-z0-9-]+\.md")


def test_decisions_are_numbered_without_a_gap() -> None:
    assert all(NAME.fullmatch(path.name) for path in DECISIONS)
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_is_dated_and_says_why(path: Path) -> None:
    text = path.read_text()
    title = re.match(r"# (\d+)\. .+ \((\d{4}-\d{2}-\d{2})\)\n", text)
    assert title, "a title with number and day"
    assert int(title[1]) == int(path.name[:4])
    parts = re.findall(r"^\*\*(Context|Decision|Consequences)\.\*\*", text, re.MULTILINE)
    assert parts == ["Context", "Decision", "Consequences"]


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_the_files_that_a_decision_names_exist(path: Path) -> None:
    """Paths from the root, or below a package, as the records write them."""
    named = re.findall(r"`([a-z_][\w/.-]*/[\w./-]+\.(?:py|md|yml|timer))`", path.read_text())
    places = [ROOT, *PACKAGES.values(), ROOT / "infra" / "grenier_infra", ROOT / "services"]
    assert [name for name in named if not any((place / name).exists() for place in places)] == []
