"""Who takes what on a day, whoever fetches it: what the layouts of the sign-off sheet and its tables have in common.

Facts are those of `sign_off.py`.
"""

from collections.abc import Iterable
from typing import Any, cast

from gateway.documents.products import Facts, code_of
from gateway.documents.words import alphabetical, number

TAKEN = ("accepted", "collected")


def columns_of(facts: Facts) -> list[tuple[Facts, Facts]]:
    """(contract, option) of all that somebody takes that day, contract by contract."""
    found = []
    for contract in facts["contracts"]:
        taken = {line["option_id"] for basket in contract["baskets"] for line in basket["lines"]}
        found += [(contract, option) for option in contract["options"] if option["option_id"] in taken]
    return found


def key(option: Facts) -> str:
    return str(option["option_id"])


def people_of(facts: Facts) -> list[dict[str, Any]]:
    """One row for those who share a basket, in the order of slots and names; `ids` are the households of the row."""
    known = {each["household_id"]: each for each in facts["households"]}
    rows: dict[tuple[str, ...], dict[str, Any]] = {}
    for contract in facts["contracts"]:
        for basket in contract["baskets"]:
            ids = tuple(basket["household_ids"])
            if ids not in rows:
                told = [known[each] for each in ids if each in known]
                names = " / ".join(each["name"] for each in told) or "–"
                rows[ids] = {**(told[0] if told else {}), "name": names, "ids": ids}
    return sorted(rows.values(), key=lambda row: (row.get("slot") or "", alphabetical(row["name"])))


def number_of(facts: Facts, person: Facts) -> str:
    """The number of the basket at this distribution, else that of the member."""
    found = {basket["number"] for basket in _every(facts, person) if basket.get("number")}
    return ", ".join(map(str, sorted(found))) or str(person.get("number") or "")


def remarks_of(facts: Facts, person: Facts, takers: bool = True) -> list[str]:
    """Who fetches it in their place: the household whose turn it is, a taker (unless told elsewhere), a keeper; or nobody."""
    every = _every(facts, person)
    if every and all(basket.get("absent") for basket in every):
        return ["absence prévue"]
    given = [basket["exchange"] for basket in every if takers and basket.get("exchange")]
    names = {each["taker"] for each in given if each["state"] in TAKEN}
    keepers = {each["keeper"] for each in facts.get("kept", []) if each["household_id"] in person["ids"]}
    told = [_picker(facts, person), *(f"à remettre à {one or '–'}" for one in sorted(names))]
    return [*filter(None, told), *(f"gardé par {one or '–'}" for one in sorted(keepers))]


def _picker(facts: Facts, person: Facts) -> str:
    """Whose turn it is when households share a basket."""
    if len(person["ids"]) < 2:
        return ""
    names = {each["household_id"]: each["name"] for each in facts["households"]}
    turns = {basket.get("picker_household_id") for basket in _every(facts, person)}
    told = [names[each] for each in sorted(filter(None, turns)) if each in names]
    return f"tour de {', '.join(told)}" if told else ""


def _every(facts: Facts, person: Facts) -> list[Facts]:
    return [basket for contract in facts["contracts"] for basket in _theirs(contract, person["ids"])]


def _baskets(contract: Facts, ids: Iterable[str]) -> list[Facts]:
    return [each for each in _theirs(contract, ids) if not each.get("absent")]


def _theirs(contract: Facts, ids: Iterable[str]) -> list[Facts]:
    """The baskets of exactly these households. They are sorted once and kept beside the facts: every row of a sheet asks
    for its own."""
    baskets, found = contract.get("by_households", (None, {}))
    if baskets is not contract["baskets"]:
        baskets, found = contract["baskets"], _by_households(contract["baskets"])
        cast(dict[str, Any], contract)["by_households"] = baskets, found
    return found.get(tuple(ids), [])


def _by_households(baskets: Iterable[Facts]) -> dict[tuple[str, ...], list[Facts]]:
    found: dict[tuple[str, ...], list[Facts]] = {}
    for basket in baskets:
        found.setdefault(tuple(basket["household_ids"]), []).append(basket)
    return found


def quantity_of(contract: Facts, option: Facts, ids: Iterable[str]) -> float:
    """Units taken by these households, the delivery's factor included where the service tells it."""
    lines = [
        line
        for basket in _baskets(contract, ids)
        for line in basket["lines"]
        if line["option_id"] == option["option_id"]
    ]
    return sum(units(line) for line in lines)


def units(line: Facts) -> float:
    return as_number(line["units_percent"] / 100 if "units_percent" in line else line["quantity"])


def as_number(value: float) -> float:
    """Three rather than 3.0."""
    return int(value) if value == int(value) else value


def exchanges_of(contract: Facts, ids: Iterable[str]) -> list[Facts]:
    return [basket["exchange"] for basket in _baskets(contract, ids) if basket.get("exchange")]


def taken_of(contracts: Iterable[Facts], ids: Iterable[str]) -> str:
    wanted = tuple(ids)
    found = []
    for contract in contracts:
        for option in contract["options"]:
            if quantity := quantity_of(contract, option, wanted):
                star = "*" if exchanges_of(contract, wanted) else ""
                found.append(f"{number(quantity)} {code_of(option)}{star}")
    return ", ".join(found)
