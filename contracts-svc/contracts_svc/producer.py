"""A producer who sells to the federation or to one group. Stream `producer-<id>`."""

from __future__ import annotations

import msgspec

from grenier.decider import Decider
from grenier.errors import Rejected
from grenier.language.contracts import ProducerRegistered


class RegisterProducer(msgspec.Struct, frozen=True, kw_only=True):
    producer_id: str
    host_id: str
    name: str
    place: str = ""
    group_id: str = ""


class Producer(msgspec.Struct, frozen=True, kw_only=True):
    registered: ProducerRegistered | None = None


def decide(producer: Producer, command: RegisterProducer) -> list[ProducerRegistered]:
    registered = ProducerRegistered(**msgspec.structs.asdict(command))
    if producer.registered is not None:
        if producer.registered == registered:
            return []
        raise Rejected("producer-exists", producer_id=command.producer_id)
    return [registered]


def evolve(producer: Producer, event: ProducerRegistered) -> Producer:
    return Producer(registered=event)


decider: Decider[Producer, RegisterProducer, ProducerRegistered] = Decider("producer", Producer(), decide, evolve)
