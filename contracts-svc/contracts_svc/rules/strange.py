"""What looks like a slip of the pen in a calendar or its prices: told to the coordinator, never refused.

Real contracts are full of it: dates on public holidays, a date of last season, a fortnight that became four weeks, a
Wednesday among Thursdays. Some are slips, some are agreed; only people know which.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from grenier.language.season import PlannedDelivery, Terms

# Below this number of dates a rhythm is a guess.
FEWEST_FOR_A_RHYTHM = 3

Warned = dict[str, Any]


def of_terms(terms: Terms, festive: Mapping[date, str]) -> list[Warned]:
    """Warnings {code, field, …figures}; `festive`: public holidays {date: name} where the group is."""
    return [
        *of_deliveries(terms.deliveries, festive, terms.starts_on, terms.ends_on),
        *_prices(terms),
        *_payment(terms),
        *_rounds(terms),
    ]


def of_deliveries(
    deliveries: Sequence[PlannedDelivery], festive: Mapping[date, str], starts_on: date | None, ends_on: date | None
) -> list[Warned]:
    return [
        *_out_of_season(deliveries, starts_on, ends_on),
        *_on_holidays(deliveries, festive),
        *_twice(deliveries),
        *_out_of_rhythm(deliveries),
    ]


def _out_of_season(
    deliveries: Sequence[PlannedDelivery], starts_on: date | None, ends_on: date | None
) -> Iterator[Warned]:
    for place, delivery in enumerate(deliveries):
        before = starts_on is not None and delivery.on < starts_on
        if before or (ends_on is not None and delivery.on > ends_on):
            yield _warned("outside-season", f"deliveries.{place}.on", on=delivery.on)


def _on_holidays(deliveries: Sequence[PlannedDelivery], festive: Mapping[date, str]) -> Iterator[Warned]:
    for place, delivery in enumerate(deliveries):
        if not delivery.cancelled and (name := festive.get(delivery.on)):
            yield _warned("public-holiday", f"deliveries.{place}.on", on=delivery.on, holiday=name)


def _twice(deliveries: Sequence[PlannedDelivery]) -> Iterator[Warned]:
    seen: set[tuple[date, str, str]] = set()
    for place, delivery in enumerate(deliveries):
        same = (delivery.on, delivery.series, delivery.starts)
        if same in seen:
            yield _warned("date-twice", f"deliveries.{place}.on", on=delivery.on)
        seen.add(same)


def _out_of_rhythm(deliveries: Sequence[PlannedDelivery]) -> Iterator[Warned]:
    """Series by series. A date that was moved stands where it was planned: what was moved on purpose is no slip."""
    places = {id(delivery): place for place, delivery in enumerate(deliveries)}
    for series in dict.fromkeys(delivery.series for delivery in deliveries):
        held = [delivery for delivery in deliveries if delivery.series == series and not delivery.cancelled]
        held.sort(key=lambda delivery: delivery.moved_from or delivery.on)
        if len(held) < FEWEST_FOR_A_RHYTHM:
            continue
        usual = _usual(on.weekday() for on in (delivery.moved_from or delivery.on for delivery in held))
        for delivery in held:
            if usual is not None and not delivery.moved_from and delivery.on.weekday() != usual:
                field = f"deliveries.{places[id(delivery)]}.on"
                yield _warned(
                    "not-the-usual-weekday", field, on=delivery.on, weekday=delivery.on.weekday(), usual=usual
                )
        yield from _gaps(held, places)


def _gaps(held: list[PlannedDelivery], places: Mapping[int, int]) -> Iterator[Warned]:
    days = [((two.moved_from or two.on) - (one.moved_from or one.on)).days for one, two in pairwise(held)]
    usual = _usual(days)
    for gap, (one, two) in zip(days, pairwise(held), strict=True):
        # A day earlier or later than usual is the weekday's matter, told above.
        if usual is not None and abs(gap - usual) > 2:
            facts = {"after": one.on.isoformat(), "on": two.on, "days": gap, "usual_days": usual}
            yield _warned("irregular-gap", f"deliveries.{places[id(two)]}.on", **facts)


def _usual(values: Iterable[int]) -> int | None:
    """What most of them are; None when there is no such thing."""
    counted = Counter(values)
    value, times = min(counted.items(), key=lambda each: (-each[1], each[0]))
    return value if times * 2 > counted.total() else None


def _prices(terms: Terms) -> Iterator[Warned]:
    for place, option in enumerate(terms.options):
        if option.price_cents == 0:
            yield _warned("price-zero", f"options.{place}.price_cents", title=option.title)
    names = Counter((option.title, option.net_weight_g, option.unit) for option in terms.options)
    for place, option in enumerate(terms.options):
        if names[(option.title, option.net_weight_g, option.unit)] > 1 and not option.code:
            yield _warned("same-title", f"options.{place}.title", title=option.title)


def _payment(terms: Terms) -> Iterator[Warned]:
    for place, on in enumerate(terms.payment.calendar):
        if on > terms.ends_on + timedelta(days=366) or on < terms.starts_on - timedelta(days=366):
            yield _warned("cashing-far-from-season", f"payment.calendar.{place}", on=on)
    if terms.payment.calendar and max(terms.payment.counts, default=1) > len(terms.payment.calendar):
        yield _warned("more-cheques-than-dates", "payment.counts", dates=len(terms.payment.calendar))


def _rounds(terms: Terms) -> Iterator[Warned]:
    ordered = sorted(enumerate(terms.rounds), key=lambda each: each[1].opens_at)
    for (_, one), (place, two) in pairwise(ordered):
        if two.opens_at < one.closes_at:
            yield _warned("rounds-overlap", f"rounds.{place}.opens_at", opens_at=two.opens_at.isoformat())


def _warned(code: str, field: str, **facts: Any) -> Warned:
    plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in facts.items()}
    return {"code": code, "field": field, **plain}
