"""A household's account, line by line, with the balance after each (S0:42-46), from the oldest line to the newest.

Facts: {"group", "name", "since", "until", "opening_cents", "lines": [{on, label, amount_cents, balance_cents}], "balance_cents",
"committed_cents", "dated"}.
"""

from typing import Any

from gateway.documents.parts import amount, column, listing, section, wide
from gateway.documents.products import Facts
from gateway.documents.words import day, money, short


def shape(facts: Facts) -> dict[str, Any]:
    columns = [column("Date"), wide("Opération"), amount("Débit"), amount("Crédit"), amount("Solde")]
    rows: list[list[Any]] = []
    if facts.get("opening_cents") is not None and facts.get("since"):
        rows.append([short(facts["since"]), "Solde précédent", "", "", money(facts["opening_cents"])])
    debit = credit = 0
    for line in facts["lines"]:
        cents = line["amount_cents"]
        debit, credit = debit + min(cents, 0), credit + max(cents, 0)
        rows.append([short(line["on"]), line["label"], money(-cents) if cents < 0 else "", money(cents) if cents >= 0 else "",
                     money(line["balance_cents"])])  # fmt: skip
    totals = ["", "Totaux", money(-debit), money(credit), money(facts["balance_cents"])]
    sections = [section(columns, rows, totals=totals, empty="Aucune opération.")]
    more = []
    if facts.get("committed_cents"):
        more.append(f"Commandes validées, débitées à leur livraison : {money(facts['committed_cents'])}.")
    told = f"Solde au {day(facts['until'], weekday=False)} : {balance_words(facts['balance_cents'])}"
    return listing(facts, "Décompte", [facts["name"], told], sections, closing=[{"item": False, "runs": [[each, False]]} for each in more])  # fmt: skip


def balance_words(cents: int) -> str:
    """« 12,00 € en votre faveur », « 12,00 € à régler »."""
    if cents == 0:
        return "0,00 €, le compte est soldé"
    return f"{money(abs(cents))} {'en votre faveur' if cents > 0 else 'à régler'}"
