"""Which tests cite which lines of the source documents, read from their text: nothing is imported, nothing runs.

    citations(ROOT)      # every @pytest.mark.behaviour("S1:33") and every @step(…, "S1:33") of a story

A test is an acceptance test when its file reaches the product through HTTP: it, a helper of the tests that it imports, or
a fixture of its folder's conftest.py imports the gateway's application or a client of a running one.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from grenier.testing_behaviours import LINES, cited, expand

ROOT = Path(__file__).resolve().parents[1]
DOORS = ("gateway.app", "gateway.demo.client", "playwright", "requests")
LATER = {"slow", "browser"}
STORIES = {"season_": "tests/test_story_season.py", "steps_": "tests/test_story.py"}


@dataclass(frozen=True)
class Citation:
    """`later`: it starts servers or a browser; `file`: what pytest runs it from."""

    document: str
    line: int
    file: str
    test: str
    http: bool
    later: bool


def citations(root: Path = ROOT) -> list[Citation]:
    found: list[Citation] = []
    for folder in (root / "tests", *sorted(root.glob("*/tests"))):
        for path in sorted(folder.rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            if "mark.behaviour(" in text or "@step(" in text:
                found += _of_file(path, root)
    return found


def uncited(found: list[Citation], document: str) -> list[int]:
    """Lines that describe a behaviour and that no test cites at all."""
    cited_lines = {each.line for each in found if each.document == document}
    return [line for line in expand(LINES[document]) if line not in cited_lines]


def lacking(found: list[Citation], document: str) -> list[int]:
    """Lines that describe a behaviour and that no acceptance test cites."""
    shown = {each.line for each in found if each.document == document and each.http}
    return [line for line in expand(LINES[document]) if line not in shown]


def files_to_run(found: list[Citation]) -> tuple[list[str], bool]:
    """The files whose quick acceptance tests show everything, and whether the later ones are needed for a line."""
    known = [each for each in found if each.http and each.line in expand(LINES[each.document])]
    quick = {(each.document, each.line) for each in known if not each.later}
    needed = {each.file for each in known if not each.later}
    rest = {each.file for each in known if each.later and (each.document, each.line) not in quick}
    return sorted(needed | rest), bool(rest)


def _of_file(path: Path, root: Path) -> Iterator[Citation]:
    tree = _parsed(path)
    later = path.parent.name == "browser" or bool(LATER & _marks(tree.body))
    bodies = [tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))]
    for test in (node for body in bodies for node in body if isinstance(node, ast.FunctionDef)):
        if not any(map(_called, test.decorator_list)):
            continue
        file, http = str(path.relative_to(root)), _reaches(path) or _fixture_reaches(path, test)
        for decorator in test.decorator_list:
            texts = _texts(decorator)
            if _called(decorator) == "step":
                file, http = STORIES[path.stem[: path.stem.index("_") + 1]], True
            for document, line in (place for text in texts for place in cited(text)):
                yield Citation(
                    document, line, file, test.name, http, later or bool(LATER & _marks(test.decorator_list))
                )


def _called(decorator: ast.expr) -> str:
    """The name at the end of what is called: "behaviour" of `@pytest.mark.behaviour(…)`, or ""."""
    if not isinstance(decorator, ast.Call):
        return ""
    function = decorator.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _texts(decorator: ast.expr) -> list[str]:
    name = _called(decorator)
    if name not in ("behaviour", "step") or not isinstance(decorator, ast.Call):
        return []
    texts = [each.value for each in decorator.args if isinstance(each, ast.Constant)]
    return [str(text) for text in (texts[1:] if name == "step" else texts)]


def _marks(nodes: list[ast.stmt] | list[ast.expr]) -> set[str]:
    """Names of marks in decorators, or in `pytestmark = …` of a module."""
    chosen = [node for node in nodes if isinstance(node, ast.expr | ast.Assign)]
    return {each.attr for node in chosen for each in ast.walk(node) if isinstance(each, ast.Attribute)}


# -- how a test reaches the product ------------------------------------------------------------------------------


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _imported(path: Path) -> Iterator[str]:
    """What the file imports at its head."""
    for node in _parsed(path).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def _reaches(path: Path) -> bool:
    waiting, seen = [path], {path}
    while waiting:
        here = waiting.pop()
        for name in _imported(here):
            if name in DOORS or name.split(".")[0] in DOORS:
                return True
            beside = [here.parent / f"{name}.py", ROOT / f"{name.replace('.', '/')}.py"]
            for helper in beside:
                if helper not in seen and helper.is_file() and (name.startswith("tests.") or helper == beside[0]):
                    seen.add(helper)
                    waiting.append(helper)
    return False


def _fixture_reaches(path: Path, test: ast.FunctionDef) -> bool:
    """Does it ask for a fixture of a conftest.py above it that reaches the product?"""
    asked = {argument.arg for argument in test.args.args}
    for folder in path.parents:
        conftest = folder / "conftest.py"
        if conftest.is_file() and _reaches(conftest):
            made: dict[str, set[str]] = defaultdict(set)
            for node in _parsed(conftest).body:
                if isinstance(node, ast.FunctionDef) and "fixture" in {_name(each) for each in node.decorator_list}:
                    made[node.name] |= {argument.arg for argument in node.args.args}
            if asked & made.keys():
                return True
        if folder == ROOT:
            break
    return False


def _name(decorator: ast.expr) -> str:
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
