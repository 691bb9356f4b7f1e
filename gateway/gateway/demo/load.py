"""The order of the demonstration: one month lived to its end, the next with its window open, then the clock back to now."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from gateway.demo import catalogue, federation, month, season_load
from gateway.demo.client import Api
from gateway.demo.federation import Group, Progress, silent
from gateway.demo.month import Calendar, Cycle, Stage
from gateway.demo.season import Season

SEED = 2026
ZONE = ZoneInfo("Europe/Paris")
COMTE = "Comté 12 mois"
LIMITS = {COMTE: 24, "Miel de fleurs d'été": 14}


def load(
    api: Api,
    now: datetime,
    households: int = federation.HOUSEHOLDS,
    progress: Progress = silent,
    pulse: Callable[[], None] | None = None,
) -> Stage:
    """Everything through the API, with a fixed seed; answers the stage as it stands at the end."""
    today = now.astimezone(ZONE)
    current = month.calendar_of(today, -2, 5, 13)
    before = (current.distribution_starts_at.replace(day=1) - timedelta(days=1)).strftime("%Y-%m")
    past = replace(month.calendar_of(today, -37, -30, -17), month=before)
    month.Stage(api, federation.Federation("", "")).move_to(past.opens_at - timedelta(days=2))
    stage = Stage(api, federation.found(api, SEED, households, progress))
    if pulse is not None:
        stage.pulse = pulse
    month.import_products(stage, catalogue.products(), (past.opens_at - timedelta(days=60)).date().isoformat())
    progress(f"{len(stage.federation.products)} produits au catalogue")
    csa = next(group for group in stage.federation.groups if group.kind == "csa")
    season = season_load.begin(stage, csa, today.date(), progress)
    live_past_month(stage, past, lambda: _first_round(stage, season, progress), progress)
    delivered = season_load.delivered_at(season, season_load.DELIVERED)
    stage.move_to(max(past.distribution_starts_at + timedelta(minutes=10), delivered))
    season_load.deliver_round(stage, season, season_load.DELIVERED)
    progress(f"{csa.name} : une commande de confitures livrée")
    open_current_month(stage, current, progress)
    season_load.middle(stage, season, progress)
    stage.move_to(now.astimezone(UTC))
    api.put("/demo/loaded")
    progress("la démonstration est prête")
    return stage


def steps() -> int:
    """How often `load` reports progress."""
    return len(federation.GROUPS) + 16


def _first_round(stage: Stage, season: Season, progress: Progress) -> None:
    season_load.order_round(stage, season, season_load.DELIVERED, 0.8)
    progress(f"{season.group.name} : une commande de confitures")


def live_past_month(
    stage: Stage, past: Calendar, between: Callable[[], None] = lambda: None, progress: Progress = silent
) -> None:
    """`between`: what happens after the orders are closed and before the goods are sent."""
    cycles = _open(stage, past, progress)
    _side_by_side(stage, cycles, lambda cycle: order(stage, cycle, share=0.87, drafts=2))
    progress(f"{past.month} : les commandes")
    stage.move_to(past.closes_at + timedelta(minutes=5))
    month.wait_for(stage, past, "closed")
    stage.move_to(past.closes_at + timedelta(hours=12))
    for cycle in cycles:
        month.regulate_all(stage, cycle, "prorata")
        month.freeze(stage, cycle)
    progress(f"{past.month} : régulation et agrégation")
    between()
    stage.move_to(past.distribution_starts_at - timedelta(days=2))
    deliveries = month.prepare_and_dispatch(stage, past)
    stage.move_to(past.distribution_starts_at - timedelta(hours=3))
    for cycle in cycles:
        month.receive(stage, cycle.group, deliveries[cycle.group.group_id])
    progress(f"{past.month} : palettes et livraisons")
    stage.move_to(past.distribution_starts_at + timedelta(minutes=5))
    _side_by_side(stage, cycles, lambda cycle: distribute(stage, cycle.group, past))
    progress(f"{past.month} : distribution, caisse et stock")


def open_current_month(stage: Stage, current: Calendar, progress: Progress = silent) -> None:
    stage.move_to(current.opens_at - timedelta(days=1))
    revised_from = current.distribution_starts_at.replace(day=1).date().isoformat()
    month.revise_price(stage, COMTE, 1_650, revised_from, "revalorisation annuelle du lait")
    cycles = _open(stage, current, progress)
    _side_by_side(stage, cycles, lambda cycle: order(stage, cycle, share=0.55, drafts=4))
    progress(f"{current.month} : la fenêtre est ouverte")


def _open(stage: Stage, calendar: Calendar, progress: Progress) -> list[Cycle]:
    month.release(stage, calendar)
    cycles = month.schedule(stage, calendar, LIMITS)
    stage.move_to(calendar.opens_at + timedelta(minutes=1))
    month.wait_for(stage, calendar, "open")
    progress(f"{calendar.month} : catalogue publié, fenêtre ouverte pour {len(cycles)} groupes")
    return cycles


def _side_by_side(stage: Stage, cycles: list[Cycle], work: Callable[[Cycle], None]) -> None:
    """Groups are autonomous: what one does waits for no other."""
    with ThreadPoolExecutor(len(cycles)) as pool:
        list(pool.map(work, cycles))


def order(stage: Stage, cycle: Cycle, share: float, drafts: int) -> None:
    """Most households order; those without a screen through the organiser; some leave a draft."""
    group = cycle.group
    rng = random.Random(f"{SEED}/{cycle.cycle_id}/orders")
    digital = [household for household in group.households if household.digital]
    ordering = digital[: int(len(digital) * share)]
    for household in ordering:
        always = [COMTE] if rng.random() < 0.4 else []
        month.confirm(stage, cycle, household, month.draw_lines(stage, rng, always))
    for household in digital[len(ordering) : len(ordering) + drafts]:
        month.leave_draft(stage, cycle, household, month.draw_lines(stage, rng))
    for household in group.households:
        if not household.digital:
            month.confirm_on_paper(stage, cycle, household, month.draw_lines(stage, rng))


def distribute(stage: Stage, group: Group, calendar: Calendar) -> None:
    """Check-in, scales, sign-off, payment; one household does not come. Then the counts."""
    rng = random.Random(f"{SEED}/{group.group_id}/day")
    distribution_id = month.distribution_of(stage, group, calendar)["distribution_id"]
    month.weigh(stage, group, distribution_id, rng)
    board = stage.at(group.organiser).get(month.day_path(group, distribution_id))
    coming = [row["household_id"] for row in board["households"]][:-1]
    if group.kind == "csa":
        _prepay(stage, group, board)
    till_id = month.open_till(stage, group, distribution_id) if group.kind != "csa" else ""
    for number, household_id in enumerate(coming):
        month.check_in(stage, group, distribution_id, household_id)
        month.sign_off(stage, group, distribution_id, household_id)
        # One in twenty forgets the purse and owes.
        if till_id and number % 20 != 7 and (due := month.charged(stage, group, household_id)) > 0:
            month.pay(stage, group, till_id, household_id, due, f"{4_100_000 + number}" if number % 3 == 0 else "")
    month.count_stock(stage, group, distribution_id)
    stage.at(group.organiser).put(f"{month.day_path(group, distribution_id)}/closed")
    if till_id:
        month.count_and_close(stage, group, till_id)


def _prepay(stage: Stage, group: Group, board: dict[str, object]) -> None:
    """In an AMAP no money changes hands on the day: cheques were given before, most of them large enough."""
    rows: list[dict[str, int]] = board["households"]  # type: ignore[assignment]
    for number, row in enumerate(rows):
        rounded = (row["ordered_cents"] // 500 + (1 if number % 9 else -1)) * 500
        month.prepay(stage, group, str(row["household_id"]), max(rounded, 500), f"{7_200_000 + number}")
