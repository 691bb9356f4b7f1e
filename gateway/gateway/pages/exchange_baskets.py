"""« Mes paniers échangés » and one basket, as its holder and as a taker see it (S4:47-61)."""

from typing import Any

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import Schema, fields, validate

from gateway.access import access
from gateway.calls import ask
from gateway.forms import Form
from gateway.pages.exchange_words import MEANS, PHASES, REQUESTS, shown, told, waiting_text
from gateway.pages.members_words import cents
from gateway.tasks import Task, task_source
from grenier.clock import iso
from grenier.errors import Invalid

bp = Blueprint("exchange_baskets", __name__)


class CancelForm(Schema):
    message = fields.String(validate=validate.Length(max=1000), load_default="")


@bp.get("/intermittents/mes-paniers")
@access("person")
def mine():
    """S4:49: details and state of each, own ones first."""
    found = ask("contracts", "my_exchanges")
    return render_template(
        "exchange/mine.html",
        offered=[{**shown(row, PHASES, row["phase"]), "waiting": waiting_text(row)} for row in found["offered"]],
        asked=[shown(row, REQUESTS, row["state"]) for row in found["asked"]],
        takes_in=found["takes_in"],
    )


@bp.get("/intermittents/paniers/<basket_id>")
@access("person")
def show(basket_id: str):
    basket = ask("contracts", "basket", basket_id=basket_id)
    if basket["as"] == "holder":
        basket = shown(basket, PHASES, basket["phase"])
        return render_template(
            "exchange/holder.html", basket=basket, means=list(MEANS.items()), names=REQUESTS, now=_now()
        )
    basket = shown(basket, REQUESTS, basket["state"])
    return render_template("exchange/taker.html", basket=basket, means=list(MEANS.items()), now=_now(), token="")


def _now() -> str:
    return iso(current_app.extensions["grenier"].clock.now())


def _back(basket_id: str) -> Any:
    return redirect(url_for("exchange_baskets.show", basket_id=basket_id))


@bp.post("/intermittents/paniers/<basket_id>/demander")
@access("person")
def request_it(basket_id: str):
    """S4:44-45: reserve on the site."""
    done = _("Votre demande est transmise. Vous recevrez la réponse par courriel.")
    told("request_basket", done, basket_id=basket_id)
    return _back(basket_id)


@bp.post("/intermittents/paniers/<basket_id>/retirer")
@access("person")
def withdraw(basket_id: str):
    told("withdraw_request", _("C’est noté. Merci d’avoir prévenu."), basket_id=basket_id)
    return redirect(url_for("exchange_baskets.mine"))


@bp.route("/intermittents/paniers/<basket_id>/accepter/<person_id>", methods=["GET", "POST"])
@access("person")
def accept(basket_id: str, person_id: str):
    """S4:47: first what a yes does."""
    basket = _own(basket_id)
    if request.method == "POST":
        done = _("C’est validé : vous avez les coordonnées l’un de l’autre, les autres personnes sont prévenues.")
        told("accept_taker", done, basket_id=basket_id, person_id=person_id)
        return _back(basket_id)
    waiting = [row for row in basket["requests"] if row["state"] == "waiting"]
    chosen = next((row for row in waiting if row["person_id"] == person_id), None)
    if chosen is None:
        abort(404)
    return render_template("exchange/accept.html", basket=basket, chosen=chosen, others=len(waiting) - 1)


@bp.post("/intermittents/paniers/<basket_id>/refuser/<person_id>")
@access("person")
def decline(basket_id: str, person_id: str):
    told("decline_taker", _("Cette personne est prévenue."), basket_id=basket_id, person_id=person_id)
    return _back(basket_id)


@bp.route("/intermittents/paniers/<basket_id>/annuler", methods=["GET", "POST"])
@access("person")
def cancel(basket_id: str):
    basket, form = _own(basket_id), Form(CancelForm())
    if request.method == "POST":
        values = form.load()
        done = _("Offre annulée : les personnes concernées sont prévenues. Le panier est de nouveau le vôtre.")
        if values is not None and told("cancel_offer", done, basket_id=basket_id, **values):
            return _back(basket_id)
    return form.render("exchange/cancel.html", basket=basket)


@bp.post("/intermittents/paniers/<basket_id>/recupere")
@access("person")
def collect(basket_id: str):
    """S4:61: I am there and sign in the holder's name."""
    told("collect_basket", _("Bon appétit ! Pensez à émarger au nom du foyer."), basket_id=basket_id)
    return _back(basket_id)


@bp.post("/intermittents/paniers/<basket_id>/regler")
@access("person")
def settle(basket_id: str):
    """S4:48: how the two arranged it."""
    means = request.form.get("means", "")
    if means not in MEANS:
        abort(400)
    try:
        amount = cents(request.form.get("amount", "")) or 0
    except Invalid:
        amount = -1
    done = _("C’est noté. Rien n’est compté sur votre compte du groupe.")
    told("settle_exchange", done, basket_id=basket_id, means=means, amount_cents=0 if means == "free" else amount)
    return _back(basket_id)


def _own(basket_id: str) -> dict[str, Any]:
    basket = ask("contracts", "basket", basket_id=basket_id)
    if basket["as"] != "holder":
        abort(404)
    return shown(basket, PHASES, basket["phase"])


# -- « À faire » ---------------------------------------------------------------------------------------------------


@task_source()
def exchange_tasks():
    found, now = ask("contracts", "my_exchanges"), _now()
    for row in found["offered"]:
        if row["phase"] == "offered" and (waiting := waiting_text(row)):
            yield Task(
                _("%(count)s pour votre panier", count=waiting), url_for("exchange_baskets.show", basket_id=row["basket_id"]),
                _("Répondre"), shown(row, PHASES, "offered")["when"], deadline=row["closes_at"], minutes=2,
                icon="arrows-right-left",
            )  # fmt: skip
    for row in found["asked"]:
        if row["state"] == "accepted" and row["ends_at"] > now:
            basket = shown(row, REQUESTS, "accepted")
            yield Task(
                _("Récupérer un panier"), url_for("exchange_baskets.show", basket_id=row["basket_id"]), _("Voir"),
                _("%(when)s, %(place)s : %(content)s", when=basket["when"], place=row["place"], content=basket["content"]),
                deadline=row["starts_at"], icon="shopping-bag",
            )  # fmt: skip
    for place in found["takes_in"]:
        if place["standing"] == "pending":
            yield Task(
                _("Devenir intermittent·e"), url_for("exchange.index", group_id=place["group_id"]), _("Répondre"),
                _("%(group)s : quelqu’un vous a proposé de prendre des paniers.", group=place["group"]), minutes=1,
                icon="user-plus",
            )  # fmt: skip
