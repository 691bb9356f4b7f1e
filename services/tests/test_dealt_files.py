"""Files that mostly wait are played between those that compute, whole and in their order."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from grenier.testing_process import dealt


def items(*nodeids: str) -> list[Any]:
    return [SimpleNamespace(nodeid=nodeid, path=Path(nodeid.partition("::")[0])) for nodeid in nodeids]


def test_files_alternate_and_nothing_is_lost() -> None:
    collected = items(
        "tests/a.py::1", "tests/a.py::2", "tests/b.py::1", "services/tests/c.py::1", "services/tests/c.py::2",
        "gateway/tests/d.py::1", "infra/tests/e.py::1",
    )  # fmt: skip
    assert [item.nodeid for item in dealt(collected)] == [
        "tests/a.py::1", "tests/a.py::2", "services/tests/c.py::1", "services/tests/c.py::2", "tests/b.py::1",
        "infra/tests/e.py::1", "gateway/tests/d.py::1",
    ]  # fmt: skip


def test_one_kind_alone_stays_as_it_was() -> None:
    collected = items("tests/a.py::1", "tests/b.py::1")
    assert dealt(collected) == collected
    assert dealt([]) == []
