"""What is told because of which fact: one message per person concerned, with an id that follows from both.

Nobody is told the same twice, however often a fact is delivered. Persons who do not use e-mail go to the call list.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grenier.language import ledger, logistics, matching, notify, orders
from grenier.language.notify import Recipient
from grenier.readmodel import Fact
from grenier.runtime import Policy, Runtime, derived_id
from notify_svc import message
from notify_svc.audience import recipients
from notify_svc.catalogue import catalogue
from notify_svc.views import occasions, ordering, people, season


def say(
    runtime: Runtime,
    fact: Fact,
    template: str,
    told: Sequence[Recipient],
    group_id: str,
    params: dict[str, Any],
    *,
    about: str = "",
) -> None:
    """Request one message per recipient, and per `about` where one fact concerns somebody several times.

    Announcements pass over those who have declined them.
    """
    known = people.persons(runtime.db, [recipient.person_id for recipient in told])
    may_decline = catalogue()[template].category == "announcement"
    wanted: dict[str, message.RequestMessage] = {}
    for recipient in told:
        person = known.get(recipient.person_id)
        if person is None or (may_decline and not person["announcements"]):
            continue
        step = f"{template}/{recipient.person_id}/{recipient.household_id}" + (f"/{about}" if about else "")
        message_id = derived_id(fact.id, step)
        wanted[message_id] = message.RequestMessage(
            message_id=message_id,
            template=template,
            person_id=recipient.person_id,
            group_id=group_id,
            household_id=recipient.household_id,
            channel="email" if people.uses_mail(person) else "phone",
            params=params,
        )
    runtime.react_each(message.decider, wanted, fact, f"tell-{template}", group_id=group_id)


def tell_window_opened(runtime: Runtime, fact: Fact) -> None:
    match fact.event:
        case orders.CycleOpened() as e if not e.contract_id:
            households = [row["household_id"] for row in runtime.access.households_in(e.group_id)]
            told = recipients(runtime.db, households)
            say(runtime, fact, "window-opened", told, e.group_id, {"cycle_id": e.cycle_id})


def remind_drafts(runtime: Runtime, fact: Fact) -> None:
    match fact.event:
        case orders.ClosingAnnounced() as e:
            told = recipients(runtime.db, e.draft_household_ids)
            say(runtime, fact, "draft-reminder", told, e.group_id, {"cycle_id": e.cycle_id})


def sum_up_closing(runtime: Runtime, fact: Fact) -> None:
    match fact.event:
        case orders.CycleClosed() as e:
            cycle = occasions.cycle(runtime.db, e.cycle_id)
            figures = ordering.summary(ordering.of_cycle(runtime.db, e.cycle_id), cycle["products"] if cycle else {})
            contract = season.contract(runtime.db, e.contract_id) if e.contract_id else None
            # A round is looked after by the contract's coordinator, a month by the organisers.
            told_ids = [contract["coordinator_id"]] if contract else runtime.access.holders("organiser", e.group_id)
            told = [Recipient(person_id=person_id) for person_id in told_ids]
            say(runtime, fact, "closing-summary", told, e.group_id, {"cycle_id": e.cycle_id, **figures})


def tell_amended(runtime: Runtime, fact: Fact) -> None:
    """S1:32: only when somebody else changed the order."""
    match fact.event:
        case orders.OrderAmended() as e if fact.meta.actor not in runtime.access.persons_of(e.household_id):
            params = {"cycle_id": e.cycle_id, "total_cents": e.total_cents, "reason": e.reason}
            say(runtime, fact, "order-amended", recipients(runtime.db, [e.household_id]), e.group_id, params)


def tell_regulated(runtime: Runtime, fact: Fact) -> None:
    """S1:34: every household whose line was reduced is told from what to what."""
    match fact.event:
        case orders.OrdersRegulated() as e:
            for change in e.changes:
                changes = [
                    {
                        "product_id": change.product_id,
                        "from_quantity": change.from_quantity,
                        "to_quantity": change.to_quantity,
                    }
                ]
                told = recipients(runtime.db, [change.household_id])
                say(runtime, fact, "order-regulated", told, e.group_id, {"cycle_id": e.cycle_id, "changes": changes})


def tell_shortage(runtime: Runtime, fact: Fact) -> None:
    """S1:53."""
    match fact.event:
        case logistics.ShortageDeclared() as e:
            for share in e.shares:
                if share.allotted < share.ordered:
                    params = {"distribution_id": e.distribution_id, "product": e.product_name,
                              "ordered": share.ordered, "allotted": share.allotted}  # fmt: skip
                    say(
                        runtime,
                        fact,
                        "shortage-notice",
                        recipients(runtime.db, [share.household_id]),
                        e.group_id,
                        params,
                    )


def call_volunteers(runtime: Runtime, fact: Fact) -> None:
    """S1:38-39."""
    match fact.event:
        case matching.VolunteersCalled() as e:
            households = [row["household_id"] for row in runtime.access.households_in(e.group_id)]
            params = {"activity_id": e.activity_id, "missing": e.missing}
            asked = [to for to in recipients(runtime.db, households) if to.person_id not in e.helping_person_ids]
            say(runtime, fact, "volunteers-needed", asked, e.group_id, params)


def tell_negative(runtime: Runtime, fact: Fact) -> None:
    """S0:47."""
    match fact.event:
        case ledger.BalanceWentNegative() as e:
            told = recipients(runtime.db, [e.household_id])
            params = {"balance_cents": e.balance_cents} | ({"contract_id": e.contract_id} if e.contract_id else {})
            say(runtime, fact, "negative-balance", told, e.group_id, params)


def spread_announcement(runtime: Runtime, fact: Fact) -> None:
    match fact.event:
        case notify.AnnouncementMade() as e:
            say(runtime, fact, e.template, e.recipients, e.group_id, e.params)


POLICIES = (
    Policy("tell-window-opened", ("orders.cycle-opened",), tell_window_opened),
    Policy("remind-drafts", ("orders.closing-announced",), remind_drafts),
    Policy("sum-up-closing", ("orders.cycle-closed",), sum_up_closing),
    Policy("tell-amended", ("orders.order-amended",), tell_amended),
    Policy("tell-regulated", ("orders.orders-regulated",), tell_regulated),
    Policy("tell-shortage", ("logistics.shortage-declared",), tell_shortage),
    Policy("call-volunteers", ("matching.volunteers-called",), call_volunteers),
    Policy("tell-negative", ("ledger.balance-went-negative",), tell_negative),
    Policy("spread-announcement", ("notify.announcement-made",), spread_announcement),
)
