"""The section « Périodes de commande » of a contract in which goods are ordered before each delivery (S0:32)."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from gateway.season.typed import Typed, local_instant

OPENS_DAYS_BEFORE, CLOSES_DAYS_BEFORE = 21, 10
EVENING, MORNING = time(20), time(8)


def show(terms: dict[str, Any], zone: str) -> dict[str, Any]:
    """One row for each delivery that takes place, with its window or the usual one."""
    by_delivery = {row["delivery_id"]: row for row in terms.get("rounds") or []}
    fields: dict[str, Any] = {}
    for delivery in kept(terms):
        planned = by_delivery.get(delivery["delivery_id"])
        at = f"rounds.{delivery['delivery_id']}."
        usual = _usual(delivery["on"])
        fields |= {
            at + "held": "1" if planned or not by_delivery else "",
            at + "opens_at": local_instant(planned["opens_at"], zone) if planned else usual[0],
            at + "closes_at": local_instant(planned["closes_at"], zone) if planned else usual[1],
        }
    return fields


def kept(terms: dict[str, Any]) -> list[dict[str, Any]]:
    found = [delivery for delivery in terms.get("deliveries") or [] if not delivery.get("cancelled")]
    return sorted(found, key=lambda delivery: str(delivery["on"]))


def _usual(on: str) -> tuple[str, str]:
    day = date.fromisoformat(on)
    opens = datetime.combine(day - timedelta(days=OPENS_DAYS_BEFORE), MORNING)
    closes = datetime.combine(day - timedelta(days=CLOSES_DAYS_BEFORE), EVENING)
    return opens.isoformat(timespec="minutes"), closes.isoformat(timespec="minutes")


def read(typed: Typed, terms: dict[str, Any], zone: str) -> dict[str, Any]:
    known = {row["delivery_id"]: row["round_id"] for row in terms.get("rounds") or []}
    rounds = []
    for delivery in kept(terms):
        delivery_id = delivery["delivery_id"]
        at = f"rounds.{delivery_id}."
        if not typed.chosen(at + "held"):
            continue
        opens_at, closes_at = typed.instant(at + "opens_at", zone), typed.instant(at + "closes_at", zone)
        for name, found in (("opens_at", opens_at), ("closes_at", closes_at)):
            if not found and at + name not in typed.form.errors:
                typed.wrong(at + name, _("À remplir."))
        if opens_at and closes_at:
            _in_order(typed, at, delivery, (opens_at, closes_at), zone)
            # A new one is named by contracts-svc, so that no two contracts share an order cycle.
            round_id = known.get(delivery_id, "")
            rounds.append(
                {"round_id": round_id, "delivery_id": delivery_id, "opens_at": opens_at, "closes_at": closes_at}
            )
    return terms | {"rounds": rounds}


def _in_order(typed: Typed, at: str, delivery: dict[str, Any], window: tuple[str, str], zone: str) -> None:
    opens_at, closes_at = window
    starts = datetime.fromisoformat(f"{delivery['on']}T{delivery.get('starts') or '18:30'}").replace(
        tzinfo=ZoneInfo(zone)
    )
    if closes_at <= opens_at:
        typed.wrong(at + "closes_at", _("La clôture vient après l’ouverture."))
    elif datetime.fromisoformat(closes_at) >= starts:
        typed.wrong(at + "closes_at", _("La clôture vient avant la livraison."))
