"""From what was typed to the payload of a subscription, and what it comes to."""

from typing import Any

from gateway.calls import ask
from gateway.forms import Form
from gateway.season import choices
from gateway.season.refusals import say
from gateway.season.typed import Typed
from grenier.errors import Forbidden, GrenierError, NotFound, Unavailable

QUOTED = ("contract_id", "household_id", "lines", "starts_on", "cheque_count", "household_ids", "anchor_delivery_id",
          "co_person_ids", "absences", "series", "replaces", "means")  # fmt: skip


def payload_of(typed: Typed, contract: dict[str, Any], today: str) -> dict[str, Any]:
    """The payload of `register_subscription`; fields that were left empty are left out."""
    terms = contract["terms"]
    series = typed.text("series")
    starts_on = typed.text("starts_on")
    dates = choices.remaining(terms, starts_on or today, series)
    payload: dict[str, Any] = {
        "contract_id": contract["contract_id"],
        "household_id": typed.text("household_id"),
        "lines": choices.read(typed, terms, dates) if typed.form.sent else [],
        "means": typed.text("means") or "cheque",
        "co_person_ids": typed.several("co_person_ids"),
        "absences": typed.several("absences"),
    }
    if starts_on:
        payload["starts_on"] = starts_on
    if series:
        payload["series"] = series
    if count := typed.whole("cheque_count", most=24):
        payload["cheque_count"] = count
    if sharers := typed.several("household_ids"):
        payload["household_ids"] = [
            payload["household_id"],
            *(home for home in sharers if home != payload["household_id"]),
        ]
        if anchor := typed.text("anchor_delivery_id"):
            payload["anchor_delivery_id"] = anchor
    return payload


def quote(form: Form, payload: dict[str, Any]) -> dict[str, Any] | None:
    """Amount, deliveries and ways to pay; what is wrong stands at its field."""
    if form.errors:
        return None
    asked = {name: value for name, value in payload.items() if name in QUOTED}
    try:
        return ask("contracts", "quote_subscription", **asked)
    except (NotFound, Forbidden, Unavailable):
        raise
    except GrenierError as refused:
        form.refuse(refused)
        place_errors(form, payload["lines"])
        return None


def place_errors(form: Form, lines: list[dict[str, Any]]) -> None:
    """The service names lines by their place; the page has a field for each basket."""
    form.errors = {
        choices.at_field(name, lines): [say(message) for message in found] for name, found in form.errors.items()
    }
