"""P3 and P4: orders that arrive at a rate of their own, whatever the answers do, while screens listen.

P3: 83 a second (5,000 members in a minute) with 64 dashboards on the event stream.
P4: 100 a second; when can each be seen in the ledger's, the gateway's and the shop's views, and does a member who asks
with the position just written ever see less than that (read your writes)?
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grenier.config import Settings
from grenier.language.orders import OrderConfirmed
from grenier.log.protocol import Recorded
from tests.bench.contest import quantile
from tests.bench.judging import verdict
from tests.bench.lag import Seen, lags_ms
from tests.bench.plan import Found, Plan, Say
from tests.bench.processes import best_canary, canary
from tests.bench.programs import program
from tests.bench.pushing import push_lags
from tests.bench.ratios import DISTURBED_BELOW, Spread, spread
from tests.bench.sampling import Run
from tests.bench.systems import Grenier

RUSH_PER_S = 83
STEADY_PER_S = 100
SCREENS = 64
CONNECTIONS = 64
VIEWS = ("gateway", "ledger", "orders")
Lags = tuple[float, float]  # p50 and p99, milliseconds


def orders_needed(plan: Plan) -> int:
    rush = RUSH_PER_S * plan.rush_s if plan.wants("P3") else 0
    steady = 2 * plan.blocks * STEADY_PER_S * _steady_s(plan) if plan.wants("P4") else 0
    return int(rush + steady) + 2


def _steady_s(plan: Plan) -> float:
    return 2 * plan.seconds


def measure(run: Run, ours: Grenier, plan: Plan, say: Say) -> Found:
    found = Found()
    if plan.wants("P3"):
        found.verdicts["P3"] = _opening_rush(run, ours, plan)
        say(f"rush: {found.verdicts['P3']}")
    if plan.wants("P4"):
        found.verdicts["P4"] = _visible(run, ours, plan, say)
    return found


# -- P3 ----------------------------------------------------------------------------------------------------------


def _opening_rush(run: Run, ours: Grenier, plan: Plan) -> dict[str, Any]:
    """Pass: no error, p99 1 s. Goal: p99 250 ms, no retry (the load program never retries: a 503 is an error)."""
    tokens = list(ours.season.tokens.values())
    job = {"host": "127.0.0.1", "port": ours.port + 1, "path": "/api/v1/stream",
           "tokens": [tokens[number % len(tokens)] for number in range(SCREENS)]}  # fmt: skip
    file = plan.folder / "dashboards.json"
    file.write_text(json.dumps(job))
    with program("tests.bench.dashboards", str(file), ready=True) as screens:
        requests = ours.orders(int(RUSH_PER_S * plan.rush_s))
        sample, answered = run.told("grenier", "rush", CONNECTIONS, requests, rate=RUSH_PER_S, seconds=plan.rush_s)
        told = screens.told()
    errors = sample.failures + told["refused"] + told["cut_off"] + told["out_of_order"]
    p99 = sample.p99_ms
    return verdict(p99, "p99 ms", None, "–", passed=errors == 0 and p99 <= 1000, goal=p99 <= 250,
                   orders=sample.operations, errors=errors, p50_ms=sample.p50_ms, longest_ms=answered["latencies_ms"]["max"],
                   screens=SCREENS - told["refused"], events_on_screens=sum(told["events"]), cpu_ms=sample.cpu_ms)  # fmt: skip


# -- P4 ----------------------------------------------------------------------------------------------------------


def _visible(run: Run, ours: Grenier, plan: Plan, say: Say) -> dict[str, Any]:
    """Pass: p99 1 s. Goal: p50 and p99 three times those of a bare push, not one stale answer."""
    pairs: list[tuple[float, Lags, Lags]] = []
    turns: list[Turn] = []
    for _ in range(plan.blocks):
        best = canary()
        limit = [push_lags(plan.folder, STEADY_PER_S, _steady_s(plan))]
        own = [_turn(run, ours, plan) for _ in range(2)]
        limit.append(push_lags(plan.folder, STEADY_PER_S, _steady_s(plan)))
        pairs.append((min(best, canary()), _mean([turn.lags for turn in own]), _mean(limit)))
        turns += own
        say("visible: p50 {:.1f}, p99 {:.1f} ms; bare push {:.1f}, {:.1f} ms".format(*pairs[-1][1], *pairs[-1][2]))
    stale, asked, failures = (sum(getattr(turn, name) for turn in turns) for name in ("stale", "asked", "failures"))
    kept = [pair for pair in pairs if pair[0] >= DISTURBED_BELOW * best_canary()] or pairs
    middle, late = (_ratio(kept, place) for place in (0, 1))
    p50, p99 = (_median([pair[1][place] for pair in kept]) for place in (0, 1))
    return verdict(p99, "p99 ms", late, "bare push", passed=p99 <= 1000 and not stale and not failures,
                   goal=middle.median <= 3 and late.median <= 3, limits={"push p50": middle, "push p99": late},
                   p50_ms=p50, stale=stale, asked=asked, errors=failures)  # fmt: skip


@dataclass(frozen=True)
class Turn:
    lags: Lags
    stale: int
    asked: int
    failures: int


def _turn(run: Run, ours: Grenier, plan: Plan) -> Turn:
    """One load watched from the views' own databases."""
    settings = Settings.from_env(ours.running.env)
    files = [settings.view_database(name).removeprefix("sqlite:///") for name in VIEWS]
    requests = ours.orders(int(STEADY_PER_S * _steady_s(plan)))
    with program("tests.bench.lag", "watch", *files) as watcher:
        sample, answered = run.told("grenier", "visible", CONNECTIONS, requests, rate=STEADY_PER_S, seconds=_steady_s(plan),
                               record=True, then=True)  # fmt: skip
        seen: list[Seen] = watcher.told()
    confirmed = ours.appended()
    answered_at = {position for _, position, *_ in answered["seen"]}
    orders = [(each.created.timestamp(), each.position) for each, _ in confirmed if each.position in answered_at]
    if len(orders) != len(answered["seen"]):
        run.problems.append(
            f"grenier: {len(orders)} orders recorded of {len(answered['seen'])} answered at a steady rate"
        )
    by_view = [lags_ms(orders, view) for view in seen]
    slowest = [max(each) for each in zip(*by_view, strict=True)]
    households = [request["household_id"] for request in requests]
    lags = (quantile(slowest, 0.5), quantile(slowest, 0.99))
    return Turn(lags, _stale(confirmed, answered["seen"], households), len(orders), sample.failures)


def _stale(
    confirmed: Sequence[tuple[Recorded, OrderConfirmed]], seen: Sequence[Sequence[Any]], households: Sequence[str]
) -> int:
    """Answers that show fewer committed cents than the household's orders up to the position it asked for come to."""
    totals: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for recorded, event in confirmed:
        totals[event.household_id].append((recorded.position, event.total_cents))
    return sum(
        body["committed_cents"] < sum(cents for at, cents in totals[households[number]] if at <= position)
        for _, position, number, _, body in seen
        if body is not None
    )


def _mean(found: Sequence[Lags]) -> Lags:
    return sum(each[0] for each in found) / len(found), sum(each[1] for each in found) / len(found)


def _ratio(pairs: Sequence[tuple[float, Lags, Lags]], place: int) -> Spread:
    found = spread(own[place] / max(limit[place], 0.01) for _, own, limit in pairs)
    assert found is not None
    return found


def _median(values: Sequence[float]) -> float:
    return quantile(values, 0.5)
