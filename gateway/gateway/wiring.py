"""The one file of the gateway that knows the log, the broker and the views: what `create_app` gets in an installation."""

from typing import Any

from gateway.places import Places
from grenier.access import Access, access_view
from grenier.clock import make_clock
from grenier.config import Settings
from grenier.health import HEALTH
from grenier.log.esdb import EsdbLog
from grenier.readmodel import Database
from grenier.rpc_client import RpcClient


def collaborators(settings: Settings) -> dict[str, Any]:
    """Keyword arguments for `create_app`; the same for the pages and for the event stream."""
    clock = make_clock(settings.demo, settings.clock_file)
    views = Database(settings.view_database("gateway"), "gateway")
    views.create(access_view.tables)  # the pages may come up before the worker that fills them
    log = EsdbLog(settings.esdb_uri)
    HEALTH.add("log", lambda: {"head": log.head()})
    return {
        "rpc": RpcClient(settings.amqp_url, settings.rpc_timeout_s),
        "clock": clock,
        "access_view": Places(Access(views, clock)),
        "log": log,
    }
