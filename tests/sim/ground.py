"""Time, chance and databases of a simulation: everything a run could take from outside comes from here instead.

`standing(ground)` puts the product on it for the length of a run: `time` and `uuid4` in every module of the product,
random bytes of the key store, clocks, and `Database`, whose engines live once per process on connections in memory
(statements are compiled once for thousands of runs; `Stores.reset` puts the images of a run's beginning back).

A run is one thread. What other threads of the process do meanwhile (one that an earlier test left behind, and that sleeps
between two attempts) has the time and the chance of the machine: on the run's clock it would sleep the days away.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from grenier.readmodel import Database

PACKAGES = ("grenier", "gateway", "contracts_svc", "orders_svc", "ledger_svc", "logistics_svc", "notify_svc",
            "matching_svc")  # fmt: skip
FILES_OF = ("grenier.mirror", "grenier.relay")
"""Modules that keep SQLite files of their own beside `Database`."""


class Ground:
    """`now`: the world's instant (each process sees it through a clock of its own); `monotonic_s` only grows."""

    def __init__(self, seed: str, now: datetime) -> None:
        self.now = now
        self.monotonic_s = 1_000.0
        self._thread = threading.get_ident()
        self.chance = Random(f"entropy/{seed}")
        self.make_clock: Callable[..., Any] = lambda *_: None
        # Called by every write transaction: before its commit, and after.
        self.before_commit: Callable[[], None] = lambda: None
        self.after_commit: Callable[[], None] = lambda: None

    @property
    def under_us(self) -> bool:
        """Whether the thread that asks is the run's own."""
        return threading.get_ident() == self._thread

    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.monotonic_s += seconds

    def random_bytes(self, count: int) -> bytes:
        return self.chance.randbytes(count)

    def uuid4(self) -> uuid.UUID:
        if not self.under_us:
            return uuid.uuid4()
        return uuid.UUID(bytes=self.random_bytes(16), version=4)


class _Time:
    """Stands where a module has imported `time`."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.perf_counter = time.perf_counter

    def time(self) -> float:
        return self._ground.now.timestamp() if self._ground.under_us else time.time()

    def monotonic(self) -> float:
        return self._ground.monotonic_s if self._ground.under_us else time.monotonic()

    def sleep(self, seconds: float) -> None:
        if self._ground.under_us:
            self._ground.pass_time(seconds)
        else:
            time.sleep(seconds)


class Stores:
    """Databases in memory by address, kept open for the life of the process."""

    def __init__(self) -> None:
        self._connections: dict[str, sqlite3.Connection] = {}
        self._engines: dict[str, sa.Engine] = {}
        self.tables: dict[str, set[str]] = {}

    def connection(self, address: str) -> sqlite3.Connection:
        if address not in self._connections:
            self._connections[address] = sqlite3.connect(":memory:", check_same_thread=False)
        return self._connections[address]

    def engine(self, address: str) -> sa.Engine:
        if address not in self._engines:
            connection = self.connection(address)
            self._engines[address] = sa.create_engine(
                "sqlite://", creator=lambda: connection, poolclass=sa.pool.StaticPool
            )
        return self._engines[address]

    def images(self) -> dict[str, bytes]:
        return {address: connection.serialize() for address, connection in self._connections.items()}

    def reset(self, images: dict[str, bytes]) -> None:
        """Every database as it was when the images were taken; those that were not there then are empty."""
        for address, connection in self._connections.items():
            connection.rollback()
            image = images.get(address)
            connection.deserialize(image) if image else _emptied(connection)
            found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            self.tables[address] = {name for (name,) in found}

    def clear(self, address: str) -> None:
        """No tables, as on the first day; rows go and tables stay where there are any: making them takes longer."""
        connection = self.connection(address)
        connection.rollback()
        for table in self.known(address):
            connection.execute(f'DELETE FROM "{table}"')
        connection.commit()

    def known(self, address: str) -> set[str]:
        return self.tables.setdefault(address, set())


def _emptied(connection: sqlite3.Connection) -> None:
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (name,) in names:
        connection.execute(f'DROP TABLE "{name}"')
    connection.commit()


STORES = Stores()


class _Sqlite:
    """Stands where a module has imported `sqlite3`: files become databases in memory."""

    def connect(self, path: str | Path, **_: Any) -> _Kept:
        return _Kept(STORES.connection(f"file:{path}"))

    def __getattr__(self, name: str) -> Any:
        return getattr(sqlite3, name)


class _Kept:
    """A connection in autocommit mode that outlives its process; what that left half done is rolled back."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        connection.isolation_level = None
        if connection.in_transaction:
            connection.rollback()
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def close(self) -> None:
        return None


class _Cipher:
    """AESGCM whose keys come from the ground."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def __call__(self, key: bytes) -> AESGCM:
        return AESGCM(key)

    def generate_key(self, bit_length: int) -> bytes:
        return self._ground.random_bytes(bit_length // 8)


class _Os:
    def __init__(self, ground: Ground) -> None:
        self.urandom = ground.random_bytes


def _database_methods(ground: Ground) -> dict[str, Any]:
    def post_init(self: Database) -> None:
        self.engine = self._asked = STORES.engine(self.url)
        self._readers = None  # the short way is for files

    def create(self: Database, tables: Iterable[sa.Table]) -> None:
        known = STORES.known(self.url)
        missing = [table for table in tables if table.name not in known]
        if missing:
            with self.engine.begin() as connection:
                for table in missing:
                    table.create(connection, checkfirst=True)
            known.update(table.name for table in missing)

    @contextmanager
    def transaction(self: Database) -> Iterator[sa.Connection]:
        with self.engine.begin() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            ground.before_commit()
        ground.after_commit()

    return {"__post_init__": post_init, "create": create, "transaction": transaction, "scrub": lambda self: None}


@contextmanager
def standing(ground: Ground) -> Iterator[None]:
    """The product stands on this ground inside the block."""
    changed: list[tuple[Any, str, Any]] = []

    def put(place: Any, name: str, value: Any) -> None:
        changed.append((place, name, getattr(place, name)))
        setattr(place, name, value)

    for name, value in _database_methods(ground).items():
        put(Database, name, value)
    fake_time = _Time(ground)
    for module in _product_modules():
        if getattr(module, "time", None) is time:
            put(module, "time", fake_time)
        if getattr(module, "uuid4", None) is uuid.uuid4:
            put(module, "uuid4", ground.uuid4)
        if module.__name__ in FILES_OF and getattr(module, "sqlite3", None) is sqlite3:
            put(module, "sqlite3", _Sqlite())
        if module.__name__ != "grenier.clock" and callable(getattr(module, "make_clock", None)):
            put(module, "make_clock", lambda *args: ground.make_clock(*args))
    privacy = sys.modules["grenier.privacy"]
    put(privacy, "os", _Os(ground))
    put(privacy, "AESGCM", _Cipher(ground))
    try:
        yield
    finally:
        for place, name, value in reversed(changed):
            setattr(place, name, value)


def _product_modules() -> list[Any]:
    return [module for name, module in sorted(sys.modules.items()) if name.partition(".")[0] in PACKAGES and module]


_scratch: tempfile.TemporaryDirectory[str] | None = None


def scratch() -> Path:
    """A folder of this process for what the product insists on writing to a disk."""
    global _scratch
    if _scratch is None:
        _scratch = tempfile.TemporaryDirectory(prefix="grenier-sim-")
    return Path(_scratch.name)
