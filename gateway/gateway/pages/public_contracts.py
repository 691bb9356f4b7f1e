"""Open contracts on the group's public page (S0:24): nothing is typed twice, the contract itself is what people read."""

from flask import Blueprint, abort, render_template

from gateway.access import access
from gateway.calls import ask_as_gateway
from gateway.season import lookup
from grenier.errors import GrenierError

bp = Blueprint("public_contracts", __name__)


def open_contracts(group_id: str) -> list[dict]:
    """For the group's page; without them when they cannot be had now."""
    try:
        return ask_as_gateway("contracts", "public_contracts", group_id=group_id)["contracts"]
    except GrenierError:
        return []


bp.add_app_template_global(open_contracts)


@bp.get("/rejoindre/<group_id>/contrats/<contract_id>")
@access("public")
def show(group_id: str, contract_id: str):
    groups = ask_as_gateway("contracts", "public_groups")["groups"]
    group = next((group for group in groups if group["group_id"] == group_id), None)
    found = ask_as_gateway("contracts", "public_contracts", group_id=group_id)["contracts"] if group else []
    contract = next((row for row in found if row["contract_id"] == contract_id), None)
    if group is None or contract is None:
        abort(404)
    mine = bool(lookup.own_households(group_id))
    return render_template("contracts/public.html", group=group, contract=contract, mine=mine)
