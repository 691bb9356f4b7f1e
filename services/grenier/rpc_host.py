"""What both RPC hosts do alike: make the doors of the services they are asked to serve."""

from __future__ import annotations

from typing import Any

from grenier.config import Settings
from grenier.doors import door_names
from grenier.log import StreamLog
from grenier.runtime import Runtime

MAX_WORKERS = 10
"""Calls a service works on at once."""

TAKEN_AHEAD = 64
"""Messages a service takes from the broker before it has answered them. More than all gateways together have under way, so
that the stand-in gets a call only when the service is away: two processes that decide about one stream refute each other."""

PROBED_STREAM = "grenier-probe"
"""Never written; reading it shows that the log answers."""


connected_services: set[str] = set()
"""Names of the services whose queue is being consumed by this process."""


def load_doors(names: list[str], settings: Settings, log: StreamLog, **means: Any) -> list[Any]:
    """One object with doors per name; `means` are the host's ways to sleep, lock and offload (see Runtime.for_rpc).

    Raises when a name has no service, or a service has no doors.
    """
    services = []
    for name in names:
        runtime = Runtime.for_rpc(settings, name, log, **means)
        service = runtime.service.open_doors(runtime)
        if service.name != name or not door_names(service):
            raise ValueError(f"expected the doors of {name!r}, got {service!r}")
        services.append(service)
    return services
