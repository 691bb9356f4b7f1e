"""The worker over a real node: follows, reacts once, survives the node's death, waits for what was written."""

import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from grenier import standing as standing_module
from grenier import worker as worker_module
from grenier.clock import SystemClock
from grenier.config import Settings
from grenier.decider import Decider
from grenier.doors import Context
from grenier.errors import Rejected, Unavailable
from grenier.handling import Handler, Trace
from grenier.health import HEALTH
from grenier.language import contracts, matching
from grenier.log.esdb import EsdbLog
from grenier.log.protocol import LogUnavailable
from grenier.metrics import VIEW_LAG_EVENTS, VIEW_LAG_SECONDS
from grenier.overview import Component, _follower, _inside
from grenier.readmodel import Database, Fact, Rows, View, dump
from grenier.rebuild import rebuild
from grenier.runtime import Policy, Runtime, Service, Timer
from grenier.worker import ServiceWorker
from grenier_infra.eventnode.testing import RunningNode, running_node

meta = sa.MetaData()
people = sa.Table("people", meta, sa.Column("person_id", sa.Text, primary_key=True), sa.Column("slots", sa.Integer))


def apply(rows: Rows, fact: Fact) -> None:
    if isinstance(fact.event, matching.VolunteerSignedUp):
        rows.add(people, fact.event.person_id, slots=1)


view = View("people", (people,), ("matching.volunteer-",), apply)
notes: Decider[int, contracts.PersonErased, contracts.PersonErased] = Decider(
    "note", 0, lambda state, command: [] if state else [command], lambda state, event: state + 1
)
ticks: list[float] = []


def note(runtime: Runtime, fact: Fact) -> None:
    assert isinstance(fact.event, matching.VolunteerSignedUp)
    runtime.react(notes, fact.event.person_id, contracts.PersonErased(person_id=fact.event.person_id), fact, "note")


SERVICE = Service(
    "toys",
    (view,),
    lambda runtime: None,
    policies=(Policy("note", ("matching.volunteer-signed-up",), note),),
    timers=(Timer("tick", lambda runtime: ticks.append(time.monotonic()), every_s=0.05),),
)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningNode]:
    with running_node(tmp_path_factory.mktemp("node") / "log.sqlite") as running:
        yield running


@pytest.fixture
def settings(tmp_path: Path, node: RunningNode) -> Settings:
    sys.modules["toys_svc"], sys.modules["toys_svc.wiring"] = (
        types.ModuleType("toys_svc"),
        types.ModuleType("toys_svc.wiring"),
    )
    sys.modules["toys_svc.wiring"].service = lambda: SERVICE  # type: ignore[attr-defined]
    return Settings(data_dir=tmp_path, esdb_uri=node.uri, kek=bytes(32))


@pytest.fixture
def event_log(node: RunningNode) -> Iterator[EsdbLog]:
    log = EsdbLog(node.uri, timeout_s=20.0)
    yield log
    log.close()


def sign_up(log: EsdbLog, activity: str, person: str) -> int:
    decider: Decider[int, matching.VolunteerSignedUp, matching.VolunteerSignedUp] = Decider(
        "activity", 0, lambda state, command: [command], lambda state, event: state + 1
    )
    event = matching.VolunteerSignedUp(activity_id=activity, group_id="g", slot_id="s", person_id=person)
    trace = Trace(command_id=str(uuid4()), actor="t")
    return Handler(log, SystemClock()).execute(decider, activity, event, trace).position


