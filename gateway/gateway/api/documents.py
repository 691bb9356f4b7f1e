"""Documents and lists as files: PDF for paper, XLSX and CSV for spreadsheets; a group's own clauses.

Every PDF takes `size` (points, in steps of a half) and carries the SHA-256 of its bytes as ETag. Who may have a document is who
may have its data.
"""

from datetime import date
from typing import Any

from flask import Response, request
from marshmallow import fields, validate

from gateway import lists, printing, printing_accounts, printing_days
from gateway.access import access
from gateway.api.base import ApiBlueprint, Query
from gateway.calls import ask
from gateway.documents import (
    cheques,
    contract,
    order_form,
    quantities,
    render,
    settlement,
    sign_off,
    statement,
)
from gateway.table_files import file_of, printed, response
from gateway.tables import Table
from grenier.errors import Invalid, NotFound

bp = ApiBlueprint(
    "documents", description="Documents for paper, lists for spreadsheets, and a group's own clauses in them."
)

FORM = "<any(pdf,xlsx,csv):form>"
LAYOUTS = ("columns", "members", "matrix")
PDF = "application/pdf"
DAYS_AT_MOST = 400


class Sized(Query):
    size = fields.Float(
        validate=validate.Range(min=render.SMALLEST_PT, max=render.LARGEST_PT),
        metadata={"description": "Size of the text in points, in steps of a half"},
    )


class Signed(Sized):
    signed = fields.Integer(
        load_default=1, validate=validate.OneOf([0, 1]),
        metadata={"description": "0: the document as it is to be signed, without signatures and numbers of cheques"},
    )  # fmt: skip


class Sheet(Sized):
    layout = fields.String(load_default="columns", validate=validate.OneOf(LAYOUTS))
    show = fields.String(load_default="phone", metadata={"description": "phone, email, address; several with commas"})


class Span(Sized):
    since = fields.Date()
    until = fields.Date()


class Account(Span):
    contract_id = fields.String()


class Until(Sized):
    cash_until = fields.Date()


class Cheques(Sized):
    contract_id = fields.String()
    state = fields.String(validate=validate.OneOf(["expected", "received", "handed_over", "returned"]))


class Form(Sized):
    household_id = fields.String()


def paper(template: str, data: dict[str, Any], name: str) -> Response:
    """The PDF, to look at in the browser; 422 when it would be longer than anybody prints."""
    content = printed(template, data)
    made = response(content, PDF, f"{name}.pdf", inline=True)
    made.set_etag(render.digest(content))
    made.headers["Cache-Control"] = "private, no-cache"
    made.make_conditional(request)
    return made


def either(form: str, template: str, data: dict[str, Any], table: Table) -> Response:
    """The PDF with its own layout, or the table as a spreadsheet."""
    return paper(template, data, table.name) if form == "pdf" else spreadsheet(table, form)


def spreadsheet(table: Table, form: str) -> Response:
    made = file_of(table, form)
    if made is None:
        raise NotFound
    return made


# -- contracts ---------------------------------------------------------------------------------------------------


@bp.get("/contracts/<contract_id>/document.pdf")
@access("person")
@bp.arguments(Signed, location="query")
@bp.response(200, content_type=PDF)
def contract_document(query, contract_id):
    """The contract, blank: what the producer approves and what is signed at a desk"""
    facts = printing.contract_facts(contract_id)
    return paper("contract", contract.shape(facts if query["signed"] else printing.to_sign(facts)), "contrat")


@bp.get("/subscriptions/<subscription_id>/document.pdf")
@access("person")
@bp.arguments(Signed, location="query")
@bp.response(200, content_type=PDF)
def subscription_document(query, subscription_id):
    """The contract filled in for a subscription, with signatures and cheques"""
    facts = printing.subscription_facts(subscription_id)
    return paper("contract", contract.shape(facts if query["signed"] else printing.to_sign(facts)), "contrat-rempli")


@bp.get(f"/contracts/<contract_id>/subscriptions.{FORM}")
@access("person")
@bp.arguments(Sized, location="query")
@bp.response(200, content_type=PDF)
def subscriptions_file(query, contract_id, form):
    """Subscriptions of a contract, with quantities and amounts"""
    return spreadsheet(lists.subscriptions_table(contract_id), form)


@bp.get(f"/contracts/<contract_id>/balances.{FORM}")
@access("person")
@bp.arguments(Sized, location="query")
@bp.response(200, content_type=PDF)
def balances_file(query, contract_id, form):
    """What each household has paid into a contract, got and has left"""
    return spreadsheet(lists.balances_table(contract_id), form)


# -- deliveries --------------------------------------------------------------------------------------------------


@bp.get(f"/groups/<group_id>/sign-off/<on>.{FORM}")
@access("member")
@bp.arguments(Sheet, location="query")
@bp.response(200, content_type=PDF)
def day_sign_off(query, group_id, on, form):
    """The sheet to sign for all contracts of a day: by contract columns, by member, or as a matrix"""
    return _sheet(form, query, printing_days.day_facts(group_id, _day(on)))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise NotFound from error


@bp.get(f"/contracts/<contract_id>/deliveries/<delivery_id>/sign-off.{FORM}")
@access("person")
@bp.arguments(Sheet, location="query")
@bp.response(200, content_type=PDF)
def delivery_sign_off(query, contract_id, delivery_id, form):
    """The sheet to sign for one contract's delivery"""
    group_id, on = printing_days.delivery_day(contract_id, delivery_id)
    return _sheet(form, query, printing_days.day_facts(group_id, on, contract_id))


