"""The producer's answer by a signed link, without an account (S0:23), or signed in as the producer.

Opening the link changes nothing; the button does.
"""

from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from gateway import printing
from gateway.access import access, rule
from gateway.calls import ask, ask_as_gateway
from gateway.forms import Form
from gateway.limits_of import limit_source
from gateway.menus import nav_item
from gateway.season import lookup
from gateway.season.refusals import spoken
from gateway.season.typed import Typed

bp = Blueprint("producer_answer", __name__)
nav_item(
    lazy_gettext("Mes contrats"),
    "producer_answer.contracts",
    icon="document-text",
    order=17,
    who=rule(role="producer", scope="producer"),
)
ANSWERS_PER_SOURCE = 30  # an hour


@bp.route("/producteur/reponse/<token>", methods=["GET", "POST"])
@access("public")
def show(token: str):
    found = ask_as_gateway("contracts", "producer_contract", token=token)
    form = Form()
    if request.method == "POST":
        limit_source("producer-answer", at_most=ANSWERS_PER_SOURCE)
        if _answer(form, "producer_answer", token=token, document_sha256=found["document_sha256"]):
            return redirect(url_for("producer_answer.thanks", answer=request.form.get("answer", "")))
    return form.render(
        "producer/answer.html",
        found=found,
        contract=as_contract(found),
        paper=url_for("producer_answer.paper", token=token),
    )


def as_contract(found: dict[str, Any]) -> dict[str, Any]:
    """What templates of contracts expect, from what the link shows."""
    return {**found, "producer": found.get("producer") or "", "terms": lookup.complete(found["terms"])}


def _answer(form: Form, method: str, **address: Any) -> bool:
    """Yes with the tick, or a comment."""
    typed = Typed(form)
    answer = typed.text("answer")
    if answer not in ("approve", "changes"):
        abort(400)
    comment = typed.text("comment", longest=2000)
    if answer == "approve" and not typed.chosen("agreed"):
        typed.wrong("agreed", _("Cochez la case pour approuver le contrat."))
    if answer == "changes" and not comment:
        typed.wrong("comment", _("Dites ce qu’il faudrait changer."))
    if form.errors:
        return False
    payload = {"answer": answer, **address} | ({"comment": comment} if answer == "changes" else {})
    return bool(spoken(form.tell("contracts", method, **payload), form))


@bp.get("/producteur/reponse/<token>/contrat.pdf")
@access("public")
def paper(token: str):
    """The very document whose hash is approved."""
    content, _sha256 = printing.contract_to_sign(token=token)
    return Response(
        content, mimetype="application/pdf", headers={"Content-Disposition": 'inline; filename="contrat.pdf"'}
    )


@bp.get("/producteur/reponse/merci")
@access("public")
def thanks():
    return render_template("producer/thanks.html", approved=request.args.get("answer") == "approve")


# -- signed in ---------------------------------------------------------------------------------------------------


@bp.get("/producteur/contrats")
@access(role="producer", scope="producer")
def contracts():
    """The contracts of the producers for whom this person answers."""
    found = [
        contract
        for producer_id in _own_producers()
        for contract in ask("contracts", "producer_contracts", producer_id=producer_id)["contracts"]
    ]
    return render_template("producer/contracts.html", contracts=found)


def _own_producers() -> list[str]:
    from gateway.identity import places

    return sorted({held.scope_id for held in places().roles if held.role == "producer"})


@bp.route("/producteur/contrats/<contract_id>", methods=["GET", "POST"])
@access(role="producer", scope="producer")
def answer(contract_id: str):
    contract = as_contract(ask("contracts", "contract", contract_id=contract_id))
    waiting = contract["status"] == "submitted"
    form = Form()
    submission = contract.get("submission") or {}
    found = {**contract, "state": "waiting" if waiting else "answered", "document_sha256": submission.get("document_sha256", ""),
             "answer_until": submission.get("answer_until")}  # fmt: skip
    if request.method == "POST" and _answer(
        form,
        "answer_contract",
        contract_id=contract_id,
        version=contract["version"],
        document_sha256=found["document_sha256"],
    ):
        return redirect(url_for("producer_answer.thanks", answer=request.form.get("answer", "")))
    return form.render("producer/answer.html", found=found, contract=contract, paper="")
