"""Every line of the AMAP's documents has an acceptance test, and the reading of marks sees what it should."""

from __future__ import annotations

from pathlib import Path

import pytest

from grenier.testing_behaviours import LINES, expand
from tests.citations import Citation, citations, files_to_run, lacking, uncited
from tests.mentions import mentions


@pytest.fixture(scope="module")
def found() -> list[Citation]:
    return citations()


@pytest.mark.parametrize("document", ["S0", "S4"])
def test_every_line_of_the_season_has_a_test_through_http(found: list[Citation], document: str) -> None:
    assert lacking(found, document) == []


@pytest.mark.parametrize("document", ["S0", "S4"])
def test_every_line_of_the_season_is_spoken_of_in_the_code(document: str) -> None:
    """`python -m tests.behaviours S4:57` leads whoever is new here to the place."""
    spoken = {each.line for each in mentions() if each.document == document}
    assert [line for line in expand(LINES[document]) if line not in spoken] == []


def test_a_line_is_found_where_a_span_names_it_and_tests_are_passed_over(tmp_path: Path) -> None:
    for file, text in (("orders-svc/orders/window.py", '"""Windows (S1:142-144)."""\n# S1:146\n'),
                       ("orders-svc/tests/test_window.py", "# S1:147\n"), ("docs/x.py", "# S1:148\n")):  # fmt: skip
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    found = [(each.line, each.file, each.number, each.among) for each in mentions(tmp_path)]
    window = "orders-svc/orders/window.py"
    assert found == [(142, window, 1, 3), (143, window, 1, 3), (144, window, 1, 3), (146, window, 2, 1)]


def test_what_runs_shows_every_line_that_is_shown_at_all(found: list[Citation]) -> None:
    files, with_later = files_to_run(found)
    runs = {(each.document, each.line) for each in found if each.file in files and (with_later or not each.later)}
    for document, lines in LINES.items():
        assert {line for line in expand(lines) if (document, line) not in runs} == set(lacking(found, document))


def test_tests_within_a_service_are_no_acceptance_tests(found: list[Citation]) -> None:
    places = {each.file.partition("/")[0]: each.http for each in found if each.file.partition("/")[0].endswith("-svc")}
    assert places
    assert not any(places.values())
    of_documents = {each.http for each in found if each.file == "gateway/tests/test_documents.py"}
    assert of_documents == {False}, "it draws papers from figures of its own"
    assert {each.http for each in found if each.file == "tests/contention/test_baskets.py"} == {False}


def test_marks_steps_and_helpers_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "own" / "tests"
    folder.mkdir(parents=True)
    (folder / "world.py").write_text("from gateway.app import create_app\n")
    (folder / "test_one.py").write_text(
        "import pytest\nfrom world import create_app\n\n"
        '@pytest.mark.behaviour("S0:13-14", "S4:57")\ndef test_a():\n    pass\n\n'
        'class TestB:\n    @pytest.mark.slow\n    @pytest.mark.behaviour("S4:61")\n    def test_b(self):\n        pass\n'
    )
    (folder / "test_two.py").write_text('import pytest\n\n@pytest.mark.behaviour("S0:15")\ndef test_c():\n    pass\n')
    seen = citations(tmp_path)
    assert {(each.document, each.line, each.test, each.http, each.later) for each in seen} == {
        ("S0", 13, "test_a", True, False), ("S0", 14, "test_a", True, False), ("S4", 57, "test_a", True, False),
        ("S4", 61, "test_b", True, True), ("S0", 15, "test_c", False, False),
    }  # fmt: skip
    assert {13, 14}.isdisjoint(lacking(seen, "S0"))
    assert 15 in lacking(seen, "S0")
    assert 15 not in uncited(seen, "S0")
    files, with_later = files_to_run(seen)
    assert (files, with_later) == (["own/tests/test_one.py"], True)
