"""What must hold after a storm, asked of the log and of the databases themselves, and compared with what clients were told."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from gateway.projections import balances
from grenier.config import Settings
from grenier.handling import read_meta
from grenier.language import ledger as l
from grenier.language import orders as o
from grenier.log.protocol import Recorded
from grenier.projector import parked
from grenier.readmodel import Database, dump, fact_of
from grenier.runtime import load_service
from tests.chaos import checks_season
from tests.chaos.acts import MONEY, PAID, Act
from tests.chaos.reading import catch_up, settled, soon
from tests.replaying import SERVICES, fresh, scratch

if TYPE_CHECKING:
    from tests.chaos.stage import Scene

Placed = o.OrderConfirmed | o.OrderAmended
Taken = l.PaymentTaken | l.PrepaymentReceived
# What says which payment it is: household, amount in cents, number of the cheque (empty for cash).
Money = tuple[str, int, str]


def check(scene: Scene, acts: Sequence[Act]) -> dict[str, Any]:
    """Figures and `problems`; no problems is what is wanted. `acts`: everything that was asked since the scene was set."""
    settings = scene.settings
    events = settled(settings)
    problems = [
        *identities(events), *orders_kept(acts, events), *money_kept(acts, events), *books(events),
        *shown(acts, events, settings), *views(settings, events),
    ]  # fmt: skip
    if scene.season is not None:
        problems += checks_season.check(acts, events, scene.season, settings)
    return {"events": len(events), "duplicates": duplicates(acts, events), "lost": lost(acts, events), "problems": problems}  # fmt: skip


# -- the log by itself -------------------------------------------------------------------------------------------


def identities(events: Iterable[Recorded]) -> list[str]:
    """Each event id once, revisions of each stream without gaps."""
    ids: Counter[object] = Counter()
    streams: dict[str, list[int]] = defaultdict(list)
    for event in events:
        ids[event.id] += 1
        streams[event.stream].append(event.revision)
    twice = [event_id for event_id, count in ids.items() if count > 1]
    torn = [stream for stream, found in streams.items() if found != list(range(len(found)))]
    return [f"event id twice: {found}" for found in twice] + [f"revisions of {stream} with gaps" for stream in torn]


def books(events: Iterable[Recorded]) -> list[str]:
    """Every entry balances; so do the accounts of each group, and all of them."""
    problems, by_group = [], Counter[str]()
    for event in events:
        if not event.type.startswith("ledger."):
            continue
        fact: Any = fact_of(event).event
        total = sum(post.amount_cents for post in getattr(fact, "postings", ()))
        by_group[getattr(fact, "group_id", "")] += total
        if total:
            problems.append(f"an entry sums to {total}: {event.type} at {event.position}")
    problems += [f"the accounts of group {group} sum to {total}" for group, total in by_group.items() if total]
    return problems + ([f"all accounts sum to {sum(by_group.values())}"] if sum(by_group.values()) else [])


# -- against what clients were told ------------------------------------------------------------------------------


def placed(events: Iterable[Recorded]) -> list[tuple[Recorded, Placed]]:
    facts = ((event, fact_of(event).event) for event in events if event.type.startswith("orders.order-"))
    return [(event, fact) for event, fact in facts if isinstance(fact, Placed)]


def taken(events: Iterable[Recorded]) -> list[tuple[Recorded, Taken]]:
    facts = (
        (event, fact_of(event).event) for event in events if event.type.startswith(("ledger.pay", "ledger.prepay"))
    )
    return [(event, fact) for event, fact in facts if isinstance(fact, Taken)]


def quantities(fact: Placed) -> dict[str, int]:
    return {line.product_id: line.quantity for line in fact.lines}


def money_of(fact: Taken) -> Money:
    return fact.household_id, fact.amount_cents, fact.cheque.number if fact.cheque else ""


def money_asked(act: Act) -> Money:
    return act.facts["household_id"], act.facts["amount_cents"], act.body.get("number", "")


def orders_of(acts: Iterable[Act]) -> list[Act]:
    return [act for act in acts if act.kind == "order"]


def money_acts(acts: Iterable[Act]) -> list[Act]:
    """Money that was taken."""
    return [act for act in acts if act.kind in PAID]


def paid_by(acts: Iterable[Act]) -> Counter[str]:
    """Household -> cents, from the clients' own books: what was taken, corrected and reversed."""
    paid = Counter[str]()
    for act in acts:
        if act.kind in MONEY:
            paid[act.facts["household_id"]] += act.facts["amount_cents"]
    return paid


def duplicates(acts: Iterable[Act], events: Sequence[Recorded]) -> int:
    """Payments that stand in the log more often than they were asked for."""
    surplus = Counter(money_of(fact) for _, fact in taken(events)) - Counter(map(money_asked, money_acts(acts)))
    return surplus.total()


