"""Facts of the papers about orders, accounts and memberships: asked here, shaped in `documents/` (see `printing.py`)."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from gateway.calls import ask
from gateway.documents.words import NBSP, day, moment, phone
from gateway.pages.ledger_words import entry_word
from gateway.printing import Facts, group_facts, local_day, today
from grenier.errors import NotFound

KINDS = {"refund-issued": "refund", "payment-requested": "payment", "balance-transferred": "transfer"}
CAMPAIGN = ("title", "valid_from", "valid_until", "group_dues_cents", "network_dues_cents")


# -- orders ------------------------------------------------------------------------------------------------------


def order_form_facts(cycle_id: str, household_id: str = "") -> Facts:
    """Blank with the list price, or at the price of a household's tier with what it has ordered or drafted."""
    if household_id:
        found = ask("orders", "shop", cycle_id=cycle_id, household_id=household_id)
        lines = [
            _offered(item, item["unit_price_cents"], item["confirmed_quantity"] or item["draft_quantity"])
            for item in found["items"]
        ]
        member = _member(found["household"])
    else:
        found = {"cycle": ask("orders", "cycle", cycle_id=cycle_id)}
        lines = [_offered(item, item["price_cents"], 0) for item in found["cycle"]["items"]]
        member = None
    orderable = [line for line in lines if not line.pop("unavailable")]
    orderable.sort(key=lambda line: line["category"])
    total = sum(line["amount_cents"] for line in orderable)
    return _order(found["cycle"], orderable, member) | {"total_cents": total if member else None}


def summary_facts(cycle_id: str, household_id: str) -> Facts:
    """What a household has ordered; NotFound without a confirmed order."""
    found = ask("orders", "my_order", cycle_id=cycle_id, household_id=household_id)
    if not found["order"]:
        raise NotFound
    lines = [
        {
            "title": line["name"], "category": line["category"] or "", "unit": line["unit_label"] or "",
            "price_cents": line["unit_price_cents"], "quantity": line["quantity"], "amount_cents": line["amount_cents"],
        }
        for line in found["order"]["lines"]
    ]  # fmt: skip
    facts = _order(found["cycle"], lines, _member(found["household"]))
    return facts | {"total_cents": found["order"]["total_cents"], "containers": found["needs_containers"]}


def _offered(item: Mapping[str, Any], price_cents: int, quantity: int) -> Facts:
    from gateway.documents.products import amount_of

    weighed = {"price_cents": price_cents, "sale": item["sale"], "portion_g": item["portion_g"]}
    unit = item["unit_label"] or ""
    if item["sale"] == "weighed" and item["portion_g"]:
        unit = f"portion de {item['portion_g']}{NBSP}g, prix au kg"
    return {
        "title": item["name"], "category": item["category"] or "", "unit": unit, "price_cents": price_cents, "quantity": quantity,
        "amount_cents": amount_of(weighed, [(quantity, {})]), "unavailable": item["unavailable"],
    }  # fmt: skip


def _order(cycle: Mapping[str, Any], lines: list[Facts], member: Facts | None) -> Facts:
    told = group_facts(cycle["group_id"])
    zone = told["group"]["time_zone"]
    month = f"Commande du mois {cycle['month']}" if cycle.get("month") else ""
    return {
        "group": told["group"], "clauses": told["all_clauses"].get("order_form", {}), "title": cycle.get("title") or month,
        "open": f"du {moment(cycle['opens_at'], zone)} au {moment(cycle['closes_at'], zone)}",
        "distribution": _when(cycle, zone), "slot": "", "member": member, "lines": lines, "dated": today(),
    }  # fmt: skip


def _when(cycle: Mapping[str, Any], zone: str) -> str:
    starts, ends = cycle["distribution_starts_at"], cycle["distribution_ends_at"]
    if not starts:
        return cycle.get("place") or ""
    clock = moment(starts, zone).split(" à ")[1]
    until = f" – {moment(ends, zone).split(' à ')[1]}" if ends else ""
    return ", ".join(filter(None, (f"{day(local_day(starts, zone))}, {clock}{until}", cycle.get("place") or "")))


def _member(household: Mapping[str, Any]) -> Facts:
    home = ask("contracts", "household", household_id=household["household_id"])
    first = home["persons"][0] if home["persons"] else {"phone": ""}
    names = " / ".join(person["name"] for person in home["persons"]) or home["label"]
    return {
        "name": names,
        "phone": phone(first["phone"]),
        "number": home["number"],
        "tier": household.get("tier_name", ""),
    }


# -- accounts ----------------------------------------------------------------------------------------------------


