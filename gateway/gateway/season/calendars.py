"""The section « Calendrier »: delivery dates proposed from a pattern, then moved, cancelled, doubled one by one."""

from typing import Any
from uuid import NAMESPACE_URL, uuid5

from flask_babel import gettext as _

from gateway.calls import idempotency_key
from gateway.season.typed import Typed, decimal
from gateway.sheet_values import day

SPARE_ROWS = 2
MOST_ROWS = 120
USUAL = {"starts": "18:30", "ends": "19:30"}


def show(terms: dict[str, Any], _zone: str) -> dict[str, Any]:
    deliveries = sorted(terms.get("deliveries") or [], key=lambda delivery: delivery["on"])
    first = deliveries[0] if deliveries else {}
    pattern = {
        "pattern.first": "" if deliveries else terms.get("starts_on") or "",
        "pattern.until": terms.get("ends_on") or "",
        "pattern.every": "7",
        "pattern.starts": first.get("starts") or USUAL["starts"],
        "pattern.ends": first.get("ends") or USUAL["ends"],
        "pattern.place": first.get("place", ""),
    }
    return pattern | listed(deliveries)


def listed(deliveries: list[dict[str, Any]]) -> dict[str, Any]:
    """The fields of the editable list."""
    fields: dict[str, Any] = {"rows": str(len(deliveries) + SPARE_ROWS)}
    for place, delivery in enumerate(deliveries):
        at = f"deliveries.{place}."
        fields |= {
            at + "delivery_id": delivery["delivery_id"],
            at + "on": delivery["on"],
            at + "starts": delivery.get("starts", ""),
            at + "ends": delivery.get("ends", ""),
            at + "place": delivery.get("place", ""),
            at + "factor": decimal(delivery.get("factor_percent", 100)),
            at + "series": delivery.get("series", ""),
            at + "cancelled": "1" if delivery.get("cancelled") else "",
            at + "reason": delivery.get("reason", ""),
            at + "moved_from": delivery.get("moved_from") or "",
        }
    return fields


def rows_of(typed: Typed) -> int:
    return min(MOST_ROWS, typed.whole("rows", empty=SPARE_ROWS, most=MOST_ROWS))


def read(typed: Typed, terms: dict[str, Any], _zone: str) -> dict[str, Any]:
    deliveries = rows(typed)
    if not deliveries:
        typed.wrong("deliveries.0.on", _("Donnez au moins une date de livraison."))
    seen: dict[tuple[str, str], int] = {}
    for place, delivery in deliveries:
        key = (delivery["on"], delivery["starts"])
        if key in seen:
            typed.wrong(f"deliveries.{place}.on", _("Cette date est déjà dans la liste."))
        seen[key] = place
    return terms | {"deliveries": sorted((row for _place, row in deliveries), key=lambda row: row["on"])}


def rows(typed: Typed) -> list[tuple[int, dict[str, Any]]]:
    """(place, delivery) of the rows that have a date."""
    found = []
    for place in range(rows_of(typed)):
        at = f"deliveries.{place}."
        if not typed.text(at + "on") or typed.chosen(at + "remove"):
            continue
        on = typed.day(at + "on") or ""
        starts, ends = typed.clock(at + "starts", USUAL["starts"]), typed.clock(at + "ends", USUAL["ends"])
        if ends <= starts:
            typed.wrong(at + "ends", _("La fin vient après le début."))
        found.append(
            (
                place,
                {
                    "delivery_id": typed.text(at + "delivery_id", longest=80)
                    or str(uuid5(NAMESPACE_URL, f"delivery/{idempotency_key()}/{place}")),
                    "on": on,
                    "starts": starts,
                    "ends": ends,
                    "place": typed.text(at + "place", longest=200),
                    "factor_percent": typed.hundredths(at + "factor", empty=100),
                    "series": typed.text(at + "series", longest=20),
                    "cancelled": typed.chosen(at + "cancelled"),
                    "reason": typed.text(at + "reason", longest=200),
                    "moved_from": typed.day(at + "moved_from"),
                },
            )
        )
    return found


def days_of(typed: Typed, name: str) -> list[str]:
    """Dates one a line, as typed: « 2026-11-05 » or « 05/11/2026 »."""
    found = []
    for part in typed.text(name).replace(",", "\n").replace(";", "\n").split():
        if told := day(part):
            found.append(told.isoformat())
        else:
            typed.wrong(name, _("« %(text)s » n’est pas une date. Une par ligne, par exemple 05/11/2026.", text=part))
    return sorted(dict.fromkeys(found))
