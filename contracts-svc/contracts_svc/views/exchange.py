"""The basket exchange as people look at it: takers, offered baskets with those who ask, figures per month (S4)."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from grenier.clock import iso
from grenier.language import contracts, exchange
from grenier.readmodel import Fact, Json, Rows, View

_meta = sa.MetaData()
groups = sa.Table(
    "exchange_groups",
    _meta,
    sa.Column("group_id", sa.Text, primary_key=True),
    sa.Column("host_id", sa.Text, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    # What was chosen so far; the rest holds from the start (exchange/settings.py).
    sa.Column("chosen", Json, nullable=False),
)
takers = sa.Table(
    "exchange_takers",
    _meta,
    sa.Column("taker_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("person_id", sa.Text, nullable=False, index=True),
    # pending (a sponsor enrolled them), active, left
    sa.Column("standing", sa.Text, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("enrolled_at", sa.Text, nullable=False),
    sa.Column("enrolled_by", sa.Text, nullable=False),
    sa.Column("left_at", sa.Text, nullable=False),
)
baskets = sa.Table(
    "exchange_baskets",
    _meta,
    sa.Column("basket_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("contract_id", sa.Text, nullable=False),
    sa.Column("subscription_id", sa.Text, nullable=False, index=True),
    sa.Column("delivery_id", sa.Text, nullable=False, index=True),
    sa.Column("household_id", sa.Text, nullable=False, index=True),
    sa.Column("person_id", sa.Text, nullable=False, index=True),
    sa.Column("on", sa.Text, nullable=False),
    sa.Column("starts_at", sa.Text, nullable=False),
    sa.Column("ends_at", sa.Text, nullable=False),
    sa.Column("closes_at", sa.Text, nullable=False, index=True),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("parts", Json, nullable=False),
    sa.Column("value_cents", sa.Integer, nullable=False),
    sa.Column("audience", sa.Text, nullable=False),
    sa.Column("named_person_id", sa.Text, nullable=False),
    # offered, accepted, collected, cancelled, expired
    sa.Column("phase", sa.Text, nullable=False, index=True),
    sa.Column("taker_id", sa.Text, nullable=False, index=True),
    sa.Column("offered_at", sa.Text, nullable=False),
    sa.Column("accepted_at", sa.Text, nullable=False),
    sa.Column("ended_at", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("means", sa.Text, nullable=False),
    sa.Column("amount_cents", sa.Integer, nullable=False),
)
requests = sa.Table(
    "exchange_requests",
    _meta,
    sa.Column("basket_id", sa.Text, primary_key=True),
    sa.Column("person_id", sa.Text, primary_key=True, index=True),
    # waiting, accepted, declined, withdrawn, cancelled, expired
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("asked_at", sa.Text, nullable=False),
    sa.Column("answered_at", sa.Text, nullable=False),
)
months = sa.Table(
    "exchange_months",
    _meta,
    sa.Column("group_id", sa.Text, primary_key=True),
    sa.Column("month", sa.Text, primary_key=True),
    sa.Column("offered", sa.Integer, nullable=False, default=0),
    sa.Column("taken", sa.Integer, nullable=False, default=0),
    sa.Column("collected", sa.Integer, nullable=False, default=0),
    sa.Column("cancelled", sa.Integer, nullable=False, default=0),
    sa.Column("expired", sa.Integer, nullable=False, default=0),
)
COUNTED = ("offered", "taken", "collected", "cancelled", "expired")
SETTINGS = ("enabled", "cutoff_hours", "federated", "members_only", "purge_months", "referent_id", "note", "mailbox",
            "tell_members")  # fmt: skip


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case contracts.GroupFounded() as e:
            rows.put(groups, group_id=e.group_id, host_id=e.host_id, kind=e.kind, chosen={})
        case exchange.ExchangeSettingsChanged() as e:
            _change_settings(rows, e)
        case exchange.ExchangesPurged() as e:
            _purge(rows, e)
        case contracts.PersonErased() as e:
            for row in rows.where(takers, person_id=e.person_id):
                rows.delete(takers, row["taker_id"])
        case exchange.TakerEnrolled() as e:
            rows.put(takers, taker_id=e.taker_id, group_id=e.group_id, person_id=e.person_id,
                     standing="active" if e.confirmed else "pending", by=e.by, enrolled_at=fact.at,
                     enrolled_by=fact.meta.actor, left_at="")  # fmt: skip
        case exchange.TakerConfirmed() as e:
            rows.change(takers, e.taker_id, standing="active")
        case exchange.TakerLeft() as e:
            rows.change(takers, e.taker_id, standing="left", left_at=fact.at)
        case _:
            _apply_basket(rows, fact)


def _apply_basket(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case exchange.BasketOffered() as e:
            _offer(rows, e, fact.at)
        case exchange.BasketRequested() as e:
            rows.put(requests, basket_id=e.basket_id, person_id=e.person_id, state="waiting", asked_at=fact.at,
                     answered_at="")  # fmt: skip
        case exchange.TakerAccepted() as e:
            rows.change(baskets, e.basket_id, phase="accepted", taker_id=e.person_id, accepted_at=fact.at)
            _answer(rows, e.basket_id, [e.person_id], "accepted", fact.at)
            _answer(rows, e.basket_id, e.declined_person_ids, "declined", fact.at)
            _count(rows, e.basket_id, taken=1)
        case exchange.TakerDeclined() as e:
            _answer(rows, e.basket_id, [e.person_id], "declined", fact.at)
        case exchange.BasketRequestWithdrawn() as e:
            _answer(rows, e.basket_id, [e.person_id], "withdrawn", fact.at)
            if e.was_taker:
                _count(rows, e.basket_id, taken=-1)
                rows.change(baskets, e.basket_id, phase="offered", taker_id="", accepted_at="", means="",
                            amount_cents=0)  # fmt: skip
        case exchange.BasketOfferCancelled() as e:
            _answer(rows, e.basket_id, [*e.person_ids, *([e.taker_id] if e.taker_id else [])], "cancelled", fact.at)
            _count(rows, e.basket_id, cancelled=1, taken=-1 if e.taker_id else 0)
            rows.change(baskets, e.basket_id, phase="cancelled", ended_at=fact.at, reason=e.reason)
        case exchange.BasketOfferExpired() as e:
            _answer(rows, e.basket_id, e.person_ids, "expired", fact.at)
            _count(rows, e.basket_id, expired=1)
            rows.change(baskets, e.basket_id, phase="expired", ended_at=fact.at)
        case exchange.BasketCollected() as e:
            _count(rows, e.basket_id, collected=1)
            rows.change(baskets, e.basket_id, phase="collected", ended_at=fact.at)
        case exchange.BasketCollectionUndone() as e:
            _count(rows, e.basket_id, collected=-1)
            rows.change(baskets, e.basket_id, phase="accepted", ended_at="")
        case exchange.ExchangeSettled() as e:
            rows.change(baskets, e.basket_id, means=e.means, amount_cents=e.amount_cents)


def _offer(rows: Rows, e: exchange.BasketOffered, at: str) -> None:
    for row in rows.where(requests, basket_id=e.basket_id):
        rows.delete(requests, e.basket_id, row["person_id"])
    rows.put(
        baskets, basket_id=e.basket_id, group_id=e.group_id, contract_id=e.contract_id,
        subscription_id=e.subscription_id, delivery_id=e.delivery_id, household_id=e.household_id, person_id=e.person_id,
        on=e.on.isoformat(), starts_at=iso(e.starts_at), ends_at=iso(e.ends_at), closes_at=iso(e.closes_at),
        place=e.place, parts=msgspec.to_builtins(e.parts), value_cents=e.value_cents, audience=e.audience,
        named_person_id=e.named_person_id, phase="offered", taker_id="", offered_at=at, accepted_at="", ended_at="",
        reason="", means="", amount_cents=0,
    )  # fmt: skip
    _count(rows, e.basket_id, offered=1)


def _answer(rows: Rows, basket_id: str, person_ids: list[str], state: str, at: str) -> None:
    for person_id in person_ids:
        rows.change(requests, basket_id, person_id, state=state, answered_at=at)


def _count(rows: Rows, basket_id: str, **amounts: int) -> None:
    basket = rows.get(baskets, basket_id)
    if basket is not None:
        rows.add(months, basket["group_id"], basket["on"][:7], **{**dict.fromkeys(COUNTED, 0), **amounts})


def _change_settings(rows: Rows, e: exchange.ExchangeSettingsChanged) -> None:
    known = rows.get(groups, e.group_id)
    if known is not None:
        changed = {name: value for name in SETTINGS if (value := getattr(e, name)) is not None}
        rows.change(groups, e.group_id, chosen={**known["chosen"], **changed})


def _purge(rows: Rows, e: exchange.ExchangesPurged) -> None:
    """Figures per month stay: they name nobody."""
    before = e.before.isoformat()
    for basket in rows.where(baskets, group_id=e.group_id):
        if basket["on"] < before:
            for row in rows.where(requests, basket_id=basket["basket_id"]):
                rows.delete(requests, basket["basket_id"], row["person_id"])
            rows.delete(baskets, basket["basket_id"])
    for taker in rows.where(takers, group_id=e.group_id):
        if taker["left_at"] and taker["left_at"] < before:
            rows.delete(takers, taker["taker_id"])


view = View(
    name="exchange",
    tables=(groups, takers, baskets, requests, months),
    reads=("contracts.group-founded", "contracts.exchange", "contracts.taker-", "contracts.basket-",
           "contracts.person-erased"),
    apply=apply,
)  # fmt: skip
