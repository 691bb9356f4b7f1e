"""Money, goods and orders, folded from the events alone."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from grenier.language import logistics, orders

if TYPE_CHECKING:
    from tests.sim.world import World

Quantities = Counter[str]


def books(world: World) -> list[str]:
    """Entries sum to zero, no entry twice, and the accounts of goods are what was signed for and not undone."""
    problems, seen = [], Counter[str]()
    charged: Counter[str] = Counter()
    for recorded in world.log.everything():
        event = world.log.fact(recorded).event
        postings = getattr(event, "postings", None)
        if postings is None:
            continue
        if total := sum(posting.amount_cents for posting in postings):
            problems.append(f"{recorded.type} at {recorded.position} sums to {total}")
        if not all(type(posting.amount_cents) is int for posting in postings):
            problems.append(f"{recorded.type} at {recorded.position} has an amount that is no whole number of cents")
        if entry_id := getattr(event, "entry_id", ""):
            seen[entry_id] += 1
        for posting in postings:
            if posting.account.startswith("sales:"):
                charged[posting.account] += posting.amount_cents
    problems += [f"entry twice: {entry_id}" for entry_id, count in seen.items() if count > 1]
    return problems + _charges(world)


def _charges(world: World) -> list[str]:
    """Every sign-off is charged once with its own amount; every undone one is given back once."""
    signed = {each.sign_off_id: each for each in world.log.facts("logistics.signed-off")}
    charges = world.log.facts("ledger.goods-charged")
    found = Counter(each.sign_off_id for each in charges)
    problems = [f"sign-off {key} is charged {found[key]} times" for key in signed if found[key] != 1]
    for charge in charges:
        own = sum(posting.amount_cents for posting in charge.postings if posting.account.startswith("eater:"))
        if charge.sign_off_id in signed and own != -signed[charge.sign_off_id].total_cents:
            problems.append(f"charge {charge.entry_id} is {own}, signed for {signed[charge.sign_off_id].total_cents}")
    by_sign_off = {charge.sign_off_id: charge.entry_id for charge in charges}
    reversed_ = Counter(each.reverses for each in world.log.facts("ledger.entry-reversed"))
    for undone in world.log.facts("logistics.sign-off-undone"):
        if reversed_[by_sign_off.get(undone.sign_off_id, "")] != 1:
            problems.append(f"undone sign-off {undone.sign_off_id} is not given back exactly once")
    return problems + [f"entry {key} is reversed {count} times" for key, count in reversed_.items() if count > 1]


def goods(world: World) -> list[str]:
    """At every position: nothing on hand below zero; received = handed out + lost + passed on + on hand."""
    problems = []
    stock: dict[str, Quantities] = defaultdict(Counter)
    for recorded in world.log.everything():
        event = world.log.fact(recorded).event
        day = getattr(event, "distribution_id", "")
        place = f"group:{getattr(event, 'group_id', '')}"
        for move in getattr(event, "movements", ()):
            if move.quantity <= 0 or move.source == move.target:
                problems.append(f"{recorded.type} at {recorded.position} moves {move.quantity} from {move.source}")
            # The group's place is shared by its distributions; each of them keeps its own stock.
            stock[day if move.target == place else move.target][move.product_id] += move.quantity
            stock[day if move.source == place else move.source][move.product_id] -= move.quantity
        if isinstance(event, logistics.StockPassedOn | logistics.StockTakenOver):
            sign = 1 if isinstance(event, logistics.StockTakenOver) else -1
            for line in event.lines:
                stock[day][line.product_id] += sign * line.quantity
                stock["on the way"][line.product_id] -= sign * line.quantity
        if day and (short := {product: units for product, units in stock[day].items() if units < 0}):
            problems.append(f"stock below zero after {recorded.type} at {recorded.position}: {short}")
    if any(stock["on the way"].values()):
        problems.append(f"passed on and not taken over: {dict(stock['on the way'])}")
    totals: Quantities = Counter()
    for found in stock.values():
        totals.update(found)
    return problems + [f"{product}: {units} units out of nothing" for product, units in totals.items() if units]


def month(world: World) -> list[str]:
    """Limits hold at every position; frozen totals and supplier orders are the sums of the accepted orders."""
    problems = []
    accepted: dict[str, Quantities] = defaultdict(Counter)
    for _, cycle_id in world.cast.cycles():
        standing, found = _played(world, cycle_id)
        problems += found
        for frozen in (each for each in world.log.facts("orders.aggregation-frozen") if each.cycle_id == cycle_id):
            totals = _sums(standing)
            if totals != Counter({total.product_id: total.quantity for total in frozen.totals}):
                problems.append(f"cycle {cycle_id}: frozen {frozen.totals}, accepted {totals}")
            accepted[frozen.window_id].update(totals)
    for aggregated in world.log.facts("orders.window-aggregated"):
        placed: Quantities = Counter()
        for order in world.log.facts("orders.supplier-order-placed"):
            if order.window_id == aggregated.window_id:
                placed.update({line.product_id: line.quantity for line in order.lines})
        if +placed != +accepted[aggregated.window_id]:
            problems.append(
                f"window {aggregated.window_id}: ordered {placed}, accepted {accepted[aggregated.window_id]}"
            )
    return problems


def _sums(standing: dict[str, dict[str, int]]) -> Quantities:
    totals: Quantities = Counter()
    for lines in standing.values():
        totals.update(lines)
    return +totals


def _played(world: World, cycle_id: str) -> tuple[dict[str, dict[str, int]], list[str]]:
    """The orders of a cycle as its events leave them, and what broke a limit on the way."""
    standing: dict[str, dict[str, int]] = {}
    limits: dict[str, int] = {}
    most: dict[str, int] = {}
    problems = []
    for recorded in world.log.read(f"cycle-{cycle_id}"):
        match world.log.fact(recorded).event:
            case orders.CycleScheduled() as e:
                limits = {item.product_id: item.stock_limit for item in e.items if item.stock_limit}
                most = {item.product_id: item.max_per_household for item in e.items if item.max_per_household}
            case orders.OrderConfirmed() | orders.OrderAmended() as e:
                standing[e.household_id] = {line.product_id: line.quantity for line in e.lines}
                if sum(line.amount_cents for line in e.lines) != e.total_cents:
                    problems.append(f"order {e.order_id} does not add up")
                if any(standing[e.household_id].get(product, 0) > limit for product, limit in most.items()):
                    problems.append(f"order {e.order_id} is over the maximum of a household")
            case orders.OrderCancelled() as e:
                standing.pop(e.household_id, None)
            case orders.OrdersRegulated() as e:
                for change in e.changes:
                    standing[change.household_id][change.product_id] = change.to_quantity
        totals = _sums(standing)
        problems += [f"{product} oversold at {recorded.position}: {totals[product]} of {limit}"
                     for product, limit in limits.items() if totals[product] > limit]  # fmt: skip
    return standing, problems
