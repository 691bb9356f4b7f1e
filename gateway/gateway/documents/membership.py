"""The membership form (domain 1.1): who joins, dues of the group and of the network, gift, two signatures.

Facts: {"group", "campaign": {title, valid_from, valid_until, group_dues_cents, network_dues_cents} (amounts below zero: as much as
one likes), "member": {name, address, phone, email, number, tier} or None, "paid": {group_dues_cents, network_dues_cents, gift_cents,
solidarity_cents, bank, number, on} or None, "clauses", "dated"}.
"""

from collections.abc import Mapping
from typing import Any

from gateway.documents import clauses
from gateway.documents.parts import amount, letter, section, signature, wide
from gateway.documents.products import Facts
from gateway.documents.words import day, money, plain, season

BLANKS = ("Nom et prénom", "Adresse", "Téléphone", "Courriel", "Type d’adhésion")
AMOUNTS = (
    ("group_dues_cents", "Cotisation {group}"), ("network_dues_cents", "Cotisation du réseau"), ("gift_cents", "Don (facultatif)"),
    ("solidarity_cents", "Panier solidaire (facultatif)"),
)  # fmt: skip


def shape(facts: Facts) -> dict[str, Any]:
    group, campaign, member = facts["group"], facts["campaign"], facts.get("member")
    inclusive = group.get("inclusive", True)
    own, named = (
        facts.get("clauses", {}),
        {"groupe": group["name"], "producteur": "", "ordre": group["name"], "visites": ""},
    )
    period = season(campaign["valid_from"], campaign["valid_until"])
    return letter(
        facts,
        "Bulletin d’adhésion",
        lines=[campaign.get("title", ""), f"Adhésion {period}"],
        sender=[],
        intro=clauses.parsed(plain("Je soussigné·e :", inclusive)),
        blanks=list(BLANKS) if member is None else [],
        facts=_member(member) if member else [],
        sections=[_amounts(facts, group["name"])],
        closing=clauses.blocks("membership", "commitment", own, named, inclusive),
        made_at=True,
        signatures=[
            signature(plain("L’adhérent·e", inclusive), *([member["name"]] if member else [])),
            signature(
                plain("Le·a trésorier·ère", inclusive),
                f"valable jusqu’au {day(campaign['valid_until'], weekday=False)}",
            ),
        ],
        small=clauses.blocks("membership", "privacy", own, named, inclusive),
    )


def _member(member: Mapping[str, Any]) -> list[list[str]]:
    rows = [
        ["Nom et prénom", member["name"]], ["Adresse", member.get("address", "")], ["Téléphone", member.get("phone", "")],
        ["Courriel", member.get("email", "")], ["Type d’adhésion", member.get("tier", "")], ["N°", str(member.get("number") or "")],
    ]  # fmt: skip
    return [row for row in rows if row[1]]


def _amounts(facts: Facts, group: str) -> dict[str, Any]:
    campaign, paid = facts["campaign"], facts.get("paid")
    rows = []
    total = 0
    for key, label in AMOUNTS:
        asked = campaign.get(key, -1 if key in ("gift_cents", "solidarity_cents") else 0)
        if not asked and not (paid or {}).get(key):
            continue
        given = paid.get(key, 0) if paid else None
        total += given or 0
        rows.append(
            [label.format(group=group), "prix libre" if asked < 0 else money(asked), money(given) if paid else ""]
        )
    notes = [
        "Banque et numéro du chèque : "
        + (" ".join(filter(None, (paid.get("bank", ""), paid.get("number", "")))) if paid else "." * 70)
    ]
    columns = [wide("Montants"), amount("Demandé"), {**amount("Versé"), "width": "9em"}]
    return section(columns, rows, totals=["Total", "", money(total) if paid else ""], notes=notes, tall=True)
