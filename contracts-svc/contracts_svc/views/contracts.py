"""Contracts with producers: where each stands, its versions, its deliveries as they are now, what happened to it (S0:21-25)."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from contracts_svc.contract.adding import with_added
from grenier.language import season
from grenier.readmodel import Fact, Json, Rows, View

_meta = sa.MetaData()
contracts = sa.Table(
    "contracts_seasons",
    _meta,
    sa.Column("contract_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("producer_id", sa.Text, nullable=False, index=True),
    sa.Column("coordinator_id", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("approved_version", sa.Integer, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("complement", sa.Text, nullable=False),
    sa.Column("basket_kind", sa.Text, nullable=False),
    sa.Column("starts_on", sa.Text, nullable=False),
    sa.Column("ends_on", sa.Text, nullable=False),
    # Of the newest version; deliveries as they stand now are in their own table.
    sa.Column("terms", Json, nullable=False),
    sa.Column("signing_opens_on", sa.Text),
    sa.Column("signing_closes_on", sa.Text),
    sa.Column("signing_closed", sa.Integer, nullable=False),
    # {version, person_id, document_sha256, answer_until}, of the newest version only.
    sa.Column("submission", Json),
    sa.Column("changes_wanted", sa.Text, nullable=False),
    sa.Column("renews", sa.Text, nullable=False),
    sa.Column("renewed_by", sa.Text, nullable=False),
    sa.Column("drafted_at", sa.Text, nullable=False),
)
versions = sa.Table(
    "contracts_versions",
    _meta,
    sa.Column("contract_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    # drafted, submitted, changes_requested, approved: how far this version came.
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("document_sha256", sa.Text, nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("terms", Json, nullable=False),
)
deliveries = sa.Table(
    "contracts_deliveries",
    _meta,
    sa.Column("contract_id", sa.Text, primary_key=True),
    sa.Column("delivery_id", sa.Text, primary_key=True),
    # Its place in the terms.
    sa.Column("place_in_terms", sa.Integer, nullable=False),
    sa.Column("group_id", sa.Text, nullable=False),
    sa.Column("day", sa.Text, nullable=False),
    sa.Column("starts", sa.Text, nullable=False),
    sa.Column("ends", sa.Text, nullable=False),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("factor_percent", sa.Integer, nullable=False),
    sa.Column("series", sa.Text, nullable=False),
    sa.Column("cancelled", sa.Integer, nullable=False),
    sa.Column("moved_from", sa.Text),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Index("contracts_deliveries_by_day", "group_id", "day"),
)
steps = sa.Table(
    "contracts_steps",
    _meta,
    sa.Column("contract_id", sa.Text, primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("delivery_id", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("on_behalf_of", sa.Text, nullable=False),
    # A day, a reason, a comment: what the step says beside its name.
    sa.Column("note", sa.Text, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case season.ContractDrafted() as e:
            _draft(rows, fact, e)
        case season.ContractRevised() as e:
            _set_terms(rows, e.contract_id, e.terms)
            rows.change(contracts, e.contract_id, status="drafted", version=e.version, approved_version=0,
                        submission=None, changes_wanted="")  # fmt: skip
            _version(rows, fact, e.contract_id, e.version, e.terms)
        case season.ContractSubmitted() as e:
            asked = {"version": e.version, "person_id": e.person_id, "document_sha256": e.document_sha256,
                     "answer_until": msgspec.to_builtins(e.answer_until)}  # fmt: skip
            rows.change(contracts, e.contract_id, status="submitted", submission=asked, changes_wanted="")
            rows.change(versions, e.contract_id, e.version, status="submitted", document_sha256=e.document_sha256)
        case season.ContractChangesRequested() as e:
            rows.change(contracts, e.contract_id, status="changes_requested", changes_wanted=e.comment)
            rows.change(versions, e.contract_id, e.version, status="changes_requested", comment=e.comment)
        case season.ContractApproved() as e:
            rows.change(contracts, e.contract_id, status="approved", approved_version=e.version)
            rows.change(versions, e.contract_id, e.version, status="approved", document_sha256=e.document_sha256)
        case season.ContractOpened() as e:
            rows.change(contracts, e.contract_id, status="opened")
        case season.ContractEnded() as e:
            rows.change(contracts, e.contract_id, status="ended", signing_closed=1)
        case season.ContractAbandoned() as e:
            rows.change(contracts, e.contract_id, status="abandoned")
            _forget_renewal(rows, e.contract_id)
        case _:
            _apply_while_open(rows, fact)
    _remember(rows, fact)


def _apply_while_open(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case season.SignUpsClosed() as e:
            rows.change(contracts, e.contract_id, signing_closed=1)
        case season.SignUpsReopened() as e:
            rows.change(contracts, e.contract_id, signing_closed=0, signing_closes_on=e.closes_on.isoformat())
        case season.DeliveryMoved() as e:
            rows.change(deliveries, e.contract_id, e.delivery_id, **_as_planned(e.delivery))
        case season.DeliveryAdded() as e:
            _add(rows, e)
        case season.DeliveryCancelled() as e:
            rows.change(deliveries, e.contract_id, e.delivery_id, cancelled=1, reason=e.reason)
        case season.DeliveryCountedAnew() as e:
            rows.change(
                deliveries, e.contract_id, e.delivery_id, factor_percent=e.factor_percent, reason=e.reason
            )  # fmt: skip


def _add(rows: Rows, e: season.DeliveryAdded) -> None:
    """Options with dates of their own come on the new one too where the fact says so."""
    if (row := rows.get(contracts, e.contract_id)) is None:
        return
    rows.put(deliveries, contract_id=e.contract_id, delivery_id=e.delivery.delivery_id, group_id=e.group_id,
             place_in_terms=len(rows.where(deliveries, contract_id=e.contract_id)), **_as_planned(e.delivery))  # fmt: skip
    terms = with_added(msgspec.convert(row["terms"], season.Terms), e)
    rows.change(contracts, e.contract_id, terms=msgspec.to_builtins(terms))


def _draft(rows: Rows, fact: Fact, e: season.ContractDrafted) -> None:
    rows.put(contracts, contract_id=e.contract_id, group_id=e.group_id, producer_id=e.producer_id,
             coordinator_id=e.coordinator_id, status="drafted", version=1, approved_version=0, title="", complement="",
             basket_kind="", starts_on="", ends_on="", terms={}, signing_closed=0, changes_wanted="", renews=e.renews,
             renewed_by="", drafted_at=fact.at)  # fmt: skip
    _set_terms(rows, e.contract_id, e.terms)
    _version(rows, fact, e.contract_id, 1, e.terms)
    if e.renews:
        rows.change(contracts, e.renews, renewed_by=e.contract_id)


def _forget_renewal(rows: Rows, contract_id: str) -> None:
    """Last season's contract can be renewed again."""
    row = rows.get(contracts, contract_id)
    before = rows.get(contracts, row["renews"]) if row and row["renews"] else None
    if before and before["renewed_by"] == contract_id:
        rows.change(contracts, before["contract_id"], renewed_by="")


