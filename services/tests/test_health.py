"""Health: named checks, remembered for a moment, and a server small enough to live in any process."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

from grenier import health
from grenier.health import Health


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def test_a_process_is_ready_when_every_check_passes() -> None:
    checks = Health("work-orders")
    checks.add("log", lambda: "position 12")
    checks.add("views", lambda: None)
    well, body = checks.ready()
    assert well
    assert body["status"] == "ready"
    assert body["checks"] == {"log": {"ok": True, "detail": "position 12"}, "views": {"ok": True, "detail": None}}


def test_a_check_that_raises_or_answers_no_makes_it_not_ready_and_says_which() -> None:
    def broken() -> None:
        raise ConnectionError("amqp://user:hush@host")

    checks = Health()
    checks.add("broker", broken)
    checks.add("started", lambda: False)
    checks.add("log", lambda: True)
    well, body = checks.ready()
    assert not well
    assert {name: result["ok"] for name, result in body["checks"].items()} == {
        "broker": False,
        "started": False,
        "log": True,
    }
    assert "hush" not in json.dumps(body)


def test_probes_do_not_run_the_checks_each_time() -> None:
    calls: list[int] = []
    checks = Health()
    checks.add("costly", lambda: calls.append(1))
    for _ in range(20):
        checks.ready()
    assert len(calls) == 1


def test_the_server_answers_live_ready_and_metrics() -> None:
    checks = Health("relay")
    port = health.serve(0, checks)
    assert get(port, "/health/live")[0] == 200
    assert get(port, "/health/ready")[0] == 200
    checks.add("broker", lambda: False)
    status, body = get(port, "/health/ready")
    assert (status, json.loads(body)["checks"]["broker"]["ok"]) == (503, False)
    status, body = get(port, "/metrics")
    assert (status, "grenier_process_ready 0.0" in body) == (200, True)
    assert get(port, "/else")[0] == 404


def test_asking_for_the_same_port_again_is_harmless() -> None:
    port = health.serve(0, Health())
    assert health.serve(port) == port
