"""Views against a replay: whatever a service went through, its rows are what the log alone gives, byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from grenier.projector import BEFORE_ALL, Projector, parked
from grenier.readmodel import Database, dump
from grenier.runtime import keys_of, load_service

if TYPE_CHECKING:
    from tests.sim.world import World

VIEWERS = ("contracts", "orders", "ledger", "logistics", "notify", "matching", "gateway")


def check_now(world: World) -> list[str]:
    """In the middle of a run: one service's rows are those of the part of the log that it has taken in."""
    name = world.rng.choice(VIEWERS)
    worker = world.workers[name]
    if not worker.alive or worker.views is None:
        return []
    position = worker.views.consumer.position()
    if any(each.position > position for each in world.log.by_type.get("contracts.person-erased", ())):
        return []  # their key is gone already, the live rows still know them: nothing to compare with
    was_calm, world.weather.is_calm = world.weather.is_calm, True
    try:
        return _compare(world, name, position, f"in step {world.number}")
    finally:
        world.weather.is_calm = was_calm


def check_views(world: World) -> list[str]:
    """In the end: every view of every service, and nothing parked."""
    problems = []
    for name in VIEWERS:
        problems += _compare(world, name, world.log.head() or BEFORE_ALL, "in the end")
        database = Database(world.settings.view_database(name), name)
        problems += [f"{name} parked {row['event']}: {row['reason']}" for row in database.rows(sa.select(parked))]
    return problems


def keep_replayed(world: World) -> None:
    """Replay the founding from nothing, once per process: runs go on from these rows."""
    for name in VIEWERS:
        if problems := _compare(world, name, world.log.head() or BEFORE_ALL, "after the founding"):
            raise AssertionError(problems)


def _compare(world: World, name: str, upto: int, when: str) -> list[str]:
    service = load_service(name)
    tables = [table for view in service.all_views for table in view.tables]
    replayed = Database(f"replayed:{name}", name)
    projector = Projector(replayed, service.all_views, keys_of(service, world.settings))
    batch = [each for each in world.log.behind(projector.position(), projector.reads(), 1_000_000)
             if each.position <= upto]  # fmt: skip
    if batch:
        projector.apply(batch, batch[-1].position)
    if stuck := replayed.rows(sa.select(parked)):
        return [f"a replay of {name} {when} parks {row['event']}: {row['reason']}" for row in stuck]
    live = dump(Database(world.settings.view_database(name), name), tables)
    again = dump(replayed, tables)
    if live == again:
        return []
    return [f"views of {name} {when} are not what a replay gives: {_first_difference(live, again)}"]


def _first_difference(live: bytes, again: bytes) -> str:
    table = ""
    for one, other in zip(live.splitlines(), again.splitlines(), strict=False):
        if one.startswith(b"# "):
            table = one.decode()
        if one != other:
            return f"{table}: {one.decode()[:400]} / {other.decode()[:400]}"
    return "more rows on one side"
