"""What a mail about the basket exchange says: the basket, the instruction note, the other side once both have agreed (S4).

Contacts are opened when the mail is rendered, for the two who have come to an agreement and for nobody else.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from grenier.language import purposes
from grenier.links import sign
from grenier.readmodel import Row
from grenier.runtime import Runtime
from notify_svc.views import exchange, people

LEAVE_DAYS = timedelta(days=400)
CONFIRM_DAYS = timedelta(days=60)
# In these the reader and the person named in the parameters have come to an agreement, or had.
AGREED = ("exchange-accepted", "exchange-accepted-holder", "exchange-cancelled", "exchange-withdrawn")


def words(runtime: Runtime, message: Row, *, own: bool = True) -> dict[str, Any]:
    """Placeholders of the templates `exchange-…`; {} for all others."""
    if not message["template"].startswith("exchange-"):
        return {}
    params = message["params"]
    its = exchange.group(runtime.db, message["group_id"]) or {"note": "", "mailbox": ""}
    told: dict[str, Any] = {"mailbox": its["mailbox"]}
    if own:
        told["leave_link"] = leave_link(runtime, message)
    if basket_id := params.get("basket_id"):
        told |= _basket(runtime, basket_id, its["note"])
    if other := params.get("other_id"):
        opened = _opened(runtime, other)
        told["other"] = short_name(opened)
        if message["template"] in AGREED:
            told["contact"] = contact_lines(opened)
    return told


def _basket(runtime: Runtime, basket_id: str, note: str) -> dict[str, Any]:
    row = exchange.basket(runtime.db, basket_id)
    if row is None:
        return {}
    contract = exchange.contract(runtime.db, row["contract_id"]) or {"title": "", "instructions": ""}
    kept = ("starts_at", "ends_at", "closes_at", "place", "value_cents")
    return {
        **{name: row[name] for name in kept},
        "contract": contract["title"],
        # What the producer and the group say about how goods are handed out.
        "advice": [text for text in (contract["instructions"], note) if text],
        "parts": [f"{part['quantity']} × {part['title']}" for part in row["parts"]],
        "sign_as": household_label(runtime, row["household_id"]),
        "words": runtime.keys.open(row["person_id"], row["sealed"]).get("message", "") if row["sealed"] else "",
    }


def household_label(runtime: Runtime, household_id: str) -> str:
    """The last names of a household, each once, as on the sign-off sheet."""
    opened = [_opened(runtime, person_id) for person_id in runtime.access.persons_of(household_id)]
    names = [one.get("last_name") or one.get("first_name", "") for one in opened]
    return " / ".join(dict.fromkeys(name for name in names if name))


def name_of(runtime: Runtime, person_id: str) -> str:
    """A person as fellow members know them: « Paul R. »."""
    return short_name(_opened(runtime, person_id))


def short_name(opened: dict[str, str]) -> str:
    first, last = opened.get("first_name", ""), opened.get("last_name", "")
    return f"{first} {last[:1]}.".strip() if last else first


def contact_lines(opened: dict[str, str]) -> list[str]:
    name = " ".join(part for part in (opened.get("first_name"), opened.get("last_name")) if part)
    return [line for line in (name, opened.get("phone", ""), opened.get("email", "")) if line]


def _opened(runtime: Runtime, person_id: str) -> dict[str, str]:
    row = people.person(runtime.db, person_id)
    return runtime.keys.open(person_id, row["sealed"]) if row else {}


# -- links -------------------------------------------------------------------------------------------------------


def leave_link(runtime: Runtime, message: Row) -> str:
    """S4:75-77: in every mail to takers; the same mail carries the same link."""
    places = exchange.places_of(runtime.db, message["person_id"])
    # The basket may be one of another group of the federation: the list to leave is the reader's own.
    group_id = message["group_id"] if message["group_id"] in places or not places else places[0]
    facts = purposes.exchange_place(group_id, message["person_id"])
    token = _sign(runtime, purposes.EXCHANGE_LEAVE, facts, _asked_at(runtime, message) + LEAVE_DAYS)
    return f"{runtime.settings.public_url}/intermittents/quitter/{token}"


def basket_token(runtime: Runtime, message: Row) -> str:
    """Good until the distribution is over: it also gives a basket back."""
    row = exchange.basket(runtime.db, message["params"]["basket_id"])
    if row is None:
        return ""
    facts = purposes.exchange_basket(row["basket_id"], message["person_id"])
    return _sign(runtime, purposes.EXCHANGE_BASKET, facts, datetime.fromisoformat(row["ends_at"]))


def confirm_token(runtime: Runtime, message: Row) -> str:
    facts = purposes.exchange_place(message["group_id"], message["person_id"])
    return _sign(runtime, purposes.EXCHANGE_CONFIRM, facts, _asked_at(runtime, message) + CONFIRM_DAYS)


def _asked_at(runtime: Runtime, message: Row) -> datetime:
    asked = message.get("requested_at")
    return datetime.fromisoformat(asked) if asked else runtime.clock.now()


def _sign(runtime: Runtime, purpose: str, facts: dict[str, str], until: datetime) -> str:
    return sign(runtime.settings.session_secret, purpose, facts, until)


TOKENS: dict[str, Callable[[Runtime, Row], str]] = {"basket_token": basket_token, "confirm_token": confirm_token}
