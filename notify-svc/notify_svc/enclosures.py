"""What goes with a mail beside its words: a calendar entry, an address to answer to, a way to leave the list.

An agreement about a basket is an event in both calendars (METHOD:REQUEST), one to keep baskets in the keeper's, and none
any more when it ends (METHOD:CANCEL); by its UID a calendar knows the entry again, by SEQUENCE the newer one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from email.message import EmailMessage
from email.utils import parseaddr
from zoneinfo import ZoneInfo

import icalendar
import msgspec

from grenier.readmodel import Row
from grenier.runtime import Runtime
from notify_svc import exchange_words, keeping_words
from notify_svc.smtp import on_wire
from notify_svc.views import exchange, people

METHODS = {
    "exchange-accepted": "REQUEST", "exchange-accepted-holder": "REQUEST",
    "exchange-cancelled": "CANCEL", "exchange-cancelled-holder": "CANCEL",
    "exchange-withdrawn": "CANCEL", "exchange-withdrawn-taker": "CANCEL", "exchange-fallen": "CANCEL",
    "exchange-person-gone": "CANCEL",
    "keeping-entrusted": "REQUEST", "keeping-changed": "REQUEST", "keeping-taken-back": "CANCEL",
    "keeping-moved": "CANCEL", "keeping-off": "CANCEL",
}  # fmt: skip
# To these the other side may simply answer.
ANSWERED = exchange_words.AGREED
TO_TAKERS = ("exchange-offered", "exchange-reminder", "exchange-named")


def enclose(runtime: Runtime, envelope: EmailMessage, message: Row, subject: str) -> None:
    """Add to the envelope what this message brings along; nothing for most."""
    if message["template"].startswith("exchange-"):
        if address := answer_address(runtime, message):
            del envelope["Reply-To"]
            envelope["Reply-To"] = address
        if message["template"] in TO_TAKERS:
            envelope["List-Unsubscribe"] = f"<{exchange_words.leave_link(runtime, message)}>"
    method = METHODS.get(message["template"]) if message["params"].get("calendar") else None
    found = entry_of(runtime, message) if method else None
    if method and found is not None:
        content = calendar(runtime, message, found, method, subject, parseaddr(str(envelope["To"]))[1])
        envelope.add_attachment(
            content, maintype="text", subtype="calendar", filename="panier.ics", params={"method": method}
        )


class Entry(msgspec.Struct, frozen=True):
    """What stands in a calendar; `starts`, `ends`: instants, or days where the hours are not known any more."""

    uid: str
    starts: date
    ends: date | None
    place: str
    lines: Sequence[str]


def entry_of(runtime: Runtime, message: Row) -> Entry | None:
    if message["template"].startswith("keeping-"):
        return _kept(runtime, message)
    row = exchange.basket(runtime.db, message["params"].get("basket_id", ""))
    if row is None:
        return None
    uid = f"panier-{row['basket_id']}-{message['params']['taker_id']}"
    starts, ends = (datetime.fromisoformat(row[name]) for name in ("starts_at", "ends_at"))
    return Entry(uid, starts, ends, row["place"], [f"{part['quantity']} × {part['title']}" for part in row["parts"]])


def _kept(runtime: Runtime, message: Row) -> Entry:
    """When and where the keeper fetches what the household gets; what comes no more has its day left, and no hours."""
    params, day = message["params"], date.fromisoformat(message["params"]["day"])
    uid = f"garde-{params['day']}-{params['home_id']}-{params['keeper_id']}"
    found = keeping_words.baskets_of(runtime, message)
    if not found:
        return Entry(uid, day, None, "", [])
    group = runtime.access.group(message["group_id"]) or {}
    zone = ZoneInfo(str(group.get("time_zone", "Europe/Paris")))
    first, last = min(row["starts"] for row in found), max(row["ends"] for row in found)
    starts, ends = (datetime.combine(day, time.fromisoformat(hour), zone).astimezone(UTC) for hour in (first, last))
    place = ", ".join(dict.fromkeys(row["place"] or str(group.get("place", "")) for row in found))
    return Entry(uid, starts, ends, place, list(dict.fromkeys(row["contract"] for row in found)))


def answer_address(runtime: Runtime, message: Row) -> str:
    """The other party's address where both know each other; the exchange's own mailbox for all else; "" for neither."""
    other = message["params"].get("other_id", "")
    if other and message["template"] in ANSWERED:
        row = people.person(runtime.db, other)
        return on_wire(runtime.keys.open(other, row["sealed"]).get("email", "")) if row else ""
    its = exchange.group(runtime.db, message["group_id"])
    return on_wire(str(its["mailbox"])) if its else ""


def calendar(runtime: Runtime, message: Row, told: Entry, method: str, subject: str, attendee: str) -> bytes:
    """RFC 5545; the same bytes for every try of the same mail."""
    entry = icalendar.Event()
    entry.add("uid", f"{told.uid}@{_domain(runtime)}")
    entry.add("sequence", message["params"]["calendar"])
    entry.add("dtstamp", datetime.fromisoformat(message["requested_at"]))
    entry.add("dtstart", told.starts)
    if told.ends is not None:
        entry.add("dtend", told.ends)
    entry.add("summary", subject)
    entry.add("location", told.place)
    entry.add("description", "\n".join(told.lines))
    entry.add("organizer", icalendar.vCalAddress(f"mailto:{parseaddr(runtime.settings.mail_from)[1]}"))
    entry.add("attendee", icalendar.vCalAddress(f"mailto:{attendee}"))
    entry.add("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    whole = icalendar.Calendar()
    whole.add("prodid", "-//Grenier//FR")
    whole.add("version", "2.0")
    whole.add("method", method)
    whole.add_component(entry)
    return bytes(whole.to_ical())


def _domain(runtime: Runtime) -> str:
    return parseaddr(runtime.settings.mail_from)[1].partition("@")[2]
