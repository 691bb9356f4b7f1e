"""What the terms of a contract must be for anybody to count with them.

`check_*` raise Invalid with the path of every field that cannot be ("terms.options.2.price_cents"). Everything merely strange
in a real contract is a warning (`strange.py`), never a refusal.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from contracts_svc.rules.cheques import MOST_CHEQUES
from grenier.errors import Invalid
from grenier.language.season import BasketOption, PaymentTerms, PlannedDelivery, SignUpTerms, Terms

HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
LOWEST_FACTOR, HIGHEST_FACTOR = 1, 1000
HIGHEST_CENTS = 100_000_000
MOST = {"options": 300, "deliveries": 400, "rounds": 60}

Fault = tuple[str, str]


def check_terms(terms: Terms) -> None:
    """A draft may lack much, but what it says must hold together."""
    _refuse(faults(terms), "terms.")


def check_complete(terms: Terms) -> None:
    """What goes to the producer must say what is delivered when."""
    _refuse(missing(terms), "terms.")


def check_factor(factor_percent: int, field: str) -> None:
    _refuse(_factor(factor_percent, field))


def check_hours(delivery: PlannedDelivery, prefix: str) -> None:
    _refuse(_hours(delivery, prefix))


def _refuse(found: Iterator[Fault], prefix: str = "") -> None:
    fields: dict[str, list[str]] = {}
    for field, message in found:
        fields.setdefault(prefix + field, []).append(message)
    if fields:
        raise Invalid(fields=fields)


def missing(terms: Terms) -> Iterator[Fault]:
    if not terms.options:
        yield "options", "What is delivered?"
    if not any(not delivery.cancelled for delivery in terms.deliveries):
        yield "deliveries", "When is it delivered?"
    if terms.basket_kind == "ordered" and not terms.rounds:
        yield "rounds", "When is it ordered?"


def faults(terms: Terms) -> Iterator[Fault]:
    if not terms.title.strip():
        yield "title", "Missing."
    if terms.ends_on < terms.starts_on:
        yield "ends_on", "Before the season's beginning."
    for name, most in MOST.items():
        if len(getattr(terms, name)) > most:
            yield name, f"At most {most}."
    yield from _options(terms)
    yield from _deliveries(terms.deliveries)
    yield from _rounds(terms)
    yield from _payment(terms.payment)
    yield from _sign_up(terms.sign_up)
    yield from _not_negative(terms, ("farm_visits",), "")


# -- options -----------------------------------------------------------------------------------------------------


def _options(terms: Terms) -> Iterator[Fault]:
    yield from _unique("options", "option_id", terms.options)
    known = {delivery.delivery_id for delivery in terms.deliveries}
    for place, option in enumerate(terms.options):
        prefix = f"options.{place}."
        yield from _option(option, prefix)
        if set(option.delivery_ids) - known:
            yield f"{prefix}delivery_ids", "Names a delivery that the contract does not have."


def _option(option: BasketOption, prefix: str) -> Iterator[Fault]:
    if not option.title.strip():
        yield f"{prefix}title", "Missing."
    yield from _not_negative(option, ("price_cents", "net_weight_g", "portion_g", "share_bp", "limit"), prefix)
    if option.price_cents > HIGHEST_CENTS:
        yield f"{prefix}price_cents", "Too high."
    if option.sale == "weighed" and not option.portion_g:
        yield f"{prefix}portion_g", "In portions of how many grams is it ordered?"
    if any(quantity < 1 for quantity in option.quantities):
        yield f"{prefix}quantities", "Numbers from 1 on; leave it empty for any."


# -- the calendar ------------------------------------------------------------------------------------------------


def _deliveries(deliveries: Sequence[PlannedDelivery]) -> Iterator[Fault]:
    """Any day may be a day of delivery: misprints and holidays are warnings."""
    yield from _unique("deliveries", "delivery_id", deliveries)
    for place, delivery in enumerate(deliveries):
        yield from _hours(delivery, f"deliveries.{place}.")
        yield from _factor(delivery.factor_percent, f"deliveries.{place}.factor_percent")


def _hours(delivery: PlannedDelivery, prefix: str) -> Iterator[Fault]:
    wrong = [name for name in ("starts", "ends") if not HOUR.fullmatch(getattr(delivery, name))]
    for name in wrong:
        yield f"{prefix}{name}", 'A local time like "18:30".'
    if not wrong and delivery.ends <= delivery.starts:
        yield f"{prefix}ends", "Must be after the beginning."


def _factor(factor_percent: int, field: str) -> Iterator[Fault]:
    if not LOWEST_FACTOR <= factor_percent <= HIGHEST_FACTOR:
        yield field, f"Between {LOWEST_FACTOR} and {HIGHEST_FACTOR}: 100 is one delivery, 200 a double one."


def _rounds(terms: Terms) -> Iterator[Fault]:
    if terms.rounds and terms.basket_kind != "ordered":
        yield "rounds", "Only a contract of the kind ordered has order rounds."
    yield from _unique("rounds", "round_id", terms.rounds)
    on = {delivery.delivery_id: delivery.on for delivery in terms.deliveries}
    for place, each in enumerate(terms.rounds):
        if each.delivery_id not in on:
            yield f"rounds.{place}.delivery_id", "Names a delivery that the contract does not have."
        elif each.closes_at.date() > on[each.delivery_id]:
            yield f"rounds.{place}.closes_at", "After the delivery."
        if each.closes_at <= each.opens_at:
            yield f"rounds.{place}.closes_at", "Must be after the opening."


# -- money and signing up ----------------------------------------------------------------------------------------


def _payment(payment: PaymentTerms) -> Iterator[Fault]:
    yield from _not_negative(payment, ("minimum_cheque_cents", "prepayment_cents"), "payment.")
    if not payment.means:
        yield "payment.means", "At least one."
    if any(not 1 <= count <= MOST_CHEQUES for count in payment.counts):
        yield "payment.counts", f"Between 1 and {MOST_CHEQUES}."
    for number, percents in payment.splits_percent.items():
        field = f"payment.splits_percent.{number}"
        if str(len(percents)) != number:
            yield field, "As many percentages as cheques."
        if sum(percents) != 100 or any(percent < 1 for percent in percents):
            yield field, "Percentages from 1 on that make 100."


def _sign_up(sign_up: SignUpTerms) -> Iterator[Fault]:
    names = ("closes_hours_before", "max_households", "max_shares_bp", "minimum_cents", "co_members_max")
    yield from _not_negative(sign_up, names, "sign_up.")
    if sign_up.absences_max < -1:
        yield "sign_up.absences_max", "-1 means as many as one likes."
    for first, last in (("opens_on", "closes_on"), ("absences_from", "absences_until")):
        begin, end = getattr(sign_up, first), getattr(sign_up, last)
        if begin is not None and end is not None and end < begin:
            yield f"sign_up.{last}", f"Before {first}."


def _not_negative(part: object, names: Iterable[str], prefix: str) -> Iterator[Fault]:
    for name in names:
        if getattr(part, name) < 0:
            yield f"{prefix}{name}", "Not below zero."


def _unique(field: str, name: str, parts: Sequence[object]) -> Iterator[Fault]:
    counted = Counter(getattr(part, name) for part in parts)
    for place, part in enumerate(parts):
        if counted[getattr(part, name)] > 1:
            yield f"{field}.{place}.{name}", "Twice the same."
