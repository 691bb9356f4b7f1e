"""The links of the exchange's mails: they work without signing in; opening one changes nothing, its button does (S4:44, S4:75-77)."""

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _

from gateway.access import access
from gateway.calls import ask
from gateway.limits_of import limit_source
from gateway.pages.exchange_words import MEANS, REQUESTS, shown, told

bp = Blueprint("exchange_links", __name__)
PER_HOUR = 60


@bp.route("/intermittents/panier/<token>", methods=["GET", "POST"])
@access("public")
def basket(token: str):
    """Take the basket, or give it back."""
    if request.method == "POST":
        limit_source("exchange-link", at_most=PER_HOUR)
        match request.form.get("act"):
            case "request":
                done = _("Votre demande est transmise. Vous recevrez la réponse par courriel.")
                told("request_by_link", done, token=token)
            case "withdraw":
                told("withdraw_by_link", _("C’est noté. Merci d’avoir prévenu."), token=token)
            case _other:
                abort(400)
        return redirect(url_for("exchange_links.basket", token=token))
    found = ask("contracts", "basket_by_link", token=token)
    row = shown(found, REQUESTS, found["state"])
    return render_template("exchange/taker.html", basket=row, means=list(MEANS.items()), now="", token=token)


@bp.route("/intermittents/quitter/<token>", methods=["GET", "POST"])
@access("public")
def leave(token: str):
    place = ask("contracts", "taker_by_link", token=token)
    if place["kind"] != "leave":
        abort(404)
    if request.method == "POST":
        limit_source("exchange-link", at_most=PER_HOUR)
        if told("leave_by_link", _("Votre désinscription est prise en compte."), token=token):
            return render_template("exchange/link_done.html", place=place, what="left")
    return render_template("exchange/link_leave.html", place=place)


@bp.route("/intermittents/confirmer/<token>", methods=["GET", "POST"])
@access("public")
def confirm(token: str):
    """S4:33: who was enrolled by somebody says yes."""
    place = ask("contracts", "taker_by_link", token=token)
    if place["kind"] != "confirm":
        abort(404)
    if request.method == "POST":
        limit_source("exchange-link", at_most=PER_HOUR)
        if told("confirm_taker", _("Bienvenue parmi les intermittents !"), token=token):
            return render_template("exchange/link_done.html", place=place, what="confirmed")
    return render_template("exchange/link_confirm.html", place=place)
