"""Facts of a day on which something is handed out: asked of contracts and matching, shaped in `documents/` (see `printing.py`)."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from gateway.calls import ask
from gateway.documents.words import hours, phone
from gateway.printing import MODULAR, Facts, dialled, group_of, people_names, today
from grenier.clock import iso
from grenier.errors import Forbidden, NotFound


def day_facts(group_id: str, on: date, contract_id: str = "") -> Facts:
    """All that is handed out in a group on a day, or of one contract."""
    found = ask("contracts", "printed_day", group_id=group_id, on=on.isoformat(), **_of(contract_id))
    if not found["deliveries"]:
        raise NotFound
    first = found["deliveries"][0]
    hands = _hands(found, on)
    return _sheet_head(found) | {
        "on": first["on"], "starts": first["starts"], "ends": first["ends"], "place": first["place"],
        "contracts": [_delivered(each) for each in found["deliveries"]], "kept": [_kept(each) for each in found["kept"]],
        "volunteers": [each for day, helping in hands.items() if day == on.isoformat() for each in helping],
        "next": _next(found["next"], hands, on), "contacts": _referents(group_id),
    }  # fmt: skip


def _kept(told: Mapping[str, Any]) -> Facts:
    return {**told, "keeper_phone": phone(told["keeper_phone"])}


def _hands(found: Mapping[str, Any], on: date) -> dict[str, list[Facts]]:
    """{day: [{name, role, hours, needed}]} of this day and the next ones; a duty nobody has taken stands without a name."""
    zone = ZoneInfo(found["group"]["time_zone"])
    days = [on, *(date.fromisoformat(each) for each in found["next"])]
    first, last = (datetime.combine(each, time(), zone) for each in (on, days[-1] + timedelta(days=1)))
    try:
        told = ask(
            "matching", "hands_between", group_id=found["group"]["group_id"], starts_at=iso(first), ends_at=iso(last)
        )
    except (NotFound, Forbidden):  # who looks after one contract need not belong to the group
        return {}
    rows = [(each, slot) for each in told["activities"] for slot in each["slots"]]
    named = people_names(one["person_id"] for _activity, slot in rows for one in slot["volunteers"])
    hands: dict[str, list[Facts]] = {}
    for activity, slot in rows:
        day = datetime.fromisoformat(activity["starts_at"]).astimezone(zone).date().isoformat()
        names = [named[one["person_id"]] for one in slot["volunteers"]]
        names += [""] * max(0, slot["needed"] - len(names))
        span = [f"{datetime.fromisoformat(slot[end]).astimezone(zone):%H:%M}" for end in ("starts_at", "ends_at")]
        hands.setdefault(day, []).extend(
            {"name": name, "role": slot["task"], "hours": hours(*span), "desk": activity["kind"] == "help_desk"}
            for name in names
        )
    return hands


def _next(coming: list[str], hands: Mapping[str, list[Facts]], on: date) -> list[Facts]:
    """The next days with who has said yes already; a free line for each hand that is missing."""
    return [
        {
            "on": day,
            "names": [
                f"{each['name']}, {each['role']}" for each in hands.get(day, []) if each["name"] and not each["desk"]
            ],
            "free": [each["role"] for each in hands.get(day, []) if not each["name"] and not each["desk"]],
        }
        for day in coming
        if day > on.isoformat()
    ]


def days_facts(group_id: str, contract_id: str, since: date, until: date) -> Facts:
    """One contract over several dates, a column each."""
    found = ask("contracts", "printed_day", group_id=group_id, contract_id=contract_id, on=since.isoformat(),
                until_on=until.isoformat())  # fmt: skip
    if not found["deliveries"]:
        raise NotFound
    dates = [
        {"on": on, "contracts": [_delivered(each) for each in inside]}
        for on, inside in groupby(found["deliveries"], lambda each: each["on"])
    ]
    return _sheet_head(found) | {"dates": dates, "contracts": []}


def delivery_day(contract_id: str, delivery_id: str) -> tuple[str, date]:
    """(group, day) of a delivery as it stands now; NotFound for one that the contract does not have."""
    found = ask("contracts", "contract", contract_id=contract_id)
    for delivery in found["terms"].get("deliveries", []):
        if delivery["delivery_id"] == delivery_id:
            return found["group_id"], date.fromisoformat(delivery["on"])
    raise NotFound


def quantities_facts(group_id: str, on: date, contract_id: str, delivery_id: str) -> Facts:
    found = ask("contracts", "printed_day", group_id=group_id, on=on.isoformat(), contract_id=contract_id)
    told = next((each for each in found["deliveries"] if each["delivery_id"] == delivery_id), None)
    if told is None:
        raise NotFound
    kept = ("producer", "on", "starts", "ends", "place", "options", "baskets", "totals", "shares_bp")
    return {
        "group": group_of(found["group"]), "households": found["households"], "dated": today(),
        "contract": {"title": told["title"], "basket_kind": told["basket_kind"]}, **{name: told[name] for name in kept},
    }  # fmt: skip


def _of(contract_id: str) -> dict[str, str]:
    return {"contract_id": contract_id} if contract_id else {}


def _sheet_head(found: Mapping[str, Any]) -> Facts:
    return {
        "group": group_of(found["group"]), "households": [dialled(each) for each in found["households"]], "dated": today(),
        "clauses": found["clauses"].get("sign_off", {}), "kept": [], "volunteers": [], "next": [], "contacts": [],
    }  # fmt: skip


def _delivered(told: Mapping[str, Any]) -> Facts:
    kept = ("title", "instructions", "options", "baskets")
    return {**{name: told[name] for name in kept}, "modular": told["basket_kind"] in MODULAR}


def _referents(group_id: str) -> list[Facts]:
    """Those whom one asks on the day: who organises and who coordinates."""
    found = ask("contracts", "roles", group_id=group_id)["roles"]
    names = [row["name"] for row in found if row["role"] in ("organiser", "coordinator") and row["name"]]
    return [{"name": name} for name in sorted(set(names))]
