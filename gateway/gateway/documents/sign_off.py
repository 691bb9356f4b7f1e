"""The sheet on which people sign for their baskets (domain 1.5.1), in all its variants, and the same as a table.

Facts of one date: {"group", "on", "starts", "ends", "place", "households": [{household_id, number, name, phone, email, address,
slot, comment}], "contracts": [{"title", "instructions", "modular", "options": [option], "baskets": [{household_ids, lines:
[{option_id, quantity}], absent, picker_household_id, number, exchange}]}], "kept": [{household_id, keeper, keeper_phone}],
"volunteers": [{name ("" for a duty that is free), role, hours}], "next": [{on, names, free: [task]}], "contacts", "clauses", "dated"};
`exchange` = {"taker", "state"} of a basket that somebody else takes (S4:57); `number` 0: no number on the basket.
Several dates: the same with "dates": [{"on", …, "contracts"}].
"""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.documents import clauses
from gateway.documents.handed_out import (
    columns_of,
    exchanges_of,
    key,
    number_of,
    people_of,
    quantity_of,
    remarks_of,
    taken_of,
    units,
)
from gateway.documents.parts import dealt
from gateway.documents.products import Facts, amount_of, code_of, parts_text, portion_text, shares_of, unit_price
from gateway.documents.render import dated
from gateway.documents.words import alphabetical, civil, counted, day, hours, money, number, plain, short

Columns = list[dict[str, Any]]
SHOWN = {"address": "Adresse", "email": "Courriel", "phone": "Téléphone"}
SIGNATURE = {"label": "Signature", "width": "7.5em", "need": 7.5}
NAME = {"label": "Nom", "width": "3fr", "need": 9}
NUMBER = {"label": "N°", "align": "right", "need": 2.4}
NEEDS = {"address": 9, "email": 12, "phone": 7.5}
EXCHANGED = {"offered": "à réserver", "accepted": "réservé", "collected": "retiré", "expired": "repris"}
LANDSCAPE_FROM = 8
# Signs in the cell of one date beside each other; what is longer wraps.
WIDEST = 14
FREE_LINES = 6


def shape(facts: Facts, show: Iterable[str] = ("phone",)) -> dict[str, Any]:
    """One date: a row for each basket's household(s), a column for each option that is delivered."""
    options = columns_of(facts)
    wanted = [name for name in SHOWN if name in set(show) and any(each.get(name) for each in facts["households"])]
    rows, totals = _rows(facts, options, wanted)
    head: Columns = [NUMBER, NAME]
    head += [{"label": "Créneau", "need": 7}] if _slots(facts) else []
    head += [
        {"label": SHOWN[name], "need": NEEDS[name], **({"width": "2fr"} if name == "address" else {})}
        for name in wanted
    ]
    before = len(head)
    head += [dealt(code_of(option)) for _contract, option in options]
    head += [{"label": "Commentaire", "width": "8em", "need": 8}, SIGNATURE]
    filled: list[Any] = [""] * before + [number(totals[key(option)]) for _contract, option in options] + ["", ""]
    filled[1] = counted(len(rows), "ligne", "lignes")
    return _sheet(facts, "Feuille d’émargement", facts["dated"]) | {
        "columns": head,
        "rows": rows,
        "totals": filled if rows else None,
        "summary": [_totals_of(contract, totals) for contract in facts["contracts"]],
        "landscape": len(head) > LANDSCAPE_FROM,
        "pages": [_modular_page(contract, facts) for contract in facts["contracts"] if contract.get("modular")],
    }


def several(facts: Facts) -> dict[str, Any]:
    """A column per date in which to sign: what is taken stands in the cell, nothing where nothing is."""
    dates = sorted(facts["dates"], key=lambda each: str(each["on"]))
    people = people_of({**facts, "contracts": [contract for each in dates for contract in each["contracts"]]})
    taken = [[taken_of(each["contracts"], person["ids"]) for each in dates] for person in people]
    widest = max((line for lines in taken for line in lines), key=len, default="")
    columns: Columns = [NUMBER, NAME, *(dealt(short(each["on"])[:5], [widest[:WIDEST]]) for each in dates)]
    rows = [[str(who.get("number") or ""), who["name"], *cells] for who, cells in zip(people, taken, strict=True)]
    sheet = _sheet({**facts, "on": dates[0]["on"]} if dates else facts, "Feuille d’émargement", facts["dated"])
    span = [f"Livraisons du {day(dates[0]['on'])} au {day(dates[-1]['on'])}"] if dates else []
    return sheet | {"lines": span, "columns": columns, "rows": rows, "totals": None, "landscape": True}


