"""The peer: the ordinary application that a good team would write, on Flask, SQLAlchemy, marshmallow and PostgreSQL.

One transaction per order: token, membership, cycle and prices are read, the order, its lines and a ledger row written.
A balance is the SUM of the household's ledger rows over an index. Served like Grenier by gunicorn with two workers.
"""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from flask import Flask, g, jsonify, request
from marshmallow import RAISE, Schema, ValidationError, fields, validate
from sqlalchemy import BigInteger, ForeignKey, Index, Text, create_engine, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Token(Base):
    __tablename__ = "tokens"
    hash: Mapped[str] = mapped_column(Text, primary_key=True)
    household_id: Mapped[str] = mapped_column(Text)


class Household(Base):
    __tablename__ = "households"
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    tier_rate_bp: Mapped[int]
    active: Mapped[bool]


class Cycle(Base):
    __tablename__ = "cycles"
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    closes_at: Mapped[datetime]


class Product(Base):
    __tablename__ = "products"
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    price_cents: Mapped[int]


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    cycle_id: Mapped[str] = mapped_column(ForeignKey("cycles.id"))
    household_id: Mapped[str] = mapped_column(ForeignKey("households.id"))
    total_cents: Mapped[int]
    created_at: Mapped[datetime]
    lines: Mapped[list[Line]] = relationship(back_populates="order")


class Line(Base):
    __tablename__ = "lines"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), index=True)
    product_id: Mapped[str] = mapped_column(ForeignKey("products.id"))
    quantity: Mapped[int]
    amount_cents: Mapped[int]
    order: Mapped[Order] = relationship(back_populates="lines")


class LedgerRow(Base):
    __tablename__ = "ledger"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    household_id: Mapped[str] = mapped_column(ForeignKey("households.id"))
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"))
    amount_cents: Mapped[int]
    __table_args__ = (Index("ledger_of_household", "household_id", "amount_cents"),)


class LineSchema(Schema):
    class Meta:
        unknown = RAISE

    product_id = fields.String(required=True, validate=validate.Length(min=1, max=64))
    quantity = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=999))


class OrderSchema(Schema):
    class Meta:
        unknown = RAISE

    cycle_id = fields.String(required=True)
    household_id = fields.String(required=True)
    lines = fields.List(fields.Nested(LineSchema), required=True, validate=validate.Length(min=1, max=200))


def create_app() -> Flask:
    app = Flask(__name__)
    engine = create_engine(os.environ["PEER_DATABASE_URL"], pool_size=8, max_overflow=8)
    schema = OrderSchema()

    @app.before_request
    def authenticate() -> Any:
        if request.endpoint == "ping":
            return None
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        g.session = Session(engine)
        known = g.session.get(Token, sha256(token.encode()).hexdigest())
        if known is None:
            return jsonify(title="unauthorised"), 401
        g.household_id = known.household_id
        return None

    @app.teardown_request
    def close(_error: BaseException | None) -> None:
        session = g.pop("session", None)
        if session is not None:
            session.close()

    @app.get("/ping")
    def ping() -> str:
        return "pong"

    @app.post("/orders")
    def place() -> Any:
        try:
            body = schema.load(request.get_json())
        except ValidationError as wrong:
            return jsonify(errors=wrong.messages), 422
        session: Session = g.session
        if body["household_id"] != g.household_id:
            return jsonify(title="not found"), 404
        household, cycle = session.get(Household, body["household_id"]), session.get(Cycle, body["cycle_id"])
        if household is None or cycle is None or not household.active:
            return jsonify(title="not found"), 404
        if cycle.closes_at < datetime.now(UTC).replace(tzinfo=None):
            return jsonify(title="closed"), 409
        wanted = [line["product_id"] for line in body["lines"]]
        prices = {p.id: p.price_cents for p in session.scalars(select(Product).where(Product.id.in_(wanted)))}
        if len(prices) != len(set(wanted)):
            return jsonify(errors={"lines": ["unknown product"]}), 422
        order = Order(
            id=str(uuid.uuid4()),
            cycle_id=cycle.id,
            household_id=household.id,
            created_at=datetime.now(UTC).replace(tzinfo=None),
            total_cents=0,
        )
        for line in body["lines"]:
            unit = (prices[line["product_id"]] * household.tier_rate_bp + 5_000) // 10_000
            amount = unit * line["quantity"]
            order.lines.append(Line(product_id=line["product_id"], quantity=line["quantity"], amount_cents=amount))
            order.total_cents += amount
        session.add(order)
        session.flush()
        session.add(LedgerRow(household_id=household.id, order_id=order.id, amount_cents=-order.total_cents))
        session.commit()
        return jsonify(id=order.id, total_cents=order.total_cents), 201

    @app.get("/balance/<household_id>")
    def balance(household_id: str) -> Any:
        if household_id != g.household_id:
            return jsonify(title="not found"), 404
        total = g.session.scalar(
            select(func.coalesce(func.sum(LedgerRow.amount_cents), 0)).where(LedgerRow.household_id == household_id)
        )
        return jsonify(household_id=household_id, balance_cents=int(total))

    return app
