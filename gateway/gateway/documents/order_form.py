"""The order form on paper, blank or filled, and the summary that people bring along (domain 1.5.4 and 1.5.5).

Facts: {"group", "title", "opens_on", "closes_on", "distribution", "slot", "member": {name, phone, number, tier} or None, "lines":
[{title, category, unit, price_cents, quantity, amount_cents}], "total_cents", "clauses", "means", "dated"}.
"""

from itertools import groupby
from typing import Any

from gateway.documents import clauses
from gateway.documents.parts import amount, column, listing, section
from gateway.documents.products import Facts
from gateway.documents.words import counted, money, number, plain

BLANK = ("Nom et prénom", "Téléphone", "N° d’adhésion", "Catégorie")


def shape(facts: Facts) -> dict[str, Any]:
    """Blank: all that is on offer with room for quantities; filled: what was ordered, with its amounts."""
    filled = facts.get("member") is not None
    columns = [
        column("Produit", "5fr"),
        column("Unité", "3fr"),
        column("Prix", "6.5em", "right"),
        column("Quantité", "5.2em", "center"),
        column("Total", "7em", "right"),
    ]
    sections = []
    for category, inside in groupby(facts["lines"], lambda line: line.get("category", "")):
        rows = [
            [line["title"], line.get("unit", ""), money(line["price_cents"]),
             number(line["quantity"]) if filled and line.get("quantity") else "",
             money(line.get("amount_cents")) if filled and line.get("quantity") else ""]
            for line in inside
        ]  # fmt: skip
        sections.append(section(columns, rows, title=category, tall=not filled))
    known = filled and facts.get("total_cents") is not None
    total = clauses.parsed(f"Total de la commande : **{money(facts['total_cents'])}**") if known else []
    more: dict[str, Any] = {} if known else {"to_fill": "Total de la commande :"}
    if not filled:
        more["blanks"] = list(BLANK)
    return listing(
        facts,
        "Bon de commande",
        [facts["title"]],
        sections,
        facts=_facts(facts),
        closing=total + _closing(facts),
        **more,
    )


def summary(facts: Facts) -> dict[str, Any]:
    """To tick at the stands: served, missing, exchanged, taken in addition."""
    columns = [column("Produit", "3fr"), column("Unité", "2fr"), column("Qté", align="center"), amount("Prix"), amount("Total"),
               column("Servi", align="center"), column("Manque", "4.5em"), column("Échange", "5em"), column("Rab", "3em")]  # fmt: skip
    taken = [line for line in facts["lines"] if line.get("quantity")]
    rows = [
        [line["title"], line.get("unit", ""), number(line["quantity"]), money(line["price_cents"]), money(line.get("amount_cents")),
         {"tick": True}, "", "", ""]
        for line in taken
    ]  # fmt: skip
    totals: list[Any] = [
        counted(len(taken), "produit", "produits"),
        "",
        "",
        "",
        money(facts.get("total_cents")),
        "",
        "",
        "",
        "",
    ]
    sections = [section(columns, rows, totals=totals, tall=True, empty="Rien n’est commandé.")]
    more = {"facts": _facts(facts), "closing": _closing(facts)}
    return listing(facts, "Récapitulatif de commande", [facts["title"]], sections, **more)


def _facts(facts: Facts) -> list[list[str]]:
    rows = [
        ["Commandes", facts.get("open", "")],
        ["Distribution", facts.get("distribution", "")],
        ["Créneau", facts.get("slot", "")],
    ]
    member = facts.get("member")
    if member is None:
        return [row for row in rows if row[1]]
    rows += [
        [plain("Adhérent·e", facts["group"].get("inclusive", True)), member["name"]],
        ["Téléphone", member.get("phone", "")],
        ["N° d’adhésion", str(member.get("number") or "")],
        ["Catégorie", member.get("tier", "")],
    ]
    return [row for row in rows if row[1]]


def _closing(facts: Facts) -> list[dict[str, Any]]:
    group, own = facts["group"], facts.get("clauses", {})
    named = {"groupe": group["name"], "producteur": "", "ordre": "", "visites": ""}
    inclusive = group.get("inclusive", True)
    found = clauses.blocks("order_form", "containers", own, named, inclusive) if facts.get("containers", True) else []
    found += clauses.blocks("order_form", "payment", own, named, inclusive)
    return found + (clauses.parsed(f"Moyens de paiement : {facts['means']}.") if facts.get("means") else [])