def _sheet(form: str, query: dict[str, Any], facts: dict[str, Any]) -> Response:
    layout, show = query["layout"], query["show"].split(",")
    if form != "pdf":
        return spreadsheet(lists.matrix_table(facts) if layout == "matrix" else lists.sign_off_table(facts), form)
    match layout:
        case "members":
            data = sign_off.by_member(facts)
        case "matrix":
            data = sign_off.matrix(facts)
        case _:
            data = sign_off.shape(facts, show)
    return paper("sign_off", data, f"emargement-{facts['on']}")


@bp.get(f"/contracts/<contract_id>/sign-off.{FORM}")
@access("person")
@bp.arguments(Span, location="query")
@bp.response(200, content_type=PDF)
def season_sign_off(query, contract_id, form):
    """One sheet for several dates of a contract, a column each; the whole season when no dates are given"""
    told = ask("contracts", "contract", contract_id=contract_id)
    since = query.get("since") or fields.Date().deserialize(told["starts_on"])
    until = query.get("until") or fields.Date().deserialize(told["ends_on"])
    if until < since or (until - since).days > DAYS_AT_MOST:
        raise Invalid(fields={"until": [f"After `since`, at most {DAYS_AT_MOST} days."]})
    facts = printing_days.days_facts(told["group_id"], contract_id, since, until)
    if form == "pdf":
        return paper("sign_off", sign_off.several(facts), "emargement-dates")
    return spreadsheet(lists.several_table(facts), form)


@bp.get(f"/contracts/<contract_id>/deliveries/<delivery_id>/quantities.{FORM}")
@access("person")
@bp.arguments(Sized, location="query")
@bp.response(200, content_type=PDF)
def delivery_quantities(query, contract_id, delivery_id, form):
    """What the producer brings: totals, and the baskets in detail when they differ"""
    group_id, on = printing_days.delivery_day(contract_id, delivery_id)
    facts = printing_days.quantities_facts(group_id, on, contract_id, delivery_id)
    return either(form, "listing", quantities.shape(facts), lists.quantities_table(facts))


# -- cheques -----------------------------------------------------------------------------------------------------


@bp.get(f"/contracts/<contract_id>/hand-over.{FORM}")
@access("person")
@bp.arguments(Until, location="query")
@bp.response(200, content_type=PDF)
def hand_over_document(query, contract_id, form):
    """Cheques and signed contracts that may go to the producer now, with room for the signature"""
    facts = printing.hand_over_facts(contract_id, query.get("cash_until"))
    table = lists.cheques_table(f"cheques-a-remettre-{facts['on']}", facts["cheques"])
    return either(form, "listing", cheques.shape(facts), table)


@bp.get(f"/bundles/<bundle_id>/list.{FORM}")
@access("person")
@bp.arguments(Sized, location="query")
@bp.response(200, content_type=PDF)
def bundle_document(query, bundle_id, form):
    """What was handed over to the producer, with the receipt"""
    facts = printing.bundle_facts(bundle_id)
    table = lists.cheques_table(f"cheques-remis-{facts['on']}", facts["cheques"])
    return either(form, "listing", cheques.shape(facts), table)


@bp.get(f"/groups/<group_id>/cheques.{FORM}")
@access(may="contracts.cheques")
@bp.arguments(Cheques, location="query")
@bp.response(200, content_type=PDF)
def cheques_file(query, group_id, form):
    """Cheques of a group: where each is, and when it may be cashed"""
    filters = {name: query[name] for name in ("contract_id", "state") if name in query}
    return spreadsheet(lists.group_cheques_table(group_id, **filters), form)


# -- orders and accounts -----------------------------------------------------------------------------------------


@bp.get("/cycles/<cycle_id>/order-form.pdf")
@access("person")
@bp.arguments(Form, location="query")
@bp.response(200, content_type=PDF)
def order_form_document(query, cycle_id):
    """The order form on paper: blank, or for one household at its price"""
    facts = printing_accounts.order_form_facts(cycle_id, query.get("household_id", ""))
    return paper("listing", order_form.shape(facts), "bon-de-commande")


@bp.get("/cycles/<cycle_id>/orders/<household_id>/summary.pdf")
@access("person")
@bp.arguments(Sized, location="query")
@bp.response(200, content_type=PDF)
def order_summary(query, cycle_id, household_id):
    """What a household has ordered, to tick at the stands"""
    facts = printing_accounts.summary_facts(cycle_id, household_id)
    return paper("listing", order_form.summary(facts), "recapitulatif")


@bp.get(f"/cycles/<cycle_id>/parcels.{FORM}")
@access("person")
@bp.arguments(Sized, location="query")
@bp.response(200, content_type=PDF)
def parcels_file(query, cycle_id, form):
    """Parcels of an order round, with their state and what is missing"""
    return spreadsheet(lists.parcels_table(cycle_id), form)


@bp.get(f"/households/<household_id>/statement.{FORM}")
@access("person")
@bp.arguments(Account, location="query")
@bp.response(200, content_type=PDF)
def statement_document(query, household_id, form):
    """The account of a household, in its group or in one contract"""
    span = (query.get("since"), query.get("until"))
    facts = printing_accounts.statement_facts(household_id, query.get("contract_id", ""), *span)
    return either(form, "listing", statement.shape(facts), lists.statement_table(facts))


@bp.get("/contracts/<contract_id>/settlement/<household_id>/letter.pdf")
@access("person")
@bp.arguments(Sized, location="query")
@bp.response(200, content_type=PDF)
def settlement_letter(query, contract_id, household_id):
    """The letter that closes a household's account in a contract"""
    facts = printing_accounts.settlement_facts(contract_id, household_id)
    return paper("letter", settlement.shape(facts), "regularisation")
