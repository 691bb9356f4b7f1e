"""The arithmetic behind `make bench`: what counts, what is void, whose CPU it is. No timing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.bench import __main__ as bench
from tests.bench import report
from tests.bench.processes import cpu_by_process, owners
from tests.bench.ratios import Block, Sample, parts_ms, ratio, undisturbed, value, verdicts

CPU = {"grenier": 2.0, "crud": 4.0, "ping": 0.4}
RATE = {"grenier": 160.0, "crud": 100.0, "ping": 240.0}


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
    names = ["crud", "grenier", *(["ping"] if job == "balance" else []), "grenier", "crud"]
    made = [sample(name, job, connections, **(grenier if name == "grenier" else {})) for name in names]
    return Block(job, connections, canary, made)


def test_a_sample_knows_its_cost_and_its_rate() -> None:
    assert sample("grenier").cpu_ms == pytest.approx(2.0)
    assert sample("grenier").per_s == pytest.approx(160.0)


def test_blocks_in_which_the_machine_did_less_than_three_fifths_do_not_count() -> None:
    blocks = [block(canary=100.0), block(canary=60.0), block(canary=59.9)]
    assert undisturbed(blocks) == blocks[:2]


def test_a_ratio_is_made_inside_each_block_and_reported_as_median_with_least_and_greatest() -> None:
    blocks = [block(cpu_ms=2.0), block(cpu_ms=3.0), block(cpu_ms=8.0)]
    found = ratio(blocks, lambda each: each.cpu_ms, "grenier", "crud")
    assert found is not None
    assert (found.least, found.median, found.greatest) == pytest.approx((0.5, 0.75, 2.0))
    assert ratio(blocks, lambda each: each.cpu_ms, "grenier", "ping") is None


def test_cpu_by_process_adds_up_to_the_cpu_of_the_operation() -> None:
    shares = parts_ms([block(), block()], "grenier")
    assert list(shares) == ["web", "store"]
    assert sum(shares.values()) == pytest.approx(2.0)
    cost = value([block()], lambda each: each.cpu_ms, "grenier")
    assert cost is not None
    assert cost.median == pytest.approx(2.0)


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
    verdict = verdicts([block(**measured)])["P1"]
    assert (verdict["pass"], verdict["goal"], verdict["against"]) == (passed, goal, "crud")


def test_latency_is_judged_alone_and_a_balance_against_peer_and_ping() -> None:
    found = verdicts([block(connections=1, p50=7.0), block("balance", rate=200.0)])
    assert set(found) == {"P2", "P5"}
    assert (found["P2"]["pass"], found["P2"]["goal"], found["P2"]["ratio"]) == (True, True, 0.7)
    assert (found["P5"]["pass"], found["P5"]["goal"]) == (True, True)  # twice the peer, 0.83 of a ping
    slow = verdicts([block("balance", rate=140.0)])["P5"]
    assert (slow["pass"], slow["goal"]) == (True, False)


def test_disturbed_blocks_give_no_verdict() -> None:
    blocks = [block("balance", canary=100.0), block(canary=10.0, rate=1.0)]
    assert "P1" not in verdicts(blocks)


def test_problems_make_the_run_void_in_words() -> None:
    said = report.text([block()], {}, ["grenier: events in the log: 9, expected 10"], 0.05)
    assert "VOID" in said
    assert "9, expected 10" in said
    assert "P1" not in said


def test_a_process_belongs_to_the_nearest_root_above_it() -> None:
    processes = {1: (0, 0.0), 10: (1, 1.0), 11: (10, 2.0), 12: (11, 3.0), 20: (1, 4.0)}
    assert owners({"launcher": 10, "gateway": 11}, processes) == {10: "launcher", 11: "gateway", 12: "gateway"}


def test_cpu_of_a_child_is_counted() -> None:
    burn = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass\ninput()"
    child = subprocess.Popen([sys.executable, "-c", burn], stdin=subprocess.PIPE)
    try:
        assert cpu_by_process({"gone": 2**22 - 1})["gone"] == 0.0
        while cpu_by_process({"child": child.pid})["child"] < 0.3:
            assert child.poll() is None
    finally:
        child.communicate(b"\n", timeout=20)


def test_there_are_cycles_enough_for_every_order_to_be_the_first_of_its_household() -> None:
    arguments = bench.parse(["--blocks", "3", "--seconds", "2", "--households", "100", "--connections", "1,16"])
    ready = 2 * 3 * (bench.orders_per_sample(2, 1) + bench.orders_per_sample(2, 16)) + 2 * bench.WARM_UP
    assert bench.windows_needed(arguments) * 300 >= ready
