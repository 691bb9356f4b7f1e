"""T16: the table of idempotency keys over HTTP on a real installation: restarts are deaths, the log away is its process stopped."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from gateway.demo.client import Http
from grenier.log.esdb import EsdbLog
from tests.chaos.form import Form
from tests.chaos.stage import Scene, opened
from tests.contention import stripe
from tests.contention.stripe import Told
from tests.proof import Row

TEST = "T16"
LOST = 5


class InstalledDesk:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.http = Http(scene.running.url)
        self.log = EsdbLog(scene.settings.esdb_uri)
        first, second = scene.cycles[:2]
        self.places = [(first, first.group.households[0]), (first, first.group.households[1]), (second, second.group.households[0])]  # fmt: skip

    def put(self, buyer: int, key: str, quantity: int) -> Told:
        """Straight over the wire: no retry may hide an answer."""
        cycle, home = self.places[buyer]
        client = self.scene.stage.at(home.person_id)
        body = json.dumps({"lines": [{"product_id": self.scene.products[0], "quantity": quantity}]}).encode()
        headers = {"Authorization": f"Bearer {client._token}", "Content-Type": "application/json", "Accept": "application/json", "Idempotency-Key": key}  # fmt: skip
        path = f"/api/v1/cycles/{cycle.cycle_id}/orders/{home.household_id}"
        for _ in range(LOST):
            with suppress(OSError):  # a connection that died with its gateway: no answer hides behind it
                status, _, text = self.http("PUT", path, body, headers)
                return Told(status, text)
        return Told(0, b"")

    def written(self, buyer: int) -> int:
        cycle, home = self.places[buyer]
        found = self.log.read(f"cycle-{cycle.cycle_id}")
        orders = (event for event in found if event.type in ("orders.order-confirmed", "orders.order-amended"))
        return sum(home.household_id.encode() in event.data for event in orders)

    def restart(self) -> None:
        """All that serve orders die, and the gateway with them."""
        running = self.scene.running
        for name in [name for name in running.pids() if "orders" in name or name.startswith("gateway")] or ["serve"]:
            running.kill(name)
        running.wait_ready()

    @contextmanager
    def away(self) -> Iterator[None]:
        """The node hangs: it takes calls and answers none."""
        running = self.scene.running
        running.kill("eventnode", signal.SIGSTOP)
        try:
            yield
        finally:
            running.kill("eventnode", signal.SIGCONT)
            running.wait_ready()
            time.sleep(1.0)  # the breaker in front lets one through after this long

    def later(self, hours: int) -> None:
        self.scene.stage.move_to(self.scene.calendar.opens_at + timedelta(minutes=1, hours=hours))


def run(form: Form) -> Row:
    began = time.monotonic()
    with form.place("stripe") as folder, opened(folder, form.seed) as scene:
        desk = InstalledDesk(scene)
        try:
            outcome = stripe.rows(desk)
        finally:
            desk.log.close()
    return Row(TEST, outcome.figures, outcome.problems, time.monotonic() - began)
