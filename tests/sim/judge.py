"""What must hold when a run has come to rest; each judge answers what broke its promise.

The figures are folded here from the events alone, on another road than the product's own state and views.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

from grenier.runtime import derived_id
from notify_svc import message
from tests.sim.acts_season import judge_season
from tests.sim.judge_figures import books, goods, month
from tests.sim.judge_views import check_views

if TYPE_CHECKING:
    from grenier.log.protocol import Recorded
    from tests.sim.world import World

# Calls of several commands: what stands when they were refused half way is finished by repeating them.
SEVERAL = ("enrol_household", "request_membership", "decide_application", "announce_negative", "erase_person")


def judge(world: World) -> list[str]:
    return [
        *identities(world),
        *acknowledged(world),
        *refused(world),
        *life_cycles(world),
        *consequences(world),
        *books(world),
        *goods(world),
        *month(world),
        *judge_season(world),
        *mails(world),
        *feed(world),
        *check_views(world),
    ]


def identities(world: World) -> list[str]:
    """Each command stands once: in one stream, in one piece, its event ids counted from its own id."""
    problems = []
    twice = [key for key, count in Counter(each.id for each in world.log.everything()).items() if count > 1]
    problems += [f"event id twice: {key}" for key in twice]
    for command, events in world.log.by_command.items():
        if not command:
            continue
        first = events[0]
        whole = all(
            (each.stream, each.revision, each.id)
            == (first.stream, first.revision + n, uuid5(UUID(command), f"{n}/{each.data.decode()}"))
            for n, each in enumerate(events)
        )
        if not whole:
            problems.append(
                f"command {command} is not in one piece: {[(e.stream, e.revision, e.type) for e in events]}"
            )
    return problems


def acknowledged(world: World) -> list[str]:
    """What was answered stands where the answer says; entries and sign-offs that were promised are there."""
    problems = []
    entries = {getattr(fact, "entry_id", "") for kind in world.log.by_type for fact in world.log.facts(kind)
               if kind.startswith("ledger.")}  # fmt: skip
    for told in world.clients.told:
        answer = told.answer
        if answer is None or told.idle:
            continue
        events = world.log.by_command.get(told.command_id, ())
        if events and (events[-1].revision, events[-1].position) != (answer["version"], answer["position"]):
            problems.append(f"{world.describe(told)} was promised at {answer}, stands at {events[-1].position}")
        if answer.get("entry_id") and answer["entry_id"] not in entries:
            problems.append(f"{world.describe(told)} was acknowledged, its entry is not in the log")
        if told.method == "confirm_order":
            problems += _order_stands(world, told, answer)
    return problems


def _order_stands(world: World, told: object, answer: dict[str, int]) -> list[str]:
    """At the version that was answered the household's order was what was asked for, the whole of it."""
    payload = told.payload  # type: ignore[attr-defined]
    standing: dict[str, int] = {}
    for recorded in world.log.read(f"cycle-{payload['cycle_id']}")[: answer["version"] + 1]:
        fact = world.log.fact(recorded).event
        if getattr(fact, "household_id", "") == payload["household_id"]:
            standing = {line.product_id: line.quantity for line in getattr(fact, "lines", ())}
        for change in getattr(fact, "changes", ()):
            if change.household_id == payload["household_id"]:
                standing[change.product_id] = change.to_quantity
    asked: Counter[str] = Counter()
    for line in payload["lines"]:
        asked[line["product_id"]] += line["quantity"]
    if standing != asked:
        return [f"{world.describe(told)} was acknowledged; {standing} stands"]  # type: ignore[arg-type]
    return []


def refused(world: World) -> list[str]:
    """What was refused is not in the log, but for an append that was still on its way when its sender was refused."""
    return [
        f"{world.describe(told)} was refused ({told.refused}) and stands in the log"
        for told in world.clients.told
        if told.refused and told.answer is None and told.method not in SEVERAL and not told.late
        and world.log.by_command.get(told.command_id)
    ]  # fmt: skip


ONCE = {
    "cycle": ("cycle-scheduled", "cycle-opened", "closing-announced", "cycle-closed", "aggregation-frozen"),
    "window": ("window-scheduled", "window-aggregated"),
    "distribution": ("distribution-planned", "distribution-closed"),
    "till": ("till-opened", "till-closed"),
    "message": ("message-requested", "message-sent"),
    "supplier_order": ("supplier-order-placed", "supplier-order-sent", "supplier-order-acknowledged"),
    "delivery": ("delivery-dispatched",),
    "activity": ("activity-planned",),
}
# Nothing of these follows in the same stream.
ENDS = {
    "orders.cycle-closed": ("orders.order-confirmed", "orders.order-amended", "orders.order-cancelled"),
    "orders.aggregation-frozen": ("orders.orders-regulated",),
    "ledger.till-closed": ("ledger.",),
    "notify.message-sent": ("notify.message-sent", "notify.message-failed"),
    "logistics.distribution-closed": (
        "logistics.signed-off",
        "logistics.sign-off-undone",
        "logistics.delivery-received",
    ),
}