def matrix(facts: Facts) -> dict[str, Any]:
    """Members down, products across with their heads turned, totals both ways."""
    options = columns_of(facts)
    found: list[list[str]] = []
    totals: dict[str, float] = {}
    for person in people_of(facts):
        quantities = [quantity_of(contract, option, person["ids"]) for contract, option in options]
        for (_contract, option), quantity in zip(options, quantities, strict=True):
            totals[key(option)] = totals.get(key(option), 0) + quantity
        found.append([person["name"], *(number(each) if each else "" for each in quantities), number(sum(quantities))])
    columns: Columns = [NAME, *(dealt(option["title"], turned=True) for _contract, option in options)]
    columns += [{"label": "Total", "align": "right"}]
    sums = [number(totals.get(key(option), 0)) for _contract, option in options]
    last = ["Total", *sums, number(sum(totals.values()))]
    return _sheet(facts, "Répartition des produits", facts["dated"]) | {
        "columns": columns, "rows": found, "totals": last if found else None, "landscape": len(columns) > LANDSCAPE_FROM,
        "tall": False,
    }  # fmt: skip


def by_member(facts: Facts) -> dict[str, Any]:
    """Each member's products with price and amount, a signature for each member."""
    columns: Columns = [
        NUMBER, {"label": "Nom", "width": "1fr"}, {"label": "Téléphone"}, {"label": "Qté", "align": "center"},
        {"label": "Produit", "width": "1fr"}, {"label": "PU", "align": "right"}, {"label": "Total", "align": "right"}, SIGNATURE,
    ]  # fmt: skip
    rows: list[list[Any]] = []
    whole = 0
    for person in people_of(facts):
        lines = [(option, quantity_of(contract, option, person["ids"])) for contract, option in columns_of(facts)]
        taken = [(option, quantity) for option, quantity in lines if quantity]
        for at, (option, quantity) in enumerate(taken):
            amount = amount_of(option, [(1, {"factor_percent": round(100 * quantity)})])
            whole += amount
            line: list[Any] = [number(quantity), portion_text(option), unit_price(option), money(amount)]
            who = [number_of(facts, person), person["name"], person.get("phone", "")]
            rows.append([*_over(who, len(taken)), *line, *_over([""], len(taken))] if at == 0 else line)
    totals = ["", "Total", "", "", "", "", money(whole), ""] if rows else None
    return _sheet(facts, "Feuille de distribution", facts["dated"]) | {
        "columns": columns, "rows": rows, "totals": totals, "landscape": False,
    }  # fmt: skip


def _over(cells: list[str], rows: int) -> list[Any]:
    """Cells that stand beside so many rows."""
    return [{"text": text, "span": rows} for text in cells]


def _rows(
    facts: Facts, options: list[tuple[Facts, Facts]], show: list[str]
) -> tuple[list[list[Any]], dict[str, float]]:
    totals: dict[str, float] = {key(option): 0 for _contract, option in options}
    found: list[list[Any]] = []
    slots = _slots(facts)
    for person in people_of(facts):
        cells = []
        for contract, option in options:
            quantity = quantity_of(contract, option, person["ids"])
            totals[key(option)] += quantity
            star = "*" if quantity and exchanges_of(contract, person["ids"]) else ""
            cells.append(f"{number(quantity)}{star}" if quantity else "")
        comment = ", ".join(filter(None, (person.get("comment", ""), *remarks_of(facts, person))))
        head = [number_of(facts, person), person["name"], *([person.get("slot") or ""] if slots else [])]
        found.append([*head, *(person.get(name, "") or "" for name in show), *cells, comment, ""])
    return found, totals


def _slots(facts: Facts) -> bool:
    return any(each.get("slot") for each in facts["households"])


def _totals_of(contract: Facts, totals: Mapping[str, float]) -> str:
    """« Légumes : 12 × PAN, 3,5 × DEMI ; en tout : 13,75 parts »."""
    told = [option for option in contract["options"] if totals.get(key(option))]
    each = ", ".join(f"{number(totals[key(option)])} × {code_of(option)}" for option in told)
    shares = sum(shares_of(option, totals[key(option)]) for option in told)
    return f"{contract['title']} : {each} ; en tout : {parts_text(shares)}" if told else f"{contract['title']} : rien"