def _set_terms(rows: Rows, contract_id: str, terms: season.Terms) -> None:
    sign_up = terms.sign_up
    rows.change(
        contracts, contract_id, title=terms.title, complement=terms.complement, basket_kind=terms.basket_kind,
        starts_on=terms.starts_on.isoformat(), ends_on=terms.ends_on.isoformat(), terms=msgspec.to_builtins(terms),
        signing_opens_on=sign_up.opens_on.isoformat() if sign_up.opens_on else None,
        signing_closes_on=sign_up.closes_on.isoformat() if sign_up.closes_on else None,
    )  # fmt: skip
    kept = {delivery.delivery_id for delivery in terms.deliveries}
    for row in rows.where(deliveries, contract_id=contract_id):
        if row["delivery_id"] not in kept:
            rows.delete(deliveries, contract_id, row["delivery_id"])
    group_id = (rows.get(contracts, contract_id) or {})["group_id"]
    for place, delivery in enumerate(terms.deliveries):
        rows.put(deliveries, contract_id=contract_id, delivery_id=delivery.delivery_id, place_in_terms=place,
                 group_id=group_id, **_as_planned(delivery))  # fmt: skip


def _as_planned(delivery: season.PlannedDelivery) -> dict[str, str | int | None]:
    return {
        "day": delivery.on.isoformat(), "starts": delivery.starts, "ends": delivery.ends, "place": delivery.place,
        "factor_percent": delivery.factor_percent, "series": delivery.series, "cancelled": int(delivery.cancelled),
        "moved_from": delivery.moved_from.isoformat() if delivery.moved_from else None, "reason": delivery.reason,
    }  # fmt: skip


def _version(rows: Rows, fact: Fact, contract_id: str, version: int, terms: season.Terms) -> None:
    rows.put(versions, contract_id=contract_id, version=version, at=fact.at, actor=fact.meta.actor, status="drafted",
             document_sha256="", comment="", terms=msgspec.to_builtins(terms))  # fmt: skip


def _remember(rows: Rows, fact: Fact) -> None:
    event = fact.event
    contract_id = getattr(event, "contract_id", "")
    row = rows.get(contracts, contract_id)
    if row is None:
        return
    rows.put(steps, contract_id=contract_id, revision=fact.revision, at=fact.at, what=fact.name.split(".", 1)[1],
             version=getattr(event, "version", row["version"]), delivery_id=getattr(event, "delivery_id", ""),
             actor=fact.meta.actor, role=fact.meta.role, on_behalf_of=fact.meta.on_behalf_of, note=_note(fact))  # fmt: skip


def _note(fact: Fact) -> str:
    """What there is to say about a step beyond its name, as it was said."""
    match fact.event:
        case season.ContractChangesRequested() as e:
            return e.comment
        case season.ContractApproved() as e:
            return e.means
        case season.DeliveryMoved() as e:
            return f"{e.from_on} → {e.delivery.on}: {e.reason}"
        case season.DeliveryAdded() as e:
            return f"{e.delivery.on}: {e.reason}"
        case season.DeliveryCancelled() as e:
            return f"{e.on}: {e.reason}"
        case season.DeliveryCountedAnew() as e:
            return f"{e.factor_percent} %: {e.reason}"
        case season.SignUpsReopened() as e:
            return e.closes_on.isoformat()
        case season.ContractAbandoned() as e:
            return e.reason
    return ""


view = View(
    name="contracts",
    tables=(contracts, versions, deliveries, steps),
    reads=("contracts.contract-", "contracts.sign-ups-", "contracts.delivery-"),
    apply=apply,
)
