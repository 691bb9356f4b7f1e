"""From the draft to the end of the season: each step shows first what it does and for whom."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from gateway import printing
from gateway.access import access
from gateway.calls import ask
from gateway.forms import Form
from gateway.pages.members_words import act
from gateway.season import lookup, shown, words
from gateway.season.refusals import spoken
from gateway.season.typed import Typed
from gateway.whole_lists import whole_list

bp = Blueprint("contract_steps", __name__)
ANSWER_DAYS = 14
BASE = "/groupes/<group_id>/contrats/<contract_id>"


def _back(group_id: str, contract_id: str) -> str:
    return url_for("contracts.show", group_id=group_id, contract_id=contract_id)


@bp.route(f"{BASE}/envoyer", methods=["GET", "POST"])
@access(may="contracts.manage-contracts")
def submit(group_id: str, contract_id: str):
    """S0:23: to the producer, by a personal link; what they get and until when they may answer."""
    contract = lookup.contract_of(group_id, contract_id)
    zone = lookup.zone_of(group_id)
    until = datetime.fromisoformat(lookup.today(group_id)).date() + timedelta(days=ANSWER_DAYS)
    form = Form(initial={"answer_until": until.isoformat()})
    if request.method == "POST" and (answer := _submit(form, contract, group_id, zone)):
        flash(
            _(
                "Envoyé à %(producer)s. Sa réponse arrive ici et dans « À faire ».",
                producer=shown.producer_name(contract),
            ),
            "success",
        )
        if current_app.extensions["grenier"].settings.demo and answer.get("token"):
            link = url_for("producer_answer.show", token=answer["token"])
            return render_template("contracts/submitted.html", contract=contract, group_id=group_id, link=link)
        return redirect(_back(group_id, contract_id))
    return form.render("contracts/submit.html", contract=contract, group_id=group_id)


def _submit(form: Form, contract: dict[str, Any], group_id: str, zone: str) -> dict[str, Any] | None:
    typed = Typed(form)
    until = typed.day("answer_until", required=True)
    if until is None:
        return None
    end = datetime.combine(datetime.fromisoformat(until).date(), time(23, 59), ZoneInfo(zone)).astimezone(
        ZoneInfo("UTC")
    )
    return spoken(
        form.tell(
            "contracts", "submit_contract", contract_id=contract["contract_id"], version=contract["version"],
            document_sha256=printing.contract_to_sign(contract["contract_id"])[1], answer_until=end.isoformat(),
        ),
        form,
    )  # fmt: skip


@bp.route(f"{BASE}/accord-papier", methods=["GET", "POST"])
@access(may="contracts.manage-contracts")
def approve(group_id: str, contract_id: str):
    """The producer signed on paper: recorded by the coordinator, for exactly this version."""
    contract, form = lookup.contract_of(group_id, contract_id), Form()
    if request.method == "POST":
        if not request.form.get("seen"):
            form.errors["seen"] = [_("Cochez pour confirmer que vous avez le papier signé.")]
        elif spoken(
            form.tell("contracts", "approve_contract", contract_id=contract_id, version=contract["version"],
                      document_sha256=printing.contract_to_sign(contract_id)[1]), form,
        ):  # fmt: skip
            flash(_("Accord enregistré. Le contrat peut être ouvert aux inscriptions."), "success")
            return redirect(_back(group_id, contract_id))
    return form.render("contracts/approve.html", contract=contract, group_id=group_id)


@bp.route(f"{BASE}/ouvrir", methods=["GET", "POST"])
@access(may="contracts.manage-contracts")
def open_contract(group_id: str, contract_id: str):
    """S0:24: publishing, with what becomes public and for how many."""
    contract, form = lookup.contract_of(group_id, contract_id), Form()
    if request.method == "POST" and spoken(
        form.tell("contracts", "open_contract", contract_id=contract_id, version=contract["version"]), form
    ):
        flash(_("Le contrat est ouvert : il est sur la page publique du groupe et chacun peut s’inscrire."), "success")
        return redirect(_back(group_id, contract_id))
    group = ask("contracts", "group", group_id=group_id)
    return form.render("contracts/open.html", contract=contract, group_id=group_id, group=group)


@bp.post(f"{BASE}/clore")
@access(may="contracts.manage-contracts")
def close(group_id: str, contract_id: str):
    done = _("Les inscriptions sont closes. Vous pouvez encore en saisir, ou les rouvrir.")
    return act("contracts", "close_sign_ups", _back(group_id, contract_id), done, contract_id=contract_id)


@bp.route(f"{BASE}/rouvrir", methods=["GET", "POST"])
@access(may="contracts.manage-contracts")
def reopen(group_id: str, contract_id: str):
    contract, form = lookup.contract_of(group_id, contract_id), Form()
    if request.method == "POST":
        closes_on = Typed(form).day("closes_on", required=True)
        if closes_on and spoken(
            form.tell("contracts", "reopen_sign_ups", contract_id=contract_id, closes_on=closes_on), form
        ):
            flash(_("Les inscriptions sont rouvertes."), "success")
            return redirect(_back(group_id, contract_id))
    return form.render("contracts/reopen.html", contract=contract, group_id=group_id)


@bp.route(f"{BASE}/terminer", methods=["GET", "POST"])
@access(may="contracts.manage-contracts")
def end(group_id: str, contract_id: str):
    contract, form = lookup.contract_of(group_id, contract_id), Form()
    if request.method == "POST" and spoken(form.tell("contracts", "end_contract", contract_id=contract_id), form):
        flash(_("Le contrat est terminé. Les comptes peuvent être soldés."), "success")
        return redirect(_back(group_id, contract_id))
    effects = [
        _("Plus de livraison ni d’inscription ; tout reste lisible."),
        _("Les comptes des foyers peuvent être soldés : remboursement, demande de paiement ou report."),
    ]
    return form.render("contracts/end.html", contract=contract, group_id=group_id, effects=effects)


@bp.route(f"{BASE}/abandonner", methods=["GET", "POST"])
@access(may="contracts.manage-contracts")
def abandon(group_id: str, contract_id: str):
    contract, form = lookup.contract_of(group_id, contract_id), Form()
    if request.method == "POST":
        reason = Typed(form).text("reason", longest=300)
        if spoken(form.tell("contracts", "abandon_contract", contract_id=contract_id, reason=reason), form):
            flash(_("Le brouillon est abandonné ; personne d’autre ne l’avait vu."), "success")
            return redirect(url_for("contracts.index", group_id=group_id))
    return form.render("contracts/abandon.html", contract=contract, group_id=group_id)


# -- deliveries of an opened contract (S0:22) --------------------------------------------------------------------

CHANGES = {"deplacer": "move_delivery", "annuler": "cancel_delivery", "compter": "count_delivery"}


@bp.route(f"{BASE}/livraisons/<date_id>/<any(deplacer, annuler, compter):change>", methods=["GET", "POST"])
@access(may="contracts.manage-contracts")
def delivery(group_id: str, contract_id: str, date_id: str, change: str):
    """Another day, none at all, or one that counts double: first who is told, then the act."""
    contract = lookup.contract_of(group_id, contract_id)
    planned = lookup.deliveries_of(contract).get(date_id)
    if planned is None:
        return redirect(_back(group_id, contract_id))
    form = Form(initial={**{name: planned.get(name, "") for name in ("on", "starts", "ends", "place")}, "factor": "2"})
    asked = _asked(form, change) if request.method == "POST" else None
    if asked is not None and request.form.get("act") == "confirm":
        told = form.tell("contracts", CHANGES[change], contract_id=contract_id, delivery_id=date_id, **asked)
        if spoken(told, form):
            flash(_("C’est noté ; les foyers concernés sont prévenus, le calendrier est à jour."), "success")
            return redirect(_back(group_id, contract_id))
        asked = None
    return form.render(
        "contracts/delivery.html", contract=contract, group_id=group_id, planned=planned, change=change, asked=asked,
        concerned=_concerned(group_id, contract_id, date_id) if asked else [],
    )  # fmt: skip


@bp.route(f"{BASE}/livraisons/ajouter", methods=["GET", "POST"])
@access(may="contracts.manage-contracts")
def add_delivery(group_id: str, contract_id: str):
    """One more date, for one that was cancelled or as a gift: first who is told and what it costs, then the act."""
    contract = lookup.contract_of(group_id, contract_id)
    missed = [one for one in contract["terms"]["deliveries"] if one["cancelled"]]
    model: dict[str, Any] = next(iter(reversed(missed or contract["terms"]["deliveries"])), {})
    form = Form(initial={**{name: model.get(name, "") for name in ("starts", "ends", "place")}, "factor": "1"})
    asked = _addition(form, contract, group_id) if request.method == "POST" else None
    if asked is not None and request.form.get("act") == "confirm":
        if spoken(form.tell("contracts", "add_delivery", contract_id=contract_id, **asked), form):
            flash(
                _("La livraison est ajoutée ; les foyers inscrits sont prévenus, le calendrier est à jour."), "success"
            )
            return redirect(_back(group_id, contract_id))
        asked = None
    return form.render(
        "contracts/delivery_add.html", contract=contract, group_id=group_id, missed=missed, asked=asked,
        concerned=_subscribed(contract_id) if asked else [],
    )  # fmt: skip


def _addition(form: Form, contract: dict[str, Any], group_id: str) -> dict[str, Any] | None:
    asked = _asked(form, "deplacer") or {}
    typed = Typed(form)
    if contract["terms"]["basket_kind"] == "ordered":
        asked |= {**_window(typed, lookup.zone_of(group_id)), "factor_percent": 100}
    else:
        asked["factor_percent"] = typed.hundredths("factor", empty=100)
    if replaced := typed.text("replaces_delivery_id"):
        asked["replaces_delivery_id"] = replaced
    return None if form.errors else asked


def _window(typed: Typed, zone: str) -> dict[str, Any]:
    """From when to when people order for the new date."""
    found: dict[str, Any] = {name: typed.instant(name, zone) for name in ("opens_at", "closes_at")}
    for name, at in found.items():
        if not at and name not in typed.form.errors:
            typed.wrong(name, _("À remplir."))
    if found["opens_at"] and found["closes_at"] and found["closes_at"] <= found["opens_at"]:
        typed.wrong("closes_at", _("La clôture vient après l’ouverture."))
    return found


def _subscribed(contract_id: str) -> list[str]:
    """Every household with a place: they take the new date."""
    placed = ["to_confirm", "confirmed"]
    rows = whole_list("contracts", "subscriptions", contract_id=contract_id, state=placed)["subscriptions"]
    names = lookup.household_names(rows)
    return sorted({words.home_of(names, row["household_id"]) for row in rows})


def _asked(form: Form, change: str) -> dict[str, Any] | None:
    typed = Typed(form)
    asked: dict[str, Any] = {"reason": typed.text("reason", required=True, longest=300)}
    if change == "deplacer":
        asked |= {
            "on": typed.day("on", required=True),
            "starts": typed.clock("starts"),
            "ends": typed.clock("ends"),
            "place": typed.text("place"),
        }
    if change == "compter":
        asked["factor_percent"] = typed.hundredths("factor", empty=100)
    return None if form.errors else asked


def _concerned(group_id: str, contract_id: str, delivery_id: str) -> list[str]:
    """The households whose basket it is, by name."""
    baskets = ask("contracts", "baskets", contract_id=contract_id, delivery_id=delivery_id)["baskets"]
    names = lookup.household_names(baskets)
    return sorted({words.home_of(names, basket["household_id"]) for basket in baskets})
