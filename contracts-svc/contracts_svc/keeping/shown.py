"""A day's keepers and numbers with names, as pages and the sign-off sheet show them. Nobody's name is written in an event."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from contracts_svc.answers_subscriptions import own_baskets
from contracts_svc.keeping import day as days
from contracts_svc.subscribing import contract_of
from contracts_svc.texts import fold, full_name
from contracts_svc.views import baskets, people
from contracts_svc.views import contract_questions as seasons
from contracts_svc.views import subscription_questions as questions
from contracts_svc.views.exchange_questions import exchanged as given_away
from grenier.runtime import Runtime, derived_id


def day_id(group_id: str, on: date) -> str:
    """The stream of what is handed out in a group on a day."""
    return derived_id(group_id, f"handing-out-{on.isoformat()}")


def takes_on(runtime: Runtime, household_id: str, on: date) -> bool:
    """Whether there is a basket that is this household's to fetch on a day, and that nobody else fetches for itself."""
    found: list[dict[str, Any]] = []
    for row in questions.of_household(runtime.db, household_id):
        if row["state"] in ("confirmed", "ended"):
            state = contract_of(runtime, row["contract_id"])
            held = state.roster.subscriptions[row["subscription_id"]]
            found += own_baskets(state, held, household_id, on, on)
    group_id = (runtime.access.household(household_id) or {"group_id": ""})["group_id"]
    away = given_away(runtime.db, group_id=group_id, on=on.isoformat()) if found else []
    given = {(row["subscription_id"], row["delivery_id"]) for row in away}
    return any(
        basket["mine"] and not basket["absent"] and (basket["subscription_id"], basket["delivery_id"]) not in given
        for basket in found
    )


def contacts_of(runtime: Runtime, person_ids: Iterable[str]) -> dict[str, dict[str, str]]:
    """Name and phone of each; "" of the erased."""
    ids = list(person_ids)
    known = {row["person_id"]: row for row in people.persons_known(runtime.db, ids)}
    empty = {"first_name": "", "last_name": "", "phone": ""}
    told = {one: known.get(one, empty) for one in ids}
    return {
        one: {"name": full_name(row["first_name"], row["last_name"]), "phone": row["phone"]}
        for one, row in told.items()
    }


def homes_of(runtime: Runtime, household_ids: Iterable[str], on: date) -> dict[str, dict[str, str]]:
    """Label, name as it is sorted by on the sheet, and first phone of each household."""
    ids = sorted(household_ids)
    known = {row["household_id"]: row for row in people.households_by_id(runtime.db, ids, on.isoformat())}
    found = {}
    for one in ids:
        row = known.get(one, {"label": "", "persons": []})
        names = [" ".join(filter(None, (person["last_name"], person["first_name"]))) for person in row["persons"]]
        phone = row["persons"][0]["phone"] if row["persons"] else ""
        found[one] = {"household_id": one, "label": row["label"], "name": " / ".join(names), "phone": phone}
    return found


def lines_of(runtime: Runtime, group_id: str, on: date) -> tuple[days.Homes, ...]:
    """The households of each line of the sheet of a day, by their names; those who are absent have no basket."""
    found: dict[days.Homes, None] = {}
    for row in seasons.deliveries_on(runtime.db, group_id, on.isoformat(), on.isoformat()):
        if not row["cancelled"]:
            state = contract_of(runtime, row["contract_id"])
            told = baskets.baskets_of(state.life, state.roster, row["delivery_id"]).baskets
            found |= {tuple(one.household_ids): None for one in told if not one.absent}
    homes = homes_of(runtime, {one for line in found for one in line}, on)
    return tuple(sorted(found, key=lambda line: ([fold(homes[one]["name"]) for one in line], line)))


def sheet_of(runtime: Runtime, group_id: str, on: date) -> dict[str, Any]:
    """For the sheet: {"kept": [{keeper, keeper_phone, household_id}], "numbers": {households: number}}."""
    state = runtime.handler.state(days.decider, day_id(group_id, on))
    contacts = contacts_of(runtime, set(state.entrusted.values()))
    kept = [
        {"keeper": contacts[keeper]["name"], "keeper_phone": contacts[keeper]["phone"], "household_id": home}
        for home, keeper in sorted(state.entrusted.items())
    ]
    return {"kept": kept, "numbers": state.numbers}
