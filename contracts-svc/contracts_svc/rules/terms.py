"""What the terms of a contract must be, and what about them looks like a slip of the pen.

`check_*` raise Invalid with the path of every field that cannot be ("options.2.price_cents"): terms that nobody could
count with. Everything merely strange in a real contract is a warning (`warnings.py`), never a refusal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from grenier.errors import Invalid
from grenier.language.season import PlannedDelivery, Terms

HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
LOWEST_FACTOR, HIGHEST_FACTOR = 1, 1000

Fault = tuple[str, str]


def check_terms(terms: Terms) -> None:
    """A draft may lack much, but what it says must hold together."""
    _refuse(faults(terms))


def check_complete(terms: Terms) -> None:
    """What goes to the producer must say what is delivered when."""
    _refuse(missing(terms))


def check_factor(factor_percent: int, field: str) -> None:
    _refuse(_factor(factor_percent, field))


def check_hours(delivery: PlannedDelivery, prefix: str) -> None:
    _refuse(_hours(delivery, prefix))


def _refuse(found: Iterator[Fault]) -> None:
    fields: dict[str, list[str]] = {}
    for field, message in found:
        fields.setdefault(field, []).append(message)
    if fields:
        raise Invalid(fields=fields)


def missing(terms: Terms) -> Iterator[Fault]:
    if not terms.options:
        yield "options", "What is delivered?"
    if not any(not delivery.cancelled for delivery in terms.deliveries):
        yield "deliveries", "When is it delivered?"


def faults(terms: Terms) -> Iterator[Fault]:
    if not terms.title:
        yield "title", "Missing."
    for place, delivery in enumerate(terms.deliveries):
        yield from _hours(delivery, f"deliveries.{place}.")
        yield from _factor(delivery.factor_percent, f"deliveries.{place}.factor_percent")


def _hours(delivery: PlannedDelivery, prefix: str) -> Iterator[Fault]:
    for name in ("starts", "ends"):
        if not HOUR.fullmatch(getattr(delivery, name)):
            yield f"{prefix}{name}", 'A local time like "18:30".'
    if delivery.ends <= delivery.starts:
        yield f"{prefix}ends", "Must be after the beginning."


def _factor(factor_percent: int, field: str) -> Iterator[Fault]:
    if not LOWEST_FACTOR <= factor_percent <= HIGHEST_FACTOR:
        yield field, f"Between {LOWEST_FACTOR} and {HIGHEST_FACTOR}: 100 is one delivery, 200 a double one."
