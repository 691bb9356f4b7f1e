"""The table of rules in the node's README names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
TABLE = HERE.parent / "grenier_infra" / "eventnode" / "README.md"


def test_every_rule_names_tests_that_exist() -> None:
    existing = set()
    for path in HERE.glob("test_node_*.py"):
        existing |= set(re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE))
    rules = [
        line for line in TABLE.read_text().partition("## Rules and their tests")[2].splitlines() if "`test_" in line
    ]
    named = {name for line in rules for name in re.findall(r"`(test_\w+)`", line)}
    assert len(rules) > 25
    assert named - existing == set()
