"""T10, with services N and N-1 mixed: while an installation is renewed process by process, old and new programs meet.

The program under test plays the old one: the log holds events that a newer program wrote (a kind that is not in the
vocabulary, a version above today's, a field that the class does not have), or views of another version lie beside it.
"Renewed" is the same program with the new kind entered into its vocabulary.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import msgspec
import pytest
import sqlalchemy as sa

from grenier import runtime as runtimes
from grenier.clock import FixedClock
from grenier.config import Settings
from grenier.decider import Decider
from grenier.doors import Context, dispatch, door
from grenier.errors import Unavailable
from grenier.handling import Meta
from grenier.language import ENTRIES
from grenier.language.matching import VolunteerSignedUp
from grenier.language.registry import Entry, Event, encode, name_of
from grenier.log import NewEvent
from grenier.log.memory import MemoryLog
from grenier.parking import Repairs, ask_again, waiting
from grenier.projector import Projector, positions
from grenier.readmodel import Database, Fact, Rows, View
from grenier.rebuild import renew
from grenier.relay import _readable
from grenier.rpc_client import _answer
from grenier.rpc_wire import protocol_error
from grenier.runtime import Policy, Runtime, Service, read
from grenier.testing import NOON, House, refused
from grenier.worker import PolicyConsumer, ViewConsumer
from grenier_infra.launcher.restart import turn

pytestmark = pytest.mark.proof("T10")

NEW_KIND = "matching.volunteer-praised"


class VolunteerPraised(Event, frozen=True, kw_only=True):
    """What the next version will know."""

    person_id: str


_meta = sa.MetaData()
people = sa.Table("people", _meta, sa.Column("person_id", sa.Text, primary_key=True), sa.Column("slots", sa.Integer))
praised = sa.Table("praised", _meta, sa.Column("person_id", sa.Text, primary_key=True), sa.Column("times", sa.Integer))


def apply(rows: Rows, fact: Fact) -> None:
    if isinstance(fact.event, VolunteerSignedUp):
        rows.add(people, fact.event.person_id, slots=1)


def apply_praise(rows: Rows, fact: Fact) -> None:
    if isinstance(fact.event, VolunteerPraised):
        rows.add(praised, fact.event.person_id, times=1)


VIEW = View("people", (people,), ("matching.volunteer-",), apply)
PRAISE = View("praised", (praised,), ("matching.volunteer-",), apply_praise)
COUNT: Decider[int, VolunteerSignedUp, VolunteerSignedUp] = Decider("volunteer", 0, lambda _state, command: [command], lambda state, _event: state + 1)  # fmt: skip


class Doors:
    name = "toys"

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    @door
    def sign_up(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        return self._runtime.tell(COUNT, payload["person_id"], signed_up(payload["person_id"]), context)

    @door
    def slots(self, _payload: dict[str, Any], _context: Context) -> dict[str, Any]:
        return {"people": self._runtime.db.rows(sa.select(people))}


def signed_up(person: str) -> VolunteerSignedUp:
    return VolunteerSignedUp(activity_id="a", group_id="g", slot_id="s", person_id=person)


class Toys:
    """A service of one view, one policy and two doors, with the log that everybody writes to."""

    def __init__(self, folder: Path, *views: View) -> None:
        self.log, self.acted = MemoryLog(), []
        policy = Policy("note", ("matching.volunteer-",), lambda _runtime, fact: self.acted.append(fact.name))
        self.settings = Settings(data_dir=folder, kek=bytes(32))
        self.db = Database(self.settings.view_database("toys"), "toys")
        self.service = self.version(*(views or (VIEW,)), policy=policy)
        self.begin(self.service)

    def version(self, *views: View, policy: Policy | None = None) -> Service:
        return Service("toys", views, Doors, (policy,) if policy else self.service.policies)

    def begin(self, service: Service) -> None:
        """A worker and a host of this version are started."""
        self.service = service
        self.projector = Projector(self.db, service.all_views)
        self.runtime = Runtime(self.settings, service, self.log, FixedClock(NOON), self.db)
        self.doors = service.open_doors(self.runtime)
        mirror: Any = SimpleNamespace(extend=lambda *_: None)
        self.views = ViewConsumer(self.projector, mirror, "toys")
        self.policies = PolicyConsumer(self.runtime, self.views, service.policies)

    def write(self, stream: str, kind: str, body: bytes, v: int = 1) -> None:
        self.log.append(stream, [NewEvent(uuid4(), kind, body, msgspec.json.encode(Meta(v=v)))], expected=len(self.log.read(stream)) - 1)  # fmt: skip

    def happen(self, person: str) -> None:
        self.write(f"volunteer-{person}", name_of(VolunteerSignedUp), encode(signed_up(person)))

    def praise(self, person: str) -> None:
        self.write(f"volunteer-{person}", NEW_KIND, msgspec.json.encode({"person_id": person}))

    def follow(self) -> None:
        after = self.projector.position()
        batch = list(self.log.read_all(after=None if after < 0 else after, types=["matching."]))
        for consumer in (self.views, self.policies):
            consumer.take(batch, batch[-1].position if batch else after)

    def repair(self) -> None:
        """What a worker that begins asks of itself when anything is parked."""
        repairs = Repairs(self.runtime, self.log, self.projector, self.views.lock, self.policies.parking)
        if waiting(self.db):
            ask_again(self.db)
        repairs.look()

    def slots(self) -> dict[str, int]:
        return {row["person_id"]: row["slots"] for row in self.db.rows(sa.select(people))}

    def call(self, method: str, **payload: Any) -> dict[str, Any]:
        return dispatch(self.doors, method, payload, {"actor": "p", "command_id": str(uuid4())})


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toys:
    monkeypatch.setattr(runtimes, "LONGEST_WAIT_S", 0.05)
    return Toys(tmp_path)


@pytest.fixture
def renewed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Calling it enters the new kind into the vocabulary."""

    def enter() -> None:
        entry = Entry(NEW_KIND, VolunteerPraised, 1, None, msgspec.json.Decoder(VolunteerPraised))
        monkeypatch.setitem(ENTRIES, NEW_KIND, entry)

    return enter


