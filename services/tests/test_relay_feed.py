"""What the world may see of an event."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from grenier.feed import routing_key, to_cloudevent
from grenier.handling import Meta
from grenier.language import ENTRIES, encode
from grenier.language.golden import example
from grenier.log import Recorded

PUBLIC = sorted(name for name, entry in ENTRIES.items() if entry.public is not None)
PRIVATE = sorted(name for name, entry in ENTRIES.items() if entry.public is None)


def recorded(name: str, **meta: Any) -> Recorded:
    entry = ENTRIES[name]
    return Recorded(
        id=UUID(int=7),
        stream="cycle-c1",
        revision=3,
        type=name,
        data=encode(example(entry.kind)),
        metadata=msgspec.json.encode(Meta(v=entry.version, **meta)),
        position=4242,
        created=datetime(2026, 11, 21, 10, tzinfo=UTC),
    )


def test_a_public_event_becomes_a_cloudevent() -> None:
    event = to_cloudevent(
        recorded(
            "contracts.group-founded", at="2026-11-20T08:00:00.000000Z", group="g1", corr="k1", cause="e0", actor="p1"
        )
    )
    assert event is not None
    data = event.pop("data")
    assert event == {
        "specversion": "1.0",
        "id": "00000000-0000-0000-0000-000000000007",
        "source": "/groups/g1/contracts",
        "type": "org.grenier.contracts.group-founded.v1",
        "subject": "cycle-c1",
        "time": "2026-11-20T08:00:00.000000Z",
        "datacontenttype": "application/json",
        "sequence": "4242",
        "partitionkey": "cycle-c1",
        "groupid": "g1",
        "correlationid": "k1",
        "causationid": "e0",
    }
    assert set(data) <= set(ENTRIES["contracts.group-founded"].public or ())
    assert routing_key(event) == "contracts.group-founded.g1"


def test_an_event_of_no_group_belongs_to_the_federation() -> None:
    event = to_cloudevent(recorded("contracts.host-organisation-registered"))
    assert event is not None
    assert event["source"] == "/federation/contracts"
    assert event["time"] == "2026-11-21T10:00:00.000000Z"
    assert not {"groupid", "correlationid", "causationid"} & set(event)
    assert routing_key(event) == "contracts.host-organisation-registered.federation"


@pytest.mark.parametrize("name", PRIVATE)
def test_what_has_no_public_side_is_not_published(name: str) -> None:
    assert to_cloudevent(recorded(name, group="g1")) is None


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_event_shows_its_public_fields_and_no_more(name: str) -> None:
    event = to_cloudevent(recorded(name, group="g1", actor="person-secret", on_behalf_of="household-secret"))
    assert event is not None
    assert set(event["data"]) <= set(ENTRIES[name].public or ())
    assert "secret" not in json.dumps(event)
    # The SDK checks attribute names, types and the instant.
    parsed = JSONFormat().read(CloudEvent, json.dumps(event))
    assert parsed.get_type() == event["type"]


def test_events_that_nobody_knows_are_not_published() -> None:
    unknown = msgspec.structs.replace(recorded(PUBLIC[0]), type="somebody.did-something", id=uuid4())
    assert to_cloudevent(unknown) is None
