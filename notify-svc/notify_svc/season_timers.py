"""What becomes due in a season: reminders before deliveries, sign-ups about to close, cheques to hand over, contracts near their end.

Each is an announcement with an id that follows from what it is about, so it is made once; messages follow from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from grenier.language.notify import Recipient
from grenier.readmodel import Row
from grenier.runtime import Runtime, Timer
from notify_svc import announcement, reminders
from notify_svc.audience import recipients
from notify_svc.season_words import taken_on
from notify_svc.views import cheques, messages, occasions, reminding, season

LONGEST_HOURS = 24 * 14
SIGN_UPS_BEFORE = timedelta(days=3)
CHEQUES_BEFORE = timedelta(days=7)
END_BEFORE = timedelta(days=30)


def remind_of_deliveries(runtime: Runtime) -> None:
    """S0:15: so many hours before the first delivery of a day, whoever fetches something is told what and where.

    What was ordered in a round is told with the rest; while a round of that day is still open, its orders are waited for.
    """
    now = runtime.clock.now()
    last = now + timedelta(hours=LONGEST_HOURS)
    days: dict[tuple[str, str], list[Row]] = {}
    for row in season.deliveries_between(runtime.db, _day(now, -1), _day(last, 1)):
        days.setdefault((row["group_id"], row["day"]), []).append(row)
    said = reminding.hours(runtime.db)
    for key, held in days.items():
        # The first hour of the day stands first.
        row = held[0]
        hours = said.get(row["group_id"], reminders.DELIVERY_HOURS)
        begins = instant_of(runtime, row["group_id"], row["day"], row["starts"])
        if hours and max([begins - timedelta(hours=hours), *_closings(runtime, held, begins)]) <= now < begins:
            _announce(runtime, "delivery-reminder", row["group_id"], f"{row['group_id']}/{row['day']}",
                      lambda key=key: _fetching(runtime, *key), {"day": row["day"]})  # fmt: skip


def _closings(runtime: Runtime, held: Sequence[Row], begins: datetime) -> list[datetime]:
    """When the order rounds of a day close, as far as that is before it begins."""
    ids = [key for row in held for key, delivery_id in row["rounds"].items() if delivery_id == row["delivery_id"]]
    cycles = [cycle for key in ids if (cycle := occasions.cycle(runtime.db, key))]
    return [closes for cycle in cycles if (closes := datetime.fromisoformat(cycle["closes_at"])) < begins]


def _fetching(runtime: Runtime, group_id: str, day: str) -> list[Recipient]:
    return recipients(runtime.db, taken_on(runtime, group_id, day))


def instant_of(runtime: Runtime, group_id: str, day: str, hour: str) -> datetime:
    """A date and an hour on the wall of a group, as an instant."""
    group = runtime.access.group(group_id) or {}
    zone = ZoneInfo(str(group.get("time_zone", "Europe/Paris")))
    return datetime.fromisoformat(f"{day}T{hour or '00:00'}").replace(tzinfo=zone)


def _day(instant: datetime, more: int) -> str:
    return (instant + timedelta(days=more)).date().isoformat()


def sign_ups_closing(runtime: Runtime) -> None:
    """S0:17: three days before, to the households of the group that have not subscribed."""
    now = runtime.clock.now()
    for row in season.sign_ups_closing(runtime.db, _day(now, 0), (now + SIGN_UPS_BEFORE).date().isoformat()):

        def told(contract: dict[str, Any] = row) -> list[Recipient]:
            there = set(
                season.subscribers(runtime.db, contract["contract_id"], "", ("confirmed", "to-confirm", "waiting"))
            )
            homes = [home["household_id"] for home in runtime.access.households_in(contract["group_id"])]
            return recipients(runtime.db, [home for home in homes if home not in there])

        subject = f"{row['contract_id']}/{row['closes_on']}"
        _announce(runtime, "sign-ups-closing", row["group_id"], subject, told, {"contract_id": row["contract_id"]})


def hand_cheques_over(runtime: Runtime) -> None:
    """S0:27: a week before they may be cashed, the coordinator is told that cheques lie there for the producer."""
    until = (runtime.clock.now() + CHEQUES_BEFORE).date().isoformat()
    for row in cheques.to_hand_over(runtime.db, until):
        contract = season.contract(runtime.db, row["contract_id"])
        if contract is not None:
            params = {"contract_id": row["contract_id"], "cash_on": row["cash_on"], "count": row["count"],
                      "amount": row["amount_cents"]}  # fmt: skip
            _to_coordinator(runtime, "cheques-to-hand-over", contract, f"{row['contract_id']}/{row['cash_on']}", params)


def contracts_ending(runtime: Runtime) -> None:
    """A month before its last day the coordinator is told: settle the accounts, renew the contract (S0:49)."""
    now = runtime.clock.now()
    for row in season.ending(runtime.db, _day(now, 0), (now + END_BEFORE).date().isoformat()):
        subject = f"{row['contract_id']}/{row['ends_on']}"
        _to_coordinator(runtime, "contract-ending", row, subject, {"contract_id": row["contract_id"]})


def _to_coordinator(
    runtime: Runtime, template: str, contract: dict[str, Any], subject: str, params: dict[str, Any]
) -> None:
    if contract["coordinator_id"]:
        told = [Recipient(person_id=contract["coordinator_id"])]
        _announce(runtime, template, contract["group_id"], subject, lambda: told, params)


def _announce(runtime: Runtime, template: str, group_id: str, subject: str, told: Any, params: dict[str, Any]) -> None:
    """`told()` is asked only when it was not said yet; nobody to tell means that it is looked at again."""
    announcement_id = str(uuid5(NAMESPACE_URL, f"https://grenier.invalid/{template}/{subject}"))
    if messages.announcement(runtime.db, announcement_id) is not None:
        return
    found: Sequence[Recipient] = told()
    if not found:
        return
    command = announcement.Announce(
        announcement_id=announcement_id, group_id=group_id, template=template, audience="",
        recipients=list(found), params=params,
    )  # fmt: skip
    runtime.due(announcement.decider, announcement_id, command, template, group_id=group_id)


TIMERS = (
    Timer("remind-of-deliveries", remind_of_deliveries, every_s=2.0),
    Timer("sign-ups-closing", sign_ups_closing, every_s=5.0),
    Timer("hand-cheques-over", hand_cheques_over, every_s=5.0),
    Timer("contracts-ending", contracts_ending, every_s=5.0),
)
