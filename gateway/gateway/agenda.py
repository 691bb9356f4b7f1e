"""What has a date, for whom: entries of the gateway's own view as pages show them and as calendar programs read them (RFC 5545)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from flask import current_app, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from icalendar import Calendar, Event

from gateway import agenda_view
from gateway.calls import after_position, ask, ask_for
from gateway.projections import Agenda
from grenier.clock import iso
from grenier.errors import NotFound, Unavailable
from grenier.readmodel import Row

KINDS: dict[str, Any] = {
    "delivery": lazy_gettext("livraison"),
    "round": lazy_gettext("commandes"),
    "distribution": lazy_gettext("distribution"),
    "help_desk": lazy_gettext("permanence"),
    "event": lazy_gettext("événement"),
    "festive_distribution": lazy_gettext("distribution festive"),
    "meeting": lazy_gettext("réunion"),
    "general_meeting": lazy_gettext("assemblée générale"),
    "training": lazy_gettext("formation"),
    "visit": lazy_gettext("visite de ferme"),
}
PAST = timedelta(days=60)


def _agenda() -> Agenda:
    found: Agenda | None = current_app.extensions["grenier"].agenda
    if found is None:
        raise Unavailable("view-missing")
    return found


def now() -> datetime:
    found: datetime = current_app.extensions["grenier"].clock.now()
    return found


def of_group(group_id: str) -> list[dict[str, Any]]:
    """Everything of a group that has a date, by its beginning."""
    agenda = _agenda()
    agenda.wait(after_position())
    return _with_instants(agenda_view.of_group(agenda.db, group_id))


def public_of_group(group_id: str) -> list[dict[str, Any]]:
    return _with_instants(agenda_view.public_of_group(_agenda().db, group_id))


def public_of_contract(group_id: str, contract_id: str) -> list[dict[str, Any]]:
    """The deliveries of a published contract of this group, those that were cancelled too."""
    rows = agenda_view.of_contracts(_agenda().db, [contract_id])
    return _with_instants(row for row in rows if row["kind"] == "delivery" and row["group_id"] == group_id)


def of_subscription(subscription: dict[str, Any], homes: Sequence[str]) -> list[dict[str, Any]]:
    """What `homes`, households of whoever asks, fetch of its contract: their turns, without absences; what was cancelled
    as cancelled. Who looks after the contract reads the dates of the household that signed."""
    since = subscription["starts_on"]
    eaters = {subscription["household_id"], *subscription["household_ids"]}
    asked = [home for home in homes if home in eaters] or [subscription["household_id"]]
    told = [
        row
        for home in asked
        for row in ask("contracts", "household_baskets", household_id=home, from_on=since)["baskets"]
    ]
    mine = {
        row["delivery_id"]
        for row in told
        if row["subscription_id"] == subscription["subscription_id"] and row["mine"] and not row["absent"]
    }
    rows = public_of_contract(subscription["group_id"], subscription["contract_id"])
    return [row for row in rows if row["entry_id"] in mine or (row["cancelled"] and row["day"] >= since)]


def of_person(person_id: str) -> list[dict[str, Any]]:
    """My deliveries, what I help with or come to, when I can order."""
    agenda = _agenda()
    homes = [home for home in current_app.extensions["grenier"].access_view.households_of(person_id) if home.current]
    contracts = agenda_view.contracts_of(agenda.db, [home.household_id for home in homes])
    fetched = _fetched(person_id, [home.household_id for home in homes])
    of_contracts = [
        row
        for row in agenda_view.of_contracts(agenda.db, list(contracts))
        if row["entry_id"] in fetched or _concerns(row, contracts[row["subject_id"]])
    ]
    found = [
        *of_contracts,
        *agenda_view.windows_of(agenda.db, [home.group_id for home in homes]),
        *agenda_view.helped_by(agenda.db, person_id),
    ]
    return _with_instants({row["entry_id"]: row for row in found}.values())


def _concerns(row: Row, until: str) -> bool:
    """When one orders, and what was cancelled, as long as one has a part in the contract."""
    return (row["kind"] == "round" or bool(row["cancelled"])) and (not until or (row["day"] or row["starts"]) < until)


def _fetched(person_id: str, household_ids: Sequence[str]) -> set[str]:
    """Deliveries at which these households fetch something: their turn, not left out."""
    since = (now() - PAST).date().isoformat()
    found = set()
    for household_id in household_ids:
        try:
            told = ask_for(person_id, "contracts", "household_baskets", household_id=household_id, from_on=since)
        except NotFound:
            continue
        found |= {row["delivery_id"] for row in told["baskets"] if row["mine"] and not row["absent"]}
    return found


def _with_instants(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """`starts_at`, `ends_at` as instants, beside the words for what it is; by their beginning."""
    view = current_app.extensions["grenier"].access_view
    zones: dict[str, ZoneInfo] = {}
    found = []
    for row in rows:
        group_id = row["group_id"]
        if group_id not in zones:
            group = view.group(group_id)
            zones[group_id] = ZoneInfo(group.time_zone if group else "Europe/Paris")
        starts_at, ends_at = row["starts"], row["ends"]
        if row["day"]:
            starts_at, ends_at = (
                _instant(row["day"], hour, zones[group_id]) for hour in (row["starts"], row["ends"] or row["starts"])
            )
        kind_word = str(KINDS.get(row["kind"], row["kind"]))
        told = {"starts_at": starts_at, "ends_at": ends_at, "kind_word": kind_word, "name": name_of(row)}
        found.append({**row, **told, "cancelled": bool(row["cancelled"])})
    return sorted(found, key=lambda row: (row["starts_at"], row["entry_id"]))


def _instant(day: str, hour: str, zone: ZoneInfo) -> str:
    return iso(datetime.fromisoformat(f"{day}T{hour or '00:00'}").replace(tzinfo=zone))


def name_of(row: Row) -> str:
    """The title as it stands in a calendar."""
    if row["kind"] == "delivery":
        title = _("Livraison : %(title)s", title=row["title"])
        return title if row["factor_percent"] == 100 else f"{title} (× {row['factor_percent'] / 100:g})"
    if row["kind"] == "round":
        return _("Commandes ouvertes : %(title)s", title=row["title"]) if row["title"] else _("Commandes ouvertes")
    return str(row["title"])


def url_of(row: Row) -> str:
    """The page where one reads more."""
    group_id = row["group_id"]
    if row["kind"] in ("delivery", "round"):
        return url_for("agenda.show", group_id=group_id)
    return url_for("volunteers.show", group_id=group_id, activity_id=row["entry_id"])


# -- calendar files ------------------------------------------------------------------------------------------------


def as_calendar(name: str, rows: Sequence[dict[str, Any]], *, public: bool) -> bytes:
    """RFC 5545: the same UID for ever, SEQUENCE and STATUS tell what has changed and what was cancelled."""
    settings = current_app.extensions["grenier"].settings
    calendar = Calendar()
    calendar.add("prodid", "-//Grenier//FR")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval;value=duration", "PT4H")
    host = urlsplit(settings.public_url).hostname or "grenier"
    for row in rows:
        calendar.add_component(_event(row, host, settings.public_url, public))
    return bytes(calendar.to_ical())


def uid_of(entry_id: str, host: str) -> str:
    """Stable, and no id by which anything could be asked for."""
    return f"{uuid5(NAMESPACE_URL, f'https://grenier.invalid/calendar/{entry_id}')}@{host}"


def _event(row: dict[str, Any], host: str, public_url: str, public: bool) -> Event:
    event, changed = Event(), _utc(row["changed_at"])
    event.add("uid", uid_of(row["entry_id"], host))
    event.add("sequence", row["sequence"])
    event.add("dtstamp", changed)
    event.add("last-modified", changed)
    event.add("dtstart", _utc(row["starts_at"]))
    event.add("dtend", _utc(row["ends_at"]))
    event.add("summary", row["name"])
    event.add("status", "CANCELLED" if row["cancelled"] else "CONFIRMED")
    if not public:
        event.add("url", public_url + url_of(row))
    # A window of days takes nobody's time.
    event.add("transp", "TRANSPARENT" if row["kind"] == "round" else "OPAQUE")
    for field, text in (("location", row["place"]), ("description", row["note"])):
        if text:
            event.add(field, text)
    return event


def _utc(instant: str) -> datetime:
    return datetime.fromisoformat(instant).astimezone(UTC).replace(microsecond=0)
