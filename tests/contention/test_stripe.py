"""T16 in one process; on a real installation: make chaos."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest

from grenier.doors import dispatch
from grenier.errors import from_wire
from grenier.handling import Handler
from grenier.log.protocol import LogUnavailable
from tests.contention import stripe
from tests.contention.stripe import Told
from tests.lived_month import Lived


class Loose:
    """The road to the services without the one-at-a-time of a house: only views are brought up to date in turn."""

    def __init__(self, lived: Lived) -> None:
        self.house = lived.site.house
        self._turn = threading.Lock()

    def call(self, service: str, method: str, payload: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
        answer = dispatch(self.house.rooms[service].doors, method, payload, context)
        with self._turn:
            self.house.settle()
        if "error" in answer:
            raise from_wire(answer["error"]["code"], answer["error"]["status"], answer["error"]["facts"])
        return dict(answer["ok"])


class SiteDesk:
    """Households that nobody else's test orders for: the last ones of the first two groups with a window open."""

    def __init__(self, lived: Lived) -> None:
        self.lived = lived
        first, second = lived.current_cycles[:2]
        self.places = [(first, first.group.households[-1]), (first, first.group.households[-2]), (second, second.group.households[-1])]  # fmt: skip
        self.product = sorted(lived.federation.products.values())[0]
        self.runtime = lived.site.house.rooms["orders"].runtime

    def put(self, buyer: int, key: str, quantity: int) -> Told:
        cycle, home = self.places[buyer]
        lines = [{"product_id": self.product, "quantity": quantity}]
        path = f"/api/v1/cycles/{cycle.cycle_id}/orders/{home.household_id}"
        client = self.lived.site.client(home.person_id)
        answer = client.put(path, json={"lines": lines}, headers={"Idempotency-Key": key})
        return Told(answer.status_code, answer.get_data())

    def written(self, buyer: int) -> int:
        cycle, home = self.places[buyer]
        found = self.lived.site.house.log.read(f"cycle-{cycle.cycle_id}")
        orders = (event for event in found if event.type in ("orders.order-confirmed", "orders.order-amended"))
        return sum(home.household_id.encode() in event.data for event in orders)

    def restart(self) -> None:
        self.runtime.__dict__["handler"] = Handler(self.runtime.log, self.runtime.clock)

    @contextmanager
    def away(self) -> Iterator[None]:
        append = self.runtime.log.append
        self.runtime.log.append = _away  # type: ignore[method-assign]
        try:
            yield
        finally:
            self.runtime.log.append = append  # type: ignore[method-assign]

    def later(self, hours: int) -> None:
        self.lived.site.clock.advance(hours=hours)


def _away(*_: Any, **__: Any) -> None:
    raise LogUnavailable("away")


@pytest.fixture
def desk(lived: Lived, monkeypatch: pytest.MonkeyPatch) -> Iterator[SiteDesk]:
    now = lived.site.clock.now()
    monkeypatch.setattr(lived.site.app.extensions["grenier"], "rpc", Loose(lived))
    yield SiteDesk(lived)
    lived.site.clock.set(now)


@pytest.mark.proof("T16")
def test_every_row_of_the_table(desk: SiteDesk) -> None:
    outcome = stripe.rows(desk)
    assert outcome.problems == []
    assert outcome.figures["orders_written"] == 5


@pytest.mark.proof("T16")
@pytest.mark.parametrize("committed", [False, True])
def test_after_a_500(desk: SiteDesk, monkeypatch: pytest.MonkeyPatch, committed: bool) -> None:
    """Something that nobody foresaw, before or after the order was written: the same key finds out."""
    key, before, append = str(uuid4()), desk.written(0), desk.runtime.log.append

    def broken(*words: Any, **more: Any) -> None:
        if committed:
            append(*words, **more)
        raise RuntimeError("nobody foresaw this")

    with monkeypatch.context() as patch:
        patch.setattr(desk.runtime.log, "append", broken)
        assert desk.put(0, key, 43 + committed).status == 500
    told = [desk.put(0, key, 43 + committed) for _ in range(2)]
    assert [each.status for each in told] == [200, 200]
    assert told[0].body == told[1].body
    assert desk.written(0) == before + 1


def test_the_table_sees_a_key_that_is_forgotten(desk: SiteDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: without the memory of the stream the rows fail."""
    monkeypatch.setattr("gateway.calls.idempotency_key", lambda: str(uuid4()))
    assert stripe.rows(desk).problems
