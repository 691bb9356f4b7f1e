"""RPC host on Nameko: the one module that owns eventlet, its locks and the signals of such a process.

The recipe, each point for a failure that was seen:
    asyncio hub          the log's client runs on it; grpc's own threads would never be scheduled by eventlet
    thread=False         patched threads make grpc hang, and native threads that log or count crash the hub
    green locks          amqp's send buffer and kombu's pools are shared by greenlets; a native lock there stops the hub
    own signal handling  a second SIGTERM hangs Nameko's own runner
    own entrypoints      a message without reply_to, or a broker restart under a running call, kills the container
    one reader           amqp reads before it publishes and takes what another greenlet waits for: a stop that hangs (0044)

Doors run on the hub: they may read a local SQLite file and call the log, and must not block on anything else.
"""

from __future__ import annotations

import logging
import os
import signal
import warnings
from collections.abc import Callable
from typing import Any

from grenier.config import Settings
from grenier.doors import dispatch, door_names
from grenier.health import HEALTH
from grenier.log import StreamLog
from grenier.log.guarded import Guarded
from grenier.rpc_host import MAX_WORKERS, PROBED_STREAM, connected_services, load_doors

_log = logging.getLogger(__name__)

PROBE_EVERY_S = 5.0
HEARTBEAT_S = 30


def serve(names: list[str], settings: Settings) -> int:
    """Answer calls to the named services until SIGTERM or SIGINT; returns the exit status, not zero when it failed."""
    probe = LogProbe()
    # Before the imports, which take a while: a process is not ready because nobody has asked it yet.
    HEALTH.add("broker", lambda: connected_services >= set(names))
    HEALTH.add("log", probe.well)
    prepare()
    from nameko.runners import ServiceRunner

    from grenier.log.hub import HubLog

    log = Guarded(HubLog(settings.esdb_uri))
    services = load_doors(names, settings, log, **green_means(settings))
    runner = ServiceRunner({"AMQP_URI": settings.amqp_url, "HEARTBEAT": HEARTBEAT_S, "max_workers": MAX_WORKERS})
    for service in services:
        runner.add_service(nameko_class(service))
    _stop_on_signals(runner)
    probe.start(log)
    try:
        runner.start()
        runner.wait()
    except Exception:
        _log.exception("serving %s failed", ", ".join(names))
        return 1
    return 0


class LogProbe:
    """Whether the log answers. Health is asked in a native thread, which may only look at what a greenlet has noted."""

    def __init__(self) -> None:
        self.answered = False
        self._log: Guarded[Any] | None = None

    def well(self) -> bool:
        return self.answered and self._log is not None and not self._log.away

    def start(self, log: Guarded[Any]) -> None:
        import eventlet

        self._log = log
        eventlet.spawn_n(self._ask_again_and_again, log, eventlet.sleep)

    def _ask_again_and_again(self, log: StreamLog, sleep: Callable[[float], None]) -> None:
        while True:
            try:
                log.read(PROBED_STREAM, limit=1)
                self.answered = True
            except Exception as error:
                _log.warning("log away: %s", error)
                self.answered = False
            sleep(PROBE_EVERY_S)


def prepare() -> None:
    """Make this process fit for Nameko; before nameko, kombu or amqp are imported."""
    os.environ["EVENTLET_HUB"] = "asyncio"
    # Known and provided for: see `rpc_threads`, which takes over when eventlet's support ends.
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
    import eventlet

    eventlet.monkey_patch(thread=False)

    import amqp
    import amqp.method_framing
    import eventlet.queue
    import kombu.resource
    from eventlet.green import threading as green_threading

    # Nothing follows from the notice here, and publishing reads nothing without it.
    known = amqp.Connection.negotiate_capabilities
    amqp.Connection.negotiate_capabilities = {name: wanted for name, wanted in known.items() if name != "connection.blocked"}  # fmt: skip
    amqp.method_framing.threading = green_threading
    kombu.resource.LifoQueue = eventlet.queue.LifoQueue  # type: ignore[misc]
    _speak_plain_json()


def green_means(settings: Settings) -> dict[str, Any]:
    """How doors wait, lock and ask a database without stopping the hub.

    Short reads of a local SQLite file cost less on the hub than the way through a thread; PostgreSQL goes through one.
    """
    import eventlet
    from eventlet import tpool
    from eventlet.semaphore import Semaphore

    means: dict[str, Any] = {"sleep": eventlet.sleep, "lock": Semaphore}
    if settings.database_url:
        tpool.set_num_threads(MAX_WORKERS + 4)
        means["offload"] = tpool.execute
    return means


def nameko_class(service: Any) -> type:
    """The Nameko service with one RPC entrypoint per door of `service`."""
    from grenier.rpc_entrypoints import door_entrypoint

    def entrypoint(name: str) -> Any:
        def call(self: Any, payload: Any, context: Any) -> dict[str, Any]:
            return dispatch(service, name, payload, context)

        call.__name__ = name
        return door_entrypoint(call)

    methods = {name: entrypoint(name) for name in door_names(service)}
    return type(f"{service.name.title()}Service", (), {"name": service.name, **methods})


def _speak_plain_json() -> None:
    """kombu's own JSON is several times slower and adds types of its own; doors answer JSON values only.

    Nobody compresses here, and what unfolds to gigabytes shall not.
    """
    from kombu import compression
    from kombu.serialization import register

    from grenier import rpc_wire as wire

    compression._decoders.clear()
    register("json", wire.encode_text, wire.decode, wire.CONTENT_TYPE, wire.CONTENT_ENCODING)


def _stop_on_signals(runner: Any) -> None:
    """One graceful stop; further signals are ignored, the supervisor's patience ends with SIGKILL."""
    import eventlet
    from eventlet.hubs import get_hub

    stopping = False

    def stop() -> None:
        nonlocal stopping
        if not stopping:
            stopping = True
            eventlet.spawn_n(runner.stop)

    for number in (signal.SIGTERM, signal.SIGINT):
        # Through the loop, which wakes up at once; a plain handler would wait for the next message.
        get_hub().loop.add_signal_handler(number, stop)