# -- (a) events from the future ------------------------------------------------------------------------------------


def test_an_old_worker_goes_on_past_an_event_that_it_does_not_know_and_its_stream_waits(toys: Toys) -> None:
    toys.happen("ana")
    toys.praise("ana")
    toys.happen("ana")
    toys.happen("bea")
    toys.follow()
    assert toys.slots() == {"ana": 1, "bea": 1}
    assert toys.acted == [name_of(VolunteerSignedUp)] * 2, "what comes behind it in its stream waits with it"
    assert toys.projector.position() == toys.log.head(), "it has not lost its place, nor does it stand still"
    assert {(row["view"], row["stream"]) for row in waiting(toys.db)} == {
        ("people", "volunteer-ana"), ("policy:note", "volunteer-ana")}  # fmt: skip


def test_the_new_worker_takes_in_what_the_old_one_could_not_in_its_order(toys: Toys, renewed: Any) -> None:
    toys.happen("ana")
    toys.praise("ana")
    toys.happen("ana")
    toys.follow()
    renewed()
    toys.begin(toys.service)
    toys.repair()
    assert waiting(toys.db) == []
    assert toys.slots() == {"ana": 2}
    assert toys.acted == [name_of(VolunteerSignedUp), NEW_KIND, name_of(VolunteerSignedUp)]


def test_an_old_worker_that_is_started_once_more_changes_nothing(toys: Toys) -> None:
    toys.praise("ana")
    toys.happen("ana")
    toys.follow()
    before = waiting(toys.db)
    toys.begin(toys.service)
    toys.repair()
    assert waiting(toys.db) == before
    assert toys.slots() == {}


def test_a_version_above_todays_is_from_the_future_as_well(toys: Toys) -> None:
    toys.write("volunteer-ana", name_of(VolunteerSignedUp), encode(signed_up("ana")), v=99)
    toys.happen("bea")
    toys.follow()
    assert toys.slots() == {"bea": 1}
    assert len(waiting(toys.db)) == 2


