"""The arithmetic behind `make bench`: what counts, what is void, whose CPU it is, when a target passes. No timing."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.bench import __main__ as bench
from tests.bench import load, processes, report, stage_orders, table
from tests.bench.calls import calls_of
from tests.bench.contest import Contestant, Work, contest, quantile
from tests.bench.judging import verdict
from tests.bench.lag import lags_ms
from tests.bench.plan import TARGETS, Found, Plan
from tests.bench.processes import cpu_by_process, owners
from tests.bench.profiling import share_within, shares
from tests.bench.ratios import Block, Sample, parts_ms, ratio, undisturbed, value
from tests.bench.sampling import orders_per_sample

CPU = {"grenier": 2.0, "crud": 4.0, "ping": 0.4, "chain": 1.5}
RATE = {"grenier": 160.0, "crud": 100.0, "ping": 240.0, "chain": 200.0}


@pytest.fixture(autouse=True)
def a_run_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_best_canary", 0.0)


def sample(system: str, job: str = "order", connections: int = 16, **changed: float) -> Sample:
    rate = changed.get("rate", RATE[system])
    cpu_ms = changed.get("cpu_ms", CPU[system])
    return Sample(
        system=system,
        job=job,
        connections=connections,
        operations=round(rate * 2),
        failures=0,
        seconds=2.0,
        cpu_s=cpu_ms * rate * 2 / 1000,
        p50_ms=changed.get("p50", 10.0),
        p99_ms=changed.get("p99", 20.0),
        parts={"web": cpu_ms * rate * 1.5 / 1000, "store": cpu_ms * rate * 0.5 / 1000},
    )


def block(job: str = "order", connections: int = 16, canary: float = 100.0, **grenier: float) -> Block:
    names = ["crud", "grenier", "ping" if job == "balance" else "chain"]
    made = [sample(name, job, connections, **(grenier if name == "grenier" else {})) for name in names + names[::-1]]
    return Block(job, connections, canary, made)


# -- samples, blocks, ratios -------------------------------------------------------------------------------------


def test_a_sample_knows_its_cost_and_its_rate() -> None:
    assert sample("grenier").cpu_ms == pytest.approx(2.0)
    assert sample("grenier").per_s == pytest.approx(160.0)


def test_blocks_in_which_the_machine_did_less_than_three_fifths_do_not_count() -> None:
    blocks = [block(canary=100.0), block(canary=60.0), block(canary=59.9)]
    assert undisturbed(blocks) == blocks[:2]
    assert undisturbed(blocks, best=101.0) == blocks[:1]


def test_a_ratio_is_made_inside_each_block_and_reported_as_median_with_least_and_greatest() -> None:
    blocks = [block(cpu_ms=2.0), block(cpu_ms=3.0), block(cpu_ms=8.0)]
    found = ratio(blocks, lambda each: each.cpu_ms, "grenier", "crud")
    assert found is not None
    assert (found.least, found.median, found.greatest) == pytest.approx((0.5, 0.75, 2.0))
    assert ratio(blocks, lambda each: each.cpu_ms, "grenier", "ping") is None


def test_cpu_by_process_adds_up_to_the_cpu_of_the_operation() -> None:
    shares_of = parts_ms([block(), block()], "grenier")
    assert list(shares_of) == ["web", "store"]
    assert sum(shares_of.values()) == pytest.approx(2.0)
    cost = value([block()], lambda each: each.cpu_ms, "grenier")
    assert cost is not None
    assert cost.median == pytest.approx(2.0)


def test_contestants_take_turns_there_and_back_and_a_disturbed_block_is_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    canaries = iter([100.0, 100.0, 30.0, 100.0, 100.0, 100.0])
    monkeypatch.setattr("tests.bench.contest.canary", lambda: next(canaries))
    turns: list[str] = []

    def turn(name: str) -> Contestant:
        def run() -> Work:
            turns.append(name)
            return Work(7, seconds=2.0, cpu_s=0.5)

        return Contestant(name, run)

    blocks = contest("work", [turn("a"), turn("b")], blocks=2)
    assert turns == ["a", "b", "b", "a"] * 3
    assert [each.canary for each in blocks] == [100.0, 30.0, 100.0]
    first = blocks[0].samples[0]
    assert (first.operations, first.per_s) == (7, 3.5)
    assert first.cpu_s == pytest.approx(0.5)


# -- verdicts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measured", "passed", "goal"),
    [
        ({"rate": 160.0, "cpu_ms": 2.0, "p99": 20.0}, True, True),
        ({"rate": 160.0, "cpu_ms": 3.2, "p99": 20.0}, True, False),  # more than three quarters of the peer's CPU
        ({"rate": 160.0, "cpu_ms": 2.0, "p99": 21.0}, True, False),  # a longer tail
        ({"rate": 100.0, "cpu_ms": 2.0, "p99": 20.0}, True, False),
        ({"rate": 99.0, "cpu_ms": 2.0, "p99": 20.0}, False, False),
    ],
)
def test_placing_an_order_passes_at_the_peers_rate_and_reaches_the_goal_at_three_quarters_of_its_cpu(
    measured: dict[str, float], passed: bool, goal: bool
) -> None:
    found = stage_orders.verdicts([block("order", 16, 100.0, **measured)])["P1"]
    assert (found["pass"], found["goal"], found["against"]) == (passed, goal, "crud")
    assert found["limits"]["chain"] == pytest.approx(measured["rate"] / 200.0)


def test_the_slowest_crowd_decides() -> None:
    found = stage_orders.verdicts([block(connections=16), block(connections=64, rate=90.0)])["P1"]
    assert (found["pass"], found["ratio"]) == (False, 0.9)
    assert found["rate_by_connections"] == {"16": 1.6, "64": 0.9}


def test_latency_is_judged_alone_and_a_balance_against_peer_and_ping() -> None:
    found = stage_orders.verdicts([block(connections=1, p50=7.0), block("balance", rate=200.0)])
    assert set(found) == {"P2", "P5"}
    assert (found["P2"]["pass"], found["P2"]["goal"], found["P2"]["ratio"]) == (True, True, 0.7)
    assert (found["P5"]["pass"], found["P5"]["goal"]) == (True, True)  # twice the peer, 0.83 of a ping
    slow = stage_orders.verdicts([block("balance", rate=140.0)])["P5"]
    assert (slow["pass"], slow["goal"]) == (True, False)


def test_disturbed_blocks_give_no_verdict() -> None:
    processes._best_canary = 100.0
    assert "P1" not in stage_orders.verdicts([block("balance", canary=100.0), block(canary=10.0, rate=1.0)])


def test_a_goal_without_a_pass_is_no_goal() -> None:
    found = verdict(12.3456, "ms", 0.5, "crud", passed=False, goal=True, limits={"chain": 0.12345})
    assert (found["value"], found["goal"], found["limits"]) == (12.3, False, {"chain": 0.123})


def test_validation_in_a_replay_is_a_miss_and_a_large_share_misses_the_goal() -> None:
    assert stage_orders.p15(0.04, 0)["goal"]
    assert not stage_orders.p15(0.06, 0)["goal"]
    assert not stage_orders.p15(0.04, 3)["pass"]


# -- what is said and kept ---------------------------------------------------------------------------------------


def test_problems_make_the_run_void_in_words_and_no_figure_of_it_is_kept(tmp_path: Path) -> None:
    found = Found({"P1": verdict(1.0, "ms", 2.0, "crud", passed=True, goal=True)}, [block()])
    found.problems.append("grenier: events in the log: 9, expected 10")
    said = report.text(found)
    assert "VOID" in said
    assert "9, expected 10" in said
    assert "goal" not in said
    report.save(tmp_path / "bench.json", found, "full")
    assert "P1" not in json.loads((tmp_path / "bench.json").read_text())


def test_a_run_of_some_targets_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    file = tmp_path / "bench.json"
    for name, figure in (("P5", 3.0), ("P1", 1.0), ("P1", 2.0)):
        report.save(file, Found({name: verdict(figure, "ms", 2.0, "crud", passed=True, goal=True)}, [block()]), "full")
    kept = json.loads(file.read_text())
    assert (kept["P1"]["value"], kept["P5"]["value"]) == (2.0, 3.0)
    assert kept["blocks"][0]["samples"][0]["system"] == "crud"


def test_the_readme_shows_the_file_between_its_markers() -> None:
    found = {"P1": verdict(2.5, "ms", 1.25, "crud", passed=True, goal=False, limits={"chain": 0.7}, cpu_ratio=0.8)}
    readme = f"before\n{table.BEGIN}\nold\n{table.END}\nafter\n"
    after = table.written(readme, found)
    assert "| P1 | passer une commande, à plusieurs | 2,5 ms | 1,25 ; CPU × 0,8 | crud | 0,7 × chain | tenu |" in after
    assert (after.startswith("before\n"), after.endswith("\nafter\n"), "old" in after) == (True, True, False)
    assert table.written(after, found) == after
    with pytest.raises(ValueError, match="no place"):
        table.written("nothing", found)
    assert set(table.FRENCH) == set(TARGETS)


# -- whose CPU, which functions ----------------------------------------------------------------------------------


def test_a_process_belongs_to_the_nearest_root_above_it() -> None:
    tree = {1: (0, 0.0), 10: (1, 1.0), 11: (10, 2.0), 12: (11, 3.0), 20: (1, 4.0)}
    assert owners({"launcher": 10, "gateway": 11}, tree) == {10: "launcher", 11: "gateway", 12: "gateway"}


def test_cpu_of_a_child_is_counted() -> None:
    # More than is waited for: the kernel tells whole ticks, of each kind apart, and both may be rounded down.
    burn = "import time; end = time.process_time() + 0.4\nwhile time.process_time() < end: pass\ninput()"
    child = subprocess.Popen([sys.executable, "-c", burn], stdin=subprocess.PIPE)
    try:
        assert cpu_by_process({"gone": 2**22 - 1})["gone"] == 0.0
        while cpu_by_process({"child": child.pid})["child"] < 0.3:
            assert child.poll() is None
    finally:
        child.communicate(b"\n", timeout=20)


def test_a_profile_counts_a_function_once_however_deep_it_calls_itself() -> None:
    folded = ["main (a.py:1);load (b.py:2);load (b.py:3) 6", "main (a.py:9);load (b.py:2) 2", "main (a.py:4) 2"]
    own, within, total = shares(folded)
    assert (own["load (b.py)"], own["main (a.py)"], within["load (b.py)"], within["main (a.py)"]) == (8, 2, 8, 10)
    assert total == 10
    assert share_within(folded, "b.py") == 0.8


def test_calls_are_counted_by_file_and_by_builtin() -> None:
    assert calls_of(lambda: json.dumps({"a": 1}), file_part="json/") > 0
    assert calls_of(lambda: None, file_part="/marshmallow/") == 0
    assert calls_of(lambda: len("abc"), builtin="len") == 1


# -- the load ----------------------------------------------------------------------------------------------------


class Answers(BaseHTTPRequestHandler):
    """201 with a rising position for orders, 503 for every fourth; a balance for what is asked behind them."""

    protocol_version = "HTTP/1.1"
    keys: ClassVar[list[str]] = []
    asked: ClassVar[list[str]] = []

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.keys.append(self.headers["Idempotency-Key"])
        place = len(self.keys)
        self._answer(503 if place % 4 == 0 else 201, {"position": place})

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self._answer(200, {"committed_cents": 5})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        pass


def test_the_load_sends_each_order_once_with_a_key_of_its_own_and_counts_every_answer() -> None:
    Answers.keys, Answers.asked = [], []
    server = HTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    request = {"method": "PUT", "path": "/o", "headers": {}, "body": "{}", "then": "/balance?after={position}"}
    job = {"host": "127.0.0.1", "port": server.server_port, "connections": 1, "seconds": 30, "repeat": False,
           "requests": [request] * 8, "rate": 200, "record": True, "then": True}  # fmt: skip
    try:
        told = load.run(job)
    finally:
        server.shutdown()
        server.server_close()
    assert told["statuses"] == {"200": 6, "201": 6, "503": 2}
    assert len(set(Answers.keys)) == 8
    assert Answers.asked == [f"/balance?after={place}" for place in (1, 2, 3, 5, 6, 7)]
    assert [position for _, position, *_ in told["seen"]] == [1, 2, 3, 5, 6, 7]
    assert told["seen"][0][4] == {"committed_cents": 5}


def test_a_server_that_hangs_up_is_counted_as_an_error_not_as_silence() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def hang_up() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if connection.recv(100):
                connection.close()

    threading.Thread(target=hang_up, daemon=True).start()
    request: dict[str, Any] = {"method": "GET", "path": "/", "headers": {}, "body": None}
    job = {"host": "127.0.0.1", "port": listener.getsockname()[1], "connections": 1, "seconds": 30, "repeat": False,
           "requests": [request] * 3}  # fmt: skip
    told = load.run(job)
    listener.close()
    assert told["statuses"] == {"0": 3}


def test_what_is_due_at_a_rate_is_sent_however_late_and_timed_from_when_it_was_due() -> None:
    Answers.keys, Answers.asked = [], []
    server = HTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    request = {"method": "GET", "path": "/", "headers": {}, "body": None}
    job = {"host": "127.0.0.1", "port": server.server_port, "connections": 1, "seconds": 0.001, "repeat": False,
           "requests": [request] * 20, "rate": 20_000}  # fmt: skip
    try:
        told = load.run(job)
    finally:
        server.shutdown()
        server.server_close()
    assert told["statuses"] == {"200": 20}
    assert told["latencies_ms"]["max"] >= 1000 * told["seconds"] / 2  # the last one waited for all before it


def test_lag_is_counted_from_each_event_to_the_first_look_that_has_it() -> None:
    seen = [(10.0, 5), (10.2, 7), (10.5, 20)]
    assert lags_ms([(9.9, 5), (10.1, 6), (10.1, 20)], seen) == pytest.approx([100, 100, 400])
    assert lags_ms([(9.9, 21)], seen) == [float("inf")]
    assert quantile([], 0.5) == 0.0


# -- the plan ----------------------------------------------------------------------------------------------------


def plan(*words: str) -> Plan:
    return bench.plan_of(bench.parse(words), Path("/nowhere"))


def test_there_are_cycles_enough_for_every_order_to_be_the_first_of_its_household() -> None:
    asked = plan(
        "--only", "P1,P2,P4", "--blocks", "3", "--seconds", "2", "--households", "100", "--connections", "1,16"
    )
    ready = 2 * 3 * (orders_per_sample(2, 1) + orders_per_sample(2, 16)) + stage_orders.WARM_UP
    ready += 2 * 3 * 4 * 100
    assert stage_orders.windows_needed(asked) * 300 >= ready


def test_quick_is_short_and_what_is_said_wins() -> None:
    assert plan("--quick").blocks == 1
    assert plan("--quick", "--blocks", "2").blocks == 2
    assert plan().connections == (1, 16, 64)
    with pytest.raises(SystemExit):
        bench.parse(["--only", "P99"])


def test_every_target_has_a_stage() -> None:
    assert {name for stage in bench.STAGES for name in stage.TARGETS} == set(TARGETS)
