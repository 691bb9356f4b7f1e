"""What a household takes, as typed: one option, numbers of each, or a number for each date, by the kind of basket."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from gateway.season.typed import Typed
from gateway.season.words import BY_DATE, ONE_OF_THEM

Terms = Mapping[str, Any]


def remaining(terms: Terms, since: str, series: str = "") -> list[dict[str, Any]]:
    """Deliveries that still come, by date."""
    found = [
        delivery
        for delivery in terms.get("deliveries") or []
        if not delivery.get("cancelled")
        and delivery["on"] >= since
        and (not series or delivery.get("series", "") in ("", series))
    ]
    return sorted(found, key=lambda delivery: (delivery["on"], delivery.get("starts", "")))


def series_of(terms: Terms) -> list[str]:
    """Semaine A, B…: when there are several, a household takes one of them."""
    found = sorted({delivery.get("series", "") for delivery in terms.get("deliveries") or []} - {""})
    return found if len(found) > 1 else []


def delivered(option: Mapping[str, Any], delivery: Mapping[str, Any]) -> bool:
    only = option.get("delivery_ids") or []
    return not only or delivery["delivery_id"] in only


def read(typed: Typed, terms: Terms, dates: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines of a subscription; what is wrong stands at its field."""
    kind, options = terms["basket_kind"], list(terms.get("options") or [])
    if kind == "ordered":
        return []
    if kind in ONE_OF_THEM:
        return _one(typed, options, kind)
    if kind in BY_DATE:
        return [line for option in options if (line := _by_date(typed, option, dates, kind))]
    found = [
        {"option_id": option["option_id"], "quantity": quantity}
        for option in options
        if (quantity := typed.whole(f"quantity.{option['option_id']}", most=1000))
    ]
    if not found:
        typed.wrong("lines", _("Choisissez au moins un panier."))
    return found


def _one(typed: Typed, options: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    chosen = typed.text("option") or (options[0]["option_id"] if len(options) == 1 else "")
    if chosen not in {option["option_id"] for option in options}:
        typed.wrong("option", _("Choisissez un panier."))
        return []
    name = f"quantity.{chosen}"
    quantity = 1 if kind == "fixed_single" else typed.whole(name, empty=1, least=1, most=1000)
    allowed = next(option for option in options if option["option_id"] == chosen).get("quantities") or []
    if kind == "fixed_single" and allowed:
        quantity = typed.whole(name, empty=min(allowed), most=1000)
    return [{"option_id": chosen, "quantity": quantity}]


def _by_date(typed: Typed, option: dict[str, Any], dates: list[dict[str, Any]], kind: str) -> dict[str, Any] | None:
    option_id = option["option_id"]
    held = [delivery["delivery_id"] for delivery in dates if delivered(option, delivery)]
    if kind == "modular_fixed":
        each = typed.whole(f"quantity.{option_id}", most=1000)
        ticked = set(typed.several(f"take.{option_id}"))
        taken = {delivery_id: each for delivery_id in held if each and delivery_id in ticked}
    else:
        asked = {delivery_id: typed.whole(f"on.{delivery_id}.{option_id}", most=1000) for delivery_id in held}
        taken = {delivery_id: quantity for delivery_id, quantity in asked.items() if quantity}
    return {"option_id": option_id, "per_delivery": taken} if taken else None


def shown(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """The fields of the form for lines that are known already (another season's, or a change)."""
    fields: dict[str, Any] = {}
    for line in lines:
        option_id = line["option_id"]
        fields["option"] = option_id
        if line.get("quantity"):
            fields[f"quantity.{option_id}"] = str(line["quantity"])
        for delivery_id, quantity in (line.get("per_delivery") or {}).items():
            fields[f"on.{delivery_id}.{option_id}"] = str(quantity)
            fields[f"quantity.{option_id}"] = str(quantity)
            fields.setdefault(f"take.{option_id}", []).append(delivery_id)
    return fields


def at_field(name: str, lines: list[dict[str, Any]]) -> str:
    """Where a message about « lines.0.quantity » stands on the page."""
    parts = name.split(".")
    if parts[0] != "lines" or len(parts) < 2 or not parts[1].isdecimal() or int(parts[1]) >= len(lines):
        return name
    return f"quantity.{lines[int(parts[1])]['option_id']}"