def until(check: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def follows(worker: ServiceWorker) -> bool:
    try:
        return worker.healthy() == "following"
    except RuntimeError:
        return False


def slots(db: Database, person: str) -> int:
    row = db.row(sa.select(people.c.slots).where(people.c.person_id == person))
    return row["slots"] if row else 0


def test_follows_reacts_once_survives_and_rebuilds_equal(
    node: RunningNode, settings: Settings, event_log: EsdbLog
) -> None:
    tag = uuid4().hex
    ana, activity = f"ana-{tag}", f"a-{tag}"
    sign_up(event_log, activity, ana)
    worker = ServiceWorker(SERVICE, settings, EsdbLog(node.uri))
    worker.start()
    db = Database(settings.view_database("toys"), "toys")
    try:
        until(lambda: worker._followers != [])
        until(lambda: slots(db, ana) == 1)
        until(lambda: len(event_log.read(f"note-{ana}")) == 1)
        until(lambda: len(ticks) > 3)
        node.kill()
        time.sleep(0.3)
        node.start()
        for number in range(20):
            sign_up(event_log, activity, f"{ana}-{number % 4}")
        until(lambda: all(slots(db, f"{ana}-{number}") == 5 for number in range(4)))
        until(lambda: all(len(event_log.read(f"note-{ana}-{number}")) == 1 for number in range(4)))
        until(lambda: follows(worker))
    finally:
        worker.stop()
    live = dump(db, [people])
    rebuild("toys", settings)
    assert dump(db, [people]) == live
    for file in (settings.data_dir / "mirror").iterdir():
        file.unlink()
    rebuild("toys", settings)
    assert dump(db, [people]) == live


def test_the_second_worker_stands_by_and_takes_over(node: RunningNode, settings: Settings, event_log: EsdbLog) -> None:
    first, second = (ServiceWorker(SERVICE, settings, EsdbLog(node.uri)) for _ in range(2))
    # Two workers of one process share a pid: the second one must look like another process.
    second._owner = lambda: "elsewhere:1"  # type: ignore[method-assign]
    db = Database(settings.view_database("toys"), "toys")
    first.start()
    until(lambda: first._followers != [])
    second.start()
    time.sleep(0.5)
    assert second.healthy() == "standing by"
    with pytest.raises(Rejected) as refused:
        second.hold_lease()
    assert refused.value.code == "worker-active"
    first.stop()
    until(lambda: second._followers != [])
    person = f"p-{uuid4().hex}"
    sign_up(event_log, person, person)
    until(lambda: slots(db, person) == 1)
    second.stop()


class AwayLog:
    """A log that does not answer until `back`, and is empty then."""

    def __init__(self) -> None:
        self.back = threading.Event()

    def head(self) -> int | None:
        if not self.back.is_set():
            raise LogUnavailable("away")
        return None

    def subscribe(self, **_: object) -> None:
        raise LogUnavailable("away")


def test_a_worker_that_finds_neither_views_nor_the_log_waits_for_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(worker_module.os, "kill", lambda _pid, number: ended.append(number))
    monkeypatch.setattr(worker_module, "RENEW_EVERY_S", 0.05)
    away = AwayLog()
    worker = ServiceWorker(SERVICE, settings, away)  # type: ignore[arg-type]
    worker.start()
    try:
        until(lambda: worker._filling is not None and worker._filling.trouble != "")
        time.sleep(0.1)
        assert (ended, worker._followers) == ([], [])
        with pytest.raises(RuntimeError, match="views wait: log unavailable"):
            worker.healthy()
        away.back.set()
        until(lambda: worker._followers != [])
    finally:
        worker.stop()


def test_the_lease_is_kept_while_lost_views_are_filled(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    filled = threading.Event()
    monkeypatch.setattr(worker_module, "LEASE_S", 0.6)
    monkeypatch.setattr(worker_module, "RENEW_EVERY_S", 0.1)
    monkeypatch.setattr(worker_module, "renew", lambda *_: filled.wait(10))
    worker = ServiceWorker(SERVICE, settings, AwayLog())  # type: ignore[arg-type]
    db = Database(settings.view_database("toys"), "toys")
    db.create([worker_module.leases])
    worker.start()
    try:
        until(lambda: bool(db.rows(sa.select(worker_module.leases))))
        time.sleep(1.0)
        [lease] = db.rows(sa.select(worker_module.leases))
        assert lease["until"] > time.time()
    finally:
        filled.set()
        worker.stop()


def test_a_worker_that_is_stopped_while_it_fills_views_follows_nothing_afterwards(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    filling, filled = threading.Event(), threading.Event()

    def slowly(*_: Any) -> None:
        filling.set()
        filled.wait(10)

    monkeypatch.setattr(worker_module, "renew", slowly)
    worker = ServiceWorker(SERVICE, settings, AwayLog())  # type: ignore[arg-type]
    worker.start()
    assert filling.wait(10)
    stopped = threading.Thread(target=worker.stop)
    stopped.start()
    assert worker.stopping.wait(10)
    filled.set()
    stopped.join(10)
    until(lambda: not any(thread.is_alive() for thread in worker._threads))
    assert worker._followers == []


def test_a_worker_that_fills_views_says_so_and_how_far_it_is(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled = threading.Event()

    def slowly(*given: Any) -> None:
        given[-1](1_200, 4_000, 0.1)
        filled.wait(10)

    monkeypatch.setattr(worker_module, "renew", slowly)
    worker = ServiceWorker(SERVICE, settings, AwayLog())  # type: ignore[arg-type]
    worker.start()
    try:
        until(lambda: worker._filling is not None and "1200" in worker._filling.words())
        well, told = HEALTH.ready()
        assert not well
        assert told["checks"]["work-toys"]["detail"] == "RuntimeError: filling views: 1200 of about 4000 events"
        facts = told["facts"]["views-toys"]["detail"]
        assert (facts["filling"], facts["lag_events"]) == ({"events": 1200, "of": 4000}, 2800)
        component = _follower("view", Component("process", "not-ready"), facts)
        assert component.state == "behind", "named at once, not after a while"
        assert VIEW_LAG_EVENTS.labels("toys")._value.get() == 2800
    finally:
        filled.set()
        worker.stop()
        HEALTH.remove("work-toys")


def test_what_fails_by_the_clock_is_named_until_it_succeeds_and_waiting_for_a_server_is_no_failure(
    node: RunningNode, settings: Settings
) -> None:
    trouble: dict[str, Exception | None] = {
        "broken": KeyError("g"),
        "may-not-read": PermissionError("file"),
        "waits": LogUnavailable("away"),
        "waits-too": ConnectionRefusedError("broker"),
    }

    def act(name: str) -> None:
        if (error := trouble[name]) is not None:
            raise error

    timers = tuple(Timer(name, lambda _runtime, name=name: act(name), every_s=0.05) for name in trouble)
    worker = ServiceWorker(
        Service("toys", (view,), lambda runtime: None, timers=timers), settings, EsdbLog(node.uri, timeout_s=20.0)
    )
    worker.start()
    try:
        until(lambda: "timers-toys" in HEALTH._facts and len(HEALTH._facts["timers-toys"]()) == 2)
        process = Component("process", facts={"timers-toys": HEALTH._facts["timers-toys"]()})
        named = _inside("work-toys", process)["timers-toys"]
        assert named.state == "failing"
        assert sorted(named.problems) == ["broken: KeyError", "may-not-read: PermissionError"]
        trouble["broken"] = trouble["may-not-read"] = None
        until(lambda: HEALTH._facts["timers-toys"]() == {})
    finally:
        worker.stop()


def test_what_follows_is_named_when_it_is_late_though_the_views_are_not(
    node: RunningNode, settings: Settings, event_log: EsdbLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    going, tag = threading.Event(), uuid4().hex
    slow = Policy("slow", ("matching.volunteer-signed-up",), lambda _runtime, _fact: going.wait(20) and None)
    service = Service("toys", (view,), lambda runtime: None, policies=(slow,))
    monkeypatch.setattr(standing_module, "time", SimpleNamespace(time=lambda: time.time() + 30))
    worker = ServiceWorker(service, settings, EsdbLog(node.uri))
    worker.start()
    try:
        until(lambda: worker._followers != [])
        position = sign_up(event_log, f"late-{tag}", f"late-{tag}")
        db = Database(settings.view_database("toys"), "toys")
        until(lambda: slots(db, f"late-{tag}") == 1)
        until(lambda: worker._followers[0]._consumer.position() >= position)
        told = {name: {"detail": look()} for name, look in HEALTH._facts.items() if name.endswith("-toys")}
        process = Component("process", facts={name: each["detail"] for name, each in told.items()})
        found = _inside("work-toys", process)
        assert (found["views-toys"].state, found["policies-toys"].state) == ("well", "behind")
        assert VIEW_LAG_SECONDS.labels("toys policies")._value.get() > 10
    finally:
        going.set()
        worker.stop()
        HEALTH.remove("work-toys")


def test_a_query_waits_for_what_was_written_and_not_for_what_is_none_of_its_business(
    node: RunningNode, settings: Settings, event_log: EsdbLog
) -> None:
    worker = ServiceWorker(SERVICE, settings, EsdbLog(node.uri))
    runtime = Runtime.for_rpc(settings, "toys", event_log)
    worker.start()
    try:
        until(lambda: worker._followers != [])
        for _ in range(30):
            person = f"p-{uuid4().hex}"
            runtime.wait(Context(after=sign_up(event_log, person, person)))
            assert slots(runtime.db, person) == 1
        foreign = event_log.append(f"other-{uuid4().hex}", [_foreign()], expected=-1)
        runtime.wait(Context(after=foreign.position))
        runtime.wait(Context(after=2**62))  # nobody has written there: no reason to stop waiting for what was written
    finally:
        worker.stop()
    person = f"p-{uuid4().hex}"
    with pytest.raises(Unavailable) as behind:
        runtime.wait(Context(after=sign_up(event_log, person, person)))
    assert behind.value.code == "view-behind"


def _foreign():  # type: ignore[no-untyped-def]
    from grenier.handling import _new_event

    event = matching.ActivityPlanned(
        activity_id="a",
        group_id="g",
        kind="meeting",
        title="AG",
        starts_at="2026-11-26T18:00:00Z",  # type: ignore[arg-type]
        ends_at="2026-11-26T18:00:00Z",  # type: ignore[arg-type]
        place="",
        slots=[],
    )
    return _new_event(event, 0, Trace(command_id=str(uuid4()), actor="t"), "2026-11-02T12:00:00Z")


def test_roles_are_facts_like_others(node: RunningNode, settings: Settings, event_log: EsdbLog) -> None:
    from grenier.handling import _new_event

    person = f"p-{uuid4().hex}"
    event = contracts.RoleAssigned(
        assignment_id=person,
        person_id=person,
        role="treasurer",
        scope_kind="group",
        scope_id="g",
        valid_from=date(2020, 1, 1),
    )
    appended = event_log.append(
        f"roles-{person}", [_new_event(event, 0, Trace(command_id=str(uuid4()), actor="t"), "x")], expected=-1
    )
    worker = ServiceWorker(SERVICE, settings, EsdbLog(node.uri))
    worker.start()
    runtime = Runtime.for_rpc(settings, "toys", event_log)
    try:
        until(lambda: worker._followers != [])
        runtime.wait(Context(after=appended.position))
        assert runtime.access.may(person, "ledger.count", group_id="g")
        assert not runtime.access.may(person, "ledger.count", group_id="another")
    finally:
        worker.stop()
