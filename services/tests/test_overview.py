"""The whole installation at one look: who looks, and what a look says of those that cannot answer for themselves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grenier.config import Settings
from grenier.overview import look, this_process


def launched(folder: Path, **pids: int | None) -> Settings:
    """An installation whose launcher is this test; all its processes share a port on which nobody listens."""
    rows: dict[str, Any] = {name: {"pid": pid, "port": 1, "role": "", "restarts": 0} for name, pid in pids.items()}
    (folder / "run").mkdir()
    (folder / "run" / "state.json").write_text(json.dumps({"pid": os.getpid(), "processes": rows}))
    return Settings(data_dir=folder, kek=bytes(32))


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


def test_of_two_gateways_on_one_port_each_knows_which_it_is(tmp_path: Path) -> None:
    settings = launched(tmp_path, **{"gateway": 1, "gateway-2": os.getpid()})
    assert this_process(settings.data_dir, "gateway") == "gateway-2"
    found = look(settings, "gateway")["components"]
    assert (found["gateway"]["state"], found["gateway-2"]["state"]) == ("down", "well"), "the other one is asked"


def test_a_worker_of_a_page_server_looks_for_the_server_that_made_it(tmp_path: Path) -> None:
    assert this_process(launched(tmp_path, gateway=os.getppid()).data_dir) == "gateway"


def test_without_a_launcher_it_is_who_it_says(tmp_path: Path) -> None:
    assert this_process(tmp_path, "gateway") == "gateway"


def test_a_frozen_process_is_named_itself_and_at_once(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    settings = launched(tmp_path, **{"gateway": sleeper.pid, "gateway-2": os.getpid()})
    sleeper.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    while (found := look(settings))["components"]["gateway"]["state"] != "silent":
        assert time.monotonic() - began < 10
    assert "gateway" in found["named"]
    sleeper.send_signal(signal.SIGCONT)
    while look(settings)["components"]["gateway"]["state"] == "silent":
        assert time.monotonic() - began < 20


def test_what_is_late_is_named_by_what_it_is_late_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process says how far its views and what follows from them are; each is a part of its own."""
    facts = {
        "views-orders": {"lag_events": 0, "lag_s": 0.0, "parked": 0},
        "policies-orders": {"lag_events": 200, "lag_s": 60.0},
        "views-ledger": {"filling": {"events": 10, "of": 20}, "lag_events": 10, "lag_s": 0.5},
        "timers-ledger": {"remind-of-debts": "KeyError"},
    }
    told = {"status": "ready", "facts": {name: {"ok": True, "detail": each} for name, each in facts.items()}}
    monkeypatch.setattr("grenier.overview._converse", lambda _name, _port: told)
    settings = launched(tmp_path, **{"work-orders+ledger": 1})
    found = look(settings)
    states = {name: found["components"][name]["state"] for name in facts}
    assert states == {
        "views-orders": "well",
        "policies-orders": "behind",
        "views-ledger": "behind",
        "timers-ledger": "failing",
    }
    assert {"policies-orders", "views-ledger", "timers-ledger"} <= set(found["named"])
    assert found["components"]["timers-ledger"]["problems"] == ["remind-of-debts: KeyError"]
    assert "timers-orders" not in found["components"]
    assert found["components"]["work-orders+ledger"].get("facts", {}).keys() <= {"pid", "restarts"}
