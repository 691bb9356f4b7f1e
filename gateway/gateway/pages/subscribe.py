"""Subscribing in one form (S0:28): what, from when, with whom, in how many cheques, and the tick that signs.

« Recalculer » shows amount and cheques without leaving anything typed behind; with a script it happens as one types.
"""

from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _

from gateway import printing
from gateway.access import access
from gateway.calls import ask, tell
from gateway.forms import Form
from gateway.season import choices, lookup, words
from gateway.season.quotes import payload_of, place_errors, quote
from gateway.season.refusals import say
from gateway.season.typed import Typed
from grenier.errors import GrenierError, Invalid, Rejected

bp = Blueprint("subscribe", __name__)


@bp.route("/groupes/<group_id>/contrats-ouverts/<contract_id>/inscription", methods=["GET", "POST"])
@access("household")
def form_page(group_id: str, contract_id: str):
    contract = lookup.contract_of(group_id, contract_id)
    homes = lookup.own_households(group_id)
    if not homes:
        return redirect(url_for("my_contracts.index", group_id=group_id))
    form = Form(initial={"household_id": homes[0], "means": (contract["terms"]["payment"]["means"] or ["cheque"])[0]})
    typed = Typed(form)
    payload = payload_of(typed, contract, lookup.today(group_id))
    if payload["household_id"] not in homes:
        payload["household_id"] = homes[0]
    sent = request.method == "POST"
    found = quote(form, payload) if sent or _ready(contract) else None
    wanted = sent and request.form.get("act") == "subscribe" and not form.errors and not form.refusal
    if wanted and (answer := _subscribe(form, typed, contract, payload, group_id)) is not None:
        return _welcome(group_id, answer)
    return form.render(
        "subscriptions/subscribe.html",
        contract=contract,
        group_id=group_id,
        quote=found,
        dates=choices.remaining(contract["terms"], lookup.today(group_id), payload.get("series", "")),
        starts=choices.remaining(contract["terms"], lookup.today(group_id)),
        series=choices.series_of(contract["terms"]),
        homes=[(home, label) for home, label in _labels(homes).items()],
        persons=_persons(payload["household_id"]),
        words=words,
    )


def _ready(contract: dict[str, Any]) -> bool:
    """Whether there is anything to count before something was chosen."""
    return contract["terms"]["basket_kind"] == "ordered"


def _labels(homes: list[str]) -> dict[str, str]:
    names = lookup.household_names({"household_id": home} for home in homes)
    return {home: words.home_of(names, home) for home in homes}


def _persons(household_id: str) -> list[tuple[str, str]]:
    """Who else is in the household: possible co-members."""
    from gateway.identity import person_id

    found = ask("contracts", "household", household_id=household_id)["persons"]
    return [(person["person_id"], person["name"]) for person in found if person["person_id"] != person_id()]


def _subscribe(
    form: Form, typed: Typed, contract: dict[str, Any], payload: dict[str, Any], group_id: str
) -> dict[str, Any] | None:
    """Register, and sign when the box is ticked; None when something is wrong."""
    signs = typed.text("sign") or "tick"
    if signs == "tick" and not typed.chosen("agreed"):
        typed.wrong("agreed", _("Cochez la case pour signer, ou choisissez de signer à la permanence."))
    if (
        payload.get("cheque_count") is None
        and payload["means"] == "cheque"
        and contract["terms"]["payment"]["counts"]
        and contract["terms"]["basket_kind"] != "ordered"
    ):
        typed.wrong("cheque_count", _("Choisissez en combien de chèques vous payez."))
    if form.errors:
        return None
    try:
        answer = tell("contracts", "register_subscription", channel="web", **payload)
    except (Rejected, Invalid) as refused:
        form.refuse(refused)
        place_errors(form, payload["lines"])
        return None
    if signs == "tick":
        _sign(answer)
    return answer


def _sign(answer: dict[str, Any]) -> None:
    """The tick signs the contract filled in with what stands on the page; when it fails it can be signed later."""
    subscription_id = answer["subscription_id"]
    try:
        _content, sha256 = printing.subscription_to_sign(subscription_id)
        tell(
            "contracts",
            "sign_subscription",
            subscription_id=subscription_id,
            party="member",
            means="tick",
            document_sha256=sha256,
        )
    except GrenierError as refused:
        flash(
            _(
                "L’inscription est enregistrée, mais pas encore signée : signez-la depuis sa page. (%(why)s)",
                why=say(refused.code),
            ),
            "attention",
        )


def _welcome(group_id: str, answer: dict[str, Any]):
    if answer.get("waiting"):
        flash(
            _("Il n’y a plus de place pour le moment : vous êtes sur la liste d’attente, et serez prévenu."), "success"
        )
    else:
        flash(
            _("Inscription envoyée. La coordination la confirme ; apportez vos chèques à la prochaine permanence."),
            "success",
        )
    return redirect(url_for("my_contracts.show", group_id=group_id, subscription_id=answer["subscription_id"]))


@bp.get("/groupes/<group_id>/contrats-ouverts/<contract_id>/contrat.pdf")
@access("member")
def paper(group_id: str, contract_id: str):
    """The contract as a document, the one whose hash a tick signs."""
    from flask import Response

    contract = lookup.contract_of(group_id, contract_id)
    content, _sha256 = printing.contract_to_sign(contract["contract_id"])
    return Response(
        content, mimetype="application/pdf", headers={"Content-Disposition": 'inline; filename="contrat.pdf"'}
    )
