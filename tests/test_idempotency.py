"""A command sent again is the same command (T16): concurrently, later, from elsewhere, with other words."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from grenier.handling import Handler, read_meta
from grenier.log.protocol import Recorded
from tests.lived_month import Lived

CLIENTS = 20


class Buyer:
    """A household of the second group in front of the open window."""

    def __init__(self, lived: Lived, place: int) -> None:
        cycle = lived.current_cycles[1]
        home = cycle.group.households[place]
        self.person_id = home.person_id
        self.path = f"/api/v1/cycles/{cycle.cycle_id}/orders/{home.household_id}"
        self.stream = f"cycle-{cycle.cycle_id}"
        self.products = sorted(lived.federation.products.values())
        self._lived = lived

    def put(self, key: str, quantity: int = 1, product: int = 0, person_id: str = "") -> TestResponse:
        lines = [{"product_id": self.products[product], "quantity": quantity}]
        client = self._lived.site.client(person_id or self.person_id)
        return client.put(self.path, json={"lines": lines}, headers={"Idempotency-Key": key})

    def events(self) -> list[Recorded]:
        return self._lived.site.house.log.read(self.stream)


@pytest.fixture
def buyer(lived: Lived) -> Buyer:
    return Buyer(lived, 0)


def new_key() -> str:
    return str(uuid4())


@pytest.mark.behaviour("S1:34")
def test_twenty_clicks_at_once_are_one_order(buyer: Buyer) -> None:
    key, before = new_key(), len(buyer.events())
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(lambda _: buyer.put(key, quantity=3), range(CLIENTS)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.get_data() for answer in answers}) == 1, "all are told the same"
    assert len(buyer.events()) == before + 1


def test_processes_without_a_common_memory_agree(lived: Lived, buyer: Buyer) -> None:
    """Each call meets a handler that has just started: the log alone remembers."""
    runtime = lived.site.house.rooms["orders"].runtime
    key, before = new_key(), len(buyer.events())
    answers = []
    for _ in range(3):
        runtime.__dict__["handler"] = Handler(runtime.log, runtime.clock)
        answers.append(buyer.put(key, quantity=4).get_data())
    assert len(set(answers)) == 1
    assert len(buyer.events()) == before + 1


def test_a_late_repetition_does_not_undo_what_came_after(buyer: Buyer) -> None:
    key = new_key()
    first = buyer.put(key, quantity=5)
    assert buyer.put(new_key(), quantity=6).status_code == 200
    before = len(buyer.events())
    again = buyer.put(key, quantity=5)
    assert (again.status_code, again.get_data()) == (first.status_code, first.get_data())
    assert len(buyer.events()) == before


def test_the_same_key_with_another_body_is_refused(buyer: Buyer) -> None:
    key = new_key()
    assert buyer.put(key, quantity=7).status_code == 200
    before = len(buyer.events())
    refused = buyer.put(key, quantity=8)
    assert (refused.status_code, refused.get_json()["code"]) == (422, "idempotency-key-reused")
    assert len(buyer.events()) == before


def restarted(lived: Lived) -> None:
    """The process that answers orders is another one from now on."""
    runtime = lived.site.house.rooms["orders"].runtime
    runtime.__dict__["handler"] = Handler(runtime.log, runtime.clock)


def test_what_was_so_already_is_not_done_later_over_what_came_after(buyer: Buyer) -> None:
    """Confirmed as it stands: nothing to do. Its late repetition does not take the next change back."""
    assert buyer.put(new_key(), quantity=5).status_code == 200
    idle, before = new_key(), len(buyer.events())
    first = buyer.put(idle, quantity=5)
    assert (first.status_code, len(buyer.events())) == (200, before)
    assert buyer.put(new_key(), quantity=6).status_code == 200
    again = buyer.put(idle, quantity=5)
    assert (again.status_code, again.get_data()) == (200, first.get_data())
    assert len(buyer.events()) == before + 1


def test_the_key_of_what_was_so_already_is_used_as_well(buyer: Buyer) -> None:
    assert buyer.put(new_key(), quantity=5).status_code == 200
    idle = new_key()
    assert buyer.put(idle, quantity=5).status_code == 200
    before = len(buyer.events())
    other = buyer.put(idle, quantity=7)
    assert (other.status_code, other.get_json()["code"]) == (422, "idempotency-key-reused")
    assert len(buyer.events()) == before


def test_after_a_restart_such_a_key_has_one_effect_at_most(lived: Lived, buyer: Buyer) -> None:
    """The limit of record 33: nothing in the log tells of it, so it is decided once more; then the log does."""
    assert buyer.put(new_key(), quantity=5).status_code == 200
    idle, before = new_key(), len(buyer.events())
    assert buyer.put(idle, quantity=5).status_code == 200
    restarted(lived)
    assert buyer.put(idle, quantity=7).status_code == 200
    assert len(buyer.events()) == before + 1
    restarted(lived)
    assert buyer.put(idle, quantity=7).status_code == 200
    assert buyer.put(idle, quantity=8).status_code == 422
    assert len(buyer.events()) == before + 1


def test_a_refusal_uses_no_key(buyer: Buyer) -> None:
    """After a 422 the corrected form may go out under the same key."""
    key = new_key()
    client_error = buyer.put(key, quantity=-1)
    assert client_error.status_code == 422
    assert buyer.put(key, quantity=9).status_code == 200


def test_keys_of_different_people_are_different_keys(lived: Lived, buyer: Buyer) -> None:
    other, key = Buyer(lived, 1), new_key()
    assert buyer.put(key, quantity=10).status_code == 200
    before = len(other.events())
    assert other.put(key, quantity=11).status_code == 200, "another person's key is none of mine"
    commands = [read_meta(event.metadata).cmd for event in other.events()]
    assert len(commands) == before + 1
    assert commands[-1] != commands[-2]


def test_the_same_key_for_another_thing_is_another_command(lived: Lived, buyer: Buyer) -> None:
    """An id must never stand in two streams: the address belongs to the command."""
    key = new_key()
    assert buyer.put(key, quantity=12).status_code == 200
    client = lived.site.client(buyer.person_id)
    path = buyer.path.replace("/orders/", "/drafts/")
    body = {"lines": [{"product_id": buyer.products[0], "quantity": 12}]}
    assert client.put(path, json=body, headers={"Idempotency-Key": key}).status_code == 200


def test_no_event_stands_twice_in_the_log(lived: Lived) -> None:
    ids = [event.id for event in lived.site.house.log.read_all()]
    assert len(ids) == len(set(ids))
    assert all(event.revision == place for place, event in enumerate(lived.site.house.log.read(Buyer(lived, 0).stream)))
