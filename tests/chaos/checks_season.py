"""What must hold of a season after a storm: each act once, one taker for a basket, cheques where they are, accounts exact."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from grenier.config import Settings
from grenier.handling import read_meta
from grenier.language import exchange as x
from grenier.language import season as s
from grenier.log.protocol import Recorded
from grenier.readmodel import Database, fact_of
from ledger_svc.views import contracts
from tests.chaos.acts import Act
from tests.chaos.reading import soon
from tests.chaos.season import Season

EATER = "eater:"
# What each kind of act leaves in the log.
LEFT: Mapping[str, str] = {
    "absence": "contracts.absences-set",
    "offer": "contracts.basket-offered",
    "request": "contracts.basket-requested",
    "accept": "contracts.taker-accepted",
    "withdraw": "contracts.basket-request-withdrawn",
    "cancel": "contracts.basket-offer-cancelled",
    "schedule": "contracts.schedule-agreed",
    "receipt": "contracts.cheque-received",
    "bundle": "contracts.bundle-handed-over",
    "return": "contracts.cheque-returned",
    "deposit": "ledger.prepayment-received",
    "correction": "ledger.adjustment-posted",
    "reversal": "ledger.entry-reversed",
}
# Deposits are counted with the other money (`checks.money_kept`): the same event is a prepayment of another group.
COUNTED = {kind: name for kind, name in LEFT.items() if kind != "deposit"}


def kept(acts: Iterable[Act], events: Sequence[Recorded], season: Season) -> list[str]:
    """Each act of the season that was acknowledged stands at its position, as it was asked for, and none stands twice."""
    known = [act for act in acts if act.kind in LEFT]
    at = {event.position: event for event in events if event.type in LEFT.values()}
    problems = []
    for act in known:
        event = at.get(act.position)
        if not act.position:
            problems.append(f"never acknowledged: {act.kind} {act.key}")
        elif event is None or event.type != LEFT[act.kind] or not _says(event, act.facts):
            problems.append(f"{act.kind} acknowledged but not in the log: {act.key} at {act.position}")
    asked = Counter(act.kind for act in known)
    told = _by_people(events, season.position)
    stand = Counter(event.type for event, _ in told)
    problems += [f"{stand[name]} times {name} in the log, asked for {asked[kind]} times"
                 for kind, name in COUNTED.items() if stand[name] != asked[kind]]  # fmt: skip
    twice = Counter((cmd, event.type) for event, cmd in told)
    return problems + [f"command carried out twice: {cmd}" for (cmd, _), count in twice.items() if count > 1]


def _by_people(events: Iterable[Recorded], after: int) -> list[tuple[Recorded, str]]:
    """What no policy and no timer did, with its command."""
    found = ((event, read_meta(event.metadata)) for event in events if event.position > after and event.type in LEFT.values())  # fmt: skip
    return [(event, meta.cmd) for event, meta in found if not meta.actor.startswith("system:")]


def _says(event: Recorded, facts: Mapping[str, Any]) -> bool:
    fact: Any = fact_of(event).event
    derived = {
        "amount_cents": sum(post.amount_cents for post in getattr(fact, "postings", ()) if post.account.startswith(EATER)),
        "cheque_ids": [cheque.cheque_id for cheque in getattr(fact, "cheques", ()) if hasattr(cheque, "cheque_id")],
    }  # fmt: skip
    wanted = {name: value for name, value in facts.items() if name != "before"}
    return all((derived[name] if name in derived else getattr(fact, name)) == value for name, value in wanted.items())


def takers(events: Iterable[Recorded]) -> list[str]:
    """A basket is given to somebody who asked for it while it was on offer, and to nobody else until it is given back."""
    problems = []
    asking: dict[str, set[str]] = defaultdict(set)
    taker: dict[str, str] = {}
    for event in events:
        if not event.stream.startswith("basket-"):
            continue
        match fact_of(event).event:
            case x.BasketOffered() as fact:
                if fact.basket_id in taker:
                    problems.append(f"basket {fact.basket_id} is on offer at {event.position} and has a taker")
                asking[fact.basket_id].clear()
            case x.BasketRequested() as fact:
                asking[fact.basket_id].add(fact.person_id)
            case x.TakerAccepted() as fact:
                if fact.basket_id in taker:
                    problems.append(f"basket {fact.basket_id} has two takers at {event.position}")
                if fact.person_id not in asking[fact.basket_id]:
                    problems.append(f"basket {fact.basket_id} was given to somebody who had not asked")
                taker[fact.basket_id] = fact.person_id
                asking[fact.basket_id].clear()
            case x.BasketRequestWithdrawn() as fact:
                asking[fact.basket_id].discard(fact.person_id)
                if fact.was_taker and taker.pop(fact.basket_id, "") != fact.person_id:
                    problems.append(f"basket {fact.basket_id} was given back by somebody who did not have it")
            case x.BasketOfferCancelled() | x.BasketOfferExpired() as fact:
                taker.pop(fact.basket_id, None)
    return problems


BEFORE = {"received": ("expected",), "handed_over": ("received",), "returned": ("received", "handed_over")}


def custody(events: Iterable[Recorded]) -> list[str]:
    """A cheque goes forward only, comes in once, goes to the producer in one bundle, whose list says the same."""
    problems: list[str] = []
    where: dict[str, str] = {}
    worth: dict[str, int] = {}
    bundled: dict[str, str] = {}
    listed = Counter[tuple[str, str]]()

    def moves(cheque_id: str, to: str) -> None:
        if where.get(cheque_id) not in BEFORE[to]:
            problems.append(f"cheque {cheque_id} went from {where.get(cheque_id)} to {to}")
        where[cheque_id] = to

    for event in events:
        match fact_of(event).event if event.stream.startswith(("schedule-", "bundle-")) else None:
            case s.ScheduleAgreed() as fact:
                for cheque in fact.cheques:
                    if where.setdefault(cheque.cheque_id, "expected") != "expected":
                        problems.append(f"cheque {cheque.cheque_id} is expected again")
                    worth[cheque.cheque_id] = cheque.amount_cents
            case s.ChequeReceived() as fact:
                moves(fact.cheque_id, "received")
            case s.ChequeHandedOver() as fact:
                moves(fact.cheque_id, "handed_over")
                bundled[fact.cheque_id] = fact.bundle_id
            case s.ChequeReturned() as fact:
                moves(fact.cheque_id, "returned")
            case s.BundleHandedOver() as fact:
                listed.update((cheque.cheque_id, fact.bundle_id) for cheque in fact.cheques)
                if fact.total_cents != sum(worth[cheque.cheque_id] for cheque in fact.cheques):
                    problems.append(f"bundle {fact.bundle_id} is not worth its cheques")
    if listed != Counter(bundled.items()):
        problems.append("what the bundles list is not what was handed over")
    return problems


def accounts(events: Iterable[Recorded], settings: Settings) -> list[str]:
    """The entries of each contract sum to zero, and each household's account of it is what its entries make."""
    sums, wanted = Counter[str](), Counter[tuple[str, str]]()
    for event in events:
        fact: Any = fact_of(event).event if event.type.startswith("ledger.") else None
        contract_id = getattr(fact, "contract_id", "")
        for post in getattr(fact, "postings", ()) if contract_id else ():
            sums[contract_id] += post.amount_cents
            if post.account.startswith(EATER):
                wanted[contract_id, post.account.removeprefix(EATER)] += post.amount_cents
    database = Database(settings.view_database("ledger"), "ledger")
    held = contracts.held

    def same() -> bool:
        rows = database.rows(sa.select(held.c.contract_id, held.c.household_id, held.c.balance_cents))
        return wanted == Counter({(row["contract_id"], row["household_id"]): row["balance_cents"] for row in rows})

    try:
        problems = [] if soon(same) else ["the accounts of the contracts are not what their entries make"]
    finally:
        database.close()
    return problems + [f"the entries of contract {one} sum to {total}" for one, total in sums.items() if total]


def check(acts: Sequence[Act], events: Sequence[Recorded], season: Season, settings: Settings) -> list[str]:
    return [*kept(acts, events, season), *takers(events), *custody(events), *accounts(events, settings)]
