"""The whole product in one process: gateway, six services, their views, policies and timers; only the wires are short.

    site = Site(tmp_path)
    ana = site.client(person_id)                    # Flask test client, signed in
    ana.post("/api/v1/…", json=…)
    with site.served() as url: …                    # over real HTTP, for a browser

The clock stands still until `site.clock` is moved; `site.tick()` lets the timers look.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from gateway.app import create_app, gather
from gateway.places import Places
from gateway.projections import Agenda, Balances
from grenier.doors import dispatch
from grenier.errors import NotFound, from_wire
from grenier.testing import NOON, House

QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
SERVICES = ("contracts", "orders", "ledger", "logistics", "notify", "matching")


class HouseRpc:
    """The road from the gateway to the services of a house; every consequence is carried out before it answers."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._turn = threading.RLock()

    def call(self, service: str, method: str, payload: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
        with self._turn:
            if service not in self._house.rooms:
                raise NotFound("unknown-service")
            answer = dispatch(self._house.rooms[service].doors, method, payload, context)
            if "error" in answer:
                error = answer["error"]
                raise from_wire(error["code"], error["status"], error["facts"])
            self._house.settle()
            return dict(answer["ok"])


class Site:
    """A demonstration installation in one process."""

    def __init__(
        self, folder: Path, now: datetime = NOON, services: Sequence[str] = SERVICES, *, app: Flask | None = None
    ) -> None:
        """`app`: of a site that is over; its table of routes serves this one, which saves most of the time of a small test."""
        self.house = House(folder, *services, "gateway", now=now)
        self.clock = self.house.clock
        self.rpc = HouseRpc(self.house)
        room = self.house.rooms["gateway"]
        collaborators: dict[str, Any] = {
            "rpc": self.rpc,
            "clock": self.clock,
            "access_view": Places(room.runtime),
            "balances": Balances(room.runtime),
            "agenda": Agenda(room.runtime),
            "log": self.house.log,
            "defer": lambda work, *args: work(*args),
            "password_hasher": QUICK_HASHER,
        }
        self.app: Flask = app or create_app(self.house.settings, **collaborators)
        if app is not None:
            fresh = gather(self.house.settings, **collaborators)
            fresh.rules = app.extensions["grenier"].rules
            app.extensions["grenier"] = fresh
        self.app.testing = True

    def tick(self) -> None:
        self.house.tick()

    def token(self, person_id: str) -> str:
        """A bearer token, as a program of this person would have."""
        return str(self.app.extensions["grenier"].tokens.issue(person_id, "test")[1])

    def client(self, person_id: str = "") -> FlaskClient:
        client = self.app.test_client()
        if person_id:
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {self.token(person_id)}"
        return client

    @contextmanager
    def served(self) -> Iterator[str]:
        server = make_server("127.0.0.1", 0, self.app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(timeout=5)
