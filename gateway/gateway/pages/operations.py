"""For those who run the installation: is every part of it well, and if not, which one and since when.

`/exploitation` for people of the central team, `/health` for programs on the same machine; `grenier status` shows the same.
"""

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext

from gateway.access import access, rule
from gateway.formats import number
from gateway.menus import nav_item
from gateway.staleness import age
from grenier.metrics import COMPONENT_WELL
from grenier.overview import WELL, Overview, this_process

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
    "failing": ("problem", lazy_gettext("échoue à chaque tour")),
    "overloaded": ("attention", lazy_gettext("trop de monde : refuse une partie des demandes")),
    "waiting": ("attention", lazy_gettext("attend le serveur de courrier")),
    "full": ("problem", lazy_gettext("plein, ou presque")),
    "not-ready": ("problem", lazy_gettext("tourne, mais n’est pas prêt")),
    "held": ("problem", lazy_gettext("tenu à l’arrêt par un opérateur")),
    "silent": ("problem", lazy_gettext("ne répond pas")),
    "down": ("problem", lazy_gettext("arrêté")),
}

KINDS: dict[str, Any] = {
    "process": lazy_gettext("programme"),
    "server": lazy_gettext("serveur"),
    "view": lazy_gettext("vue"),
    "policy": lazy_gettext("ce qui en découle"),
    "timer": lazy_gettext("tâches à l’heure"),
    "feed": lazy_gettext("flux"),
    "queue": lazy_gettext("file"),
    "disk": lazy_gettext("disque"),
}


def hint(name: str, state: str) -> str:
    """What an operator does about it; "" when it is well or passes by itself."""
    return {
        "down": _("Le lanceur le relance de lui-même. S’il retombe, lisez son journal : logs/%(name)s.log", name=name),
        "held": _("Pour le relancer : grenier release %(name)s", name=name),
        "silent": _("Figé ou débordé. S’il le reste : grenier restart %(name)s", name=name),
        "not-ready": _("Il démarre, ou il attend une autre partie : regardez celles qui sont aussi dans cette liste."),
        "behind": _("Il rattrape tout seul et rien n’est perdu. Si le retard grandit, lisez son journal."),
        "parked": _("Un fait n’a pas pu être pris : grenier parked list, puis grenier parked retry"),
        "failing": _(
            "Ce qui se fait à l’heure (rappels, ouvertures, clôtures) n’a pas lieu. C’est un défaut : signalez-le."
        ),
        "overloaded": _("Il se protège ; cela passe avec l’affluence."),
        "waiting": _("Le courrier part dès que le serveur de courrier répond."),
        "full": _("Faites de la place : anciennes sauvegardes et vieux journaux d’abord."),
    }.get(state, "")


def overview() -> dict[str, Any]:
    """One look per process and second, however many ask."""
    app = current_app
    found: Overview | None = app.extensions.get("grenier-overview")
    if found is None:
        found = app.extensions["grenier-overview"] = Overview(app.extensions["grenier"].settings, "gateway")
    seen = found.look()
    door = app.extensions["grenier-admission"]
    me = this_process(app.extensions["grenier"].settings.data_dir, "gateway")
    if me in seen["components"] and door.overloaded():
        seen["components"][me]["state"] = "overloaded"
        seen["named"] = sorted({*seen["named"], me})
        seen["status"] = "attention"
        COMPONENT_WELL.labels(me).set(0)
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
        {
            **part,
            "name": name,
            "kind": str(KINDS.get(part["kind"], part["kind"])),
            "known": STATES[part["state"]],
            "facts": _spoken(part.get("facts", {})),
            "hint": hint(name, part["state"]),
        }
        for name, part in sorted(seen["components"].items(), key=lambda item: (item[1]["state"] == WELL, item[0]))
    ]
    bad = [row for row in rows if row["state"] != WELL]
    return render_template(
        "operations/index.html", bad=bad, well=rows[len(bad) :], at=seen["at"], named=seen["named"], data_age=age()
    )


def _spoken(facts: dict[str, Any]) -> list[str]:
    """The figures that an operator acts upon, in words."""
    told = []
    if filling := facts.get("filling"):
        told.append(_("se remplit : %(events)s événements lus sur environ %(of)s", **filling))
    elif facts.get("lag_events"):
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
        told.append(_("%(free)s Go libres", free=number(round(facts["free_bytes"] / 1e9, 1))))
    if facts.get("restarts"):
        told.append(ngettext("%(num)d redémarrage", "%(num)d redémarrages", facts["restarts"]))
    return told


def _at_least(count: int, limit: int) -> str:
    return f"{count}" if count < limit else f"≥ {limit}"
