"""Who is told what about the basket exchange, and when. The tables are at the bottom (S4:10-11, S4:44-53, S4:73-77)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from grenier.clock import iso
from grenier.language import exchange as x
from grenier.language.notify import Recipient
from grenier.readmodel import Fact, Row
from grenier.runtime import Policy, Runtime, Timer, derived_id
from notify_svc import announcement
from notify_svc.audience import recipients
from notify_svc.policies import say
from notify_svc.views import exchange, messages, people

# A fixed UUID that names these reminders.
NAMESPACE = "0b7c1f0e-6a53-5a53-8d0f-5c1f2f5e9d33"
REMIND_BEFORE = timedelta(hours=24)
PATIENCE = timedelta(hours=24)


def tell_offered(runtime: Runtime, fact: Fact) -> None:
    """S4:44: takers who want it, or the one who was named; the holder reads that the basket is on the list."""
    match fact.event:
        case x.BasketOffered() as e:
            about = {"basket_id": e.basket_id}
            _say(runtime, fact, "exchange-listed", [e.person_id], e.group_id, about)
            if e.audience == "named":
                other = {**about, "other_id": e.person_id}
                _say(runtime, fact, "exchange-named", [e.named_person_id], e.group_id, other)
                return
            own = set(runtime.access.persons_of(e.household_id))
            told = [person for person in _listeners(runtime, e) if person not in own]
            _say(runtime, fact, "exchange-offered", _by_mail(runtime, told), e.group_id, about)
            _tell_members(runtime, fact, e, own | set(told))


def _listeners(runtime: Runtime, e: x.BasketOffered) -> list[str]:
    shared = exchange.sharing_groups(runtime.db, e.group_id) if e.audience == "federation" else []
    return exchange.takers_of(runtime.db, [e.group_id, *shared])


def _tell_members(runtime: Runtime, fact: Fact, e: x.BasketOffered, told: set[str]) -> None:
    """Where the group wants it, members who are no takers hear of it as of an announcement."""
    its = exchange.group(runtime.db, e.group_id)
    if its is None or not its["tell_members"]:
        return
    homes = [row["household_id"] for row in runtime.access.households_in(e.group_id) if runtime.access.is_current(row)]
    others = [one for one in recipients(runtime.db, homes) if one.person_id not in told]
    willing = set(_by_mail(runtime, [one.person_id for one in others]))
    wanted = [one for one in others if one.person_id in willing]
    say(runtime, fact, "exchange-offered-members", wanted, e.group_id, {"basket_id": e.basket_id})


def tell_requested(runtime: Runtime, fact: Fact) -> None:
    match fact.event:
        case x.BasketRequested() as e:
            row = exchange.basket(runtime.db, e.basket_id)
            if row is not None and row["audience"] != "named":
                about = {"basket_id": e.basket_id}
                asked = {**about, "other_id": e.person_id}
                _say(runtime, fact, "exchange-asked", [row["person_id"]], e.group_id, asked)
                _say(runtime, fact, "exchange-asked-taker", [e.person_id], e.group_id, about)


def tell_accepted(runtime: Runtime, fact: Fact) -> None:
    """S4:47-53: both get each other's contact and a calendar entry, the taker the note; the others a no."""
    match fact.event:
        case x.TakerAccepted() as e:
            about = {"basket_id": e.basket_id, "taker_id": e.person_id, "calendar": fact.revision}
            taker, holder = {**about, "other_id": e.holder_id}, {**about, "other_id": e.person_id}
            _say(runtime, fact, "exchange-accepted", [e.person_id], e.group_id, taker)
            _say(runtime, fact, "exchange-accepted-holder", [e.holder_id], e.group_id, holder)
            _say(runtime, fact, "exchange-declined", e.declined_person_ids, e.group_id, {"basket_id": e.basket_id})


def tell_declined(runtime: Runtime, fact: Fact) -> None:
    match fact.event:
        case x.TakerDeclined() as e:
            _say(runtime, fact, "exchange-declined", [e.person_id], e.group_id, {"basket_id": e.basket_id})


def tell_cancelled(runtime: Runtime, fact: Fact) -> None:
    """By the holder, with a word; or because the delivery is another one, or none: then all of them read the same."""
    match fact.event:
        case x.BasketOfferCancelled() as e:
            row = exchange.basket(runtime.db, e.basket_id)
            if row is None:
                return
            about: dict[str, Any] = {"basket_id": e.basket_id}
            agreed = {**about, "taker_id": e.taker_id, "calendar": fact.revision} if e.taker_id else about
            if e.reason:
                # Of two one is erased, and nobody writes to them: a holder who is left had named the other one.
                mine = "exchange-person-gone" if e.reason == "person-erased" else "exchange-fallen"
                _say(runtime, fact, "exchange-fallen", [e.taker_id], e.group_id, agreed)
                _say(runtime, fact, mine, [row["person_id"]], e.group_id, agreed)
                _say(runtime, fact, "exchange-fallen", e.person_ids, e.group_id, about)
                return
            known = {**agreed, "other_id": row["person_id"]}
            _say(runtime, fact, "exchange-cancelled", [e.taker_id], e.group_id, known)
            _say(runtime, fact, "exchange-cancelled-asker", e.person_ids, e.group_id, about)
            _say(runtime, fact, "exchange-cancelled-holder", [row["person_id"]], e.group_id, agreed)


