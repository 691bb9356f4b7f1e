"""Doors of drafts and orders: the shop, confirming, changing, and who has ordered what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from grenier.doors import Context, door
from grenier.errors import Invalid, NotFound
from grenier.language.orders import DraftLine
from grenier.runtime import read
from orders_svc import asks, crediting, cycle, draft, members
from orders_svc.answers import shop
from orders_svc.doors.base import Doors
from orders_svc.ordering import order_id_of
from orders_svc.views import drafts, history, placed


class OrderDoors(Doors):
    @door
    def confirm_order(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """The busiest door: one read for who it is, then the decision."""
        ask = read(asks.ConfirmOrder, payload)
        now = self.runtime.clock.now()
        who = members.buyer(self.runtime, context, ask.household_id, cycle_id=ask.cycle_id)
        who.check_active(now)
        if ask.channel == "paper" and who.own:
            raise Invalid(fields={"channel": ["paper orders are entered by those who take orders for others"]})
        order_id = order_id_of(ask.cycle_id, ask.household_id)
        command = cycle.ConfirmOrder(
            order_id=order_id,
            household_id=ask.household_id,
            group_id=who.group_id,
            tier=who.tier,
            quantities=shop.quantities(ask.lines),
            now=now,
            channel=ask.channel,
            by_other=not who.own,
            reason=ask.reason,
        )
        answer = crediting.confirm(
            self.runtime,
            ask.cycle_id,
            command,
            context,
            who,
            lambda order: self._tell(
                ask.cycle_id, order, context, who, lambda: shop.check_subscribed(self.runtime, ask.cycle_id, who)
            ),
        )
        return {**answer, "id": order_id}

    @door
    def cancel_order(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.CancelOrder, payload)
        who = members.buyer(self.runtime, context, ask.household_id, cycle_id=ask.cycle_id)
        now = self.runtime.clock.now()
        command = cycle.CancelOrder(
            household_id=ask.household_id, group_id=who.group_id, now=now, by_other=not who.own, reason=ask.reason
        )
        answer = self._tell(ask.cycle_id, command, context, who)
        return {**answer, "id": order_id_of(ask.cycle_id, ask.household_id)}

    @door
    def save_draft(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.SaveDraft, payload)
        who = members.buyer(self.runtime, context, ask.household_id, cycle_id=ask.cycle_id)
        now = self.runtime.clock.now()
        lines = [DraftLine(product_id=key, quantity=each) for key, each in shop.quantities(ask.lines).items()]
        command = draft.SaveDraft(
            cycle_id=ask.cycle_id, group_id=who.group_id, household_id=ask.household_id, lines=lines, now=now
        )
        # Asked behind the look whether this was saved before: a repetition that comes after the closing is answered.
        return self._tell_draft(
            ask.cycle_id, command, context, who, lambda: shop.check_takes_drafts(self.runtime, ask.cycle_id, who, now)
        )

    @door
    def discard_draft(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OfHouseholdInCycle, payload)
        who = members.buyer(self.runtime, context, ask.household_id, cycle_id=ask.cycle_id)
        command = draft.DiscardDraft(
            cycle_id=ask.cycle_id,
            group_id=who.group_id,
            household_id=ask.household_id,
            saved_until=self.runtime.clock.now(),
        )
        return self._tell_draft(ask.cycle_id, command, context, who)

    def _tell(
        self,
        cycle_id: str,
        command: Any,
        context: Context,
        who: members.Buyer,
        check: Callable[[], None] | None = None,
    ) -> dict[str, Any]:
        return self.runtime.tell(
            cycle.decider,
            cycle_id,
            command,
            context,
            role=who.role,
            group_id=who.group_id,
            on_behalf_of=who.for_whom,
            check=check,
        )

    def _tell_draft(
        self,
        cycle_id: str,
        command: Any,
        context: Context,
        who: members.Buyer,
        check: Callable[[], None] | None = None,
    ) -> dict[str, Any]:
        return self.runtime.tell(
            draft.decider,
            draft.key(cycle_id, who.household_id),
            command,
            context,
            role=who.role,
            group_id=who.group_id,
            on_behalf_of=who.for_whom,
            check=check,
        )

    # -- queries: one household ----------------------------------------------------------------------------------

    @door
    def shop(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OfHouseholdInCycle, payload)
        self.runtime.wait(context)
        who = members.buyer(self.runtime, context, ask.household_id, cycle_id=ask.cycle_id)
        return shop.counter(self.runtime, ask.cycle_id, who)

    @door
    def my_order(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OfHouseholdInCycle, payload)
        self.runtime.wait(context)
        who = members.buyer(self.runtime, context, ask.household_id, "orders.read", cycle_id=ask.cycle_id)
        return shop.order_page(self.runtime, ask.cycle_id, who)

    @door
    def my_cycles(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        read(asks.Nothing, payload)
        self.runtime.wait(context)
        return {"items": shop.cycles_of_person(self.runtime, context.actor)}

    @door
    def orders_of_household(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OfHousehold, payload)
        self.runtime.wait(context)
        members.buyer(self.runtime, context, ask.household_id, "orders.read")
        return shop.orders_of_household(self.runtime, ask.household_id, ask.limit, ask.offset)

    @door
    def order_history(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OfOrder, payload)
        self.runtime.wait(context)
        order = placed.order(self.runtime.db, ask.order_id)
        if order is None:
            raise NotFound
        members.buyer(self.runtime, context, order["household_id"], "orders.read", cycle_id=order["cycle_id"])
        return shop.history_page(self.runtime, order, history.history_of(self.runtime.db, ask.order_id))

    # -- queries: a whole cycle ----------------------------------------------------------------------------------

    @door
    def orders_of_cycle(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.ListOfCycle, payload)
        self.runtime.wait(context)
        row, _ = self._cycle(context, ask.cycle_id, "orders.read")
        return shop.orders_of_cycle(self.runtime, row, ask.limit, ask.offset)

    @door
    def households_with_order(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OfCycle, payload)
        self.runtime.wait(context)
        self._cycle(context, ask.cycle_id, "orders.read")
        return {"household_ids": placed.households_with_order(self.runtime.db, ask.cycle_id)}

    @door
    def households_with_draft(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(asks.OfCycle, payload)
        self.runtime.wait(context)
        self._cycle(context, ask.cycle_id, "orders.read")
        waiting = drafts.drafts_in(self.runtime.db, [ask.cycle_id])
        return {"household_ids": sorted(row["household_id"] for row in waiting)}
