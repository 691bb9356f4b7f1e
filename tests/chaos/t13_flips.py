"""T13: one random bit flipped, a thousand times, in the log, in views, in the mirror, in the keys: found, or without effect."""

from __future__ import annotations

import importlib.util
import logging
import time
from collections import Counter
from pathlib import Path
from types import ModuleType

from tests import damage
from tests.chaos.form import Form
from tests.house_app import Site
from tests.lived_month import live
from tests.proof import Row

TEST = "T13"
NODE_TESTS = Path(__file__).parents[2] / "infra" / "tests" / "test_node_damage.py"


def run(form: Form) -> Row:
    began = time.monotonic()
    logging.disable(logging.CRITICAL)  # each finding is logged
    try:
        with form.place("flips") as folder:
            found = outcomes(folder, form)
    finally:
        logging.disable(logging.NOTSET)
    problems = [f"{part}: {counts['served']} flips were served" for part, counts in found.items() if counts["served"]]
    return Row(TEST, {part: dict(counts) for part, counts in found.items()}, problems, time.monotonic() - began)


def outcomes(folder: Path, form: Form) -> dict[str, Counter[str]]:
    events = list(live(Site(folder / "house")).site.house.log.read_all())
    parts = {name: folder / name for name in ("log", "views", "mirror", "keys")}
    for part in parts.values():
        part.mkdir()
    return {
        "log": node().flipped(parts["log"], form.count(1_000, 60), form.seed),
        "views": damage.views(parts["views"], events, form.count(1_000, 10), form.seed),
        "mirror": damage.mirror(parts["mirror"], events, form.count(1_000, 30), form.seed),
        "keys": damage.keys(parts["keys"], form.count(1_000, 30), form.seed),
    }


def node() -> ModuleType:
    """The tests of the node live with it."""
    spec = importlib.util.spec_from_file_location("node_damage", NODE_TESTS)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
