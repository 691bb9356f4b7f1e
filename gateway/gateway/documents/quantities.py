"""What a producer brings on a date: units and shares of each option, then who takes what when baskets differ (domain 1.5.3).

Facts: {"group", "producer", "contract": {title, basket_kind}, "on", "starts", "ends", "place", "totals": [{code, title,
units_percent, baskets}], "shares_bp", "options", "baskets": as on the sign-off sheet, "households", "dated"}.
"""

from typing import Any

from gateway.documents.handed_out import as_number, units
from gateway.documents.parts import amount, column, listing, section, wide
from gateway.documents.products import Facts, parts_text, portion_text
from gateway.documents.words import alphabetical, day, hours, number, weight

DETAILED = ("free_quantity_multiple", "modular", "modular_fixed", "ordered", "fixed_multiple")


def shape(facts: Facts) -> dict[str, Any]:
    options = {each["option_id"]: each for each in facts["options"]}
    rows = []
    for told in facts["totals"]:
        option = options.get(told["option_id"], {"title": told["title"]})
        quantity = as_number(told["units_percent"] / 100)
        rows.append([told.get("code", ""), portion_text(option), number(quantity), _weight(option, quantity)])
    shares = facts.get("shares_bp")
    totals = ["", "En tout", parts_text(shares / 10_000), ""] if shares else None
    columns = [column("Code"), wide("Produit"), amount("Quantité"), amount("Poids")]
    if not any(row[-1] for row in rows):
        columns, rows, totals = columns[:-1], [row[:-1] for row in rows], totals and totals[:-1]
    sections = [section(columns, rows, totals=totals, empty="Rien à livrer à cette date.")]
    if facts["contract"].get("basket_kind") in DETAILED and facts["baskets"]:
        sections.append(_detail(facts, options))
    when = f"Livraison du {day(facts['on'])}"
    clock = hours(facts.get("starts", ""), facts.get("ends", ""))
    lines = [facts["contract"]["title"], ", ".join(filter(None, (when, clock, facts.get("place", ""))))]
    return listing(facts, f"Quantités : {facts['producer']['name']}", lines, sections)


def _detail(facts: Facts, options: dict[str, Facts]) -> dict[str, Any]:
    names = {each["household_id"]: each["name"] for each in facts["households"]}
    rows = []
    for basket in facts["baskets"]:
        if basket.get("absent"):
            continue
        who = " / ".join(names.get(each, "–") for each in basket["household_ids"])
        lines = [(options.get(line["option_id"], {"title": "–"}), units(line)) for line in basket["lines"]]
        rows.append(
            [who, ", ".join(f"{number(quantity)} × {option['title']}" for option, quantity in lines if quantity)]
        )
    rows.sort(key=lambda row: alphabetical(row[0]))
    return section([column("Panier de", "2fr"), column("Contenu", "3fr")], rows, title="Détail des paniers")


def _weight(option: Facts, quantity: float) -> str:
    grams = option.get("portion_g", 0) if option.get("sale") == "weighed" else option.get("net_weight_g", 0)
    return weight(round(grams * quantity)) if grams else ""
