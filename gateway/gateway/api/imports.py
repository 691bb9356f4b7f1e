"""Imports of households and subscriptions as XLSX or CSV files: a dry run first, an error per row with the name of its column."""

from typing import Any

from flask import Response, request
from flask_babel import gettext as _
from marshmallow import fields, validate

from gateway import member_import, subscription_import, subscription_writing
from gateway.access import access
from gateway.api.base import ApiBlueprint, Query, Schema
from gateway.calls import ask
from gateway.member_enrolment import enrol, look_over
from gateway.spreadsheets import MOST_BYTES, refusal
from gateway.table_files import XLSX, response

bp = ApiBlueprint("imports", description="Households and subscriptions from files that spreadsheets write.")


class Import(Query):
    dry_run = fields.Integer(
        load_default=1, validate=validate.OneOf([0, 1]), metadata={"description": "0: write the rows that have no error"}
    )  # fmt: skip


class Fault(Schema):
    column = fields.String(metadata={"description": "As the file names it"})
    message = fields.String()


class ReadRow(Schema):
    row = fields.Integer(metadata={"description": "As the spreadsheet numbers it"})
    who = fields.String()
    household_id = fields.String()
    amount_cents = fields.Integer(allow_none=True)
    waiting = fields.Boolean()
    errors = fields.List(fields.Nested(Fault))


class Report(Schema):
    dry_run = fields.Boolean()
    correct = fields.Integer(metadata={"description": "Rows without an error"})
    written = fields.Integer()
    unread_columns = fields.List(fields.String(), metadata={"description": "Heads that mean nothing here"})
    rows = fields.List(fields.Nested(ReadRow))


FILE = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}},
                    "required": ["file"],
                }
            },
            **{kind: {"schema": {"type": "string", "format": "binary"}} for kind in (XLSX, "text/csv")},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


def brought() -> bytes:
    """The file: the first one of a form, or the body itself."""
    upload = request.files.get("file") or next(iter(request.files.values()), None)
    content = upload.read(MOST_BYTES + 1) if upload else request.get_data()
    if not content:
        raise refusal(_("Choisissez un fichier XLSX ou CSV, ou collez les lignes du tableur."))
    return content


@bp.post("/groups/<group_id>/households/import-file")
@access(may="contracts.manage-members")
@bp.doc(**FILE)
@bp.arguments(Import, location="query")
@bp.response(200, Report)
@bp.alt_response(422, description="The file is no spreadsheet, or names no columns that are known")
def import_members_file(query, group_id):
    """Households from a file (XLSX or CSV): the part `file` of a form, or the body"""
    group = ask("contracts", "group", group_id=group_id)
    sheet, rows = member_import.read_members(brought(), group)
    written = 0
    if query["dry_run"]:
        look_over(group_id, sheet, rows)
    else:
        written = enrol(group_id, sheet, rows)
    return _report(query, written, list(sheet.extra), [each.told() for each in rows])


def _report(query, written: int, unread: list[str], shown: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "dry_run": bool(query["dry_run"]),
        "correct": sum(1 for each in shown if not each["errors"]),
        "written": written,
        "unread_columns": unread,
        "rows": shown,
    }


@bp.post("/contracts/<contract_id>/subscriptions/import-file")
@access("person")
@bp.doc(**FILE)
@bp.arguments(Import, location="query")
@bp.response(200, Report)
@bp.alt_response(422, description="The file is no spreadsheet, or names no columns that are known")
def import_subscriptions_file(query, contract_id):
    """Subscriptions of a contract from a file (XLSX or CSV): the part `file` of a form, or the body"""
    contract = ask("contracts", "contract", contract_id=contract_id)
    reader, wanted = subscription_import.read_subscriptions(brought(), contract)
    written = 0
    if query["dry_run"]:
        subscription_writing.check(contract_id, wanted)
    else:
        written = subscription_writing.carry_out(contract, wanted)
    return _report(query, written, reader.unread, [each.shown(reader.sheet) for each in wanted])


@bp.get("/contracts/<contract_id>/subscriptions/import-template.xlsx")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, content_type=XLSX)
def subscription_template(query, contract_id) -> Response:
    """A workbook to fill in, with a column per option of the contract"""
    contract = ask("contracts", "contract", contract_id=contract_id)
    return response(subscription_writing.template(contract), XLSX, "modele-inscriptions.xlsx")
