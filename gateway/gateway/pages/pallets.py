"""Pallets of the month: what goes to which group, picked from a list, one button when ready (S1:135)."""

from collections.abc import Iterator

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext

from gateway.access import access, rule
from gateway.calls import ask, tell
from gateway.formats import weight
from gateway.forms import Form
from gateway.menus import nav_item
from gateway.pages.logistics_words import (
    PALLET_STATES,
    group_name,
    month_name,
    my_federations,
    names_of,
    typed_whole,
)
from gateway.tables import Column, Table
from gateway.tasks import Task, task_source
from grenier.errors import Invalid, Rejected

bp = Blueprint("pallets", __name__)
nav_item(lazy_gettext("Palettes"), "pallets.index", icon="cube", order=40, who=rule(may="logistics.pallets"))


@bp.get("/palettes")
@access(may="logistics.pallets")
def index():
    rows = _rows()
    table = Table("palettes", _("Palettes"), _columns(), [_shown(row) for row in rows], _empty())
    exported = table.export()
    waiting = sum(1 for row in rows if row["state"] == "planned")
    total_g = sum(row["weight_g"] for row in rows)
    return exported or render_template("pallets/index.html", table=table, waiting=waiting, total_g=total_g, rows=rows)


@bp.get("/palettes/<pallet_id>")
@access(may="logistics.pallets")
def pallet(pallet_id: str):
    return _page(Form(), ask("logistics", "pallet", pallet_id=pallet_id))


@bp.post("/palettes/<pallet_id>/prete")
@access(may="logistics.pallets")
def prepare(pallet_id: str):
    """Only what was changed on the list is sent, with its reason."""
    form, found = Form(), ask("logistics", "pallet", pallet_id=pallet_id)
    lines = _changed(form, found["lines"])
    if not form.errors:
        try:
            tell("logistics", "prepare_pallet", pallet_id=pallet_id, lines=lines)
        except (Rejected, Invalid) as refused:
            form.refuse(refused)
            fields = {f"lines[{n}].reason": f"reason-{line['product_id']}" for n, line in enumerate(lines)}
            form.errors = {fields.get(name, name): told for name, told in form.errors.items()}
        else:
            flash(_prepared(len(lines)), "success")
            return redirect(url_for(".pallet", pallet_id=pallet_id))
    return _page(form, found)


def _changed(form: Form, planned: list[dict]) -> list[dict]:
    lines = []
    for line in planned:
        picked = typed_whole(form, f"picked-{line['product_id']}")
        if picked is not None and picked != line["quantity"]:
            reason = form.value(f"reason-{line['product_id']}").strip()
            lines.append({"product_id": line["product_id"], "quantity": picked, "reason": reason})
    return lines


def _prepared(differences: int) -> str:
    done = ngettext("Palette prête, avec %(num)d différence.", "Palette prête, avec %(num)d différences.", differences)
    return done if differences else _("Palette prête. Passez à la suivante, ou faites partir la livraison.")


def _page(form: Form, found: dict):
    picked = {line["product_id"]: line for line in found["prepared"] or []}
    reasons = {difference["product_id"]: difference["reason"] for difference in found["differences"] or []}
    lines = [
        {
            **line,
            "picked": form.value(f"picked-{line['product_id']}", picked.get(line["product_id"], line)["quantity"]),
            "reason": form.value(f"reason-{line['product_id']}", reasons.get(line["product_id"], "")),
        }
        for line in found["lines"]
    ]
    names = {line["product_id"]: line["name"] for line in lines}
    labels = {f"{field}-{product_id}": name for product_id, name in names.items() for field in ("picked", "reason")}
    who = names_of([found["prepared_by"] or ""]).get(found["prepared_by"] or "", "")
    context = {"lines": lines, "labels": labels, "group": group_name(found["group_id"]), "who": who}
    return form.render("pallets/pallet.html", pallet=found, state=PALLET_STATES[found["state"]], **context)


def _rows() -> list[dict]:
    return [
        row for host_id in my_federations("logistics.pallets")
        for row in ask("logistics", "pallets", host_id=host_id)["pallets"]
    ]  # fmt: skip


def _columns() -> list[Column]:
    return [
        Column("title", _("Palette"), link="url"),
        Column("month", _("Mois")),
        Column("products", _("Produits"), "number"),
        Column("cases", _("Caisses"), "number", total=True),
        Column("loose", _("À l’unité"), "number", total=True),
        Column("weight_g", _("Poids"), "weight", total=True),
        Column("status", _("État"), "state"),
    ]


def _shown(row: dict) -> dict:
    lines = row["prepared"] or row["lines"]
    return {
        **row,
        "month": month_name(row["month"]),
        "title": _("%(group)s, palette %(number)d", group=group_name(row["group_id"]), number=row["number"]),
        "url": url_for("pallets.pallet", pallet_id=row["pallet_id"]),
        "products": len(lines),
        "cases": sum(line["cases"] for line in lines),
        "loose": sum(line["loose"] for line in lines),
        "status": PALLET_STATES[row["state"]],
    }


def _empty() -> tuple[str, str]:
    return (
        _("Aucune palette pour l’instant"),
        _("Elles apparaissent dès que les commandes d’un groupe sont figées."),
    )


@task_source(rule(may="logistics.pallets"))
def to_prepare() -> Iterator[Task]:
    waiting = [row for row in _rows() if row["state"] == "planned"]
    if waiting:
        groups = len({row["group_id"] for row in waiting})
        title = ngettext("%(num)d palette à préparer", "%(num)d palettes à préparer", len(waiting))
        detail = ngettext("Pour %(num)d groupe, %(total)s en tout.", "Pour %(num)d groupes, %(total)s en tout.", groups,
                          total=weight(sum(row["weight_g"] for row in waiting)))  # fmt: skip
        yield Task(title, url_for("pallets.index"), _("Préparer"), detail, minutes=20 * len(waiting), icon="cube")
