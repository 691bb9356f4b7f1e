"""Facts of contracts-svc about one day on which baskets are handed out: who keeps those of others, the numbers on them (domain 1.5.1).

These types are the stored format. Change them only through versions and upcasts (see registry.py).
One stream per group and day (`handing-out-<id>`). Not published by name: who is away on a day concerns the group alone.
"""

from __future__ import annotations

from datetime import date

import msgspec

from grenier.language.registry import Event, Part, event


@event("contracts.keeping-offered", public=("day_id", "group_id", "on"))
class KeepingOffered(Event, frozen=True, kw_only=True):
    """Somebody keeps the baskets of up to `most` households that cannot come that day; another number takes its place."""

    day_id: str
    group_id: str
    on: date
    person_id: str
    most: int


@event("contracts.keeping-withdrawn", public=("day_id", "group_id", "on"))
class KeepingWithdrawn(Event, frozen=True, kw_only=True):
    day_id: str
    group_id: str
    on: date
    person_id: str


@event("contracts.baskets-entrusted", public=("day_id", "group_id", "on"))
class BasketsEntrusted(Event, frozen=True, kw_only=True):
    """All that the household gets that day, until it fetches it from the keeper; a later one takes its place."""

    day_id: str
    group_id: str
    on: date
    household_id: str
    keeper_id: str


@event("contracts.baskets-taken-back", public=("day_id", "group_id", "on"))
class BasketsTakenBack(Event, frozen=True, kw_only=True):
    """The household comes itself."""

    day_id: str
    group_id: str
    on: date
    household_id: str
    keeper_id: str


class BasketNumber(Part, frozen=True, kw_only=True):
    """The households of one line of the sheet, and what is written on their baskets."""

    household_ids: list[str]
    number: int


@event("contracts.baskets-numbered", public=("day_id", "group_id", "on"))
class BasketsNumbered(Event, frozen=True, kw_only=True):
    """Numbers that were given; those given before stay."""

    day_id: str
    group_id: str
    on: date
    numbers: list[BasketNumber] = msgspec.field(default_factory=list)
