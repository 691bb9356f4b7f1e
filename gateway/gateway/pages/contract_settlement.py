"""The end of a contract's accounts: what is paid back, asked for or carried over, household by household (S0:49)."""

from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _

from gateway.access import access
from gateway.calls import ask, tell
from gateway.formats import money
from gateway.forms import Form
from gateway.pages.contract_accounts import CONTRACT, bp, of_group
from gateway.pages.ledger_words import household_label, names_for
from gateway.pages.round_words import ACTS
from grenier.errors import Forbidden, GrenierError, NotFound, Unavailable


@bp.route(CONTRACT + "/regularisation", methods=["GET", "POST"])
@access(may="ledger.read")
def settlement(group_id: str, contract_id: str):
    """S0:49: everybody's balance and what is proposed; nothing happens before it is chosen and confirmed."""
    form = Form()
    found = of_group(group_id, ask("ledger", "preview_settlement", contract_id=contract_id))
    address: dict[str, Any] = {"group_id": group_id, "contract_id": contract_id}
    chosen = _chosen(found["items"]) if request.method == "POST" else []
    sure = request.method == "POST" and request.form.get("sure") == "1"
    if sure and (lacking := _lacking(chosen)):
        form.errors = lacking
    elif sure and _settle(form, contract_id, chosen):
        flash(_("C’est fait. Chaque foyer est prévenu de ce qui le concerne."), "success")
        return redirect(url_for(".settlement", **address))
    names = names_for(household_ids=[row["household_id"] for row in found["items"]])
    rows = [
        {
            **row,
            "name": household_label(names, row["household_id"]),
            "options": _options(row),
            "value": _value(row),
        }
        for row in found["items"]
    ]
    return form.render(
        "contract_accounts/settlement.html",
        found=found,
        rows=[row for row in rows if row["balance_cents"]],
        settled=sum(not row["balance_cents"] for row in rows),
        chosen=[_told(act, names, found) for act in chosen] if chosen and not form.refusal else [],
        sent=[{**act, "name": household_label(names, act["household_id"])} for act in chosen],
        contract=found["contract"],
        address=address,
    )


def _options(row: dict[str, Any]) -> list[tuple[str, str]]:
    """What may be done about one balance, as the choices of a list."""
    options = [("", _("Rien pour l’instant"))]
    if row["balance_cents"] > 0:
        options += [("refund:transfer", _("Rembourser par virement")), ("refund:cheque", _("Rembourser par chèque"))]
    else:
        options += [("request", str(ACTS["request"]))]
    options += [
        (f"transfer:{other['contract_id']}", _("Reporter sur « %(title)s »", title=other["title"]))
        for other in row["contracts"]
    ]
    return options


def _value(row: dict[str, Any]) -> str:
    if row["request"] and row["act"] == "request":
        return ""
    match row["act"]:
        case "transfer":
            return f"transfer:{row['to_contract_id']}"
        case "refund":
            return "refund:transfer"
    return str(row["act"])


def _chosen(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was picked in the form, each with the balance that the person saw."""
    acts = []
    for row in items:
        household_id = row["household_id"]
        act, _colon, how = request.form.get(f"act-{household_id}", "").partition(":")
        seen = request.form.get(f"seen-{household_id}", "")
        if act in ACTS and seen.removeprefix("-").isdecimal() and len(seen) < 10:
            acts.append(
                {"household_id": household_id, "act": act, "amount_cents": int(seen), **_how(act, how, household_id)}
            )
    return acts


def _how(act: str, how: str, household_id: str) -> dict[str, str]:
    """Where a balance goes, or how it is paid back: a cheque with its number and bank."""
    if act == "refund" and how == "cheque":
        typed = {name: request.form.get(f"{name}-{household_id}", "").strip() for name in ("number", "bank")}
        return {"means": "cheque", **typed}
    return {"to_contract_id": how} if act == "transfer" else {}


def _lacking(chosen: list[dict[str, Any]]) -> dict[str, list[str]]:
    """What a cheque needs before it can be written down, by field."""
    faults = {}
    for act in chosen:
        for name, longest in (("number", 40), ("bank", 80)):
            typed = act.get(name, "")
            if len(typed) > longest:
                faults[f"{name}-{act['household_id']}"] = [_("Au plus %(max)s caractères.", max=longest)]
            elif name == "number" and act.get("means") == "cheque" and not typed:
                faults[f"number-{act['household_id']}"] = [_("Le numéro du chèque est nécessaire.")]
    return faults


def _told(act: dict[str, Any], names: dict[str, str], found: dict[str, Any]) -> str:
    name, cents = household_label(names, act["household_id"]), act["amount_cents"]
    titles = {other["contract_id"]: other["title"] for row in found["items"] for other in row["contracts"]}
    match act["act"]:
        case "refund" if act.get("means") == "cheque":
            return _("%(name)s : %(amount)s remboursés par chèque.", name=name, amount=money(cents))
        case "refund":
            return _("%(name)s : %(amount)s remboursés par virement.", name=name, amount=money(cents))
        case "request":
            return _("%(name)s : un paiement de %(amount)s est demandé.", name=name, amount=money(-cents))
    title = titles.get(act["to_contract_id"], "")
    return _("%(name)s : %(amount)s reportés sur « %(title)s ».", name=name, amount=money(cents), title=title)


def _settle(form: Form, contract_id: str, acts: list[dict[str, Any]]) -> bool:
    try:
        if request.form.get("close") == "1":
            tell("ledger", "close_settlement", contract_id=contract_id)
        elif acts:
            tell("ledger", "settle", contract_id=contract_id, acts=acts)
    except (NotFound, Forbidden, Unavailable):
        raise
    except GrenierError as error:
        form.refuse(error)
        return False
    return True
