"""Who may see and manage a contract: its coordinator, its producer, the members of its group."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import msgspec

from contracts_svc.contract.decider import decider
from contracts_svc.contract.state import Life
from contracts_svc.guards import today
from contracts_svc.rules.festive import holidays_of, place_of
from contracts_svc.views import contract_questions, federation
from grenier.doors import Context
from grenier.errors import NotFound
from grenier.readmodel import Row
from grenier.runtime import Runtime

MANAGE = "contracts.manage-contracts"
OWN = "contracts.own-contracts"
# What members and the public may know of.
PUBLISHED = frozenset({"opened", "ended"})


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A contract as somebody sees it: `manages`, or is its `producer`, or neither: a member of the group."""

    row: Row
    manages: bool
    producer: bool

    @property
    def inside(self) -> bool:
        return self.manages or self.producer


def managed(runtime: Runtime, context: Context, contract_id: str) -> tuple[Life, str]:
    """The contract as its stream says, and the role by which the actor manages it. NotFound to strangers."""
    life = runtime.handler.state(decider, contract_id).life
    if life.status == "none":
        raise NotFound
    return life, runtime.access.require(context, MANAGE, group_id=life.group_id, scope_id=contract_id)


def seen(runtime: Runtime, context: Context, contract_id: str) -> Seen:
    row = contract_questions.contract(runtime.db, contract_id)
    if row is None:
        raise NotFound
    manages = runtime.access.may(context.actor, MANAGE, group_id=row["group_id"], scope_id=contract_id)
    producer = is_producer(runtime, context, row["producer_id"])
    if not (manages or producer):
        runtime.access.require_member(context, row["group_id"])
        if row["status"] not in PUBLISHED:
            raise NotFound
    return Seen(row=row, manages=manages, producer=producer)


def inside(runtime: Runtime, context: Context, contract_id: str) -> Seen:
    """For what is between the group and the producer only; NotFound to everybody else."""
    found = seen(runtime, context, contract_id)
    if not found.inside:
        raise NotFound
    return found


def is_producer(runtime: Runtime, context: Context, producer_id: str) -> bool:
    return bool(producer_id) and runtime.access.may(context.actor, OWN, scope_id=producer_id)


def festive_days(runtime: Runtime, group_id: str, days: Iterable[date]) -> dict[date, str]:
    """Public holidays where the group lives."""
    group = federation.group(runtime.db, group_id)
    return holidays_of(*place_of(group["phone_region"] if group else "FR"), days)


def sign_up_state(row: Row, day: str) -> str:
    """not_yet, open or closed, on a day of the group."""
    closes_on, opens_on = row["signing_closes_on"], row["signing_opens_on"]
    if row["status"] != "opened":
        return "closed" if row["status"] in ("ended", "abandoned") else "not_yet"
    if row["signing_closed"] or (closes_on and closes_on < day):
        return "closed"
    return "not_yet" if opens_on and opens_on > day else "open"


def day_of(runtime: Runtime, group_id: str, days_later: int = 0) -> str:
    return (today(runtime, group_id) + timedelta(days=days_later)).isoformat()
