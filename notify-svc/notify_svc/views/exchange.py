"""View `exchange`: baskets on offer and promised, takers, how each group runs its exchange: what mails about it need (S4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from grenier.clock import iso
from grenier.language import contracts, exchange, season
from grenier.readmodel import Database, Fact, Json, Row, Rows, View

_meta = sa.MetaData()
groups = sa.Table(
    "exchange_groups",
    _meta,
    sa.Column("group_id", sa.Text, primary_key=True),
    sa.Column("host_id", sa.Text, nullable=False, index=True),
    sa.Column("enabled", sa.Integer, nullable=False),
    sa.Column("federated", sa.Integer, nullable=False),
    sa.Column("tell_members", sa.Integer, nullable=False),
    sa.Column("mailbox", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
)
takers = sa.Table(
    "exchange_takers",
    _meta,
    sa.Column("taker_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("person_id", sa.Text, nullable=False, index=True),
)
contents = sa.Table(
    "exchange_contracts",
    _meta,
    sa.Column("contract_id", sa.Text, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("instructions", sa.Text, nullable=False),
)
baskets = sa.Table(
    "exchange_baskets",
    _meta,
    sa.Column("basket_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("contract_id", sa.Text, nullable=False),
    sa.Column("household_id", sa.Text, nullable=False),
    sa.Column("person_id", sa.Text, nullable=False),
    sa.Column("on", sa.Text, nullable=False, index=True),
    sa.Column("starts_at", sa.Text, nullable=False),
    sa.Column("ends_at", sa.Text, nullable=False),
    sa.Column("closes_at", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("parts", Json, nullable=False),
    sa.Column("value_cents", sa.Integer, nullable=False),
    sa.Column("audience", sa.Text, nullable=False),
    sa.Column("named_person_id", sa.Text, nullable=False),
    # offered, accepted, over
    sa.Column("phase", sa.Text, nullable=False, index=True),
    sa.Column("taker_id", sa.Text, nullable=False),
    # {person: instant} of those who wait for an answer
    sa.Column("waiting", Json, nullable=False),
    # The holder's words for a cancellation, sealed under the holder's key.
    sa.Column("sealed", Json, nullable=False),
)
SETTINGS = ("enabled", "federated", "tell_members", "mailbox", "note")


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case contracts.GroupFounded() as e:
            rows.put(groups, group_id=e.group_id, host_id=e.host_id, enabled=int(e.kind == "csa"), federated=0,
                     tell_members=0, mailbox="", note="")  # fmt: skip
        case exchange.ExchangeSettingsChanged() as e:
            named = {name: value for name in SETTINGS if (value := getattr(e, name)) is not None}
            rows.change(groups, e.group_id, **{k: int(v) if isinstance(v, bool) else v for k, v in named.items()})
        case season.ContractOpened() as e:
            rows.put(contents, contract_id=e.contract_id, title=e.terms.title, instructions=e.terms.instructions)
        case exchange.TakerEnrolled() as e if e.confirmed:
            rows.put(takers, taker_id=e.taker_id, group_id=e.group_id, person_id=e.person_id)
        case exchange.TakerConfirmed() as e:
            rows.put(takers, taker_id=e.taker_id, group_id=e.group_id, person_id=e.person_id)
        case exchange.TakerLeft() as e:
            rows.delete(takers, e.taker_id)
        case contracts.PersonErased() as e:
            for row in rows.where(takers, person_id=e.person_id):
                rows.delete(takers, row["taker_id"])
        case exchange.ExchangesPurged() as e:
            for row in rows.where(baskets, group_id=e.group_id):
                if row["on"] < e.before.isoformat():
                    rows.delete(baskets, row["basket_id"])
        case _:
            _apply_basket(rows, fact)


def _apply_basket(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case exchange.BasketOffered() as e:
            rows.put(
                baskets, basket_id=e.basket_id, group_id=e.group_id, contract_id=e.contract_id,
                household_id=e.household_id, person_id=e.person_id, on=e.on.isoformat(), starts_at=iso(e.starts_at),
                ends_at=iso(e.ends_at), closes_at=iso(e.closes_at), place=e.place, parts=msgspec.to_builtins(e.parts),
                value_cents=e.value_cents, audience=e.audience, named_person_id=e.named_person_id, phase="offered",
                taker_id="", waiting={}, sealed={},
            )  # fmt: skip
        case exchange.BasketRequested() as e:
            _wait(rows, e.basket_id, {e.person_id: fact.at})
        case exchange.TakerAccepted() as e:
            rows.change(baskets, e.basket_id, phase="accepted", taker_id=e.person_id, waiting={})
        case exchange.TakerDeclined() as e:
            _wait(rows, e.basket_id, {}, without=e.person_id)
        case exchange.BasketRequestWithdrawn() as e:
            _wait(rows, e.basket_id, {}, without=e.person_id)
            if e.was_taker:
                rows.change(baskets, e.basket_id, phase="offered", taker_id="")
        case exchange.BasketOfferCancelled() as e:
            rows.change(baskets, e.basket_id, phase="over", waiting={}, sealed=e.sealed)
        case exchange.BasketOfferExpired() as e:
            rows.change(baskets, e.basket_id, phase="over", waiting={})
        case exchange.BasketCollected() as e:
            rows.change(baskets, e.basket_id, phase="over")
        case exchange.BasketCollectionUndone() as e:
            rows.change(baskets, e.basket_id, phase="accepted", taker_id=e.person_id)


def _wait(rows: Rows, basket_id: str, more: dict[str, str], without: str = "") -> None:
    known = rows.get(baskets, basket_id)
    if known is not None:
        waiting = {person: at for person, at in {**known["waiting"], **more}.items() if person != without}
        rows.change(baskets, basket_id, waiting=waiting)


view = View(
    "exchange",
    (groups, takers, contents, baskets),
    ("contracts.group-founded", "contracts.exchange", "contracts.contract-opened", "contracts.taker-",
     "contracts.basket-", "contracts.person-erased"),
    apply,
)  # fmt: skip


def basket(db: Database, basket_id: str) -> Row | None:
    return db.row(sa.select(baskets).where(baskets.c.basket_id == basket_id))


def contract(db: Database, contract_id: str) -> Row | None:
    return db.row(sa.select(contents).where(contents.c.contract_id == contract_id))


def group(db: Database, group_id: str) -> Row | None:
    return db.row(sa.select(groups).where(groups.c.group_id == group_id))


def sharing_groups(db: Database, group_id: str) -> list[str]:
    """The groups of the same federation that share baskets with each other, this one among them; [] when it does not."""
    own = group(db, group_id)
    if own is None or not (own["enabled"] and own["federated"]):
        return []
    g = groups.c
    query: Any = sa.select(g.group_id).where(g.host_id == own["host_id"], g.enabled == 1, g.federated == 1)
    return [row["group_id"] for row in db.rows(query.order_by(g.group_id))]


def takers_of(db: Database, group_ids: Sequence[str]) -> list[str]:
    """Persons who take baskets in these groups, each once."""
    query: Any = sa.select(takers.c.person_id).where(takers.c.group_id.in_(list(group_ids))).distinct()
    return [row["person_id"] for row in db.rows(query.order_by(takers.c.person_id))]


def places_of(db: Database, person_id: str) -> list[str]:
    """Groups in which somebody is a taker."""
    query: Any = sa.select(takers.c.group_id).where(takers.c.person_id == person_id)
    return [row["group_id"] for row in db.rows(query.order_by(takers.c.group_id))]


def on_offer(db: Database, closing_after: str, closing_until: str) -> list[Row]:
    """Baskets for everybody that nobody has yet, whose cut-off lies in between."""
    b = baskets.c
    wanted = [b.phase == "offered", b.audience != "named", b.closes_at > closing_after, b.closes_at <= closing_until]
    return db.rows(sa.select(baskets).where(*wanted).order_by(b.on, b.basket_id))


def on_offer_with_requests(db: Database, now: str) -> list[Row]:
    b = baskets.c
    found = db.rows(sa.select(baskets).where(b.phase == "offered", b.closes_at > now).order_by(b.on, b.basket_id))
    return [row for row in found if row["waiting"]]
