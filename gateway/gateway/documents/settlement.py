"""The letter that closes a contract's account: refund, request for payment or transfer to the next contract (S0:49).

Facts: {"group", "name", "address", "contract": {title, starts_on, ends_on}, "lines": [{on, label, amount_cents}], "balance_cents",
"settled": {"kind": "refund"|"payment"|"transfer"|"", "amount_cents", "means", "until", "to_title"}, "signed_by", "clauses", "dated"}.
"""

from typing import Any

from gateway.documents import clauses
from gateway.documents.parts import amount, column, letter, section, wide
from gateway.documents.products import Facts
from gateway.documents.statement import balance_words
from gateway.documents.words import day, money, season, short


def shape(facts: Facts) -> dict[str, Any]:
    group, contract = facts["group"], facts["contract"]
    rows = [[short(line["on"]), line["label"], money(line["amount_cents"], signed=True)] for line in facts["lines"]]
    totals = ["", "Solde", money(facts["balance_cents"], signed=True)]
    named = {"groupe": group["name"], "producteur": "", "ordre": "", "visites": ""}
    opening = (
        f"Le contrat **{contract['title']}** ({season(contract['starts_on'], contract['ends_on'])}) est terminé. Voici le détail de votre compte "
        f"pour ce contrat.\n\nSolde : **{balance_words(facts['balance_cents'])}**."
    )
    return letter(
        facts,
        "Régularisation de fin de contrat",
        sender=[group["name"], *filter(None, (group.get("place", ""), group.get("contact", "")))],
        to=[facts["name"], *filter(None, (facts.get("address", ""),))],
        day=f"Le {day(facts['dated'], weekday=False)}",
        intro=clauses.parsed(f"Bonjour,\n\n{opening}"),
        sections=[section([column("Date"), wide("Opération"), amount("Montant")], rows, totals=totals)],
        closing=clauses.parsed(_decided(facts)) + clauses.blocks("settlement", "closing", facts.get("clauses", {}), named, group.get("inclusive", True)),
        signatures=[{"party": f"Pour {group['name']}", "lines": [facts.get("signed_by", "")]}],
    )  # fmt: skip


def _decided(facts: Facts) -> str:
    settled = facts.get("settled") or {}
    what = money(settled.get("amount_cents", abs(facts["balance_cents"])))
    match settled.get("kind", ""):
        case "refund":
            by = f" par {settled['means']}" if settled.get("means") else ""
            return f"Nous vous remboursons **{what}**{by}."
        case "payment":
            until = f" avant le {day(settled['until'], weekday=False)}" if settled.get("until") else ""
            return f"Nous vous demandons de régler **{what}**{until}."
        case "transfer":
            to = f" « {settled['to_title']} »" if settled.get("to_title") else " suivant"
            return f"**{what}** sont reportés sur le contrat{to}."
        case _:
            return "Votre compte est soldé, aucune opération n’est nécessaire." if not facts["balance_cents"] else ""