def life_cycles(world: World) -> list[str]:
    """Each stream goes through its stages in their order, and nothing happens behind an end."""
    streams: dict[str, list[Recorded]] = defaultdict(list)
    for recorded in world.log.everything():
        streams[recorded.stream].append(recorded)
    problems = []
    for stream, events in streams.items():
        if [each.revision for each in events] != list(range(len(events))):
            problems.append(f"{stream}: revisions {[each.revision for each in events]}")
        stages = ONCE.get(stream.partition("-")[0], ())
        seen = [stages.index(name) for each in events if (name := each.type.partition(".")[2]) in stages]
        if seen != sorted(set(seen)):
            problems.append(f"{stream} went through {[stages[each] for each in seen]}")
        problems += _behind_the_end(stream, events) + _alternating(world, stream, events)
    return problems


def _behind_the_end(stream: str, events: list[Recorded]) -> list[str]:
    over: tuple[str, ...] = ()
    problems = []
    for each in events:
        if over and each.type.startswith(over):
            problems.append(f"{stream}: {each.type} after the end")
        over += ENDS.get(each.type, ())
    return problems


def _alternating(world: World, stream: str, events: list[Recorded]) -> list[str]:
    """Signing off and undoing it take turns, household by household."""
    signed: set[str] = set()
    for each in events:
        if each.type in ("logistics.signed-off", "logistics.sign-off-undone"):
            household_id = world.log.fact(each).event.household_id  # type: ignore[attr-defined]
            if (household_id in signed) == (each.type == "logistics.signed-off"):
                return [f"{stream}: {each.type} twice for {household_id}"]
            signed ^= {household_id}
    return []


def consequences(world: World) -> list[str]:
    """What follows from a fact has followed, exactly once, under the id that derives from the fact."""
    log = world.log
    wanted: list[tuple[str, str, str]] = []
    for kind, key, policies in (
        ("orders.aggregation-frozen", lambda e: e.window_id, ("note-frozen",)),
        ("orders.aggregation-frozen", lambda e: derived_id(e.cycle_id, "delivery"), ("plan-pallets",)),
        ("orders.aggregation-frozen", lambda e: derived_id(e.cycle_id, "distribution"), ("plan-distribution",)),
        ("logistics.signed-off", lambda e: e.household_id, ("charge-signed-goods",)),
        ("logistics.stock-passed-on", lambda e: e.to_distribution_id, ("take-over-stock",)),
    ):
        for recorded in log.by_type.get(kind, ()):
            event = log.fact(recorded).event
            if kind == "orders.aggregation-frozen" and policies == ("plan-pallets",) and not event.totals:  # type: ignore[attr-defined]
                continue
            wanted += [(recorded.type, derived_id(str(recorded.id), f"{policy}/{key(event)}"), policy)  # type: ignore[no-untyped-call]
                       for policy in policies]  # fmt: skip
    problems = [
        f"{kind}: {policy} has not followed" for kind, command, policy in wanted if not log.by_command.get(command)
    ]
    groups = sum(len(each.groups) for each in log.facts("orders.window-scheduled"))
    for kind in ("orders.cycle-scheduled", "matching.activity-planned"):
        if len(log.by_type.get(kind, ())) != groups:
            problems.append(f"{len(log.by_type.get(kind, ()))} times {kind} for {groups} groups in windows")
    return problems


def mails(world: World) -> list[str]:
    """Each mail at least once, and again only where a mailer was cut off between sending and recording."""
    problems = []
    for requested in world.log.facts("notify.message-requested"):
        if requested.channel != "email":
            continue
        key = requested.message_id
        state = world.state(message.decider, key)
        taken = world.post.taken.get(key, 0)
        if state.waits_to_be_sent:
            problems.append(f"mail {key} is neither sent nor given up")
        if state.sent and not taken:
            problems.append(f"mail {key} is recorded as sent, the server never had it")
        if taken > 1 + world.interrupted[key]:
            problems.append(f"mail {key} was sent {taken} times, cut off {world.interrupted[key]} times")
    return problems


def feed(world: World) -> list[str]:
    """Every public event reaches the feed; first arrivals are in the order of the log."""
    from grenier.feed import to_cloudevent

    public = [event["id"] for recorded in world.log.everything()[world.fed_from :]
              if (event := to_cloudevent(recorded)) is not None]  # fmt: skip
    first = list(dict.fromkeys(world.broker.feed))
    return (
        [] if first == public else [f"the feed has {len(first)} events in another order or number than {len(public)}"]
    )
