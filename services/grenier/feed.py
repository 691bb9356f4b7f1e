"""The public feed: what of an event the world may see, as a CloudEvent 1.0.

Which fields are public says the vocabulary, event by event; nothing personal is ever among them. The relay, the API and
the event stream all publish through `to_cloudevent`, so that they cannot differ.
"""

from __future__ import annotations

from typing import Any

from grenier.clock import iso
from grenier.handling import read_meta
from grenier.language import ENTRIES, public_body
from grenier.log.protocol import Recorded

CONTENT_TYPE = "application/cloudevents+json"
TYPE_PREFIX = "org.grenier"
NO_GROUP = "federation"
"""Stands in routing keys and sources for events that belong to no single group."""


def to_cloudevent(recorded: Recorded) -> dict[str, Any] | None:
    """The event in CloudEvents' JSON form; None when it is not public.

    `sequence` is the position in the log: receivers order by it and come back with it. `id` is the event's own id:
    receivers drop what they have seen. Raises UnknownEvent for a version written by a newer program.
    """
    meta = read_meta(recorded.metadata)
    data = public_body(recorded.type, meta.v, recorded.data)
    if data is None:
        return None
    service = recorded.type.partition(".")[0]
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(recorded.id),
        "source": f"/groups/{meta.group}/{service}" if meta.group else f"/{NO_GROUP}/{service}",
        # The body has been brought to the version written today, whatever the stored one was.
        "type": f"{TYPE_PREFIX}.{recorded.type}.v{ENTRIES[recorded.type].version}",
        "subject": recorded.stream,
        "time": meta.at or iso(recorded.created),
        "datacontenttype": "application/json",
        "sequence": str(recorded.position),
        "partitionkey": recorded.stream,
    }
    extensions = {"groupid": meta.group, "correlationid": meta.corr, "causationid": meta.cause}
    event.update({name: value for name, value in extensions.items() if value})
    event["data"] = data
    return event


def routing_key(event: dict[str, Any]) -> str:
    """`{service}.{event}.{group}`, as in "orders.order-confirmed.g1"; dashboards bind with `*` and `#`."""
    name = str(event["type"]).removeprefix(f"{TYPE_PREFIX}.").rpartition(".v")[0]
    return f"{name}.{event.get('groupid', NO_GROUP)}"
