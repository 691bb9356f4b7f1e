"""Views built a second time beside the live ones, which go on being read and written meanwhile.

A shadow is a file beside the service's SQLite file, or a schema beside its schema in PostgreSQL. It is filled from the
mirror, then from the log; its rows then take the place of the live ones (see `changeover`).
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import sqlalchemy as sa

from grenier.log.protocol import EventLog, Recorded
from grenier.logging import get_logger
from grenier.mirror import MirrorDamaged, MirrorFile
from grenier.projector import Projector, positions
from grenier.readmodel import Database, View
from grenier.runtime import Service, keys_of

if TYPE_CHECKING:
    from grenier.config import Settings

log = get_logger(__name__)

PAGE = 2_000


class Progress(Protocol):
    """Told after every page: how many events it had, up to which position of the log the shadow stands now."""

    def __call__(self, events: int, position: int) -> None: ...


def _silent(events: int, position: int) -> None:
    return None


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Events and rows hold no cycles: looking for some among hundreds of thousands of them is half of a replay's time."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


class Shadow:
    """`purpose` tells apart the shadow of a rebuild and that of a check; there is one of each per service.

    `begun`: the one that another process has filled, else an empty one. Raises ValueError when that one was built by
    another version of the program: other versions of a view have other rows.
    """

    def __init__(
        self,
        service: Service,
        settings: Settings,
        views: Sequence[View],
        purpose: str = "rebuild",
        *,
        begun: bool = False,
    ) -> None:
        self.views = tuple(views)
        self._live = settings.view_database(service.name)
        self._service = service.name
        self.postgresql = not self._live.startswith("sqlite")
        self.schema = f"{service.name}_{purpose}"
        self.path = shadow_path(self._live, purpose)
        url = self._live if self.postgresql else f"sqlite:///{self.path}"
        if not begun:
            drop_shadow(self._live, service.name, purpose)
        self.database = Database(url, self.schema, passing=True)
        self.database.create([positions])
        if begun and not self._same_versions():
            raise ValueError("the shadow was built by another version of the program")
        self._reads = service.view_reads
        self.projector = Projector(self.database, self.views, keys_of(service, settings))

    @property
    def position(self) -> int:
        return self.projector.position()

    # -- filling it ----------------------------------------------------------------------------------------------

    def fill(
        self, mirror: MirrorFile | None, event_log: EventLog, upto: int | None = None, told: Progress = _silent
    ) -> None:
        """Everything there is (up to a position): the mirror first, what lies behind its end from the log."""
        with _without_collecting():
            if mirror is not None:
                try:
                    self._read(mirror, upto, told)
                except MirrorDamaged as damaged:
                    log.error("mirror-damaged", service=self._service, reason=str(damaged))
            self.follow(event_log, upto, told)

    def _read(self, mirror: MirrorFile, upto: int | None, told: Progress) -> None:
        for page, reach in mirror.pages(after=self.position):
            if upto is not None and reach >= upto:
                self._apply([event for event in page if event.position <= upto], upto, told)
                return
            self._apply(page, reach, told)

    def follow(self, event_log: EventLog, upto: int | None = None, told: Progress = _silent) -> None:
        """What the log holds behind the shadow's position; with `upto` nothing behind that, and it stands there then."""
        page: list[Recorded] = []
        after = self.position
        for recorded in event_log.read_all(after=None if after < 0 else after, types=self._reads):
            if upto is not None and recorded.position > upto:
                break
            page.append(recorded)
            if len(page) >= PAGE:
                self._apply(page, page[-1].position, told)
                page = []
        if page:
            self._apply(page, page[-1].position, told)
        if upto is not None and upto > self.position:
            self.projector.apply([], upto)

    def _apply(self, page: Sequence[Recorded], upto: int, told: Progress) -> None:
        self.projector.apply(page, upto)
        told(len(page), upto)

    def _same_versions(self) -> bool:
        stored = {row["name"]: row["version"] for row in self.database.rows(sa.select(positions))}
        return all(stored.get(view.name) == view.version for view in self.views)

    def close(self) -> None:
        self.database.close()

    def drop(self) -> None:
        """Close it and leave nothing of it behind."""
        self.close()
        drop_shadow(self._live, self._service, self.schema.removeprefix(f"{self._service}_"))


def sqlite_path(url: str) -> str:
    return url.removeprefix("sqlite:///")


def shadow_path(url: str, purpose: str) -> Path:
    """`views/orders.sqlite` -> `views/orders.rebuild.sqlite`."""
    return Path(sqlite_path(url)).with_suffix(f".{purpose}.sqlite")


def drop_shadow(url: str, service: str, purpose: str = "rebuild") -> None:
    """Remove what a shadow left behind, also one that another process could not remove any more."""
    if url.startswith("sqlite"):
        path = shadow_path(url, purpose)
        for suffix in ("", "-wal", "-shm", "-journal"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        return
    database = Database(url, service)
    with database.transaction() as connection:
        connection.execute(sa.text(f'DROP SCHEMA IF EXISTS "{service}_{purpose}" CASCADE'))
    database.close()
