"""Pallets of the month: what goes to which group, picked from a list, one button when ready (S1:135)."""

from collections.abc import Iterator

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext

from gateway.access import access, rule
from gateway.calls import ask
from gateway.formats import weight
from gateway.menus import nav_item
from gateway.pages.logistics_words import PALLET_STATES, act, group_name, month_name, my_federations, names_of, whole
from gateway.tables import Column, Table
from gateway.tasks import Task, task_source

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
    found = ask("logistics", "pallet", pallet_id=pallet_id)
    picked = {line["product_id"]: line for line in found["prepared"] or []}
    reasons = {difference["product_id"]: difference["reason"] for difference in found["differences"] or []}
    lines = [
        {
            **line,
            "picked": picked.get(line["product_id"], line)["quantity"],
            "reason": reasons.get(line["product_id"], ""),
        }
        for line in found["lines"]
    ]
    who = names_of([found["prepared_by"] or ""]).get(found["prepared_by"] or "", "")
    context = {
        "lines": lines,
        "group": group_name(found["group_id"]),
        "state": PALLET_STATES[found["state"]],
        "month": month_name(found["month"]),
    }
    return render_template("pallets/pallet.html", pallet=found, who=who, **context)


@bp.post("/palettes/<pallet_id>/prete")
@access(may="logistics.pallets")
def prepare(pallet_id: str):
    """Only what was changed on the list is sent, with its reason."""
    planned = {
        line["product_id"]: line["quantity"] for line in ask("logistics", "pallet", pallet_id=pallet_id)["lines"]
    }
    lines = []
    for product_id, quantity in planned.items():
        picked = whole(request.form.get(f"picked-{product_id}"))
        if picked is not None and picked != quantity:
            reason = request.form.get(f"reason-{product_id}", "").strip()
            lines.append({"product_id": product_id, "quantity": picked, "reason": reason})
    done = ngettext("Palette prête, avec %(num)d différence.", "Palette prête, avec %(num)d différences.", len(lines))
    success = done if lines else _("Palette prête. Passez à la suivante, ou faites partir la livraison.")
    back = url_for("pallets.pallet", pallet_id=pallet_id)
    return act("prepare_pallet", back, success, pallet_id=pallet_id, lines=lines)


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
