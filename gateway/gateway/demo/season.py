"""A season of an AMAP as data: three contracts (`season.json`), and every date of theirs counted from one Thursday.

Vegetables each week, bread every other week from an anchor on (Semaine B), jam in five order rounds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from gateway.demo.federation import Group, Household

ZONE = ZoneInfo("Europe/Paris")
FACTS: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "season.json").read_text(encoding="utf-8"))
KINDS = tuple(FACTS)
WEEKS = 13
DEPOSIT_CENTS = 6_000
CLOSES_DAYS_BEFORE = 4
STARTS, ENDS = time(18, 30), time(19, 30)


@dataclass(frozen=True)
class Dates:
    """`first`: the Thursday of the first vegetables. Jam is ordered in five weeks, so many days before its delivery."""

    first: date
    round_weeks: tuple[int, ...] = (2, 4, 6, 9, 12)
    opens_days_before: int = 12

    @property
    def last(self) -> date:
        return self.thursday(WEEKS - 1)

    def thursday(self, week: int) -> date:
        return self.first + timedelta(weeks=week)

    def deliveries(self, kind: str) -> list[date]:
        if kind == "jam":
            return [self.thursday(week) for week in self.round_weeks]
        first, step = (1, 2) if kind == "bread" else (0, 1)
        return [self.thursday(week) for week in range(first, WEEKS, step)]

    def cashing(self) -> list[date]:
        """Cheques may be cashed once a month, three times."""
        return [self.first + timedelta(days=days) for days in (4, 34, 64)]


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """That hour of the group's day, as an instant."""
    return datetime.combine(day, time(hour, minute), ZONE).astimezone(UTC)


def terms(kind: str, dates: Dates, places: int = 0) -> dict[str, Any]:
    """What is agreed with the producer, as the API takes it; `places`: households at most, 0 for no limit."""
    facts = FACTS[kind]
    held = dates.deliveries(kind)
    body: dict[str, Any] = {
        name: facts[name] for name in ("title", "basket_kind", "description", "producer_note", "instructions")
    }
    body |= {
        "complement": facts.get("complement", ""),
        "farm_visits": facts["farm_visits"],
        "starts_on": dates.first.isoformat(),
        "ends_on": dates.last.isoformat(),
        "options": [{"unit": "piece", **option} for option in facts["options"]],
        "deliveries": [_delivery(number, day) for number, day in enumerate(held)],
        "payment": {
            "payee": facts["producer"]["name"],
            "means": ["cheque"],
            "calendar": [day.isoformat() for day in dates.cashing()],
            "counts": [1] if kind == "jam" else [1, 2, 3],
            "minimum_cheque_cents": 1_000,
            "prepayment_cents": DEPOSIT_CENTS if kind == "jam" else 0,
        },
        "sign_up": {
            "opens_on": (dates.first - timedelta(days=45)).isoformat(),
            "closes_on": dates.last.isoformat(),
            "max_households": places,
        },
    }
    if kind == "jam":
        body["rounds"] = [_round(number, day, dates.opens_days_before) for number, day in enumerate(held)]
    return body


def _delivery(number: int, day: date) -> dict[str, Any]:
    return {
        "delivery_id": f"d{number}",
        "on": day.isoformat(),
        "starts": f"{STARTS:%H:%M}",
        "ends": f"{ENDS:%H:%M}",
    }


def _round(number: int, day: date, opens_days_before: int) -> dict[str, Any]:
    return {
        "delivery_id": f"d{number}",
        "opens_at": at(day - timedelta(days=opens_days_before), 8).isoformat(),
        "closes_at": at(day - timedelta(days=CLOSES_DAYS_BEFORE), 20).isoformat(),
    }


@dataclass
class Contract:
    """One contract as it was opened. `subscriptions`: id by household; `amounts`: what each owes by household."""

    kind: str
    contract_id: str
    producer_id: str
    contact: str
    terms: dict[str, Any]
    version: int = 1
    subscriptions: dict[str, str] = field(default_factory=dict)
    amounts: dict[str, int] = field(default_factory=dict)

    def option(self, code: str) -> str:
        return str(next(each["option_id"] for each in self.terms["options"] if each["code"] == code))

    def delivery(self, number: int) -> dict[str, Any]:
        found: dict[str, Any] = self.terms["deliveries"][number]
        return found

    def round_id(self, number: int) -> str:
        return str(self.terms["rounds"][number]["round_id"])

    def price(self, option_id: str) -> int:
        return int(next(each["price_cents"] for each in self.terms["options"] if each["option_id"] == option_id))


@dataclass
class Season:
    """`guest`: who the login page of a demonstration offers as a member of this group."""

    group: Group
    dates: Dates
    contracts: dict[str, Contract] = field(default_factory=dict)
    guest: Household | None = None

    @property
    def vegetables(self) -> Contract:
        return self.contracts["vegetables"]

    @property
    def bread(self) -> Contract:
        return self.contracts["bread"]

    @property
    def jam(self) -> Contract:
        return self.contracts["jam"]
