"""A parcel handed to the wrong household: first what taking it back does, then the reason (S0:39, S0:44)."""

from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from marshmallow import Schema, fields, validate

from gateway.access import access
from gateway.forms import Form
from gateway.pages import orders as words
from gateway.pages.round_words import contents
from gateway.pages.rounds import ROUND, bp
from gateway.whole_lists import whole_list


class UndoForm(Schema):
    reason = fields.String(required=True, validate=validate.Length(min=1, max=500))


@bp.route(ROUND + "/colis/<household_id>/annuler", methods=["GET", "POST"])
@access(may="logistics.distribute")
def undo(group_id: str, contract_id: str, cycle_id: str, household_id: str):
    """Whoever hands out takes a hand-over back; the sign-off and the charge go with it."""
    form = Form(UndoForm())
    address: dict[str, Any] = {"group_id": group_id, "contract_id": contract_id, "cycle_id": cycle_id}
    found = whole_list("orders", "parcels", cycle_id=cycle_id)
    row = next((each for each in found["items"] if each["household_id"] == household_id), None)
    if row is None or (found["cycle"]["group_id"], found["cycle"]["contract_id"]) != (group_id, contract_id):
        abort(404)
    if request.method == "POST" and form.tell("orders", "undo_hand_over", cycle_id=cycle_id, household_id=household_id):
        flash(_("La remise est annulée : le colis est de nouveau à remettre, rien n’est débité."), "success")
        return redirect(url_for(".parcels", **address))
    name = words.household_name(words.names_of(households=[household_id]), household_id)
    return form.render("rounds/undo.html", row=row, name=name, contents=contents(row), address=address)
