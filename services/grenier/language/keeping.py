"""Facts of contracts-svc about one day on which baskets are handed out: who keeps those of others, the numbers on them (domain 1.5.1).

These types are the stored format. Change them only through versions and upcasts (see registry.py).
One stream per group and day (`handing-out-<id>`). Not published by name: who is away on a day concerns the group alone.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

from grenier.language.registry import Event, Part, event

Reason = Literal["", "delivery-moved", "delivery-cancelled", "basket-changed", "keeper-gone"]


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
    """Keeps none after all. `reason`, when it was not the keeper's will: nothing is handed out that day any more, or who was erased.

    `households`: how many counted on the keeper until then; `moved_to`: the day on which it is handed out instead.
    """

    day_id: str
    group_id: str
    on: date
    person_id: str
    reason: Reason = ""
    moved_to: date | None = None
    households: int = 0


@event("contracts.baskets-entrusted", public=("day_id", "group_id", "on"))
class BasketsEntrusted(Event, frozen=True, kw_only=True):
    """All that the household gets that day, until it fetches it from the keeper; a later one takes its place (`before_id`)."""

    day_id: str
    group_id: str
    on: date
    household_id: str
    keeper_id: str
    before_id: str = ""


@event("contracts.baskets-taken-back", public=("day_id", "group_id", "on"))
class BasketsTakenBack(Event, frozen=True, kw_only=True):
    """The household comes itself. With a `reason` it is not its will: nothing comes for it, or its keeper is gone; `moved_to` as above."""

    day_id: str
    group_id: str
    on: date
    household_id: str
    keeper_id: str
    reason: Reason = ""
    moved_to: date | None = None


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