def tell_withdrawn(runtime: Runtime, fact: Fact) -> None:
    """The holder is told; after a yes the basket is on offer again, and who asked before is told so."""
    match fact.event:
        case x.BasketRequestWithdrawn() as e:
            row = exchange.basket(runtime.db, e.basket_id)
            if row is None:
                return
            about: dict[str, Any] = {"basket_id": e.basket_id}
            if not e.was_taker:
                told = {**about, "other_id": e.person_id}
                _say(runtime, fact, "exchange-request-withdrawn", [row["person_id"]], e.group_id, told)
                return
            agreed = {**about, "taker_id": e.person_id, "calendar": fact.revision}
            holder = {**agreed, "other_id": e.person_id}
            _say(runtime, fact, "exchange-withdrawn", [row["person_id"]], e.group_id, holder)
            _say(runtime, fact, "exchange-withdrawn-taker", [e.person_id], e.group_id, agreed)
            if row["audience"] != "named" and row["closes_at"] > fact.at:
                _say(runtime, fact, "exchange-offered", e.earlier_person_ids, e.group_id, about)


def tell_expired(runtime: Runtime, fact: Fact) -> None:
    match fact.event:
        case x.BasketOfferExpired() as e:
            row = exchange.basket(runtime.db, e.basket_id)
            holder = [row["person_id"]] if row else []
            _say(runtime, fact, "exchange-expired", holder, e.group_id, {"basket_id": e.basket_id})
            _say(runtime, fact, "exchange-expired-asker", e.person_ids, e.group_id, {"basket_id": e.basket_id})


def tell_taker(runtime: Runtime, fact: Fact) -> None:
    """S4:33, S4:73: welcome, the question to who was enrolled by a sponsor, and the confirmation of leaving."""
    match fact.event:
        case x.TakerEnrolled() as e if e.confirmed:
            _say(runtime, fact, "exchange-enrolled", [e.person_id], e.group_id, {})
        case x.TakerEnrolled() as e:
            _say(runtime, fact, "exchange-confirm", [e.person_id], e.group_id, {"other_id": fact.meta.actor})
        case x.TakerConfirmed() as e:
            _say(runtime, fact, "exchange-enrolled", [e.person_id], e.group_id, {})
        case x.TakerLeft() as e:
            _say(runtime, fact, "exchange-left", [e.person_id], e.group_id, {})


def _say(
    runtime: Runtime, fact: Fact, template: str, person_ids: Iterable[str], group_id: str, params: dict[str, Any]
) -> None:
    told = [Recipient(person_id=person_id) for person_id in dict.fromkeys(person_ids) if person_id]
    say(runtime, fact, template, told, group_id, params)


def _by_mail(runtime: Runtime, person_ids: list[str]) -> list[str]:
    """Nobody is called on the phone for every basket that is on offer."""
    known = people.persons(runtime.db, person_ids)
    return [person for person in person_ids if person in known and people.uses_mail(known[person])]


# -- timers ------------------------------------------------------------------------------------------------------


def remind_takers(runtime: Runtime) -> None:
    """A day before the cut-off: "il reste 3 paniers", once per group and date."""
    now = runtime.clock.now()
    left: dict[tuple[str, str], list[Row]] = {}
    for row in exchange.on_offer(runtime.db, iso(now), iso(now + REMIND_BEFORE)):
        left.setdefault((row["group_id"], row["on"]), []).append(row)
    for (group_id, day), rows in left.items():
        holders = {person for row in rows for person in runtime.access.persons_of(row["household_id"])}
        listening = [person for person in exchange.takers_of(runtime.db, [group_id]) if person not in holders]
        params = {"count": len(rows), "day": day, "basket_id": rows[0]["basket_id"]}
        told = _by_mail(runtime, listening)
        _announce(runtime, f"takers/{group_id}/{day}", "exchange-reminder", told, group_id, params)


def remind_holders(runtime: Runtime) -> None:
    """A request that has waited for a day: "demande en attente depuis…", once per request that waits longest."""
    now: datetime = runtime.clock.now()
    for row in exchange.on_offer_with_requests(runtime.db, iso(now)):
        person_id, since = min(row["waiting"].items(), key=lambda one: (one[1], one[0]))
        if datetime.fromisoformat(since) + PATIENCE > now:
            continue
        params = {"basket_id": row["basket_id"], "since": since, "count": len(row["waiting"]), "other_id": person_id}
        name = f"holder/{row['basket_id']}/{since}"
        _announce(runtime, name, "exchange-reminder-holder", [row["person_id"]], row["group_id"], params)


def _announce(
    runtime: Runtime, name: str, template: str, person_ids: list[str], group_id: str, params: dict[str, Any]
) -> None:
    announcement_id = derived_id(NAMESPACE, name)
    if not person_ids or messages.announcement(runtime.db, announcement_id) is not None:
        return
    command = announcement.Announce(
        announcement_id=announcement_id,
        group_id=group_id,
        template=template,
        audience="takers",
        recipients=[Recipient(person_id=person_id) for person_id in person_ids],
        params=params,
    )
    runtime.due(announcement.decider, announcement_id, command, template, group_id=group_id)


POLICIES = (
    Policy("tell-basket-offered", ("contracts.basket-offered",), tell_offered),
    Policy("tell-basket-requested", ("contracts.basket-requested",), tell_requested),
    Policy("tell-taker-accepted", ("contracts.taker-accepted",), tell_accepted),
    Policy("tell-taker-declined", ("contracts.taker-declined",), tell_declined),
    Policy("tell-basket-cancelled", ("contracts.basket-offer-cancelled",), tell_cancelled),
    Policy("tell-request-withdrawn", ("contracts.basket-request-withdrawn",), tell_withdrawn),
    Policy("tell-basket-expired", ("contracts.basket-offer-expired",), tell_expired),
    Policy("tell-taker", ("contracts.taker-enrolled", "contracts.taker-confirmed", "contracts.taker-left"), tell_taker),
)
TIMERS = (
    Timer("remind-takers", remind_takers, every_s=30.0),
    Timer("remind-holders", remind_holders, every_s=30.0),
)
