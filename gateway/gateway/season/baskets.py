"""The section « Paniers et prix »: one row for each basket or product."""

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from flask_babel import gettext as _

from gateway.calls import idempotency_key
from gateway.season.typed import Typed, amount, decimal, figure
from gateway.season.words import BASKETS, UNITS

SPARE_ROWS = 2
MOST_ROWS = 100


def show(terms: dict[str, Any], _zone: str) -> dict[str, Any]:
    options = terms.get("options") or []
    fields: dict[str, Any] = {
        "basket_kind": terms.get("basket_kind", "fixed_single"),
        "rows": str(len(options) + SPARE_ROWS),
    }
    for place, option in enumerate(options):
        fields |= {f"options.{place}.{name}": value for name, value in _shown(option).items()}
    return fields


def _shown(option: dict[str, Any]) -> dict[str, Any]:
    return {
        "option_id": option["option_id"],
        "title": option["title"],
        "code": option.get("code", ""),
        "price": amount(option["price_cents"]) or "0,00",
        "unit": option.get("unit", "piece"),
        "net_weight_g": figure(option.get("net_weight_g", 0)),
        "category": option.get("category", ""),
        "weighed": "1" if option.get("sale") == "weighed" else "",
        "portion_g": figure(option.get("portion_g", 0)),
        "share": decimal(option.get("share_bp", 10_000)),
        "quantities": ", ".join(str(quantity) for quantity in option.get("quantities") or []),
        "limit": figure(option.get("limit", 0)),
        "delivery_ids": list(option.get("delivery_ids") or []),
        "content": option.get("content", ""),
    }


def rows_of(typed: Typed) -> int:
    return min(MOST_ROWS, typed.whole("rows", empty=SPARE_ROWS, most=MOST_ROWS))


def read(typed: Typed, terms: dict[str, Any], _zone: str) -> dict[str, Any]:
    kind = typed.text("basket_kind")
    if kind not in BASKETS:
        typed.wrong("basket_kind", _("Choisissez dans la liste."))
    options = [_option(typed, place) for place in range(rows_of(typed)) if _given(typed, place)]
    if not options:
        typed.wrong("options.0.title", _("Donnez au moins un panier ou un produit."))
    return terms | {"basket_kind": kind, "options": options}


def _given(typed: Typed, place: int) -> bool:
    at = f"options.{place}."
    return not typed.chosen(at + "remove") and bool(typed.text(at + "title") or typed.text(at + "price"))


def _option(typed: Typed, place: int) -> dict[str, Any]:
    at = f"options.{place}."
    unit = typed.text(at + "unit") or "piece"
    if unit not in UNITS:
        typed.wrong(at + "unit", _("Choisissez dans la liste."))
    weighed = typed.chosen(at + "weighed")
    portion_g = typed.whole(at + "portion_g", most=1_000_000)
    if weighed and not portion_g:
        typed.wrong(at + "portion_g", _("Un produit pesé se commande par portions : de combien de grammes ?"))
    return {
        "option_id": typed.text(at + "option_id", longest=80) or str(uuid5(NAMESPACE_URL, f"option/{idempotency_key()}/{place}")),
        "title": typed.text(at + "title", required=True, longest=120),
        "code": typed.text(at + "code", longest=12),
        "price_cents": typed.euros(at + "price", required=True),
        "unit": unit,
        "net_weight_g": typed.whole(at + "net_weight_g", most=1_000_000),
        "category": typed.text(at + "category", longest=80),
        "sale": "weighed" if weighed else "piece",
        "portion_g": portion_g if weighed else 0,
        # « 100 » percent of a whole basket are 10 000 hundredths of a percent.
        "share_bp": typed.hundredths(at + "share", empty=10_000),
        "quantities": _quantities(typed, at + "quantities"),
        "limit": typed.whole(at + "limit", most=100_000),
        "delivery_ids": typed.several(at + "delivery_ids"),
        "content": typed.text(at + "content", longest=1000),
    }  # fmt: skip


def _quantities(typed: Typed, name: str) -> list[int]:
    """« 0, 1, 2 » → [0, 1, 2]; empty: any number."""
    parts = [part.strip() for part in typed.text(name, longest=200).replace(";", ",").split(",") if part.strip()]
    if not all(part.isdecimal() and len(part) < 5 for part in parts):
        typed.wrong(name, _("Des nombres entiers séparés par des virgules, par exemple 1, 2, 4."))
        return []
    return sorted({int(part) for part in parts})
