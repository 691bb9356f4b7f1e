"""A product of the shared catalogue and its prices (S1:129, S1:131). Stream: product-<id>, owned by the host organisation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import assert_never

import msgspec

from grenier.decider import Decider, Rejected
from grenier.language.orders import PriceRevised, ProductChanged, ProductFacts, ProductListed, ProductWithdrawn
from orders_svc.refusals import Unknown

# -- commands ----------------------------------------------------------------------------------------------------


class ListProduct(msgspec.Struct, frozen=True, kw_only=True):
    product_id: str
    host_id: str
    facts: ProductFacts
    price_cents: int
    cost_cents: int
    effective_from: date


class ChangeProduct(msgspec.Struct, frozen=True, kw_only=True):
    facts: ProductFacts


class RevisePrice(msgspec.Struct, frozen=True, kw_only=True):
    price_cents: int
    cost_cents: int
    effective_from: date
    reason: str = ""


class WithdrawProduct(msgspec.Struct, frozen=True):
    pass


Command = ListProduct | ChangeProduct | RevisePrice | WithdrawProduct
Event = ProductListed | ProductChanged | PriceRevised | ProductWithdrawn

# -- state -------------------------------------------------------------------------------------------------------


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """`prices`: the revision that holds from each date on."""

    product_id: str = ""
    host_id: str = ""
    facts: ProductFacts | None = None
    prices: dict[date, PriceRevised] = {}
    withdrawn: bool = False


# -- decide ------------------------------------------------------------------------------------------------------


def decide(product: Product, command: Command) -> Sequence[Event]:
    match command:
        case ListProduct():
            return list_product(product, command)
        case ChangeProduct():
            return change_product(product, command)
        case RevisePrice():
            return revise_price(product, command)
        case WithdrawProduct():
            return withdraw_product(product)
        case _:
            assert_never(command)


def list_product(product: Product, command: ListProduct) -> list[Event]:
    if product.product_id:
        if (product.host_id, product.facts) == (command.host_id, command.facts):
            return []
        raise Rejected("product-listed", product_id=command.product_id)
    ids = {"product_id": command.product_id, "host_id": command.host_id}
    price = PriceRevised(
        **ids,
        price_cents=command.price_cents,
        cost_cents=command.cost_cents,
        effective_from=command.effective_from,
    )
    return [ProductListed(**ids, facts=command.facts), price]


def change_product(product: Product, command: ChangeProduct) -> list[Event]:
    _check_offered(product)
    if product.facts == command.facts:
        return []
    return [ProductChanged(product_id=product.product_id, host_id=product.host_id, facts=command.facts)]


def revise_price(product: Product, command: RevisePrice) -> list[Event]:
    _check_offered(product)
    known = product.prices.get(command.effective_from)
    if known and (known.price_cents, known.cost_cents) == (command.price_cents, command.cost_cents):
        return []
    revised = PriceRevised(
        product_id=product.product_id,
        host_id=product.host_id,
        price_cents=command.price_cents,
        cost_cents=command.cost_cents,
        effective_from=command.effective_from,
        reason=command.reason,
    )
    return [revised]


def withdraw_product(product: Product) -> list[Event]:
    if not product.product_id:
        raise Unknown
    if product.withdrawn:
        return []
    return [ProductWithdrawn(product_id=product.product_id, host_id=product.host_id)]


def _check_offered(product: Product) -> None:
    if not product.product_id:
        raise Unknown
    if product.withdrawn:
        raise Rejected("product-withdrawn", product_id=product.product_id)


# -- evolve ------------------------------------------------------------------------------------------------------


def evolve(product: Product, event: Event) -> Product:
    match event:
        case ProductListed():
            return Product(product_id=event.product_id, host_id=event.host_id, facts=event.facts)
        case ProductChanged():
            return msgspec.structs.replace(product, facts=event.facts)
        case PriceRevised():
            return msgspec.structs.replace(product, prices={**product.prices, event.effective_from: event})
        case ProductWithdrawn():
            return msgspec.structs.replace(product, withdrawn=True)
        case _:
            assert_never(event)


decider: Decider[Product, Command, Event] = Decider("product", Product(), decide, evolve)
