"""The one file of the gateway that knows the log, the broker and the views: what `create_app` gets in an installation."""

from typing import Any

from gateway.places import Places
from gateway.projections import Agenda, Balances, open_runtime
from gateway.staleness import Freshness
from grenier.clock import make_clock
from grenier.config import Settings
from grenier.health import HEALTH
from grenier.log.esdb import EsdbLog
from grenier.log.guarded import Guarded
from grenier.pulse import Pulse, Watch, greet
from grenier.rpc_client import RpcClient

PROBE_TIMEOUT_S = 1.0


def collaborators(settings: Settings) -> dict[str, Any]:
    """Keyword arguments for `create_app`; the same for the pages and for the event stream."""
    clock = make_clock(settings.demo, settings.clock_file)
    log = Guarded(EsdbLog(settings.esdb_uri))
    runtime = open_runtime(settings, log, clock)
    freshness = Freshness(runtime, EsdbLog(settings.esdb_uri, timeout_s=PROBE_TIMEOUT_S))
    watch = Watch(Pulse("broker", lambda: greet(settings.amqp_url)), Pulse("log", freshness.look))
    HEALTH.add("log", lambda: {"head": log.head()})
    return {
        "rpc": RpcClient(settings.amqp_url, settings.rpc_timeout_s, watch),
        "watch": watch,
        "freshness": freshness,
        "clock": clock,
        "access_view": Places(runtime),
        "balances": Balances(runtime),
        "agenda": Agenda(runtime),
        "log": log,
    }
