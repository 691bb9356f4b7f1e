"""How far into the red a household may order in the rounds of one contract: the coordinator's setting (S0:47)."""

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _

from gateway.access import access
from gateway.calls import ask
from gateway.forms import Form
from gateway.pages.members_words import cents
from gateway.pages.rounds import CONTRACT, bp
from grenier.errors import Invalid


@bp.route(CONTRACT + "/decouvert", methods=["GET", "POST"])
@access(may="orders.regulate")
def floor(group_id: str, contract_id: str):
    contract = ask("orders", "rounds", contract_id=contract_id)["contract"]
    if contract["group_id"] != group_id:
        abort(404)
    form = Form(initial={"floor": typed(contract["floor_cents"])})
    if request.method == "POST" and _save(form, contract_id):
        flash(_("C’est noté. Les commandes déjà validées restent ; les suivantes en tiennent compte."), "success")
        return redirect(url_for(".index", group_id=group_id, contract_id=contract_id))
    return form.render("rounds/floor.html", contract=contract, group_id=group_id)


def typed(floor_cents: int | None) -> str:
    """As written into the field, "" where there is no limit."""
    return "" if floor_cents is None else f"{-floor_cents // 100},{-floor_cents % 100:02d}"


def _save(form: Form, contract_id: str) -> bool:
    try:
        limit = cents(str(form.value("floor") or ""))
    except Invalid as invalid:
        form.errors = {"floor": invalid.facts["fields"]["dues"]}
        return False
    floor_cents = None if limit is None else -limit
    return bool(form.tell("orders", "set_contract_floor", contract_id=contract_id, floor_cents=floor_cents))