def test_a_field_that_it_does_not_know_disturbs_nobody(toys: Toys) -> None:
    body = msgspec.json.decode(encode(signed_up("ana"))) | {"with_whom": "bea", "since": {"year": 2027}}
    toys.write("volunteer-ana", name_of(VolunteerSignedUp), msgspec.json.encode(body))
    toys.follow()
    assert toys.slots() == {"ana": 1}
    assert waiting(toys.db) == []
    assert msgspec.json.decode(toys.log.read("volunteer-ana")[0].data) == body, (
        "the log keeps what an old one passes over"
    )


def test_a_command_on_a_stream_from_the_future_is_told_to_come_again(toys: Toys, renewed: Any) -> None:
    toys.happen("ana")
    toys.follow()
    assert "ok" in toys.call("sign_up", person_id="ana")
    toys.praise("ana")
    error = toys.call("sign_up", person_id="ana")["error"]
    assert (error["code"], error["status"], error["facts"]["retry_after"]) == ("newer-version", 503, 2)
    assert "ok" in toys.call("sign_up", person_id="bea"), "others go on"
    assert len(toys.log.read("volunteer-ana")) == 3, "nothing was written"
    renewed()
    assert "ok" in toys.call("sign_up", person_id="ana")


def test_the_public_feed_passes_over_nothing_that_it_cannot_judge(toys: Toys, renewed: Any) -> None:
    toys.praise("ana")
    [recorded] = toys.log.read("volunteer-ana")
    with pytest.raises(Exception, match=NEW_KIND):
        _readable(recorded)
    renewed()
    assert _readable(recorded) is None, "known, and not public"


# -- (b) doors and payloads from the future ------------------------------------------------------------------------


def test_a_door_of_the_other_version_is_a_503_in_both_hosts(toys: Toys) -> None:
    error = toys.call("praise")["error"]
    assert (error["code"], error["status"], error["facts"]["retry_after"]) == ("unknown-method", 503, 2)
    told = refused(_answer, "toys", "praise", {"result": None, "error": protocol_error("MethodNotFound", "praise")})
    assert (type(told), told.code, told.facts["retry_after"]) == (Unavailable, "unknown-method", 2)


def test_a_field_of_the_other_version_is_refused_by_name_and_never_dropped() -> None:
    """Old doors do not carry out half of what a newer caller asked."""
    silent = []
    for name in ("contracts", "orders", "ledger", "logistics", "notify", "matching"):
        package = f"{name}_svc"
        __import__(f"{package}.wiring")
        for module in [each for key, each in sys.modules.items() if key.startswith(f"{package}.") and each is not None]:
            if ".doors" not in module.__name__ and ".questions" not in module.__name__:
                continue
            for kind in vars(module).values():
                ours = (
                    isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__module__ == module.__name__
                )
                if ours and not kind.__struct_config__.forbid_unknown_fields:
                    silent.append(f"{module.__name__}.{kind.__name__}")
    assert silent == []


class Asked(msgspec.Struct, forbid_unknown_fields=True):
    person_id: str


def test_the_refusal_names_the_field() -> None:
    told = refused(read, Asked, {"person_id": "ana", "with_whom": "bea"})
    assert told.status == 422
    assert "with_whom" in str(told.facts["fields"])


def test_context_that_it_does_not_know_is_passed_over(toys: Toys) -> None:
    answer = dispatch(toys.doors, "slots", {}, {"actor": "p", "mood": "new"})
    assert answer == {"ok": {"people": []}}


# -- (c) views of two versions -------------------------------------------------------------------------------------


