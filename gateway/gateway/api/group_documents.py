"""A group's own papers and words: membership form, families, clauses of its documents."""

from marshmallow import fields, validate

from gateway import lists, printing_accounts
from gateway.access import access
from gateway.api.base import ApiBlueprint, Done, Query, Schema
from gateway.api.documents import FORM, PDF, Form, Sized, paper, spreadsheet
from gateway.calls import ask, tell
from gateway.documents import clauses, membership
from grenier.errors import Invalid, NotFound

bp = ApiBlueprint("group_documents", description="Papers of a group, and its own words in all documents.")


class Membership(Form):
    campaign_id = fields.String()


class AsOf(Sized):
    as_of = fields.Date()


class OwnWords(Schema):
    clauses = fields.Dict(
        keys=fields.String(validate=validate.Length(max=40)), values=fields.String(validate=validate.Length(max=clauses.LONGEST)),
        required=True, validate=validate.Length(max=20),
    )  # fmt: skip


class Clauses(Schema):
    clauses = fields.Dict(metadata={"description": "{document: {clause: text}}, what the group has written itself"})
    house = fields.Dict(metadata={"description": "{document: {clause: {title, text}}} where it has not"})


@bp.get("/groups/<group_id>/membership-form.pdf")
@access("member")
@bp.arguments(Membership, location="query")
@bp.response(200, content_type=PDF)
def membership_form(query, group_id):
    """The membership form: blank, or filled for a household"""
    facts = printing_accounts.membership_facts(group_id, query.get("campaign_id", ""), query.get("household_id", ""))
    return paper("letter", membership.shape(facts), "bulletin-adhesion")


@bp.get(f"/groups/<group_id>/families.{FORM}")
@access(may="contracts.read-members")
@bp.arguments(AsOf, location="query")
@bp.response(200, content_type=PDF)
def families_file(query, group_id, form):
    """The families with a running subscription on a day"""
    as_of = query["as_of"].isoformat() if query.get("as_of") else ""
    return spreadsheet(lists.families_table(group_id, as_of), form)


@bp.get("/groups/<group_id>/clauses")
@access("member")
@bp.arguments(Query, location="query")
@bp.response(200, Clauses)
def read_clauses(query, group_id):
    """The group's own words in its documents, and the house's text beside them"""
    house = {
        document: {name: {"title": title, "text": text} for name, (title, text) in parts.items()}
        for document, parts in clauses.HOUSE.items()
    }
    return {**ask("contracts", "clauses", group_id=group_id), "house": house}


@bp.put("/groups/<group_id>/clauses/<document>")
@access(may="contracts.settings")
@bp.arguments(OwnWords)
@bp.response(200, Done)
def set_clauses(body, group_id, document):
    """Write clauses of a document in the group's own words; an empty one is the house's text again"""
    known = clauses.HOUSE.get(document)
    if known is None:
        raise NotFound
    if unknown := sorted(set(body["clauses"]) - set(known)):
        raise Invalid(fields={f"clauses.{name}": ["Not a clause of this document."] for name in unknown})
    return tell("contracts", "set_clauses", group_id=group_id, document=document, clauses=body["clauses"])
