"""Commands about one basket: offered, asked for, given to one, taken, settled (S4:35-61)."""

from __future__ import annotations

from typing import Any

import msgspec

from contracts_svc.exchange import basket, desk
from contracts_svc.exchange.basket_commands import (
    AcceptTaker,
    CancelOffer,
    CollectBasket,
    Command,
    DeclineTaker,
    OfferBasket,
    RequestBasket,
    SettleExchange,
    WithdrawRequest,
)
from contracts_svc.exchange.holdings import basket_facts
from contracts_svc.guards import with_id
from grenier.doors import Context, door
from grenier.errors import Forbidden, Invalid, NotFound, Rejected
from grenier.language import purposes
from grenier.language.exchange import Audience, Settlement
from grenier.runtime import Runtime, read

MOST_WORDS = 1_000


class Offer(msgspec.Struct, forbid_unknown_fields=True):
    """`friend` for `audience` named: a friend or neighbour who takes the basket (S4:37-38). `group_id`: where it is believed
    to be at home; another one is not known."""

    contract_id: str
    subscription_id: str
    delivery_id: str
    audience: Audience = "takers"
    friend: desk.Friend | None = None
    group_id: str = ""


class OfBasket(msgspec.Struct, forbid_unknown_fields=True):
    basket_id: str


class Answer(msgspec.Struct, forbid_unknown_fields=True):
    basket_id: str
    person_id: str


class Cancel(msgspec.Struct, forbid_unknown_fields=True):
    basket_id: str
    message: str = ""


class Settle(msgspec.Struct, forbid_unknown_fields=True):
    basket_id: str
    means: Settlement
    amount_cents: int = 0


class WithToken(msgspec.Struct, forbid_unknown_fields=True):
    token: str


