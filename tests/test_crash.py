"""Processes are killed while orders arrive: nothing acknowledged is lost, nothing happens twice (T1, short)."""

from __future__ import annotations

from pathlib import Path

import pytest

from grenier_infra.launcher import broker
from tests.crash import keep, play, show

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(420),
    pytest.mark.skipif(broker.program() is None, reason="RabbitMQ is not installed"),
]
KILLS, ORDERS = 10, 500


@pytest.mark.behaviour("S1:34")
def test_orders_survive_killed_processes(tmp_path: Path) -> None:
    storm, figures = play(tmp_path, KILLS, ORDERS, seed=1)
    keep(figures, Path(__file__).parent.parent / "build" / "chaos.json")
    print(show(figures))
    assert figures["problems"] == []
    assert len(storm.acknowledged()) == ORDERS
    assert figures["kills"] >= KILLS // 2, "a storm without deaths proves nothing"
