"""View `season`: contracts with their dates and who takes part, as mails need them: titles, deliveries, households, who takes what.

Dates and hours stand as the group says them; instants are made of them with the group's time zone where they are needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from grenier.clock import iso
from grenier.language import contracts as people
from grenier.language import exchange, season
from grenier.readmodel import Database, Fact, Json, Row, Rows, View
from notify_svc.portions import is_of, lasts_on

_meta = sa.MetaData()
contracts = sa.Table(
    "season_contracts",
    _meta,
    sa.Column("contract_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("producer_id", sa.Text, nullable=False, index=True),
    sa.Column("coordinator_id", sa.Text, nullable=False),
    # draft, opened, closed (sign-ups), ended, abandoned
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("basket_kind", sa.Text, nullable=False),
    sa.Column("starts_on", sa.Text, nullable=False),
    sa.Column("ends_on", sa.Text, nullable=False, index=True),
    sa.Column("opens_on", sa.Text, nullable=False),
    sa.Column("closes_on", sa.Text, nullable=False, index=True),
    # option id -> [title, unit, days on which alone it is delivered]
    sa.Column("options", Json, nullable=False),
    sa.Column("rounds", Json, nullable=False),
    # The producer's contact who was asked to approve, and until when the answer's link is good.
    sa.Column("contact_id", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("answer_until", sa.Text, nullable=False),
)
deliveries = sa.Table(
    "season_deliveries",
    _meta,
    sa.Column("contract_id", sa.Text, primary_key=True),
    sa.Column("delivery_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("day", sa.Text, nullable=False, index=True),
    sa.Column("starts", sa.Text, nullable=False),
    sa.Column("ends", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("factor_percent", sa.Integer, nullable=False),
    sa.Column("series", sa.Text, nullable=False),
    sa.Column("cancelled", sa.Integer, nullable=False),
)
subscriptions = sa.Table(
    "season_subscriptions",
    _meta,
    sa.Column("subscription_id", sa.Text, primary_key=True),
    sa.Column("contract_id", sa.Text, nullable=False, index=True),
    sa.Column("group_id", sa.Text, nullable=False),
    sa.Column("household_id", sa.Text, nullable=False, index=True),
    # waiting, to-confirm, confirmed, declined, ended
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("household_ids", Json, nullable=False),
    sa.Column("anchor_delivery_id", sa.Text, nullable=False),
    sa.Column("lines", Json, nullable=False),
    sa.Column("composed", Json, nullable=False),
    sa.Column("absences", Json, nullable=False),
    sa.Column("series", sa.Text, nullable=False),
    sa.Column("starts_on", sa.Text, nullable=False),
    # The first day on which nothing is taken any more; "" to the contract's end.
    sa.Column("until", sa.Text, nullable=False),
    sa.Column("amount_cents", sa.Integer, nullable=False),
    # Deliveries that were moved across its first or last day, and whether they are its own all the same.
    sa.Column("belongs", Json, nullable=False),
)
given = sa.Table(
    "season_given",
    _meta,
    sa.Column("basket_id", sa.Text, primary_key=True),
    sa.Column("contract_id", sa.Text, nullable=False, index=True),
    sa.Column("delivery_id", sa.Text, nullable=False),
    sa.Column("household_id", sa.Text, nullable=False),
    sa.Column("person_id", sa.Text, nullable=False),
)
takers = sa.Table(
    "season_takers",
    _meta,
    sa.Column("group_id", sa.Text, primary_key=True),
    sa.Column("person_id", sa.Text, primary_key=True),
)
producers = sa.Table(
    "season_producers",
    _meta,
    sa.Column("producer_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case season.ContractDrafted() as e:
            rows.put(contracts, **_of_terms(e.terms), contract_id=e.contract_id, group_id=e.group_id,
                     producer_id=e.producer_id, coordinator_id=e.coordinator_id, state="draft", contact_id="",
                     version=1, answer_until="")  # fmt: skip
        case season.ContractRevised() as e:
            rows.change(contracts, e.contract_id, **_of_terms(e.terms))
        case season.ContractSubmitted() as e:
            rows.change(contracts, e.contract_id, contact_id=e.person_id, version=e.version,
                        answer_until=iso(e.answer_until))  # fmt: skip
        case season.ContractOpened() as e:
            _open(rows, e)
        case season.SignUpsClosed() as e:
            rows.change(contracts, e.contract_id, state="closed")
        case season.SignUpsReopened() as e:
            rows.change(contracts, e.contract_id, state="opened", closes_on=e.closes_on.isoformat())
        case season.ContractEnded() as e:
            rows.change(contracts, e.contract_id, state="ended")
        case season.ContractAbandoned() as e:
            rows.change(contracts, e.contract_id, state="abandoned")
        case season.DeliveryMoved() as e:
            _move(rows, e)
        case season.DeliveryAdded() as e:
            _add(rows, e)
        case season.DeliveryCancelled() as e:
            rows.change(deliveries, e.contract_id, e.delivery_id, cancelled=1)
        case season.DeliveryCountedAnew() as e:
            rows.change(deliveries, e.contract_id, e.delivery_id, factor_percent=e.factor_percent)
        case people.ProducerRegistered() as e:
            rows.put(producers, producer_id=e.producer_id, name=e.name)
        case _:
            _apply_shares(rows, fact.event)


def _apply_shares(rows: Rows, event: Any) -> None:
    """Who takes part: subscriptions, baskets given to somebody else, occasional takers."""
    match event:
        case season.SubscriptionRegistered() as e:
            _register(rows, e)
        case season.SubscriptionPlaceGiven() as e:
            rows.change(subscriptions, e.subscription_id, state="to-confirm", starts_on=e.starts_on.isoformat(),
                        amount_cents=e.amount_cents)  # fmt: skip
        case season.SubscriptionConfirmed() as e:
            rows.change(subscriptions, e.subscription_id, state="confirmed")
        case season.SubscriptionDeclined() as e:
            rows.change(subscriptions, e.subscription_id, state="declined")
        case season.SubscriptionEnded() as e:
            rows.change(subscriptions, e.subscription_id, until=e.on.isoformat(), amount_cents=e.amount_cents)
        case season.AbsencesSet() as e:
            rows.change(subscriptions, e.subscription_id, absences=e.delivery_ids)
        case season.SharersSet() as e:
            if known := rows.get(subscriptions, e.subscription_id):
                rows.change(subscriptions, e.subscription_id, anchor_delivery_id=e.anchor_delivery_id,
                            household_ids=e.household_ids or [known["household_id"]])  # fmt: skip
        case season.BasketComposed() as e:
            if known := rows.get(subscriptions, e.subscription_id):
                rows.change(
                    subscriptions, e.subscription_id, composed={**known["composed"], e.delivery_id: e.quantities}
                )
        case exchange.TakerAccepted() as e:
            rows.put(given, basket_id=e.basket_id, contract_id=e.contract_id, delivery_id=e.delivery_id,
                     household_id=e.household_id, person_id=e.person_id)  # fmt: skip
        case exchange.BasketRequestWithdrawn() as e if e.was_taker:
            rows.delete(given, e.basket_id)
        case exchange.BasketOfferCancelled() as e:
            rows.delete(given, e.basket_id)
        case exchange.TakerEnrolled() as e if e.confirmed:
            rows.put(takers, group_id=e.group_id, person_id=e.person_id)
        case exchange.TakerConfirmed() as e:
            rows.put(takers, group_id=e.group_id, person_id=e.person_id)
        case exchange.TakerLeft() as e:
            rows.delete(takers, e.group_id, e.person_id)


def _of_terms(terms: season.Terms) -> dict[str, Any]:
    sign_up = terms.sign_up
    return {
        "title": f"{terms.title} – {terms.complement}" if terms.complement else terms.title,
        "basket_kind": terms.basket_kind,
        "starts_on": terms.starts_on.isoformat(),
        "ends_on": terms.ends_on.isoformat(),
        "opens_on": sign_up.opens_on.isoformat() if sign_up.opens_on else "",
        "closes_on": sign_up.closes_on.isoformat() if sign_up.closes_on else "",
        "options": {option.option_id: [option.title, option.unit, option.delivery_ids] for option in terms.options},
        "rounds": {plan.round_id: plan.delivery_id for plan in terms.rounds},
    }


def _open(rows: Rows, e: season.ContractOpened) -> None:
    known = rows.get(contracts, e.contract_id) or {"contact_id": "", "version": e.version, "answer_until": ""}
    rows.put(contracts, **{**known, **_of_terms(e.terms), "contract_id": e.contract_id, "group_id": e.group_id,
                           "producer_id": e.producer_id, "coordinator_id": e.coordinator_id, "state": "opened"})  # fmt: skip
    for delivery in e.terms.deliveries:
        _put_delivery(rows, e.contract_id, e.group_id, delivery)


def _put_delivery(rows: Rows, contract_id: str, group_id: str, delivery: season.PlannedDelivery) -> None:
    rows.put(deliveries, contract_id=contract_id, delivery_id=delivery.delivery_id, group_id=group_id,
             day=delivery.on.isoformat(), starts=delivery.starts, ends=delivery.ends, place=delivery.place,
             factor_percent=delivery.factor_percent, series=delivery.series,
             cancelled=int(delivery.cancelled))  # fmt: skip


def _move(rows: Rows, e: season.DeliveryMoved) -> None:
    """Who was subscribed to it keeps it, and nobody else comes to it, whatever its new day."""
    if (before := rows.get(deliveries, e.contract_id, e.delivery_id)) is not None:
        for held in rows.where(subscriptions, contract_id=e.contract_id):
            if held["state"] not in ("waiting", "declined"):
                belongs = {**held["belongs"], e.delivery_id: lasts_on(held, before)}
                rows.change(subscriptions, held["subscription_id"], belongs=belongs)
    _put_delivery(rows, e.contract_id, e.group_id, e.delivery)


def _add(rows: Rows, e: season.DeliveryAdded) -> None:
    _put_delivery(rows, e.contract_id, e.group_id, e.delivery)
    if (known := rows.get(contracts, e.contract_id)) is not None:
        options = {
            option_id: [title, unit, [*days, e.delivery.delivery_id] if days and option_id in e.option_ids else days]
            for option_id, (title, unit, days) in known["options"].items()
        }
        rows.change(contracts, e.contract_id, options=options)


def _register(rows: Rows, e: season.SubscriptionRegistered) -> None:
    rows.put(subscriptions, subscription_id=e.subscription_id, contract_id=e.contract_id, group_id=e.group_id,
             household_id=e.household_id, state="waiting" if e.waiting else "to-confirm",
             household_ids=e.household_ids or [e.household_id], anchor_delivery_id=e.anchor_delivery_id,
             lines=[msgspec.to_builtins(line) for line in e.lines], composed={}, absences=e.absences, series=e.series,
             starts_on=e.starts_on.isoformat(), until="", amount_cents=e.amount_cents, belongs={})  # fmt: skip


view = View(
    "season",
    (contracts, deliveries, subscriptions, given, takers, producers),
    ("contracts.contract-", "contracts.sign-ups-", "contracts.delivery-", "contracts.subscription-", "contracts.absences-",
     "contracts.basket-", "contracts.sharers-", "contracts.taker-", "contracts.producer-"),
    apply,
    version=3,  # 2: deliveries that stay with whom they were promised to; 3: who is left when a sharing ends
)  # fmt: skip


# -- questions ---------------------------------------------------------------------------------------------------


def contract(db: Database, contract_id: str) -> Row | None:
    """The contract, with the name of its producer."""
    query = sa.select(contracts, producers.c.name.label("producer")).outerjoin(
        producers, producers.c.producer_id == contracts.c.producer_id
    )
    return db.row(query.where(contracts.c.contract_id == contract_id))


def of_round(db: Database, group_id: str, cycle_id: str) -> Row | None:
    """The contract of which this order cycle is a round."""
    query = sa.select(contracts).where(contracts.c.group_id == group_id, contracts.c.basket_kind == "ordered")
    return next((row for row in db.rows(query) if cycle_id in row["rounds"]), None)


def contracts_of(db: Database, group_id: str, states: Sequence[str] = ("opened", "closed")) -> list[Row]:
    query = sa.select(contracts).where(contracts.c.group_id == group_id, contracts.c.state.in_(states))
    return db.rows(query.order_by(contracts.c.title, contracts.c.contract_id))


def sign_ups_closing(db: Database, first: str, last: str) -> list[Row]:
    """Contracts whose sign-ups close between two days, both included."""
    c = contracts.c
    query = sa.select(contracts).where(c.state == "opened", c.closes_on >= first, c.closes_on <= last)
    return db.rows(query.order_by(c.contract_id))


def ending(db: Database, first: str, last: str) -> list[Row]:
    c = contracts.c
    query = sa.select(contracts).where(c.state.in_(("opened", "closed")), c.ends_on >= first, c.ends_on <= last)
    return db.rows(query.order_by(c.contract_id))


def deliveries_between(db: Database, first: str, last: str) -> list[Row]:
    """Of running contracts, not cancelled, between two days, both included; `basket_kind` is the contract's."""
    d = deliveries.c
    query = (
        sa.select(deliveries, contracts.c.basket_kind, contracts.c.rounds)
        .join(contracts, contracts.c.contract_id == d.contract_id)
        .where(d.day >= first, d.day <= last, d.cancelled == 0)
        .where(contracts.c.state.in_(("opened", "closed")))
    )
    return db.rows(query.order_by(d.group_id, d.day, d.starts, d.contract_id, d.delivery_id))


