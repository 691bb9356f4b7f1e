"""The help desk: an inscription in one screen, cheques with number and bank on the same one (S0:26, S0:28)."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from gateway.access import access
from gateway.calls import ask, tell
from gateway.forms import Form
from gateway.pages.members_words import refusal
from gateway.pages.subscriptions import BASE, PAGE, bp
from gateway.season import choices, lookup, words
from gateway.season.quotes import payload_of, place_errors, quote
from gateway.season.typed import Typed
from gateway.whole_lists import whole_list
from grenier.errors import GrenierError, Invalid, Rejected

HELD = ("waiting", "to_confirm", "confirmed")


@bp.get(f"{BASE}/permanence")
@access(may="contracts.manage-contracts")
def desk(group_id: str, contract_id: str):
    """Who is there? A household by its name."""
    contract = lookup.contract_of(group_id, contract_id)
    homes = lookup.households_of(group_id, request.args.get("q", ""))
    offset = max(0, request.args.get("offset", 0, type=int))
    found = whole_list("contracts", "subscriptions", contract_id=contract_id, state=list(HELD))["subscriptions"]
    held = {row["household_id"]: row["subscription_id"] for row in found}
    return render_template(
        "subscriptions/desk.html", contract=contract, group_id=group_id, homes=homes[offset : offset + PAGE], held=held,
        offset=offset, size=PAGE, total=len(homes),
    )  # fmt: skip


@bp.route(f"{BASE}/permanence/<household_id>", methods=["GET", "POST"])
@access(may="contracts.manage-contracts")
def enter(group_id: str, contract_id: str, household_id: str):
    contract = lookup.contract_of(group_id, contract_id)
    form = Form(
        initial={"means": "cheque", "household_id": household_id, "bank": "", "issued_on": lookup.today(group_id)}
    )
    typed = Typed(form)
    payload = payload_of(typed, contract, lookup.today(group_id)) | {"household_id": household_id}
    if "household_ids" in payload:
        payload["household_ids"] = [
            household_id,
            *(home for home in payload["household_ids"][1:] if home != household_id),
        ]
    sent = request.method == "POST"
    found = quote(form, payload) if sent or contract["terms"]["basket_kind"] == "ordered" else None
    if (
        sent
        and request.form.get("act") == "save"
        and found is not None
        and (answer := _save(form, typed, contract, payload, found))
    ):
        return _received(form, typed, group_id, contract_id, answer)
    names = lookup.household_names([{"household_id": household_id}])
    return form.render(
        "subscriptions/enter.html",
        contract=contract,
        group_id=group_id,
        household_id=household_id,
        home=words.home_of(names, household_id),
        quote=found,
        cheques=_cheques(found, payload),
        dates=choices.remaining(contract["terms"], payload.get("starts_on") or lookup.today(group_id), payload.get("series", "")),
        starts=choices.remaining(contract["terms"], lookup.today(group_id)),
        series=choices.series_of(contract["terms"]),
    )  # fmt: skip


def _cheques(found: dict[str, Any] | None, payload: dict[str, Any]) -> list[dict[str, Any]]:
    """The cheques of the number that is chosen, or of the only one."""
    options = (found or {}).get("cheque_options") or []
    count = payload.get("cheque_count") or (options[0]["count"] if len(options) == 1 else 0)
    return next((option["cheques"] for option in options if option["count"] == count), [])


def _save(
    form: Form, typed: Typed, contract: dict[str, Any], payload: dict[str, Any], found: dict[str, Any]
) -> dict[str, Any] | None:
    options = found.get("cheque_options") or []
    if payload["means"] == "cheque" and len(options) > 1 and "cheque_count" not in payload:
        typed.wrong("cheque_count", _("Choisissez en combien de chèques."))
    for place, _cheque in enumerate(_cheques(found, payload)):
        if typed.text(f"cheque.{place}.number") and not (typed.text(f"cheque.{place}.bank") or typed.text("bank")):
            typed.wrong(f"cheque.{place}.bank", _("Quelle banque ?"))
    if form.errors:
        return None
    try:
        answer = tell("contracts", "register_subscription", channel="desk", **payload)
    except (Rejected, Invalid) as refused:
        form.refuse(refused)
        place_errors(form, payload["lines"])
        return None
    return answer


def _received(form: Form, typed: Typed, group_id: str, contract_id: str, answer: dict[str, Any]):
    """After the inscription: confirmed, signed and its cheques received, as far as they lie on the table."""
    subscription_id = answer["subscription_id"]
    here = url_for("subscriptions.show", group_id=group_id, contract_id=contract_id, subscription_id=subscription_id)
    if answer.get("waiting"):
        flash(_("Plus de place : le foyer est sur la liste d’attente. Ne prenez pas ses chèques."), "attention")
        return redirect(here)
    try:
        tell("contracts", "confirm_subscription", subscription_id=subscription_id)
        if typed.chosen("signed"):
            tell("contracts", "sign_subscription", subscription_id=subscription_id, party="member", means="paper")
        _receive(typed, group_id, subscription_id)
    except GrenierError as refused:
        flash(refusal(refused), "problem")
    else:
        flash(_("Inscription enregistrée et confirmée."), "success")
    return redirect(here)


def _receive(typed: Typed, group_id: str, subscription_id: str) -> None:
    expected = ask("contracts", "subscription", subscription_id=subscription_id)["cheques"]
    lying = [
        {
            "subscription_id": subscription_id,
            "cheque_id": cheque["cheque_id"],
            "number": typed.text(f"cheque.{place}.number", longest=40),
            "bank": typed.text(f"cheque.{place}.bank", longest=80) or typed.text("bank", longest=80),
            "issued_on": typed.day("issued_on") or lookup.today(group_id),
            "issuer": typed.text("issuer", longest=120),
        }
        for place, cheque in enumerate(sorted(expected, key=lambda row: (row["cash_on"], row["cheque_id"])))
        if typed.text(f"cheque.{place}.number")
    ]
    if lying:
        answer = tell("contracts", "receive_cheques", group_id=group_id, at="help_desk", cheques=lying)
        if answer["errors"]:
            flash(
                ngettext(
                    "%(num)d chèque n’a pas pu être enregistré : reprenez-le dans « Chèques ».",
                    "%(num)d chèques n’ont pas pu être enregistrés : reprenez-les dans « Chèques ».",
                    len(answer["errors"]),
                ),
                "attention",
            )