def test_old_doors_go_on_reading_views_that_a_new_worker_has_made_anew(toys: Toys) -> None:
    toys.happen("ana")
    toys.follow()
    old = toys.doors
    more = sa.Table("people", sa.MetaData(), sa.Column("person_id", sa.Text, primary_key=True), sa.Column("slots", sa.Integer), sa.Column("mood", sa.Text))  # fmt: skip
    made_anew = View("people", (more,), VIEW.reads, lambda rows, fact: rows.put(more, person_id=fact.event.person_id, slots=1), 2)  # type: ignore[attr-defined]  # fmt: skip
    assert renew(toys.version(made_anew), toys.settings, toys.log, toys.db) == ["people"]
    assert dispatch(old, "slots", {}, {}) == {"ok": {"people": [{"person_id": "ana", "slots": 1}]}}


def test_doors_say_503_where_the_views_have_the_shape_of_the_other_version(toys: Toys) -> None:
    toys.happen("ana")
    toys.follow()
    old = toys.doors
    other = sa.Table("people", sa.MetaData(), sa.Column("person_id", sa.Text, primary_key=True), sa.Column("places", sa.Integer))  # fmt: skip
    made_anew = View("people", (other,), VIEW.reads, lambda rows, fact: rows.put(other, person_id=fact.event.person_id, places=1), 2)  # type: ignore[attr-defined]  # fmt: skip
    renew(toys.version(made_anew), toys.settings, toys.log, toys.db)
    error = dispatch(old, "slots", {}, {})["error"]
    assert (error["code"], error["status"], error["facts"]["retry_after"]) == ("view-behind", 503, 2)


def test_a_fault_is_a_fault_when_the_versions_are_the_same(toys: Toys) -> None:
    toys.happen("ana")
    toys.follow()
    assert toys.call("sign_up")["error"]["code"] == "internal"


def test_new_doors_wait_for_a_view_that_the_old_worker_does_not_keep(toys: Toys, renewed: Any) -> None:
    """Its empty table would say that there is nothing."""
    toys.happen("ana")
    toys.follow()
    renewed()
    toys.praise("ana")
    new = toys.version(VIEW, PRAISE)
    toys.db.create(new.views[1].tables)
    runtime = Runtime(toys.settings, new, toys.log, FixedClock(NOON), toys.db)
    error = dispatch(new.open_doors(runtime), "slots", {}, {})["error"]
    assert (error["code"], error["status"]) == ("view-behind", 503)
    assert renew(new, toys.settings, toys.log, toys.db) == ["praised"]
    assert "ok" in dispatch(new.open_doors(runtime), "slots", {}, {})
    assert "ok" in dispatch(toys.doors, "slots", {}, {}), "and the old ones are not disturbed by it"
    stored = {row["name"] for row in toys.db.rows(sa.select(positions))}
    assert {"people", "praised"} <= stored


def test_an_old_shadow_is_not_put_in_the_place_of_new_views(toys: Toys) -> None:
    from grenier.shadow import Shadow

    Shadow(toys.service, toys.settings, toys.service.all_views).close()
    raised = View(VIEW.name, VIEW.tables, VIEW.reads, VIEW.apply, VIEW.version + 1)
    with pytest.raises(ValueError, match="another version"):
        Shadow(toys.version(raised), toys.settings, [raised], begun=True)


# -- the order in which they are renewed ---------------------------------------------------------------------------


def test_views_are_renewed_before_the_doors_that_read_them_and_people_last(tmp_path: Path) -> None:
    from grenier_infra.launcher.table import LAYOUTS, Own, processes

    for layout in LAYOUTS:
        settings = Settings(data_dir=tmp_path, kek=bytes(32), layout=layout, gateway_workers=2)
        names = sorted([one.name for one in processes(settings, Own(broker=False, event_node=True, mailbox=True))], key=turn)  # fmt: skip
        verbs = [name.partition("-")[0] for name in names]
        assert names[:2] == ["eventnode", "mailbox"]
        assert max(at for at, verb in enumerate(verbs) if verb == "work") < verbs.index("serve")
        assert max(at for at, verb in enumerate(verbs) if verb != "gateway") < verbs.index("gateway")


def test_the_house_has_no_door_without_the_look_at_versions(tmp_path: Path) -> None:
    house = House(tmp_path, "ledger")
    assert house.rooms["ledger"].doors.between_versions() is False
