"""Everything that is kept about the person who asks, from every service, to read or take away (T40, GDPR art. 15 and 20).

    {"person", "households", "roles", "memberships", "mandates",          the directory
     "orders": {household: [{"order", "cycle", "facts", "names"}]}, "statements": {household: …}, "slots", "messages", "questions", "preferences",
     "sign_in": {"password", "sessions", "tokens", "book"}, "missing": [part that could not be had now]}

Each service answers for the person alone, by its own rules. What is missing because a service is away is named, so that
a part is not taken for the whole; a service without anything about the person is left out.
"""

from collections.abc import Callable
from typing import Any

from flask import current_app

from gateway.calls import ask
from grenier.errors import Forbidden, NotFound, Unavailable

PAGE = 100


def everything(person_id: str) -> dict[str, Any]:
    found = dict(ask("contracts", "my_data"))
    homes = [home["household_id"] for home in found.get("households", [])]
    parts: dict[str, Callable[[], Any]] = {
        "orders": lambda: {home: _orders(home) for home in homes},
        "statements": lambda: {home: ask("ledger", "statement", household_id=home) for home in homes},
        "slots": lambda: [slot for past in (True, False) for slot in ask("matching", "my_slots", past=past)["slots"]],
        "messages": _messages,
        "questions": lambda: ask("notify", "my_questions")["items"],
        "preferences": lambda: ask("notify", "preferences"),
    }
    missing = []
    for name, part in parts.items():
        try:
            found[name] = part()
        except (NotFound, Forbidden):
            continue
        except Unavailable:
            missing.append(name)
    return found | {"sign_in": _sign_in(person_id), "missing": missing}


def _orders(household_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        page = ask("orders", "orders_of_household", household_id=household_id, limit=PAGE, offset=len(found))["items"]
        found += page
        if len(page) < PAGE:
            return [ask("orders", "order_history", order_id=order["order_id"]) for order in found]


def _messages() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    number = 1
    while True:
        page = ask("notify", "my_messages", page=number, size=PAGE)["items"]
        found += page
        if len(page) < PAGE:
            return found
        number += 1


def _sign_in(person_id: str) -> dict[str, Any]:
    gateway = current_app.extensions["grenier"]
    return {
        "password": gateway.passwords.exists(person_id),
        "sessions": gateway.sessions.count(person_id),
        "tokens": [vars(token) for token in gateway.tokens.of(person_id)],
        "book": gateway.audit.about(person_id),
    }
