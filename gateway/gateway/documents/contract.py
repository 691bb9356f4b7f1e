"""The contract of three parties (domain 1.1): blank for the producer's approval, or filled for a subscription.

Facts in: {"group", "producer", "referents", "terms", "version", "dated", "clauses", "signatures", "subscription" or None}, where
`terms` are those of the contract and `subscription` holds member, lines, starts_on, amount_cents, cheques, absences, series.
The three tables of products: *simple* (one line per product), *modular* (what was composed for each date) and *by group*
(Semaine A and B with prices and dates of their own). Nothing depends on the day of printing: what is signed stays the same.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.documents import clauses, signing
from gateway.documents.products import Facts, amount_of, deliveries_of, lines_of, portion_text, unit_price
from gateway.documents.render import dated
from gateway.documents.words import civil, counted, day, hours, moment, money, months, number, plain, season, short

BLANK_CHEQUES = 6
MODULAR = ("modular", "modular_fixed")
MEANS = {
    "cheque": "chèque", "transfer": "virement", "cash": "espèces", "local_currency": "monnaie locale",
    "direct_debit": "prélèvement", "online": "paiement en ligne", "on_delivery": "à la livraison",
}  # fmt: skip
RIGHT, CENTER, WIDE = {"align": "right"}, {"align": "center"}, {"width": "1fr"}


def shape(facts: Facts) -> dict[str, Any]:
    group, terms, taken = facts["group"], facts["terms"], facts.get("subscription")
    inclusive = group.get("inclusive", True)
    dates = deliveries_of(terms, taken)
    table = _products(terms, taken, dates)
    return {
        "title": f"Contrat d’engagement : {terms['title']}",
        "author": group["name"],
        "dated": dated(civil(facts["dated"])),
        "kicker": group["name"],
        "lines": [each for each in (terms.get("complement", ""), f"Saison {season(terms['starts_on'], terms['ends_on'])}") if each],
        "footer": f"{group['name']} · {terms['title']} · version {facts['version']} du {day(facts['dated'], weekday=False)}",
        "filled": taken is not None,
        "words": {
            "producer": plain("Producteur·rice", inclusive),
            "referents": plain("Référent·e·s", inclusive),
            "member": plain("Adhérent·e", inclusive),
        },
        "info": _info(group, terms),
        **_dates(terms, taken, dates),
        "producer": _producer(facts["producer"]),
        "producer_note": clauses.parsed(terms.get("producer_note", "")),
        "referents": [[each["name"], _contact(each)] for each in facts.get("referents", [])],
        "member": _member(taken, inclusive),
        **_clauses(facts, inclusive),
        **table,
        **_payment(terms, taken),
        "place": "",
        "on": "",
        "signatures": signing.boxes(facts, inclusive),
    }  # fmt: skip


def _info(group: Mapping[str, Any], terms: Mapping[str, Any]) -> list[list[str]]:
    told = [each for each in terms.get("deliveries", []) if not each.get("cancelled")]
    usual = told[0] if told else {}
    place = usual.get("place") or group.get("place", "")
    rows = [
        ["Période", season(terms["starts_on"], terms["ends_on"])],
        ["Distribution", ", ".join(filter(None, (hours(usual.get("starts", ""), usual.get("ends", "")), place)))],
        ["Contact", group.get("contact", "")],
        ["Objet", terms.get("description", "")],
    ]
    return [row for row in rows if row[1]]


def _dates(
    terms: Mapping[str, Any], taken: Mapping[str, Any] | None, own: Iterable[Mapping[str, Any]]
) -> dict[str, Any]:
    """All dates of the contract by month: cancelled ones and those before one's start struck out, one's own bold."""
    mine = {each["delivery_id"] for each in own} if taken else set()
    shown = [
        {
            "on": each["on"],
            "struck": bool(each.get("cancelled")) or (taken is not None and str(each["on"]) < str(taken["starts_on"])),
            "own": each["delivery_id"] in mine,
            "note": _note(each),
        }
        for each in terms.get("deliveries", [])
    ]
    legend = "En gras : vos livraisons." if taken else ""
    if any(each["struck"] for each in shown):
        legend += " Barrées : annulées" + (" ou avant votre engagement." if taken else ".")
    held = len(mine) if taken else sum(1 for each in shown if not each["struck"])
    return {
        "months": months(shown),
        "count": counted(held, "livraison", "livraisons") if shown else "",
        "legend": legend.strip(),
        "rounds": [_round(each, terms) for each in terms.get("rounds", [])],
    }


def _round(told: Mapping[str, Any], terms: Mapping[str, Any]) -> list[str]:
    on = {each["delivery_id"]: each["on"] for each in terms.get("deliveries", [])}
    zone = terms.get("time_zone", "Europe/Paris")
    delivered = on.get(told["delivery_id"])
    return [
        day(delivered) if delivered else "–",
        f"du {moment(told['opens_at'], zone)}",
        f"au {moment(told['closes_at'], zone)}",
    ]


def _note(delivery: Mapping[str, Any]) -> str:
    notes = []
    if delivery.get("series"):
        notes.append(str(delivery["series"]))
    if (factor := int(delivery.get("factor_percent", 100))) != 100:
        notes.append(f"×{number(factor / 100)}")
    if delivery.get("moved_from"):
        notes.append(f"au lieu du {short(delivery['moved_from'])[:5]}")
    return f" ({', '.join(notes)})" if notes else ""


def _producer(producer: Mapping[str, Any]) -> list[list[str]]:
    rows = [
        ["Nom", producer.get("name", "")],
        ["Adresse", producer.get("address") or producer.get("place", "")],
        ["Contact", _contact(producer)],
        ["Certification", producer.get("certification", "")],
    ]
    return [row for row in rows if row[1]]


def _contact(person: Mapping[str, Any]) -> str:
    return ", ".join(filter(None, (person.get("contact_name", ""), person.get("phone", ""), person.get("email", ""))))


def _member(taken: Mapping[str, Any] | None, inclusive: bool) -> list[list[str]]:
    if taken is None:
        return [
            [label, ""] for label in ("Nom et prénom", "Téléphone", "Adresse", "Courriel", "N° d’adhésion", "Début")
        ]
    member = taken["member"]
    rows = [
        ["Nom", member["name"]],
        [plain("Co-adhérent·e·s", inclusive), " / ".join(taken.get("co_names", []))],
        ["Adresse", member.get("address", "")],
        ["Contact", _contact(member)],
        ["N° d’adhésion", str(member.get("number") or "")],
        ["Semaine", taken.get("series", "")],
        ["Début de l’engagement", day(taken["starts_on"], weekday=False)],
        ["Absences prévues", ", ".join(short(each) for each in taken.get("absence_dates", []))],
    ]
    return [row for row in rows if row[1]]


def _clauses(facts: Facts, inclusive: bool) -> dict[str, Any]:
    terms, own = facts["terms"], facts.get("clauses", {})
    visits = int(terms.get("farm_visits", 0))
    filled = {
        "groupe": facts["group"]["name"],
        "producteur": facts["producer"]["name"],
        "ordre": terms.get("payment", {}).get("payee") or facts["producer"]["name"],
        "visites": f"{visits} fois" if visits > 1 else "au moins une fois",
    }
    found = {name: clauses.blocks("contract", name, own, filled, inclusive) for name in clauses.HOUSE["contract"]}
    if terms.get("mention"):
        found["mention"] = found["mention"] + clauses.parsed(terms["mention"])
    return found


# -- the tables of products --------------------------------------------------------------------------------------


def _products(
    terms: Mapping[str, Any], taken: Mapping[str, Any] | None, dates: list[Mapping[str, Any]]
) -> dict[str, Any]:
    if taken is None:
        found = _offered(terms)
    elif terms["basket_kind"] in MODULAR and any(line.get("per_delivery") for line in taken.get("lines", [])):
        found = _modular(terms, taken, dates)
    elif terms["basket_kind"] == "ordered":
        found = _offered(terms)
        found["product_notes"] = ["Les quantités sont choisies avant chaque livraison, sur le bon de commande."]
    elif any(each.get("series") for each in terms.get("deliveries", [])):
        found = _by_group(terms, taken, dates)
    else:
        found = _simple(terms, taken, dates)
    notes = [f"{each['title']} : {each['content']}" for each in terms.get("options", []) if each.get("content")]
    found["product_notes"] = found.get("product_notes", []) + notes
    due = money(taken["amount_cents"]) if taken and terms["basket_kind"] != "ordered" else ""
    return {"detail": [], "detail_columns": [], "product_totals": None, "due": due, **found}


def _offered(terms: Mapping[str, Any]) -> dict[str, Any]:
    """For the blank contract: everything offered, with room for quantities and, per series, the price of a season."""
    priced = terms["basket_kind"] != "ordered"
    columns: list[dict[str, str]] = [{"label": "Produit", **WIDE}, {"label": "Prix TTC", **RIGHT}]
    if priced:
        columns += [{"label": "Quantité", "width": "5.2em", **CENTER}, {"label": "Livraisons", **CENTER},
                    {"label": "Prix de la saison, pour un", **RIGHT}]  # fmt: skip
    lines = []
    for option in terms.get("options", []):
        head = [portion_text(option), unit_price(option)]
        for series in _series_of(terms) if priced else [""]:
            dates = deliveries_of(terms, {"starts_on": terms["starts_on"], "series": series}, option)
            name = f"{head[0]} – {series}" if series else head[0]
            amount = amount_of(option, [(1, each) for each in dates])
            lines.append([name, head[1], "", str(len(dates)), money(amount)] if priced else head)
    return {"product_columns": columns, "products": lines}


def _series_of(terms: Mapping[str, Any]) -> list[str]:
    return sorted({each.get("series", "") for each in terms.get("deliveries", [])} - {""}) or [""]


def _simple(terms: Mapping[str, Any], taken: Mapping[str, Any], dates: list[Mapping[str, Any]]) -> dict[str, Any]:
    columns = [{"label": "Produit", **WIDE}, {"label": "Prix TTC", **RIGHT}, {"label": "Quantité", **CENTER},
               {"label": "Livraisons", **CENTER}, {"label": "Montant", **RIGHT}]  # fmt: skip
    lines = [
        [
            portion_text(line.option),
            unit_price(line.option),
            number(line.quantity),
            str(len(line.dates)),
            money(line.amount_cents),
        ]
        for line in lines_of(terms, taken, dates)
    ]
    totals = ["Total dû", "", "", "", money(taken["amount_cents"])]
    return {"product_columns": columns, "products": lines, "product_totals": totals, "due": ""}


def _by_group(terms: Mapping[str, Any], taken: Mapping[str, Any], dates: list[Mapping[str, Any]]) -> dict[str, Any]:
    columns = [{"label": "Dates", **WIDE}, {"label": "Groupe", **CENTER}, {"label": "Produit", **WIDE},
               {"label": "Prix TTC", **RIGHT}, {"label": "Quantité", **CENTER}, {"label": "Montant", **RIGHT}]  # fmt: skip
    lines = []
    for line in lines_of(terms, taken, dates):
        for series in sorted({each.get("series", "") for each in line.dates}):
            inside = [each for each in line.dates if each.get("series", "") == series]
            days = ", ".join(short(each["on"])[:5] for each in inside)
            amount = amount_of(line.option, [(line.at(each), each) for each in inside])
            lines.append(
                [days, series, portion_text(line.option), unit_price(line.option), number(line.quantity), money(amount)]
            )
    totals = ["Total dû", "", "", "", "", money(taken["amount_cents"])]
    return {"product_columns": columns, "products": lines, "product_totals": totals, "due": ""}


def _modular(terms: Mapping[str, Any], taken: Mapping[str, Any], dates: list[Mapping[str, Any]]) -> dict[str, Any]:
    """By date what is taken and for how much; below, each product with its price."""
    composed: list[list[str]] = []
    detail: list[list[str]] = []
    lines = lines_of(terms, taken, dates)
    for delivery in dates:
        inside = [(line.option, line.at(delivery)) for line in lines if line.at(delivery)]
        named = ", ".join(f"{number(quantity)} × {option['title']}" for option, quantity in inside)
        amounts = [amount_of(option, [(quantity, delivery)]) for option, quantity in inside]
        composed.append([short(delivery["on"]), named or "–", money(sum(amounts))])
        for (option, quantity), amount in zip(inside, amounts, strict=True):
            detail.append(
                [short(delivery["on"]), portion_text(option), number(quantity), unit_price(option), money(amount)]
            )
    return {
        "product_columns": [{"label": "Date"}, {"label": "Produits", **WIDE}, {"label": "Montant", **RIGHT}],
        "products": composed,
        "product_totals": ["Total dû", "", money(taken["amount_cents"])],
        "detail_columns": [{"label": "Date"}, {"label": "Produit", **WIDE}, {"label": "Quantité", **CENTER},
                           {"label": "Prix", **RIGHT}, {"label": "Montant", **RIGHT}],
        "detail": detail,
        "due": "",
    }  # fmt: skip


# -- payment -----------------------------------------------------------------------------------------------------


def _payment(terms: Mapping[str, Any], taken: Mapping[str, Any] | None) -> dict[str, Any]:
    payment = terms.get("payment", {})
    columns = [{"label": "Encaissement"}, {"label": "Moyen"}, {"label": "Numéro", **WIDE}, {"label": "Émetteur", **WIDE},
               {"label": "Banque", **WIDE}, {"label": "Montant", **RIGHT}]  # fmt: skip
    if taken is None:
        rows = [[{"text": short(each)}, "", "", "", "", ""] for each in payment.get("calendar", [])]
        rows = rows or [["", "", "", "", "", ""] for _ in range(BLANK_CHEQUES)]
        return {"payment": clauses.parsed(_terms_of_payment(payment)), "cheque_columns": columns, "cheques": rows,
                "cheque_totals": None}  # fmt: skip
    cheques = taken.get("cheques", [])
    rows = [
        [
            short(each["cash_on"]), MEANS.get(taken.get("means", "cheque"), ""), str(each.get("number") or ""),
            each.get("issuer") or taken["member"]["name"], each.get("bank", ""), money(each["amount_cents"]),
        ]
        for each in sorted(cheques, key=lambda each: str(each["cash_on"]))
    ]  # fmt: skip
    total = sum(each["amount_cents"] for each in cheques)
    totals = [counted(len(cheques), "règlement", "règlements"), "", "", "", "", money(total)] if cheques else None
    return {"payment": clauses.parsed(_terms_of_payment(payment)), "cheque_columns": columns, "cheques": rows,
            "cheque_totals": totals}  # fmt: skip


def _terms_of_payment(payment: Mapping[str, Any]) -> str:
    said = []
    means = [MEANS.get(each, each) for each in payment.get("means", [])]
    if payment.get("payee"):
        said.append(f"À l’ordre de **{payment['payee']}**.")
    if means:
        said.append(f"Moyens acceptés : {', '.join(means)}.")
    if counts := payment.get("counts"):
        said.append(f"En {', '.join(map(str, counts))} fois, au choix.")
    if least := payment.get("minimum_cheque_cents"):
        said.append(f"Aucun chèque de moins de {money(least)}.")
    if prepaid := payment.get("prepayment_cents"):
        said.append(f"Provision avant la première commande : {money(prepaid)}.")
    if payment.get("references"):
        said.append(payment["references"])
    return " ".join(said)
