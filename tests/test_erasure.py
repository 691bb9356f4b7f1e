"""An erased person is nowhere any more; everything else is as it was (T39)."""

from __future__ import annotations

import json
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.demo import catalogue, federation, month
from gateway.demo.client import Api, Http
from gateway.demo.load import ZONE
from gateway.demo.month import Stage
from grenier_infra.launcher import broker
from grenier_infra.launcher.testing import installation
from tests.canary import EMAIL, FIRST, LAST, TRACES, Canary, settle_in, take_part, traces_in
from tests.house_app import Site
from tests.lived_month import Lived, ShortWire, live


@pytest.fixture(scope="module")
def gone(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lived, Canary, dict[str, Any], str]:
    """A month with a canary in it, erased; what everybody else saw before, and the canary's token."""
    lived = live(Site(tmp_path_factory.mktemp("erasure")))
    group, api = lived.groups[0], lived.stage.api
    canary = settle_in(api, group)
    take_part(api, group, canary, lived.current_cycles[0].cycle_id, lived.federation.products["Comté 12 mois"])
    lived.site.tick()
    site = lived.site
    assert any(FIRST.encode() in path.read_bytes() for path in site.house.data_dir.rglob("*") if path.is_file())
    token = site.token(canary.person_id)
    site.app.extensions["grenier"].sessions.open(canary.person_id)
    site.app.extensions["grenier"].passwords.set(canary.person_id, "une phrase assez longue pour tous")
    before = books(Api(ShortWire(site)), lived, canary)
    lived.as_(lived.federation.central).delete(f"/persons/{canary.person_id}")
    return lived, canary, before, token


def books(api: Api, lived: Lived, canary: Canary) -> dict[str, Any]:
    """Trial balances, and the statements of all other households, word for word."""
    found: dict[str, Any] = {}
    for group in lived.groups:
        treasurer = lived.as_(group.treasurer)
        found[group.group_id] = treasurer.get(f"/groups/{group.group_id}/trial-balance")
        for household in group.households:
            found[household.household_id] = treasurer.get(f"/households/{household.household_id}/statement")
        members = lived.as_(group.organiser).get(f"/groups/{group.group_id}/members")["households"]
        found[f"members of {group.group_id}"] = [
            home for home in members if home["household_id"] != canary.household_id
        ]
    return found


def test_no_byte_is_left(gone: tuple[Lived, Canary, dict[str, Any], str]) -> None:
    house = gone[0].site.house
    events = [(f"{event.type} at {event.position}", event.data + event.metadata) for event in house.log.read_all()]
    assert traces_in(house.data_dir, events) == []


def test_the_books_and_everybody_else_are_as_before(gone: tuple[Lived, Canary, dict[str, Any], str]) -> None:
    lived, canary, before, _ = gone
    after = books(lived.stage.api, lived, canary)
    assert json.dumps(after, sort_keys=True) == json.dumps(before, sort_keys=True)
    names = [
        person["name"] for row in after.values() if isinstance(row, list) for home in row for person in home["persons"]
    ]
    assert len(names) >= 18
    assert all(name.strip() for name in names)


def test_a_replay_gives_the_same_without_the_key(gone: tuple[Lived, Canary, dict[str, Any], str]) -> None:
    house = gone[0].site.house
    for name in house.rooms:
        assert house.dump(name) == house.rebuilt_dump(name), name


def test_the_erased_come_in_nowhere(gone: tuple[Lived, Canary, dict[str, Any], str]) -> None:
    lived, canary, _, token = gone
    client = lived.site.app.test_client()
    assert client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    with sqlite3.connect(lived.site.house.data_dir / "auth.sqlite") as db:
        for table in ("credentials", "magic_links", "sessions", "tokens", "preferences"):
            found = db.execute(f"SELECT count(*) FROM {table} WHERE person_id = ?", (canary.person_id,)).fetchone()
            assert found == (0,), table


def test_erasing_again_is_harmless(gone: tuple[Lived, Canary, dict[str, Any], str]) -> None:
    lived, canary, _, _ = gone
    head = lived.site.house.log.head()
    client = lived.site.client(lived.federation.central)
    assert client.delete(f"/api/v1/persons/{canary.person_id}").status_code == 200
    assert lived.site.house.log.head() == head


def test_who_is_left_sees_no_name(gone: tuple[Lived, Canary, dict[str, Any], str]) -> None:
    lived, canary, _, _ = gone
    group = lived.groups[0]
    client = lived.site.client(group.organiser)
    pages = [
        f"/groupes/{group.group_id}/membres", f"/groupes/{group.group_id}/membres/{canary.household_id}",
        f"/groupes/{group.group_id}/comptes", f"/groupes/{group.group_id}/messages", f"/groupes/{group.group_id}/benevoles",
        f"/groupes/{group.group_id}/demandes", f"/api/v1/groups/{group.group_id}/applications",
    ]  # fmt: skip
    for page in pages:
        answer = client.get(page)
        assert answer.status_code in (200, 404), page
        assert not [trace for trace in TRACES if trace in answer.get_data()], page


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.skipif(broker.program() is None, reason="RabbitMQ is not installed")
def test_no_byte_is_left_of_a_running_installation(tmp_path: Path) -> None:
    """Event node, broker, mailbox, mirrors, logs: within a minute the canary is gone from all of them."""
    with installation(tmp_path, demo=True, GRENIER_DEMO_LOAD="0") as running:
        api = Api(Http(running.url))
        stage = Stage(api, federation.found(api, 1, households=5))
        today = datetime.now(UTC).astimezone(ZONE)
        calendar = month.calendar_of(today, 1, 8, 15)
        month.import_products(stage, catalogue.products(), (today - timedelta(days=60)).date().isoformat())
        month.release(stage, calendar)
        cycles = month.schedule(stage, calendar, {})
        stage.move_to(calendar.opens_at + timedelta(minutes=1))
        month.wait_for(stage, calendar, "open")
        group = stage.federation.groups[0]
        canary = settle_in(api, group)
        stage.until(
            "an activity", lambda: api.as_(canary.person_id).get(f"/groups/{group.group_id}/activities")["activities"]
        )
        take_part(api, group, canary, cycles[0].cycle_id, sorted(stage.federation.products.values())[0])
        mailbox = running.data / "mailbox.sqlite"
        stage.until("a mail to the canary", lambda: EMAIL.encode() in mailbox.read_bytes() + _wal(mailbox))
        stage.central.delete(f"/persons/{canary.person_id}")
        until = time.monotonic() + 60
        while (left := traces_in(tmp_path)) and time.monotonic() < until:
            time.sleep(1)
        assert left == []
        names = api.as_(group.organiser).get(f"/groups/{group.group_id}/members")["households"]
        assert all(person["name"] for home in names for person in home["persons"])
        assert LAST not in str(names)


def _wal(path: Path) -> bytes:
    wal = path.with_name(path.name + "-wal")
    return wal.read_bytes() if wal.exists() else b""
