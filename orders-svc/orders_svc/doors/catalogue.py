"""Doors of the shared catalogue: products, prices, imports, releases."""

from __future__ import annotations

from typing import Any

from grenier.doors import Context, door
from grenier.errors import NotFound
from grenier.runtime import read
from orders_svc import asks, catalogue, importing, product
from orders_svc.answers import offers
from orders_svc.doors.base import Doors
from orders_svc.views import catalogues, partners, products


class CatalogueDoors(Doors):
    @door
    def list_product(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.ListProduct, payload)
        role = self.runtime.access.require(context, "orders.catalogue", host_id=ask.host_id)
        importing.check(ask.facts, self._producers(ask.host_id))
        command = product.ListProduct(**{name: getattr(ask, name) for name in ask.__struct_fields__})
        return self.runtime.tell(product.decider, ask.product_id, command, context, role=role)

    @door
    def change_product(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.ChangeProduct, payload)
        host_id, role = self._may_change(context, ask.product_id)
        importing.check(ask.facts, self._producers(host_id))
        command = product.ChangeProduct(facts=ask.facts)
        return self.runtime.tell(product.decider, ask.product_id, command, context, role=role)

    @door
    def revise_price(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.RevisePrice, payload)
        _, role = self._may_change(context, ask.product_id)
        command = product.RevisePrice(
            price_cents=ask.price_cents,
            cost_cents=ask.cost_cents,
            effective_from=ask.effective_from,
            reason=ask.reason,
        )
        return self.runtime.tell(product.decider, ask.product_id, command, context, role=role)

    @door
    def withdraw_product(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OfProduct, payload)
        _, role = self._may_change(context, ask.product_id)
        return self.runtime.tell(product.decider, ask.product_id, product.WithdrawProduct(), context, role=role)

    @door
    def import_products(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """All rows or none; `dry_run` only reads them over."""
        ask = read(asks.ImportProducts, payload)
        role = self.runtime.access.require(context, "orders.catalogue", host_id=ask.host_id)
        listed = products.listed(self.runtime.db, ask.host_id, ask.effective_from)
        known = importing.written_by_others(listed, context.command_id, len(ask.rows))
        checked = importing.check_rows(ask.rows, self._producers(ask.host_id), known)
        return importing.carry_out(self.runtime, ask, checked, context, role)

    @door
    def release_catalogue(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.ReleaseCatalogue, payload)
        role = self.runtime.access.require(context, "orders.catalogue", host_id=ask.host_id)
        self.runtime.wait(context)
        command = catalogue.ReleaseCatalogue(
            catalogue_id=ask.catalogue_id,
            host_id=ask.host_id,
            month=ask.month,
            items=offers.items_to_release(self.runtime.db, ask),
        )
        return self.runtime.tell(catalogue.decider, ask.catalogue_id, command, context, role=role)

    # -- queries -------------------------------------------------------------------------------------------------

    @door
    def products(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OfHost, payload)
        self.runtime.wait(context)
        self._reads_host(context, ask.host_id)
        on = ask.on or self.runtime.clock.now().date()
        return offers.product_list(self.runtime.db, ask.host_id, on)

    @door
    def product(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OfProduct, payload)
        self.runtime.wait(context)
        row = products.product(self.runtime.db, ask.product_id)
        if row is None:
            raise NotFound
        self._reads_host(context, row["host_id"])
        return offers.product_page(self.runtime.db, row, self.runtime.clock.now().date())

    @door
    def catalogues(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OfHost, payload)
        self.runtime.wait(context)
        self._reads_host(context, ask.host_id)
        return {"items": catalogues.released(self.runtime.db, ask.host_id)}

    @door
    def catalogue(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OfCatalogue, payload)
        self.runtime.wait(context)
        row = catalogues.catalogue(self.runtime.db, ask.catalogue_id)
        if row is None:
            raise NotFound
        self._reads_host(context, row["host_id"])
        return {**row, "items": catalogues.items_of(self.runtime.db, ask.catalogue_id)}

    # -- shared --------------------------------------------------------------------------------------------------

    def _producers(self, host_id: str) -> set[str]:
        return set(partners.producer_names(self.runtime.db, host_id))

    def _may_change(self, context: Context, product_id: str) -> tuple[str, str]:
        host_id = self.runtime.handler.state(product.decider, product_id).host_id
        if not host_id:
            raise NotFound
        return host_id, self.runtime.access.require(context, "orders.catalogue", host_id=host_id)
