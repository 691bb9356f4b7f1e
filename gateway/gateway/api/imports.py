"""Imports of households and subscriptions as XLSX or CSV files: a dry run first, an error per row with the name of its column."""

from typing import Any

from flask import Response, request
from flask_babel import gettext as _
from marshmallow import fields, validate

from gateway import member_import, subscription_import
from gateway.access import access
from gateway.api.base import ApiBlueprint, Query, Schema
from gateway.calls import ask, tell
from gateway.pages.members_words import say
from gateway.spreadsheets import MOST_BYTES, Sheet, refusal
from gateway.table_files import XLSX, response

bp = ApiBlueprint("imports", description="Households and subscriptions from files that spreadsheets write.")
CHUNK = 25


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
    rows = fields.List(fields.Nested(ReadRow))


def brought() -> bytes:
    """The file: the part `file` of a form, or the body itself."""
    upload = request.files.get("file")
    content = upload.read(MOST_BYTES + 1) if upload else request.get_data(cache=False)
    if not content:
        raise refusal(_("Choisissez un fichier XLSX ou CSV, ou collez les lignes du tableur."))
    return content


@bp.post("/groups/<group_id>/households/import-file")
@access(may="contracts.manage-members")
@bp.arguments(Import, location="query")
@bp.response(200, Report)
@bp.alt_response(422, description="The file is no spreadsheet, or names no columns that are known")
def import_members_file(query, group_id):
    """Households from a file (XLSX or CSV): the part `file` of a form, or the body"""
    group = ask("contracts", "group", group_id=group_id)
    sheet, rows = member_import.read_members(brought(), group)
    told = ask("contracts", "import_households", group_id=group_id, rows=rows, dry_run=True)
    wrong = {error["row"]: error["fields"] for error in told["errors"]}
    written = 0 if query["dry_run"] else _enrol(group_id, [row for at, row in enumerate(rows, 1) if at not in wrong])
    shown = [
        {"row": sheet.rows[at].number, "who": member_import.shown(row), "errors": _faults(sheet, wrong.get(at + 1, {}))}
        for at, row in enumerate(rows)
    ]  # fmt: skip
    return {"dry_run": bool(query["dry_run"]), "correct": len(rows) - len(wrong), "written": written, "rows": shown}


def _faults(sheet: Sheet, fields_of: dict[str, list[str]]) -> list[dict[str, str]]:
    return [{**fault, "message": say(fault["message"])} for fault in member_import.faults(sheet, fields_of)]


def _enrol(group_id: str, rows: list[dict[str, Any]]) -> int:
    """In portions that stay well under the patience of a call."""
    done = 0
    for start in range(0, len(rows), CHUNK):
        answer = tell("contracts", "import_households", group_id=group_id, rows=rows[start : start + CHUNK])
        done += len(answer["enrolled"])
    return done


@bp.post("/contracts/<contract_id>/subscriptions/import-file")
@access("person")
@bp.arguments(Import, location="query")
@bp.response(200, Report)
@bp.alt_response(422, description="The file is no spreadsheet, or names no columns that are known")
def import_subscriptions_file(query, contract_id):
    """Subscriptions of a contract from a file (XLSX or CSV): the part `file` of a form, or the body"""
    contract = ask("contracts", "contract", contract_id=contract_id)
    sheet, wanted = subscription_import.read_subscriptions(brought(), contract)
    subscription_import.check(contract_id, wanted)
    written = 0 if query["dry_run"] else subscription_import.carry_out(contract_id, wanted)
    correct = sum(1 for each in wanted if not each.errors)
    return {
        "dry_run": bool(query["dry_run"]),
        "correct": correct,
        "written": written,
        "rows": [each.shown(sheet) for each in wanted],
    }


@bp.get("/contracts/<contract_id>/subscriptions/import-template.xlsx")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, content_type=XLSX)
def subscription_template(query, contract_id) -> Response:
    """A workbook to fill in, with a column per option of the contract"""
    contract = ask("contracts", "contract", contract_id=contract_id)
    return response(subscription_import.template(contract), XLSX, "modele-inscriptions.xlsx")