def _modular_page(contract: Facts, facts: Facts) -> dict[str, Any]:
    """A page of its own for a contract whose baskets differ: who takes which products."""
    only = {**facts, "contracts": [contract]}
    found = []
    totals: dict[str, float] = {}
    for person in people_of(only):
        inside = [(option, quantity_of(contract, option, person["ids"])) for option in contract["options"]]
        for option, quantity in inside:
            totals[key(option)] = totals.get(key(option), 0) + quantity
        told = ", ".join(f"{number(quantity)} × {option['title']}" for option, quantity in inside if quantity)
        found.append([number_of(only, person), person["name"], told or "–", ""])
    return {
        "title": f"{contract['title']} : détail des paniers",
        "lines": [_totals_of(contract, totals)],
        "columns": [NUMBER, {"label": "Nom", "width": "1fr"}, {"label": "Produits", "width": "2fr"}, SIGNATURE],
        "rows": found,
        "totals": None,
        "notes": [contract["instructions"]] if contract.get("instructions") else [],
    }  # fmt: skip


def _sheet(facts: Facts, title: str, edited: Any) -> dict[str, Any]:
    group = facts["group"]
    inclusive = group.get("inclusive", True)
    own, named = facts.get("clauses", {}), {"groupe": group["name"], "producteur": "", "ordre": "", "visites": ""}
    names = {each["household_id"]: each["name"] for each in facts["households"]}
    when = f"{day(facts['on'])}, {hours(facts.get('starts', ''), facts.get('ends', ''))}" if facts.get("on") else ""
    return {
        "title": title,
        "author": group["name"],
        "dated": dated(civil(edited)),
        "kicker": group["name"],
        "lines": [each for each in (when.strip(", "), facts.get("place") or group.get("place", "")) if each],
        "footer": f"{group['name']} · édité le {day(edited, weekday=False)}",
        "words": {
            "keeper": plain("Gardien·ne", inclusive),
            "member": plain("Adhérent·e", inclusive),
            "next": plain("Responsables aux prochaines distributions, à compléter", inclusive),
        },
        "message": clauses.blocks("sign_off", "message", own, named, inclusive),
        "place": clauses.blocks("sign_off", "place", own, named, inclusive),
        "summary": [], "notes": ["* panier remis à une autre personne, voir plus bas"] if _all_exchanges(facts, names) else [],
        "exchanged": _all_exchanges(facts, names),
        "keepers": _keepers(facts),
        "volunteers": [[each["name"], each.get("role", ""), each.get("hours", "")] for each in facts.get("volunteers", [])],
        "next": [{"text": day(each["on"]), "names": each.get("names", []), "free": _free(each)} for each in facts.get("next", [])],
        "instructions": [[each["title"], each["instructions"]] for each in facts.get("contracts", []) if each.get("instructions")],
        "contacts": [[each["name"], ", ".join(filter(None, (each.get("phone", ""), each.get("email", ""))))] for each in facts.get("contacts", [])],
        "pages": [], "totals": None, "landscape": False, "tall": True,
    }  # fmt: skip


def _all_exchanges(facts: Facts, names: Mapping[str, str]) -> list[list[str]]:
    found = []
    for contract in facts.get("contracts", []):
        options = {key(option): option for option in contract["options"]}
        for basket in contract["baskets"]:
            if told := basket.get("exchange"):
                parts = ", ".join(f"{number(units(line))} × {code_of(options[line['option_id']])}" for line in basket["lines"] if line["option_id"] in options)  # fmt: skip
                holder = " / ".join(names.get(each, "–") for each in basket["household_ids"])
                found.append([f"{contract['title']} ({parts})", holder, told["taker"], EXCHANGED.get(told["state"], told["state"])])  # fmt: skip
    return found


def _keepers(facts: Facts) -> list[list[str]]:
    """Whoever keeps, whose baskets, and what is in them."""
    known = {each["household_id"]: each for each in facts["households"]}
    found = []
    for each in facts.get("kept", []):
        mine = [person for person in people_of(facts) if each["household_id"] in person["ids"]]
        if member := known.get(each["household_id"]):
            inside = ", ".join(filter(None, (taken_of(facts["contracts"], person["ids"]) for person in mine)))
            number = ", ".join(filter(None, (number_of(facts, person) for person in mine)))
            baskets = f"n° {number} : {inside}" if number and inside else inside
            found.append([_with_phone(each["keeper"], each.get("keeper_phone", "")), _with_phone(member["name"], member.get("phone", "")), baskets])  # fmt: skip
    return sorted(found, key=lambda row: (alphabetical(row[0]), alphabetical(row[1])))


def _with_phone(name: str, phone: str) -> str:
    return ", ".join(filter(None, (name or "–", phone)))


def _free(told: Facts) -> list[str]:
    """What is asked for, line by line; some lines more where nothing was planned."""
    free = list(told.get("free", []))
    return free or [""] * max(2, FREE_LINES - len(told.get("names", [])))
