"""Do the live views say what the log says? A replay beside them, compared row by row, while everything goes on.

What SQLite cannot see (a flipped bit inside a value: its pages carry no checksums) is found here; what breaks its own
structure is found by its integrity check. Nothing is changed: a difference is mended with `grenier rebuild`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from grenier.log.protocol import EventLog
from grenier.projector import BEFORE_ALL, parked, positions
from grenier.readmodel import Database
from grenier.rebuild import Show, fill
from grenier.runtime import Service, keys_of, load_service
from grenier.shadow import Shadow

if TYPE_CHECKING:
    from grenier.config import Settings

FETCH = 5_000
MOST_NAMED = 5
Key = tuple[Any, ...]


class Report(msgspec.Struct):
    """`position`: of the log, at which both sides were compared; `problems`: sentences, none when all is well."""

    position: int = BEFORE_ALL
    rows: int = 0
    problems: list[str] = msgspec.field(default_factory=list)


def verify(name: str, settings: Settings, show: Show | None = None, *, from_log: bool = False) -> Report:
    """Compare all views of a service; `from_log` leaves the local mirror aside."""
    from grenier.log.esdb import EsdbLog

    with closing(EsdbLog(settings.esdb_uri)) as event_log:
        return verify_from(event_log, load_service(name), settings, show, from_log=from_log)


def verify_from(
    event_log: EventLog, service: Service, settings: Settings, show: Show | None = None, *, from_log: bool = False
) -> Report:
    """`verify` over a log that is open already."""
    report = Report()
    live = Database(settings.view_database(service.name), service.name)
    shadow = Shadow(service, settings, service.all_views, "verify")
    try:
        keys = keys_of(service, settings)
        report.problems += keys.problems() if keys is not None else []
        report.problems += _unsound(live)
        with _snapshot(live) as before:
            begin = _position(before, service)
        fill(shadow, service, settings, event_log, show, upto=begin, from_log=from_log)
        with _snapshot(live) as here:
            report.position = _position(here, service)
            shadow.follow(event_log, upto=report.position)
            with _snapshot(shadow.database) as there:
                for table in (parked, *(table for view in service.all_views for table in view.tables)):
                    report.rows += _compare(table, here, there, report.problems)
    except sa.exc.DatabaseError as wrong:
        report.problems.append(f"base illisible : {wrong.orig}")
    finally:
        shadow.drop()
        live.close()
    return report


def _unsound(live: Database) -> list[str]:
    if live.is_postgresql:
        return []  # the server checks its own pages (`initdb --data-checksums`)
    with live.engine.connect() as connection:
        found = connection.exec_driver_sql(f"PRAGMA integrity_check({MOST_NAMED})").scalars().all()
    return [f"base abîmée : {text}" for text in found if text != "ok"]


@contextmanager
def _snapshot(database: Database) -> Iterator[sa.Connection]:
    """A connection on which every statement sees the same moment."""
    with database.engine.connect() as connection:
        if database.is_postgresql:
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        else:
            connection.exec_driver_sql("BEGIN")
        yield connection
        connection.rollback()


def _position(connection: sa.Connection, service: Service) -> int:
    """Where the views stand. They move together; a view that waits for a worker to catch up cannot be compared."""
    stored = {row["name"]: row["position"] for row in connection.execute(sa.select(positions)).mappings()}
    found = {stored.get(view.name, BEFORE_ALL) for view in service.all_views}
    if len(found) != 1:
        raise ValueError("the views stand at different positions: start the worker, it brings them together")
    return int(found.pop())


def _compare(table: sa.Table, here: sa.Connection, there: sa.Connection, problems: list[str]) -> int:
    """Walk both sides in the order of the key; how many rows the live side has."""
    missing, extra, changed = list[Key](), list[Key](), list[Key]()
    count = 0
    for ours, replayed in _pairs(_walk(table, here), _walk(table, there)):
        count += ours is not None
        if ours is None:
            missing.append(replayed[0])  # type: ignore[index]
        elif replayed is None:
            extra.append(ours[0])
        elif ours[1] != replayed[1]:
            changed.append(ours[0])
    for said, keys in (("manquent", missing), ("en trop", extra), ("différentes", changed)):
        if keys:
            named = ", ".join("/".join(map(str, key)) for key in keys[:MOST_NAMED])
            problems.append(f"{table.name} : {len(keys)} lignes {said} ({named})")
    return count


Keyed = tuple[Key, tuple[Any, ...]]


def _walk(table: sa.Table, connection: sa.Connection) -> Iterator[Keyed]:
    names = [column.name for column in table.primary_key.columns]
    order = [
        column.collate("C") if connection.dialect.name == "postgresql" and isinstance(column.type, sa.Text) else column
        for column in table.primary_key.columns
    ]
    # Plain text, also of JSON: bytes are compared, not what they mean.
    plain = [
        sa.type_coerce(column, sa.Text) if column.type.__class__.__name__ == "Json" else column for column in table.c
    ]
    rows = connection.execute(sa.select(*plain).order_by(*order), execution_options={"yield_per": FETCH})
    places = [table.columns.keys().index(name) for name in names]
    for row in rows:
        yield tuple([row[place] for place in places]), tuple(row)


def _pairs(ours: Iterator[Keyed], theirs: Iterator[Keyed]) -> Iterator[tuple[Keyed | None, Keyed | None]]:
    """Both sides by key, None where one has nothing."""
    left, right = next(ours, None), next(theirs, None)
    while left is not None or right is not None:
        if right is None or (left is not None and left[0] < right[0]):
            yield left, None
            left = next(ours, None)
        elif left is None or right[0] < left[0]:
            yield None, right
            right = next(theirs, None)
        else:
            yield left, right
            left, right = next(ours, None), next(theirs, None)
