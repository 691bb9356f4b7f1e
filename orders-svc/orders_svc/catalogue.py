"""The catalogue of a month: products and prices as told to every group, the same for all (S1:129, S1:145).

Stream: catalogue-<id>. Released once; another release of the month is another catalogue.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import msgspec

from grenier.decider import Decider, Rejected
from grenier.language.orders import CatalogueItem, CatalogueReleased

# -- commands ----------------------------------------------------------------------------------------------------


class ReleaseCatalogue(msgspec.Struct, frozen=True, kw_only=True):
    catalogue_id: str
    host_id: str
    month: str
    items: list[CatalogueItem]


Command = ReleaseCatalogue
Event = CatalogueReleased

# -- state -------------------------------------------------------------------------------------------------------


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    catalogue_id: str = ""
    host_id: str = ""
    month: str = ""
    items: list[CatalogueItem] = []


# -- decide ------------------------------------------------------------------------------------------------------


def decide(catalogue: Catalogue, command: Command) -> Sequence[Event]:
    match command:
        case ReleaseCatalogue():
            return release(catalogue, command)
        case _:
            assert_never(command)


def release(catalogue: Catalogue, command: ReleaseCatalogue) -> list[Event]:
    if not command.items:
        raise Rejected("catalogue-empty", month=command.month)
    if catalogue.catalogue_id:
        if (catalogue.month, catalogue.items) == (command.month, command.items):
            return []
        raise Rejected("catalogue-released", catalogue_id=catalogue.catalogue_id, month=catalogue.month)
    released = CatalogueReleased(
        catalogue_id=command.catalogue_id, host_id=command.host_id, month=command.month, items=command.items
    )
    return [released]


# -- evolve ------------------------------------------------------------------------------------------------------


def evolve(catalogue: Catalogue, event: Event) -> Catalogue:
    match event:
        case CatalogueReleased():
            return Catalogue(
                catalogue_id=event.catalogue_id, host_id=event.host_id, month=event.month, items=event.items
            )
        case _:
            assert_never(event)


decider: Decider[Catalogue, Command, Event] = Decider("catalogue", Catalogue(), decide, evolve)