def deliveries_of(db: Database, contract_ids: Sequence[str]) -> dict[str, list[Row]]:
    """All dates by contract, in their order."""
    query = sa.select(deliveries).where(deliveries.c.contract_id.in_(list(contract_ids)))
    found: dict[str, list[Row]] = {}
    for row in db.rows(query.order_by(deliveries.c.day, deliveries.c.starts, deliveries.c.delivery_id)):
        found.setdefault(row["contract_id"], []).append(row)
    return found


def subscriptions_of(db: Database, contract_ids: Sequence[str], states: Sequence[str] = ("confirmed",)) -> list[Row]:
    s = subscriptions.c
    query = sa.select(subscriptions).where(s.contract_id.in_(list(contract_ids)), s.state.in_(states))
    return db.rows(query.order_by(s.contract_id, s.subscription_id))


def subscribers(db: Database, contract_id: str, on: str, states: Sequence[str] = ("confirmed",)) -> list[str]:
    """Households that take part, sharers too, once each; `on`: a day on which nobody has stopped yet, "" for who ever did."""
    found = [
        row for row in subscriptions_of(db, [contract_id], states) if not on or not row["until"] or on < row["until"]
    ]
    return list(dict.fromkeys(household for row in found for household in row["household_ids"]))


def taking(db: Database, contract_id: str, delivery_id: str) -> list[str]:
    """Households with a place in the contract when it delivers this, sharers too, once each."""
    delivery = db.row(
        sa.select(deliveries).where(deliveries.c.contract_id == contract_id, deliveries.c.delivery_id == delivery_id)
    )
    held = subscriptions_of(db, [contract_id], ("confirmed", "to-confirm")) if delivery else []
    return list(
        dict.fromkeys(home for row in held if delivery and is_of(row, delivery) for home in row["household_ids"])
    )


def subscription(db: Database, subscription_id: str) -> Row | None:
    return db.row(sa.select(subscriptions).where(subscriptions.c.subscription_id == subscription_id))


def given_away(db: Database, contract_ids: Sequence[str]) -> list[Row]:
    return db.rows(sa.select(given).where(given.c.contract_id.in_(list(contract_ids))))


def takers_of(db: Database, group_id: str) -> list[str]:
    query = sa.select(takers.c.person_id).where(takers.c.group_id == group_id)
    return [row["person_id"] for row in db.rows(query.order_by(takers.c.person_id))]


def producer_name(db: Database, producer_id: str) -> str:
    return db.value(sa.select(producers.c.name).where(producers.c.producer_id == producer_id)) or ""