def lost(acts: Iterable[Act], events: Sequence[Recorded]) -> int:
    """Acknowledged commands that do not stand where their answer said."""
    here = {event.position for event in events}
    return sum(1 for act in acts if act.position and act.position not in here)


def orders_kept(acts: Sequence[Act], events: Sequence[Recorded]) -> list[str]:
    """Each acknowledgement names a position where this order stands, once; the last one is what is valid."""
    stands = placed(events)
    at = {event.position: fact for event, fact in stands}
    commands = Counter(read_meta(event.metadata).cmd for event, _ in stands)
    problems = [f"command carried out twice: {command}" for command, count in commands.items() if count > 1]
    standing = {(fact.cycle_id, fact.household_id): quantities(fact) for _, fact in stands}
    last: dict[tuple[str, str], dict[str, int]] = {}
    asked = orders_of(acts)
    for act in asked:
        place = act.facts["cycle_id"], act.facts["household_id"]
        last[place] = act.facts["quantities"]
        fact = at.get(act.position)
        if not act.position:
            problems.append(f"never acknowledged: {act.key}")
        elif fact is None or quantities(fact) != act.facts["quantities"] or fact.household_id != place[1]:
            problems.append(f"acknowledged but not in the log: {act.key} at {act.position}")
    if len(stands) != len(asked):
        problems.append(f"{len(stands)} orders in the log, {len(asked)} asked for")
    wrong = [place for place, wanted in last.items() if standing.get(place) != wanted]
    return problems + [f"the last order of {household} in {cycle} is not what stands" for cycle, household in wrong]


def money_kept(acts: Sequence[Act], events: Sequence[Recorded]) -> list[str]:
    """Each payment that was acknowledged stands at its position with its amount, and nothing was taken twice."""
    entries = taken(events)
    at = {event.position: fact for event, fact in entries}
    problems = []
    for act in money_acts(acts):
        fact = at.get(act.position)
        if not act.position:
            problems.append(f"never acknowledged: {act.key}")
        elif fact is None or money_of(fact) != money_asked(act):
            problems.append(f"money acknowledged but not in the log: {act.key} at {act.position}")
    if double := duplicates(acts, events):
        problems.append(f"{double} payments taken twice")
    commands = Counter(read_meta(event.metadata).cmd for event, _ in entries)
    return problems + [f"command carried out twice: {command}" for command, count in commands.items() if count > 1]


# -- what people see ---------------------------------------------------------------------------------------------


def shown(acts: Iterable[Act], events: Sequence[Recorded], settings: Settings) -> list[str]:
    """Each household's balance is what its clients paid, the amount beside it what its orders cost."""
    paid, committed = paid_by(acts), Counter[str]()
    for (_, household_id), cents in {(fact.cycle_id, fact.household_id): fact.total_cents for _, fact in placed(events)}.items():  # fmt: skip
        committed[household_id] += cents
    database = Database(settings.view_database("gateway"), "gateway")

    def found(column: str) -> Counter[str]:
        rows = database.rows(sa.select(balances.c.household_id, balances.c[column]))
        return Counter({row["household_id"]: row[column] for row in rows if row[column]})

    try:
        amounts = {"balance_cents": (paid, "balances are not what was paid"), "committed_cents": (committed, "committed amounts are not the sum of the orders")}  # fmt: skip
        return [words for column, (wanted, words) in amounts.items() if not soon(lambda c=column, w=wanted: found(c) == w)]  # fmt: skip
    finally:
        database.close()


def views(settings: Settings, events: Sequence[Recorded], services: Sequence[str] = SERVICES) -> list[str]:
    """Mails go on leaving meanwhile: the replay is of the log as it is when the views are looked at."""
    problems, log = [], list(events)
    for name in services:
        replayed: dict[int, bytes] = {}

        def same(name: str = name, replayed: dict[int, bytes] = replayed) -> bool:
            shown = dumped(name, settings)
            if shown in replayed.values():
                return True
            catch_up(log, settings)
            head = log[-1].position
            if head not in replayed:
                with TemporaryDirectory() as folder:
                    replayed[head] = fresh(name, settings, log, scratch(Path(folder)))
            return dumped(name, settings) == replayed[head]

        if not soon(same):
            problems.append(f"views of {name} are not what a replay gives")
        if count := parked_in(name, settings):
            problems.append(f"{name} parked {count} events")
    return problems


def dumped(name: str, settings: Settings) -> bytes:
    database = Database(settings.view_database(name), name)
    try:
        return dump(database, [table for view in load_service(name).all_views for table in view.tables])
    finally:
        database.close()


def parked_in(name: str, settings: Settings) -> int:
    database = Database(settings.view_database(name), name)
    try:
        return len(database.rows(sa.select(parked)))
    finally:
        database.close()