def statement_facts(
    household_id: str, contract_id: str = "", since: date | None = None, until: date | None = None
) -> Facts:
    """The account of a household in its group, or in one contract; from and to a day, both included."""
    home = ask("contracts", "household", household_id=household_id)
    told = group_facts(home["group_id"])
    zone = told["group"]["time_zone"]
    span = {name: at for name, at in (("since", _instant(since, zone)), ("as_of", _instant(until, zone, 1))) if at}
    method = "contract_statement" if contract_id else "statement"
    found = ask(
        "ledger", method, household_id=household_id, **({"contract_id": contract_id} if contract_id else {}), **span
    )
    lines = [
        {"on": local_day(line["at"], zone), "label": _label(line), "amount_cents": line["effect_cents"], "balance_cents": line["running_cents"]}
        for line in found["lines"]
    ]  # fmt: skip
    name = home["label"] or "–"
    title = found["contract"]["title"] if contract_id else ""
    return {
        "group": told["group"], "name": f"{name} · {title}" if title else name, "since": since.isoformat() if since else "",
        "until": (until or today()).isoformat(), "opening_cents": found["opening_cents"] if since else None, "lines": lines,
        "balance_cents": found["closing_cents"], "committed_cents": found["committed_cents"], "dated": today(),
    }  # fmt: skip


def _label(line: Mapping[str, Any]) -> str:
    return " · ".join(filter(None, (entry_word(line), line.get("reason", ""))))


def _instant(on: date | None, zone: str, days: int = 0) -> str:
    """The first instant of a day, or (`days` 1) the last but a microsecond, in the group's zone."""
    from zoneinfo import ZoneInfo

    if on is None:
        return ""
    begins = datetime(on.year, on.month, on.day, tzinfo=ZoneInfo(zone)) + timedelta(days=days)
    return (begins - timedelta(microseconds=days)).isoformat()


def settlement_facts(contract_id: str, household_id: str) -> Facts:
    """Every line of the contract's account, and what was decided about the balance."""
    home = ask("contracts", "household", household_id=household_id)
    told = group_facts(home["group_id"])
    zone = told["group"]["time_zone"]
    found = ask("ledger", "contract_statement", household_id=household_id, contract_id=contract_id)
    terms = ask("contracts", "contract", contract_id=contract_id)
    last = next((line for line in reversed(found["lines"]) if line["kind"] in KINDS), None)
    lines = [line for line in found["lines"] if line is not last]
    first = home["persons"][0] if home["persons"] else {"address": "", "name": ""}
    names = " / ".join(person["name"] for person in home["persons"]) or home["label"]
    return {
        "group": told["group"], "clauses": told["all_clauses"].get("settlement", {}), "name": names, "address": first["address"],
        "contract": {"title": terms["title"], "starts_on": terms["starts_on"], "ends_on": terms["ends_on"]},
        "lines": [{"on": local_day(line["at"], zone), "label": _label(line), "amount_cents": line["effect_cents"]} for line in lines],
        "balance_cents": lines[-1]["running_cents"] if lines else found["opening_cents"],
        "settled": _settled(last, found), "signed_by": "", "dated": today(),
    }  # fmt: skip


def _settled(last: Mapping[str, Any] | None, found: Mapping[str, Any]) -> Facts:
    if last is None:
        owed = found["closing_cents"]
        return {"kind": "payment", "amount_cents": -owed} if owed < 0 else {}
    to_title = ""
    if last["kind"] == "balance-transferred" and last.get("to_contract_id"):
        to_title = ask("contracts", "contract", contract_id=last["to_contract_id"])["title"]
    return {
        "kind": KINDS[last["kind"]],
        "amount_cents": abs(last["effect_cents"]),
        "means": _means(last),
        "to_title": to_title,
    }


def _means(line: Mapping[str, Any]) -> str:
    """« virement », « chèque n° 99 (Crédit Mutuel) »; "" when nothing is known of it."""
    word = {"cheque": "chèque", "transfer": "virement", "cash": "espèces"}.get(line.get("means") or "", "")
    number, bank = line.get("cheque_number") or "", line.get("cheque_bank") or ""
    return f"{word} n°{NBSP}{number}" + (f" ({bank})" if bank else "") if number else word


# -- membership --------------------------------------------------------------------------------------------------


def membership_facts(group_id: str, campaign_id: str = "", household_id: str = "") -> Facts:
    """The form of a campaign, or of the year when there is none; filled with a household's details and dues."""
    told = group_facts(group_id)
    campaign = _campaign(group_id, campaign_id)
    member = paid = None
    if household_id:
        home = ask("contracts", "household", household_id=household_id)
        if home["group_id"] != group_id:
            raise NotFound
        first = home["persons"][0] if home["persons"] else {}
        names = " / ".join(person["name"] for person in home["persons"]) or home["label"]
        member = {
            "name": names,
            "number": home["number"],
            **{key: first.get(key, "") for key in ("address", "phone", "email")},
        }
        paid = next((row for row in campaign.get("payments", []) if row["household_id"] == household_id), None)
    return {
        "group": told["group"], "campaign": {name: campaign.get(name, 0) for name in CAMPAIGN}, "member": member, "paid": paid,
        "clauses": told["all_clauses"].get("membership", {}), "dated": today(),
    }  # fmt: skip


def _campaign(group_id: str, campaign_id: str) -> Facts:
    if campaign_id:
        found = ask("contracts", "dues_campaign", campaign_id=campaign_id)
        if found["group_id"] != group_id:
            raise NotFound
        return found
    year = today().year
    return {
        "title": f"Cotisations {year}", "valid_from": f"{year}-01-01", "valid_until": f"{year}-12-31", "group_dues_cents": -1,
        "network_dues_cents": 0,
    }  # fmt: skip
