"""The small services: gossip of a single leader, supported methods, and a clear no to what is not offered."""

from __future__ import annotations

import time
from uuid import UUID

from grenier_infra.eventnode import wire
from grenier_infra.eventnode.answers import Refusal, Status
from grenier_infra.eventnode.calls import Call
from grenier_infra.eventnode.protos import gossip_pb2, shared_pb2
from grenier_infra.eventnode.table import Method, Table

SPOKEN_VERSION = "24.10.0"
_PREFIX = "event_store.client."
STREAM_METHODS = ("read", "append", "batchappend", "delete", "tombstone")
SUBSCRIPTION_FEATURES = ("position", "events")
GROUP_METHODS = ("create", "update", "delete", "read", "getinfo", "replayparked", "list", "restartsubsystem")
GROUP_FEATURES = ("stream", "all")

DECLINED: dict[str, tuple[str, ...]] = {
    "projections.Projections": (
        "Create", "Update", "Delete", "Statistics", "Disable", "Enable", "Reset", "State", "Result", "RestartSubsystem",
    ),
    "users.Users": ("Create", "Update", "Delete", "Disable", "Enable", "Details", "ChangePassword", "ResetPassword"),
    "operations.Operations": (
        "StartScavenge", "StopScavenge", "Shutdown", "MergeIndexes", "ResignNode", "SetNodePriority",
        "RestartPersistentSubscriptions",
    ),
    "monitoring.Monitoring": ("Stats",),
}  # fmt: skip
ADVICE = {
    "projections.Projections": "use a filtered subscription to $all",
    "operations.Operations": "use the node's own commands: backup, verify, scavenge",
    "monitoring.Monitoring": "use the node's /metrics",
}


class Gossip:
    """Tells clients that this node is the leader and that there is no other."""

    def __init__(self, node_id: UUID, address: tuple[str, int]) -> None:
        """``address`` is the host and port clients reach the node at."""
        self._node_id = node_id
        self._address = address

    def register(self, table: Table) -> None:
        """Add Gossip/Read to the table."""
        table.add(f"/{_PREFIX}gossip.Gossip/Read", self.read, shared_pb2.Empty)

    async def read(self, call: Call) -> None:
        """Answer with the one member."""
        await call.recv_message()
        host, port = self._address
        member = gossip_pb2.MemberInfo(
            instance_id=shared_pb2.UUID(string=str(self._node_id)),
            time_stamp=time.time_ns() // 100,
            state=gossip_pb2.MemberInfo.VNodeState.Leader,
            is_alive=True,
            http_end_point=gossip_pb2.EndPoint(address=host, port=port),
        )
        call.reply(gossip_pb2.ClusterInfo(members=[member]))


def register_features(table: Table) -> None:
    """Answer ServerFeatures/GetSupportedMethods, whose messages no Python client ships."""
    answer = _supported_methods()

    async def supported(call: Call) -> None:
        await call.recv_message()
        call.reply(answer)

    path = f"/{_PREFIX}server_features.ServerFeatures/GetSupportedMethods"
    table.add(path, supported, shared_pb2.Empty)


def _supported_methods() -> bytes:
    """Encode SupportedMethods: methods (1: name 1, service 2, features 3) and the server version (2)."""
    offered = [("streams.Streams", name, SUBSCRIPTION_FEATURES if name == "read" else ()) for name in STREAM_METHODS]
    offered += [("persistent_subscriptions.PersistentSubscriptions", name, GROUP_FEATURES) for name in GROUP_METHODS]
    offered += [("gossip.Gossip", "read", ()), ("server_features.ServerFeatures", "getsupportedmethods", ())]
    parts = []
    for service, method, features in offered:
        names = wire.short_field(0x0A, method.encode()) + wire.short_field(0x12, (_PREFIX + service).lower().encode())
        parts.append(
            wire.short_field(0x0A, names + b"".join(wire.short_field(0x1A, name.encode()) for name in features))
        )
    return b"".join(parts) + wire.short_field(0x12, SPOKEN_VERSION.encode())


def register_declined(table: Table) -> None:
    """Say clearly no to the services of a cluster that this node does not have."""
    for service, methods in DECLINED.items():
        for method in methods:
            path = f"/{_PREFIX}{service}/{method}"
            table.add(path, _declining(service), bytes, at_once=True)


def _declining(service: str) -> Method:
    name = service.rpartition(".")[2]
    advice = f"; {ADVICE[service]}" if service in ADVICE else ""

    async def decline(call: Call) -> None:
        raise Refusal(Status.UNIMPLEMENTED, f"The embedded event node does not offer {name}{advice}.")

    return decline
