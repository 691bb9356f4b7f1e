"""What a subscription costs: remaining deliveries × what is taken there × its price, exact to the cent.

Each line is summed in whole hundredths (a delivery may count double or one and a half times) and rounded once, half up, at
its end. Amounts are cents; shares are hundredths of a percent of one whole basket.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from grenier.apportion import round_half_up
from grenier.language.season import BasketOption, PlannedDelivery, SubscribedLine

GRAMS_PER_KG = 1000
PERCENT = 100


def deliveries_taken(
    deliveries: Iterable[PlannedDelivery],
    starts_on: date,
    *,
    until: date | None = None,
    series: str = "",
    absences: Iterable[str] = (),
) -> list[PlannedDelivery]:
    """Those a subscription is for, by date: not cancelled, from `starts_on` on, before `until`, of its series (Semaine A,
    B; "" takes every date), without the dates left out."""
    left_out = frozenset(absences)
    found = [
        delivery
        for delivery in deliveries
        if not delivery.cancelled
        and delivery.on >= starts_on
        and (until is None or delivery.on < until)
        and (not series or delivery.series in ("", series))
        and delivery.delivery_id not in left_out
    ]
    return sorted(found, key=lambda delivery: (delivery.on, delivery.starts, delivery.delivery_id))


def is_delivered(option: BasketOption, delivery: PlannedDelivery) -> bool:
    return not option.delivery_ids or delivery.delivery_id in option.delivery_ids


def quantity_on(line: SubscribedLine, option: BasketOption, delivery: PlannedDelivery) -> int:
    """Units of a line at one delivery, before its factor; 0 where the option is not delivered."""
    if not is_delivered(option, delivery):
        return 0
    return line.per_delivery.get(delivery.delivery_id, line.quantity)


def units_percent(line: SubscribedLine, option: BasketOption, deliveries: Iterable[PlannedDelivery]) -> int:
    """Hundredths of units over these deliveries, each with its factor: 1300 is thirteen baskets."""
    return sum(quantity_on(line, option, delivery) * delivery.factor_percent for delivery in deliveries)


def price_of(option: BasketOption, units: int) -> int:
    """Cents for so many hundredths of units; goods sold by weight are priced by the kilogram and taken in portions."""
    if option.sale == "weighed":
        portion_g = option.portion_g or GRAMS_PER_KG
        return round_half_up(units * option.price_cents * portion_g, PERCENT * GRAMS_PER_KG)
    return round_half_up(units * option.price_cents, PERCENT)


def amount_of_line(line: SubscribedLine, option: BasketOption, deliveries: Iterable[PlannedDelivery]) -> int:
    return price_of(option, units_percent(line, option, deliveries))


def amount(
    lines: Iterable[SubscribedLine], options: Iterable[BasketOption], deliveries: Sequence[PlannedDelivery]
) -> int:
    """The whole subscription; lines of unknown options cost nothing (`choices` refuses them)."""
    known = {option.option_id: option for option in options}
    return sum(amount_of_line(line, known[line.option_id], deliveries) for line in lines if line.option_id in known)


def minimum_for(minimum_cents: int, member_deliveries: int, all_deliveries: int) -> int:
    """The least a member may take who starts later or is absent: floor(minimum × own / all) in whole euros.

    200 € over 24 deliveries, of which 7 remain: 58 € (downwards: nobody is asked for more than the share).
    """
    if minimum_cents <= 0 or all_deliveries <= 0:
        return 0
    if member_deliveries >= all_deliveries:
        return minimum_cents
    return minimum_cents * member_deliveries // (all_deliveries * 100) * 100


def shares_bp(lines: Iterable[SubscribedLine], options: Iterable[BasketOption], delivery: PlannedDelivery) -> int:
    """How many whole baskets a household takes at a delivery ("En tout : 13,8 parts"), in hundredths of a percent."""
    known = {option.option_id: option for option in options}
    return sum(
        quantity_on(line, known[line.option_id], delivery) * known[line.option_id].share_bp
        for line in lines
        if line.option_id in known
    )
