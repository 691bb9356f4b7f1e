"""View `chain`: the facts of other services behind a charge, so that a line of a statement can be opened to them.

Who ordered, when, in which role and for whom; what was regulated, weighed, missing, exchanged; who signed for it.
Behind a deposit: who received which cheque, and why it was given back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from grenier.language import logistics, orders, season
from grenier.readmodel import Database, Fact, Json, Row, Rows, View
from ledger_svc.accounts import deposit_entry

_meta = sa.MetaData()
facts = sa.Table(
    "chain_facts",
    _meta,
    sa.Column("event_id", sa.Text, primary_key=True),
    sa.Column("household_id", sa.Text, primary_key=True, index=True),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("on_behalf_of", sa.Text, nullable=False),
    sa.Column("order_id", sa.Text, nullable=False),
    sa.Column("distribution_id", sa.Text, nullable=False),
    # The one entry it led to, where that is known beforehand.
    sa.Column("entry_id", sa.Text, nullable=False),
    sa.Column("body", Json, nullable=False),
)
# Agreed cheques: of which household, worth how much.
cheques = sa.Table(
    "chain_cheques",
    _meta,
    sa.Column("cheque_id", sa.Text, primary_key=True),
    sa.Column("household_id", sa.Text, nullable=False),
    sa.Column("amount_cents", sa.Integer, nullable=False),
)
# What a cycle or distribution offers, {product: [name, label of the unit]}: a line must read as it did then. One row for
# all of it: it is written once, and whoever reads a line reads others of the same catalogue.
catalogues = sa.Table(
    "chain_catalogues",
    _meta,
    sa.Column("scope_id", sa.Text, primary_key=True),
    sa.Column("products", Json, nullable=False),
)

Names = Mapping[str, Sequence[str]]
"""(name, label of the unit) by product."""
_UNNAMED = ("", "")

OnTheDay = (
    logistics.LineWeighed
    | logistics.ShortageRecorded
    | logistics.SubstitutionRecorded
    | logistics.SurplusSold
    | logistics.SignedOff
    | logistics.SignOffUndone
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case orders.CycleScheduled() as e:
            _name(rows, e.cycle_id, e.items)
        case logistics.DistributionPlanned() as e:
            _name(rows, e.distribution_id, e.items)
        case orders.OrderConfirmed() | orders.OrderAmended() as e:
            named = _offered(rows, e.cycle_id)
            body = {
                "lines": [_ordered(named, line) for line in e.lines],
                "total_cents": e.total_cents,
                "channel": e.channel,
            }
            reason = e.reason if isinstance(e, orders.OrderAmended) else ""
            _put(rows, fact, e.household_id, order_id=e.order_id, body={**body, "reason": reason})
        case orders.OrderCancelled() as e:
            _put(rows, fact, e.household_id, order_id=e.order_id, body={"reason": e.reason})
        case orders.OrdersRegulated() as e:
            named = _offered(rows, e.cycle_id)
            for change in e.changes:
                body = {**_product(named, change.product_id), "from_quantity": change.from_quantity,
                        "to_quantity": change.to_quantity, "rule": e.rule, "limit": e.limit}  # fmt: skip
                _put(rows, fact, change.household_id, order_id=change.order_id, body=body)
        case season.ScheduleAgreed() as e:
            for cheque in e.cheques:
                rows.put(cheques, cheque_id=cheque.cheque_id, household_id=e.household_id,
                         amount_cents=cheque.amount_cents)  # fmt: skip
        case season.ChequeReceived() | season.ChequeReturned() as e:
            _cheque(rows, fact, e)
        case (
            logistics.LineWeighed()
            | logistics.ShortageRecorded()
            | logistics.SubstitutionRecorded()
            | logistics.SurplusSold()
            | logistics.SignedOff()
            | logistics.SignOffUndone()
        ) as e:
            _put(rows, fact, e.household_id, distribution_id=e.distribution_id, body=_on_the_day(rows, e))


def _cheque(rows: Rows, fact: Fact, event: season.ChequeReceived | season.ChequeReturned) -> None:
    known = rows.get(cheques, event.cheque_id)
    if known is None:
        return
    body: dict[str, Any] = {"cheque_id": event.cheque_id, "amount_cents": known["amount_cents"]}
    match event:
        case season.ChequeReceived() as e:
            body |= {"number": e.number, "bank": e.bank, "issued_on": e.issued_on.isoformat()}
        case season.ChequeReturned() as e:
            body["reason"] = e.reason
    _put(rows, fact, known["household_id"], entry_id=deposit_entry(event.cheque_id), body=body)


def _on_the_day(rows: Rows, event: OnTheDay) -> dict[str, Any]:
    named = _offered(rows, event.distribution_id)
    match event:
        case logistics.LineWeighed() as e:
            return {**_product(named, e.product_id), "weight_g": e.weight_g, "amount_cents": e.amount_cents}
        case logistics.ShortageRecorded() as e:
            return {**_product(named, e.product_id), "missing": e.missing}
        case logistics.SubstitutionRecorded() as e:
            return {**_product(named, e.product_id), "quantity": e.quantity,
                    "substitute": _product(named, e.substitute_id)["name"],
                    "substitute_quantity": e.substitute_quantity, "amount_cents": e.amount_cents}  # fmt: skip
        case logistics.SurplusSold() as e:
            return {**_product(named, e.product_id), "quantity": e.quantity, "weight_g": e.weight_g,
                    "amount_cents": e.amount_cents}  # fmt: skip
        case logistics.SignedOff() as e:
            lines = [
                {"product_id": line.product_id, "name": line.name, "quantity": line.quantity,
                 "weight_g": line.weight_g, "unit_price_cents": line.unit_price_cents,
                 "amount_cents": line.amount_cents, "kind": line.kind}
                for line in e.lines
            ]  # fmt: skip
            return {"lines": lines, "total_cents": e.total_cents}
        case logistics.SignOffUndone() as e:
            return {"reason": e.reason}


def _name(rows: Rows, scope_id: str, items: Iterable[orders.CatalogueItem]) -> None:
    named: Names = {item.product_id: (item.facts.name, item.facts.unit_label) for item in items}
    rows.put(catalogues, scope_id=scope_id, products={**_offered(rows, scope_id), **named})


def _offered(rows: Rows, scope_id: str) -> Names:
    known = rows.get(catalogues, scope_id)
    return known["products"] if known else {}


def _ordered(named: Names, line: orders.OrderLine) -> dict[str, Any]:
    name, unit_label = named.get(line.product_id, _UNNAMED)
    return {"product_id": line.product_id, "name": name, "unit_label": unit_label, "quantity": line.quantity,
            "unit_price_cents": line.unit_price_cents, "amount_cents": line.amount_cents}  # fmt: skip


def _product(named: Names, product_id: str) -> dict[str, Any]:
    name, unit_label = named.get(product_id, _UNNAMED)
    return {"product_id": product_id, "name": name, "unit_label": unit_label}


def _put(
    rows: Rows,
    fact: Fact,
    household_id: str,
    *,
    body: dict[str, Any],
    order_id: str = "",
    distribution_id: str = "",
    entry_id: str = "",
) -> None:
    rows.put(facts, event_id=fact.id, household_id=household_id, position=fact.position, name=fact.name, at=fact.at,
             actor=fact.meta.actor, role=fact.meta.role, on_behalf_of=fact.meta.on_behalf_of, order_id=order_id,
             distribution_id=distribution_id, entry_id=entry_id, body=body)  # fmt: skip


view = View(
    "chain",
    (facts, catalogues, cheques),
    (
        "orders.cycle-scheduled",
        "orders.order",
        "logistics.distribution-planned",
        "logistics.line-weighed",
        "logistics.shortage-recorded",
        "logistics.substitution-recorded",
        "logistics.surplus-sold",
        "logistics.sign",
        "contracts.schedule-agreed",
        "contracts.cheque-received",
        "contracts.cheque-returned",
    ),
    apply,
    version=3,  # 2: the cheques behind deposits; 3: one row for what a cycle offers
)


def behind(db: Database, household_id: str, *, entry_id: str, order_id: str, distribution_id: str) -> list[Row]:
    """The facts about one household's order and distribution, or its cheque, in the order of the log."""
    about = [column == value for column, value in
             ((facts.c.entry_id, entry_id), (facts.c.order_id, order_id), (facts.c.distribution_id, distribution_id))
             if value]  # fmt: skip
    query = sa.select(facts).where(facts.c.household_id == household_id, sa.or_(*about))
    return db.rows(query.order_by(facts.c.position))


def fact(db: Database, event_id: str, household_id: str) -> Row | None:
    return db.row(sa.select(facts).where(facts.c.event_id == event_id, facts.c.household_id == household_id))
