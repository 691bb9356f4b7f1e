"""What a mail about kept baskets says: whose they are, what is in them, how to reach the household.

Names and phones are opened when the mail is rendered, for the keeper and for nobody else: a household gave them its baskets.
"""

from __future__ import annotations

from typing import Any

from grenier.readmodel import Row
from grenier.runtime import Runtime
from notify_svc import season_words
from notify_svc.exchange_words import household_label
from notify_svc.views import people

TO_KEEPERS = ("keeping-entrusted", "keeping-changed")


def words(runtime: Runtime, message: Row) -> dict[str, Any]:
    """Placeholders of the templates `keeping-…`; {} for all others."""
    home_id = message["params"].get("home_id", "")
    if not home_id or not message["template"].startswith("keeping-"):
        return {}
    told: dict[str, Any] = {"home": household_label(runtime, home_id)}
    if message["template"] in TO_KEEPERS:
        told |= {"baskets": baskets_of(runtime, message), "contact": _contact(runtime, home_id)}
    return told


def baskets_of(runtime: Runtime, message: Row) -> list[dict[str, Any]]:
    """What the household gets that day, as it stands now."""
    params = message["params"]
    found = season_words.taken_on(runtime, message["group_id"], params["day"]).get(params["home_id"], [])
    return [
        {"contract": contract["title"], "starts": row["starts"], "ends": row["ends"], "place": row["place"], "lines": lines}
        for contract, row, lines in found
    ]  # fmt: skip


def _contact(runtime: Runtime, home_id: str) -> list[str]:
    """Each of the household by name, with a phone number where there is one."""
    found = []
    for person_id in runtime.access.persons_of(home_id):
        row = people.person(runtime.db, person_id)
        opened = runtime.keys.open(person_id, row["sealed"]) if row else {}
        name = " ".join(part for part in (opened.get("first_name"), opened.get("last_name")) if part)
        found.append(", ".join(part for part in (name, opened.get("phone", "")) if part))
    return [line for line in found if line]
