"""« Mes données »: what is known about me, taking it away, and having it erased."""

from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from gateway.access import access
from gateway.calls import ask, tell
from gateway.identity import identity, person_id
from gateway.pages.members_words import refusal, state_of
from grenier.errors import Rejected

bp = Blueprint("mydata", __name__)

FIELDS = ("first_name", "last_name", "email", "phone", "address")


@bp.get("/mes-donnees")
@access("person")
def index():
    about = ask("contracts", "me")
    homes = [{**home, "word": state_of(home)} for home in about["households"]]
    return render_template("members/mydata.html", about=about, homes=homes)


@bp.route("/mes-donnees/effacer", methods=["GET", "POST"])
@access("person")
def erase_me():
    if request.method == "POST":
        return _erase(person_id(), own=True)
    return _preview(person_id(), own=True)


@bp.route("/personnes/<other_id>/effacer", methods=["GET", "POST"])
@access(may="contracts.erase")
def erase(other_id: str):
    """At the request of somebody who cannot do it alone."""
    if other_id == person_id():
        return redirect(url_for("mydata.erase_me"))
    return _erase(other_id, own=False) if request.method == "POST" else _preview(other_id, own=False)


def _preview(who: str, own: bool) -> str:
    found = ask("contracts", "erasure_preview", person_id=who)
    words = {
        "first_name": _("prénom"),
        "last_name": _("nom"),
        "email": _("courriel"),
        "phone": _("téléphone"),
        "address": _("adresse"),
    }
    told = [str(words[name]) for name in FIELDS if name in found["forgotten"]["fields"]]
    return render_template("members/erase.html", found=found, told=told, own=own, effects=_effects(found, told))


def _effects(found: dict[str, Any], told: list[str]) -> list[str]:
    effects = [_("Effacés pour toujours : %(fields)s.", fields=", ".join(told) or _("rien d’autre que le compte"))]
    if found["forgotten"]["roles"]:
        effects.append(_("Les rôles prennent fin aussitôt."))
    for home in found["kept"]["households"]:
        place = {"label": home["label"] or "–", "group": home["group_name"]}
        if home["nameless"]:
            effects.append(
                _("Le foyer %(label)s (%(group)s) reste sans nom : ses commandes et son compte aussi.", **place)
            )
        else:
            effects.append(_("Le foyer %(label)s (%(group)s) continue avec les autres personnes.", **place))
    effects.append(_("Les comptes restent justes : les écritures gardent un numéro, jamais un nom."))
    effects.append(_("La connexion ne sera plus possible."))
    return effects


def _erase(who: str, own: bool):
    try:
        tell("contracts", "erase_person", person_id=who)
    except Rejected as refused:
        flash(refusal(refused), "problem")
        return redirect(request.path)
    gateway = current_app.extensions["grenier"]
    gateway.sessions.close_all(who)
    flash(_("C’est fait. Plus rien ici ne porte ce nom."), "success")
    if own:
        identity().session = None
    return redirect(url_for("public.index"))
