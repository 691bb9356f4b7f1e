"""Products from a supplier's list: XLSX or CSV, with the heads that other programs and price lists write.

A price before tax is brought to what people pay where its rate stands beside it; without a rate it is a fault of its row: goods
have different ones, and a price that lacks its tax is one that nobody may be charged. What cannot be read is handed on as
it is, so that the service names the fault at its row; nothing is guessed.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext

from gateway.sheet_values import LARGEST_CENTS, decimal
from gateway.spreadsheets import Sheet, bare, cents, read, whole, yes

COLUMNS: dict[str, tuple[str, ...]] = {
    "name": ("nom", "produit", "nom du produit", "désignation", "libellé", "article", "product", "dénomination"),
    "category": ("catégorie", "rayon", "famille", "catégorisation", "group"),
    "producer": ("producteur", "fournisseur", "supplier", "manufacturer", "fabricant", "marque", "brand", "producer_id"),
    "sale": ("vente", "vendu", "vendu au", "mode de vente"),
    "unit_label": ("unité", "unit", "conditionnement", "packaging", "contenance", "units", "format"),
    "portion_g": ("portion", "portion (g)"),
    "net_weight_g": ("poids net", "poids net (g)", "poids", "poids (g)"),
    "case_size": ("colis", "colisage", "par colis", "unités par colis", "order_multiple", "pcb", "conditionnement colis"),
    "whole_piece_g": ("pièce entière", "pièce entière (g)"),
    "organic": ("bio", "ab"),
    "container": ("contenant", "consigné", "bocal"),
    "origin": ("origine", "provenance", "pays"),
    "price": ("prix", "prix de vente", "prix ttc", "pv ttc", "prix (€)", "prix unitaire"),
    "cost": ("coût", "prix d'achat", "prix coûtant", "pa"),
    "price_net": ("price (net)", "prix h.t", "prix ht", "net price", "pu ht", "prix unitaire ht"),
    "vat": ("tva", "taux de tva", "vat", "tax", "vat_percent", "tva (%)"),
    "price_cents": ("prix en centimes",),
    "cost_cents": ("coût en centimes",),
}  # fmt: skip
NUMBERS = ("portion_g", "net_weight_g", "whole_piece_g", "case_size")
# Below it a rate without its sign is a fraction: none is that low in percent, and none so high.
HIGHEST_FRACTION = Decimal("0.5")
WEIGHED = ("weighed", "poids", "pese", "kg", "kilo", "aupoids", "aukilo", "aukg")
MESSAGES = {
    "is missing": lazy_gettext("À remplir."),
    "is not a producer of this host organisation": lazy_gettext("Ce producteur n’est pas dans votre liste : ajoutez-le d’abord."),
    "is needed for a product sold by weight": lazy_gettext("La portion en grammes, pour ce qui se vend au poids."),
    "must not be negative": lazy_gettext("Zéro ou plus."),
    "must be at least 1": lazy_gettext("Un ou plus."),
    "is there already for this producer": lazy_gettext("Déjà au catalogue chez ce producteur."),
}  # fmt: skip


def read_products(content: bytes) -> Sheet:
    return read(content, COLUMNS, required=("name",), needs=_("name (le nom du produit)"))


def rows_of(sheet: Sheet, producers: Mapping[str, str], usual: Mapping[str, str]) -> list[dict[str, Any]]:
    """As the service takes them. `producers`: {name: id}; `usual`: producer_id and category of rows that name none."""
    known = {bare(name): key for name, key in producers.items()}
    return [_row(row.cells, known, usual) for row in sheet.rows]


def _row(cell: Mapping[str, str], producers: Mapping[str, str], usual: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {key: cell[key] for key in ("unit_label", "origin") if cell.get(key)}
    found["name"] = cell.get("name", "")
    found["category"] = cell.get("category", "") or usual.get("category", "")
    producer = cell.get("producer", "")
    found["producer_id"] = producers.get(bare(producer), producer) if producer else usual.get("producer_id", "")
    found["sale"] = "weighed" if bare(cell.get("sale", "")) in WEIGHED else "piece"
    for key in NUMBERS:
        if text := cell.get(key, ""):
            number = whole(text)
            found[key] = text if number is None else number
    for key in ("organic", "container"):
        found[key] = yes(cell.get(key, ""))
    found["price_cents"] = _price(cell, "price")
    found["cost_cents"] = _price(cell, "cost") if cell.get("cost") or cell.get("cost_cents") else found["price_cents"]
    return found


def _price(cell: Mapping[str, str], name: str) -> int | str:
    """Cents, or the text that is no amount."""
    if told := cell.get(f"{name}_cents", ""):
        number = whole(told)
        return told if number is None else number
    if (told := cell.get(name, "")) or name != "price":
        amount = cents(told)
        return told if amount is None else amount
    if _lacks_rate(cell):
        return f"{cell['price_net']} HT"
    net, rate = decimal(cell.get("price_net", "").replace("€", "")), _percent(cell.get("vat", ""))
    if net is None or rate is None or abs(gross := net * (100 + rate)) > LARGEST_CENTS:
        return cell.get("price_net", "")
    return int(gross.quantize(Decimal(1), ROUND_HALF_UP))


def _lacks_rate(cell: Mapping[str, str]) -> bool:
    """A price before tax, and nothing beside it that says which: no tax at all is a 0."""
    before_tax = bool(cell.get("price_net")) and not cell.get("price") and not cell.get("price_cents")
    return before_tax and not cell.get("vat", "").replace("%", "").strip()


def _percent(text: str) -> Decimal | None:
    """« 5,5 », « 5,5 % », and the 0.055 that a cell which shows 5,5 % holds."""
    rate = decimal(text.replace("%", ""))
    return rate * 100 if rate is not None and "%" not in text and 0 < rate < HIGHEST_FRACTION else rate


def told(sheet: Sheet, read_over: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows that are wrong: their number in the file, their name, [(head, message)]."""
    wrong = []
    for row, answer in zip(sheet.rows, read_over["rows"], strict=False):
        faults = [*sheet.faults(row)]
        if lacking := _lacks_rate(row.cells):
            said = _(
                "Le taux manque : le prix hors taxe seul ne dit pas ce que l’on paie. Écrivez 0 s’il n’y a pas de TVA."
            )
            faults.append((sheet.heads.get("vat", _("TVA")), said))
        for name, messages in answer["errors"].items():
            if lacking and name in ("price_cents", "cost_cents"):
                continue
            key = name.removesuffix("_id")
            key = key if key in sheet.heads else key.removesuffix("_cents")
            key = "price_net" if key == "price" and key not in sheet.heads and "price_net" in sheet.heads else key
            faults.append((sheet.heads.get(key, key), " ".join(_say(name, message) for message in messages)))
        if faults:
            wrong.append({"row": row.number, "name": answer["name"], "faults": faults})
    return wrong


def _say(name: str, message: str) -> str:
    if message in MESSAGES:
        return str(MESSAGES[message])
    return (
        _("Écrivez un montant, par exemple 12,50.")
        if name.endswith("_cents")
        else _("Un nombre entier, par exemple 40.")
    )