class BasketDoors:
    runtime: Runtime

    @door
    def offer_basket(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """S4:35-42: one's own household's basket of a date to come, to takers or to somebody by name."""
        ask, context = read(Offer, payload), with_id(context)
        facts = basket_facts(self.runtime, ask.contract_id, ask.subscription_id, ask.delivery_id)
        mine = context.actor in self.runtime.access.persons_of(facts.household_id)
        if not mine or ask.group_id not in ("", facts.group_id):
            raise NotFound
        its = desk.settings(self.runtime, facts.group_id)
        if ask.audience == "federation" and not desk.pool(self.runtime, facts.group_id):
            raise Rejected("exchange-not-federated")
        if (ask.audience == "named") != (ask.friend is not None):
            raise Invalid(fields={"friend": ["Needed for a basket that is for one person, and only then."]})
        named = desk.find_or_register(self.runtime, context, facts.group_id, ask.friend, "eater") if ask.friend else ""
        if named and named in self.runtime.access.persons_of(facts.household_id):
            raise Rejected("own-basket")
        command = OfferBasket(
            facts=facts, person_id=context.actor, audience=ask.audience, cutoff_hours=its.cutoff_hours,
            now=self.runtime.clock.now(), named_person_id=named, arranged=bool(ask.friend and not ask.friend.email),
        )  # fmt: skip
        return self._tell(facts.basket_id, command, context, facts.group_id, "eater")

    @door
    def request_basket(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OfBasket, payload)
        found = self._seen(context.actor, ask.basket_id)
        return self._request(found, ask.basket_id, with_id(context))

    @door
    def request_by_link(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """The « je prends ce panier » of a mail, without signing in (S4:44-45)."""
        facts = desk.read_link(self.runtime, purposes.EXCHANGE_BASKET, read(WithToken, payload).token)
        context = desk.as_person(with_id(context), facts["person"])
        return self._request(desk.offered(self.runtime, facts["basket"]), facts["basket"], context)

    def _request(self, found: basket.Basket, basket_id: str, context: Context) -> dict[str, Any]:
        offer = found.offer
        assert offer is not None
        own = desk.is_holder(self.runtime, context.actor, found)
        if not own and not desk.may_take(self.runtime, context.actor, found):
            raise Rejected("taker-missing")
        command = RequestBasket(person_id=context.actor, of_household=own, now=self.runtime.clock.now())
        return self._tell(basket_id, command, context, offer.group_id, desk.TAKER)

    @door
    def accept_taker(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """S4:47: the holder's yes."""
        ask = read(Answer, payload)
        group_id = self._own(context, ask.basket_id)
        command = AcceptTaker(person_id=ask.person_id, now=self.runtime.clock.now())
        return self._tell(ask.basket_id, command, context, group_id, "eater")

    @door
    def decline_taker(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(Answer, payload)
        group_id = self._own(context, ask.basket_id)
        return self._tell(ask.basket_id, DeclineTaker(person_id=ask.person_id), context, group_id, "eater")

    @door
    def withdraw_request(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OfBasket, payload)
        return self._withdraw(self._seen(context.actor, ask.basket_id), ask.basket_id, context)

    @door
    def withdraw_by_link(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        facts = desk.read_link(self.runtime, purposes.EXCHANGE_BASKET, read(WithToken, payload).token)
        context = desk.as_person(with_id(context), facts["person"])
        return self._withdraw(desk.offered(self.runtime, facts["basket"]), facts["basket"], context)

    def _withdraw(self, found: basket.Basket, basket_id: str, context: Context) -> dict[str, Any]:
        assert found.offer is not None
        command = WithdrawRequest(person_id=context.actor, now=self.runtime.clock.now())
        return self._tell(basket_id, command, context, found.offer.group_id, desk.TAKER)

    @door
    def cancel_offer(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """The holder comes after all; the word to those concerned is sealed under the holder's key."""
        ask = read(Cancel, payload)
        group_id = self._own(context, ask.basket_id)
        words = ask.message.strip()
        if len(words) > MOST_WORDS:
            raise Invalid(fields={"message": [f"At most {MOST_WORDS} characters."]})
        holder = desk.offered(self.runtime, ask.basket_id).offer
        sealed = self.runtime.keys.seal(holder.person_id, {"message": words}) if words and holder else {}
        command = CancelOffer(now=self.runtime.clock.now(), sealed=sealed)
        return self._tell(ask.basket_id, command, context, group_id, "eater")

    @door
    def collect_basket(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """S4:61: by the taker who is there, or at the table by who hands out."""
        ask = read(OfBasket, payload)
        found = desk.offered(self.runtime, ask.basket_id)
        assert found.offer is not None
        group_id = found.offer.group_id
        taker = bool(context.actor) and context.actor == found.taker_id
        role = desk.TAKER if taker else self._helper(context, group_id, ask.basket_id)
        return self._tell(ask.basket_id, CollectBasket(now=self.runtime.clock.now()), context, group_id, role)

    def _helper(self, context: Context, group_id: str, basket_id: str) -> str:
        for permission in ("logistics.distribute", desk.MANAGE):
            if role := self.runtime.access.role_for(context.actor, permission, group_id=group_id):
                return role
        self._seen(context.actor, basket_id)
        raise Forbidden(permission="logistics.distribute")

    @door
    def settle_exchange(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """S4:48: said by either side; the group's accounts know nothing of it."""
        ask = read(Settle, payload)
        found = desk.offered(self.runtime, ask.basket_id)
        assert found.offer is not None
        taker = bool(context.actor) and context.actor == found.taker_id
        group_id = found.offer.group_id if taker else self._own(context, ask.basket_id)
        command = SettleExchange(means=ask.means, amount_cents=ask.amount_cents)
        return self._tell(ask.basket_id, command, context, group_id, desk.TAKER if taker else "eater")

    # -- shared --------------------------------------------------------------------------------------------------

    def _seen(self, actor: str, basket_id: str) -> basket.Basket:
        """A basket that this person may know of; NotFound to strangers."""
        found = desk.offered(self.runtime, basket_id)
        assert found.offer is not None
        # Nobody has no name: a basket without a taker is not theirs.
        if not actor:
            raise NotFound
        mine = actor in (*found.requests, *found.earlier, *found.declined, found.taker_id)
        if mine or desk.is_holder(self.runtime, actor, found) or desk.may_take(self.runtime, actor, found):
            return found
        if desk.belongs(self.runtime, actor, found.offer.group_id) and found.offer.audience != "named":
            return found
        raise NotFound

    def _own(self, context: Context, basket_id: str) -> str:
        """The group of a basket of one's own household. Forbidden to others who may know of it."""
        found = self._seen(context.actor, basket_id)
        assert found.offer is not None
        if not desk.is_holder(self.runtime, context.actor, found):
            raise Forbidden("not-your-basket")
        return found.offer.group_id

    def _tell(self, key: str, command: Command, context: Context, group_id: str, role: str) -> dict[str, Any]:
        return self.runtime.tell(basket.decider, key, command, context, role=role, group_id=group_id, step="basket")
