"""The basket exchange of a group: what may be taken, offering one's own, coming and going (S4:7-48, S4:62-71)."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from marshmallow import Schema

from gateway.access import access, belongs_to, rule
from gateway.calls import ask, tell
from gateway.formats import instant_text
from gateway.forms import Form
from gateway.menus import nav_item
from gateway.pages.exchange_words import PHASES, by_day, help_links, parts_text, shown, told
from gateway.pages.members_words import spoken, text
from grenier.errors import Invalid, Rejected

bp = Blueprint("exchange", __name__)
LEFT = "left-exchange"
nav_item(
    lazy_gettext("Intermittents"),
    "exchange.index",
    icon="arrows-right-left",
    order=34,
    who=rule("member"),
    kinds=("csa",),
)
bp.add_app_template_global(help_links, "exchange_help")
bp.add_app_template_global(parts_text, "basket_parts")


class FriendForm(Schema):
    first_name = text(required=True)
    last_name = text(load_default="")
    email = text(longest=254, load_default="")
    phone = text(longest=40, load_default="")


def space_of(group_id: str) -> dict[str, Any]:
    return ask("contracts", "exchange", group_id=group_id)


@bp.get("/groupes/<group_id>/intermittents")
@access("person")
def index(group_id: str):
    """What may be taken, by date."""
    space = space_of(group_id)
    found = ask("contracts", "exchange_offers", group_id=group_id) if space["settings"]["enabled"] else None
    rows = [shown(row, PHASES, row["phase"]) for row in found["offers"]] if found else []
    return render_template("exchange/index.html", space=space, group_id=group_id, days=by_day(rows), found=found)


# -- coming and going ----------------------------------------------------------------------------------------------


@bp.post("/groupes/<group_id>/intermittents/inscription")
@access("person")
def enrol(group_id: str):
    done = _("Vous êtes inscrit·e : chaque panier à prendre vous sera annoncé par courriel.")
    if told("enrol_as_taker", done, group_id=group_id):
        session.pop(LEFT, None)
    return redirect(url_for("exchange.index", group_id=group_id))


@bp.route("/groupes/<group_id>/intermittents/desinscription", methods=["GET", "POST"])
@access("person")
def leave(group_id: str):
    """S4:66-71: a button, a question, a page that says it is done; a mail follows."""
    space = space_of(group_id)
    if request.method == "POST":
        if told("leave_exchange", _("Votre désinscription est prise en compte."), group_id=group_id):
            session[LEFT] = group_id
        return redirect(url_for("exchange.left", group_id=group_id))
    return render_template("exchange/leave.html", space=space, group_id=group_id)


@bp.get("/groupes/<group_id>/intermittents/desinscription/faite")
@access("person")
def left(group_id: str):
    """S4:71: for who has just left here, member or not; a stranger is told what anybody is of a group that is not there."""
    if session.get(LEFT) != group_id:
        space_of(group_id)
        return redirect(url_for("exchange.index", group_id=group_id))
    # Who is no member and has left the list has nothing to do with the group any more.
    space = space_of(group_id) if belongs_to(group_id) else None
    return render_template("exchange/left.html", space=space, group_id=group_id)


@bp.route("/groupes/<group_id>/intermittents/inscrire", methods=["GET", "POST"])
@access("person")
def enrol_other(group_id: str):
    """S4:33: a member proposes somebody, who says yes by mail; the referent enrols at once (S4:20)."""
    space, form = space_of(group_id), Form(FriendForm())
    if not (space["member"] or space["may_manage"]):
        abort(404)
    if request.method == "POST" and form.tell("contracts", "enrol_taker", group_id=group_id):
        flash(
            _("Inscription faite : cette personne reçoit un message de bienvenue.")
            if space["may_manage"]
            else _("Message envoyé : cette personne sera inscrite quand elle aura dit oui."),
            "success",
        )
        back = "exchange_desk.takers" if space["may_manage"] else "exchange.index"
        return redirect(url_for(back, group_id=group_id))
    return spoken(form).render("exchange/enrol_other.html", space=space, group_id=group_id)


# -- offering ------------------------------------------------------------------------------------------------------


@bp.get("/groupes/<group_id>/intermittents/absence")
@access("person")
def absence(group_id: str):
    """S4:40-41: « Absence – proposer son panier »: choose the date."""
    space, found = space_of(group_id), ask("contracts", "my_baskets", group_id=group_id)
    rows = [shown(row, PHASES, row["phase"]) for row in found["baskets"]]
    return render_template(
        "exchange/absence.html", space=space, group_id=group_id, days=by_day(rows), hours=found["cutoff_hours"]
    )


@bp.route(
    "/groupes/<group_id>/intermittents/absence/<contract_id>/<subscription_id>/<delivery_id>", methods=["GET", "POST"]
)
@access("person")
def offer(group_id: str, contract_id: str, subscription_id: str, delivery_id: str):
    """S4:42: « Céder mon panier » to the takers, or to somebody by name (S4:37)."""
    space, basket = space_of(group_id), _own_basket(group_id, subscription_id, delivery_id)
    audience = request.form.get("audience", "takers")
    form = Form(FriendForm() if audience == "named" else None)
    if request.method == "POST":
        ids = {"contract_id": contract_id, "subscription_id": subscription_id, "delivery_id": delivery_id}
        if _offered(form, audience, ids):
            return redirect(url_for("exchange_baskets.show", basket_id=basket["basket_id"]))
    return spoken(form).render(
        "exchange/offer.html",
        space=space,
        group_id=group_id,
        basket=shown(basket, PHASES, basket["phase"]),
        audiences=_audiences(space),
        audience=audience,
        until=instant_text(basket["closes_at"]),
    )


def _own_basket(group_id: str, subscription_id: str, delivery_id: str) -> dict[str, Any]:
    for basket in ask("contracts", "my_baskets", group_id=group_id)["baskets"]:
        if basket["subscription_id"] == subscription_id and basket["delivery_id"] == delivery_id:
            return basket
    abort(404)


def _offered(form: Form, audience: str, ids: dict[str, str]) -> bool:
    friend = form.load()
    if friend is None:
        return False
    named = {"friend": friend} if audience == "named" else {}
    try:
        tell("contracts", "offer_basket", **ids, audience=audience, **named)
    except (Rejected, Invalid) as refused:
        form.refuse(refused)
        return False
    flash(
        _("Votre panier est proposé. Cette personne reçoit le lieu, les horaires et ce qu’il faut prendre.")
        if audience == "named"
        else _(
            "Votre panier est proposé : les intermittents sont prévenus par courriel. À vous de valider une demande."
        ),
        "success",
    )
    return True


def _audiences(space: dict[str, Any]) -> list[tuple[str, str, str]]:
    found = [("takers", _("Aux intermittents du groupe"), _("Ils reçoivent un courriel et peuvent le demander."))]
    if space["pooled"]:
        found.append(
            (
                "federation",
                _("Aux intermittents de tous les groupes"),
                _("Ceux des groupes voisins aussi sont prévenus."),
            )
        )
    found.append(
        ("named", _("À une personne que je connais"), _("Un ami, une voisine : elle reçoit le mode d’emploi."))
    )
    return found
