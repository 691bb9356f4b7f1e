"""The list of cheques that go to a producer together (S0:27, domain 1.5.2), with room for the producer's signature.

Facts: {"group", "producer", "contract": {title}, "on", "cheques": [{name, issuer, bank, number, cash_on, amount_cents}],
"contracts": [names of the households whose signed contracts are handed over], "receipt": {name, at, means} or None, "dated"}.
"""

from typing import Any

from gateway.documents.parts import amount, column, listing, section, signature, wide
from gateway.documents.products import Facts
from gateway.documents.signing import MEANS
from gateway.documents.words import alphabetical, counted, day, moment, money, plain, short


def shape(facts: Facts) -> dict[str, Any]:
    cheques = sorted(facts["cheques"], key=lambda each: (str(each["cash_on"]), alphabetical(each["name"])))
    total = sum(each["amount_cents"] for each in cheques)
    member = plain("Adhérent·e", facts["group"].get("inclusive", True))
    columns = [
        column("Encaissement"),
        wide(member),
        wide("Émetteur"),
        wide("Banque"),
        column("Numéro"),
        amount("Montant"),
    ]
    rows = [
        [short(each["cash_on"]), each["name"], each.get("issuer") or each["name"], each.get("bank", ""),
         each.get("number", ""), money(each["amount_cents"])]
        for each in cheques
    ]  # fmt: skip
    totals = [counted(len(cheques), "chèque", "chèques"), "", "", "", "", money(total)]
    sections = [section(columns, rows, totals=totals, empty="Aucun chèque à remettre.")]
    if signed := facts.get("contracts"):
        names = [[name, {"tick": True}] for name in sorted(signed, key=alphabetical)]
        count = counted(len(signed), "contrat signé", "contrats signés")
        sections.append(
            section([wide(member), column("Remis", align="center")], names, title=f"{count} remis avec les chèques")
        )
    title = f"Chèques à remettre : {facts['producer']['name']}"
    lines = [facts["contract"]["title"], f"Remise du {day(facts['on'])}"]
    return listing(facts, title, lines, sections, signatures=_signatures(facts, len(cheques), total))


def _signatures(facts: Facts, count: int, total: int) -> list[dict[str, Any]]:
    receipt = facts.get("receipt")
    told = [f"reçu {counted(count, 'chèque', 'chèques')}, {money(total)}"]
    if receipt:
        zone = facts["group"].get("time_zone", "Europe/Paris")
        told += [receipt.get("name", ""), f"{MEANS.get(receipt['means'], '')} le {moment(receipt['at'], zone)}"]
    return [signature("Remis par", "nom, date et signature"), signature(facts["producer"]["name"], *told)]
