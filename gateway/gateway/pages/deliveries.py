"""Deliveries: what left the warehouse, what the group received, who is concerned when something is missing (S1:136, S1:53)."""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from gateway.access import access, rule
from gateway.calls import ask, tell
from gateway.forms import Form
from gateway.pages.logistics_words import (
    DELIVERY_STATES,
    REASONS,
    act,
    group_name,
    household_names,
    month_name,
    my_federations,
    my_groups,
    typed_whole,
)
from gateway.tables import Column, Table
from gateway.tasks import Task, task_source
from grenier.errors import Invalid, NotFound, Rejected

bp = Blueprint("deliveries", __name__)


@bp.get("/livraisons")
@access(may="logistics.dispatch")
def index():
    rows = [
        {
            **row,
            "group": group_name(row["group_id"]),
            "month": month_name(row["month"]),
            "url": url_for("deliveries.note", group_id=row["group_id"], delivery_id=row["delivery_id"]),
            "ready": _("%(done)d sur %(all)d", done=row["pallets_prepared"], all=row["pallets"]),
            "status": DELIVERY_STATES[row["state"]],
        }
        for host_id in my_federations("logistics.dispatch")
        for row in ask("logistics", "deliveries", host_id=host_id)["deliveries"]
    ]
    table = Table("livraisons", _("Livraisons"), _columns(), rows, _empty())
    leaving = [row for row in rows if row["state"] == "prepared"]
    return table.export() or render_template("deliveries/index.html", table=table, leaving=leaving)


@bp.get("/groupes/<group_id>/livraisons/<delivery_id>")
@access(may="logistics.read")
def note(group_id: str, delivery_id: str):
    """The delivery note, with the form to receive it."""
    return _page(Form(), group_id, ask("logistics", "delivery", delivery_id=delivery_id))


@bp.post("/livraisons/<delivery_id>/depart")
@access(may="logistics.dispatch")
def dispatch(delivery_id: str):
    success = _("Livraison partie. Le groupe peut maintenant la réceptionner.")
    return act("dispatch_delivery", url_for("deliveries.index"), success, delivery_id=delivery_id)


@bp.post("/groupes/<group_id>/livraisons/<delivery_id>")
@access(may="logistics.receive")
def receive(group_id: str, delivery_id: str):
    """Twice through here: first to see what it means, then to record it."""
    form, found = Form(), ask("logistics", "delivery", delivery_id=delivery_id)
    lines, preview = _typed(form, found), None
    if not form.errors:
        try:
            preview = ask("logistics", "preview_receipt", delivery_id=delivery_id, lines=lines)
            if request.form.get("sure") == "1" or not (preview["shortages"] or lines):
                tell("logistics", "receive_delivery", delivery_id=delivery_id, lines=lines)
                _say_received(preview)
                board = url_for("distribution.board", group_id=group_id, distribution_id=found["distribution_id"])
                return redirect(board)
        except (Rejected, Invalid) as refused:
            form.refuse(refused)
            preview = None
    return _page(form, group_id, found, typed=lines, preview=preview)


def _page(form: Form, group_id: str, found: dict, typed: list[dict] | None = None, preview: dict | None = None):
    if found["group_id"] != group_id:
        raise NotFound
    changed = {line["product_id"]: line for line in typed or []}
    lines = [{**line, **changed.get(line["product_id"], {})} for line in found["lines"]]
    context: dict[str, Any] = {
        "lines": lines,
        "labels": {f"received-{line['product_id']}": line["name"] for line in lines},
        "reasons": list(REASONS.items()),
        "names": household_names(preview["households"]) if preview else {},
        "preview": preview,
        "typed": typed,
        "state": DELIVERY_STATES[found["state"]],
        "group": group_name(group_id),
    }
    return form.render("deliveries/note.html", delivery=found, group_id=group_id, **context)


def _typed(form: Form, found: dict) -> list[dict]:
    """What differs from what is known so far: the delivery note the first time, the last receipt after that."""
    lines = []
    for line in found["lines"]:
        received = typed_whole(form, f"received-{line['product_id']}")
        known = line["expected"] if line["received"] is None else line["received"]
        if received is not None and received != known:
            reason = form.value(f"reason-{line['product_id']}")
            reason = reason if received < line["expected"] and reason in REASONS else ""
            lines.append({"product_id": line["product_id"], "received": received, "reason": reason})
    return lines


def _say_received(preview: dict) -> None:
    count = len(preview["households"])
    if not count:
        flash(_("Livraison réceptionnée. Le stock est prêt pour la distribution."), "success")
        return
    flash(
        ngettext(
            "Livraison réceptionnée avec un manque. %(num)d foyer est prévenu de sa part.",
            "Livraison réceptionnée avec un manque. %(num)d foyers sont prévenus de leur part.",
            count,
        ),
        "attention",
    )


def _columns() -> list[Column]:
    return [
        Column("group", _("Groupe"), link="url"),
        Column("month", _("Mois")),
        Column("ready", _("Palettes prêtes")),
        Column("weight_g", _("Poids"), "weight", total=True),
        Column("dispatched_at", _("Partie"), "instant"),
        Column("received_at", _("Reçue"), "instant"),
        Column("missing", _("Produits manquants"), "number"),
        Column("status", _("État"), "state"),
    ]


def _empty() -> tuple[str, str]:
    return _("Aucune livraison pour l’instant"), _("Elles naissent avec les palettes, quand les commandes sont figées.")


@task_source(rule(may="logistics.dispatch"))
def to_dispatch() -> Iterator[Task]:
    ready = [
        row for host_id in my_federations("logistics.dispatch")
        for row in ask("logistics", "deliveries", host_id=host_id)["deliveries"] if row["state"] == "prepared"
    ]  # fmt: skip
    if ready:
        title = ngettext("%(num)d livraison prête à partir", "%(num)d livraisons prêtes à partir", len(ready))
        groups = ", ".join(group_name(row["group_id"]) for row in ready)
        yield Task(title, url_for("deliveries.index"), _("Faire partir"), groups, icon="truck")


@task_source(rule(may="logistics.receive"))
def to_receive() -> Iterator[Task]:
    for group_id in my_groups("logistics.receive"):
        for row in ask("logistics", "deliveries", group_id=group_id)["deliveries"]:
            if row["state"] == "dispatched":
                url = url_for("deliveries.note", group_id=group_id, delivery_id=row["delivery_id"])
                detail = _("%(group)s : ne saisissez que les différences avec le bon.", group=group_name(group_id))
                yield Task(_("Réceptionner la livraison"), url, _("Réceptionner"), detail, minutes=30,
                           urgency="soon", icon="truck")  # fmt: skip
