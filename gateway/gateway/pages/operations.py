"""For those who run the installation: is every part of it well, and if not, which one and since when.

`/exploitation` for people of the central team, `/health` for programs on the same machine; `grenier status` shows the same.
"""

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from gateway.access import access, rule
from gateway.menus import nav_item
from gateway.staleness import age
from grenier.overview import WELL, Overview

bp = Blueprint("operations", __name__)
nav_item(
    lazy_gettext("Exploitation"),
    "operations.index",
    icon="wrench-screwdriver",
    order=95,
    who=rule(may="contracts.found"),
)

STATES: dict[str, tuple[str, Any]] = {
    WELL: ("good", lazy_gettext("va bien")),
    "slow": ("attention", lazy_gettext("répond lentement")),
    "behind": ("attention", lazy_gettext("en retard")),
    "parked": ("attention", lazy_gettext("événements mis de côté")),
    "overloaded": ("attention", lazy_gettext("trop de monde : refuse une partie des demandes")),
    "waiting": ("attention", lazy_gettext("attend le serveur de courrier")),
    "full": ("bad", lazy_gettext("plein, ou presque")),
    "not-ready": ("bad", lazy_gettext("tourne, mais n’est pas prêt")),
    "held": ("bad", lazy_gettext("tenu à l’arrêt par un opérateur")),
    "silent": ("bad", lazy_gettext("ne répond pas")),
    "down": ("bad", lazy_gettext("arrêté")),
}


def overview() -> dict[str, Any]:
    """One look per process and second, however many ask."""
    app = current_app
    found: Overview | None = app.extensions.get("grenier-overview")
    if found is None:
        found = app.extensions["grenier-overview"] = Overview(app.extensions["grenier"].settings, "gateway")
    seen = found.look()
    door = app.extensions["grenier-admission"]
    if "gateway" in seen["components"] and door.overloaded():
        seen["components"]["gateway"]["state"] = "overloaded"
        seen["named"] = sorted({*seen["named"], "gateway"})
        seen["status"] = "attention"
    return seen


@bp.get("/health")
@access("local")
def everything() -> Response:
    seen = overview()
    return jsonify({**seen, "data_age_s": age()})


@bp.get("/exploitation")
@access(may="contracts.found")
def index() -> str:
    seen = overview()
    rows = [
        {**part, "name": name, "known": STATES[part["state"]], "facts": _spoken(part.get("facts", {}))}
        for name, part in sorted(seen["components"].items(), key=lambda item: (item[1]["state"] == WELL, item[0]))
    ]
    return render_template("operations/index.html", rows=rows, named=seen["named"], data_age=age())


def _spoken(facts: dict[str, Any]) -> list[str]:
    """The figures that an operator acts upon, in words."""
    told = []
    if facts.get("lag_events"):
        told.append(
            _(
                "%(events)s événements de retard, le plus ancien de %(seconds)s s",
                events=_at_least(facts["lag_events"], 200),
                seconds=facts.get("lag_s", 0),
            )
        )
    if facts.get("parked"):
        told.append(_("%(count)s mis de côté : grenier parked list", count=facts["parked"]))
    if facts.get("waiting"):
        told.append(_("%(count)s en attente", count=_at_least(facts["waiting"], 500)))
    if facts.get("unconfirmed"):
        told.append(_("%(count)s messages attendent RabbitMQ", count=facts["unconfirmed"]))
    if "free_bytes" in facts:
        told.append(_("%(free)s Mo libres", free=facts["free_bytes"] // 1_000_000))
    if facts.get("restarts"):
        told.append(_("%(count)s redémarrages", count=facts["restarts"]))
    return told


def _at_least(count: int, limit: int) -> str:
    return f"{count}" if count < limit else f"≥ {limit}"
