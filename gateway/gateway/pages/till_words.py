"""What the desk of the till answers to a payment."""

from typing import Any

from flask_babel import gettext as _

from gateway.formats import money


def payment_errors(values: dict[str, Any]) -> dict[str, list[str]]:
    if values["means"] == "cheque" and not values["number"]:
        return {"number": [_("Un chèque a un numéro.")]}
    if values["means"] == "cash" and values["number"]:
        # The key Enter presses the first button of a form.
        return {"number": [_("Pour des espèces, effacez ce numéro ; sinon, « Encaisser le chèque ».")]}
    tendered = values.get("tendered_cents")
    if values["means"] == "cash" and tendered is not None and tendered < values["amount_cents"]:
        return {"tendered": [_("Il manque %(amount)s.", amount=money(values["amount_cents"] - tendered))]}
    return {}


def thanks(values: dict[str, Any], tendered: int | None) -> str:
    if values["means"] == "cheque":
        return _("Chèque de %(amount)s reçu. Au suivant !", amount=money(values["amount_cents"]))
    change = (tendered or values["amount_cents"]) - values["amount_cents"]
    if change:
        return _(
            "%(amount)s reçus en espèces. Rendez %(change)s.",
            amount=money(values["amount_cents"]),
            change=money(change),
        )
    return _("%(amount)s reçus en espèces. Au suivant !", amount=money(values["amount_cents"]))
