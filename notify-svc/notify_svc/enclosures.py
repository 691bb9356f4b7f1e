"""What goes with a mail beside its words: a calendar entry, an address to answer to, a way to leave the list.

An agreement about a basket is an event in both calendars (METHOD:REQUEST), and none any more when it ends
(METHOD:CANCEL); by its UID a calendar knows the entry again, by SEQUENCE the newer one.
"""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from email.utils import parseaddr

import icalendar

from grenier.readmodel import Row
from grenier.runtime import Runtime
from notify_svc import exchange_words
from notify_svc.views import exchange, people

METHODS = {
    "exchange-accepted": "REQUEST", "exchange-accepted-holder": "REQUEST",
    "exchange-cancelled": "CANCEL", "exchange-cancelled-holder": "CANCEL",
    "exchange-withdrawn": "CANCEL", "exchange-withdrawn-taker": "CANCEL", "exchange-fallen": "CANCEL",
    "exchange-person-gone": "CANCEL",
}  # fmt: skip
# To these the other side may simply answer.
ANSWERED = exchange_words.AGREED
TO_TAKERS = ("exchange-offered", "exchange-reminder", "exchange-named")


def enclose(runtime: Runtime, envelope: EmailMessage, message: Row, subject: str) -> None:
    """Add to the envelope what this message brings along; nothing for most."""
    if not message["template"].startswith("exchange-"):
        return
    if address := answer_address(runtime, message):
        del envelope["Reply-To"]
        envelope["Reply-To"] = address
    if message["template"] in TO_TAKERS:
        envelope["List-Unsubscribe"] = f"<{exchange_words.leave_link(runtime, message)}>"
    method = METHODS.get(message["template"]) if message["params"].get("calendar") else None
    row = exchange.basket(runtime.db, message["params"].get("basket_id", "")) if method else None
    if method and row is not None:
        content = calendar(runtime, message, row, method, subject, parseaddr(str(envelope["To"]))[1])
        envelope.add_attachment(
            content, maintype="text", subtype="calendar", filename="panier.ics", params={"method": method}
        )


def answer_address(runtime: Runtime, message: Row) -> str:
    """The other party's address where both know each other; the exchange's own mailbox for all else; "" for neither."""
    other = message["params"].get("other_id", "")
    if other and message["template"] in ANSWERED:
        row = people.person(runtime.db, other)
        return runtime.keys.open(other, row["sealed"]).get("email", "") if row else ""
    its = exchange.group(runtime.db, message["group_id"])
    return str(its["mailbox"]) if its else ""


def calendar(runtime: Runtime, message: Row, basket: Row, method: str, subject: str, attendee: str) -> bytes:
    """RFC 5545; the same bytes for every try of the same mail."""
    entry = icalendar.Event()
    entry.add("uid", f"panier-{basket['basket_id']}-{message['params']['taker_id']}@{_domain(runtime)}")
    entry.add("sequence", message["params"]["calendar"])
    entry.add("dtstamp", datetime.fromisoformat(message["requested_at"]))
    entry.add("dtstart", datetime.fromisoformat(basket["starts_at"]))
    entry.add("dtend", datetime.fromisoformat(basket["ends_at"]))
    entry.add("summary", subject)
    entry.add("location", basket["place"])
    parts = [f"{part['quantity']} × {part['title']}" for part in basket["parts"]]
    entry.add("description", "\n".join(parts))
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
