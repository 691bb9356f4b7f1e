"""The processes of an installation: what each is for, how it starts, where it answers, what must be ready before it.

This is the whole list. The layout says which services share a process: memory goes with the number of processes, and
orders, where the crowd is, stands alone unless the machine is very small. What stops first stands in the highest layer.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote, urlsplit

from grenier.config import LOCAL, Settings
from grenier.process import SERVICES, WORKERS
from grenier_infra.launcher import broker, broker_users

SERVERS, DOORS, EDGE = 0, 1, 2
# While a dozen programs import on two cores, what others wait for goes first: broker and log, then pages and doors.
NICENESS = {SERVERS: 0, DOORS: 3, EDGE: 3}
CAN_WAIT = 8

Groups = tuple[tuple[str, ...], ...]

# Layout: (services that share a process for their doors, services that share one for their views).
LAYOUTS: dict[str, tuple[Groups, Groups]] = {
    "spread": (tuple((name,) for name in SERVICES), tuple((name,) for name in WORKERS)),
    "grouped": (
        (("contracts", "notify", "matching"), ("orders",), ("ledger", "logistics")),
        (("contracts", "notify", "matching", "gateway"), ("orders",), ("ledger", "logistics")),
    ),
    "compact": ((SERVICES,), (WORKERS,)),
}


@dataclass(frozen=True, slots=True)
class Probe:
    """How to see that a process is ready: an HTTP path answering 200, an AMQP greeting, an open port, or being alive."""

    kind: Literal["http", "amqp", "tcp", "alive"]
    port: int = 0
    host: str = LOCAL


@dataclass(frozen=True, slots=True)
class Process:
    """One line of the table. `role` is shown to people; `after` names processes that must have been ready once."""

    name: str
    role: str
    argv: tuple[str, ...]
    probe: Probe
    layer: int
    after: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    niceness: int = 0


@dataclass(frozen=True, slots=True)
class Own:
    """Which servers the installation runs itself: those that the environment does not name."""

    broker: bool
    event_node: bool
    mailbox: bool

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Own:
        return cls(*(not environ.get(name, "").strip() for name in ("AMQP_URL", "ESDB_URI", "SMTP_URL")))


def processes(settings: Settings, own: Own) -> list[Process]:
    """The table in the order of starting; ports of /metrics and /health follow this order from the port base + 20."""
    doors, views = LAYOUTS[settings.layout]
    metrics_port = settings.first_metrics_port
    table: list[Process] = []

    def add(name: str, role: str, words: tuple[str, ...], layer: int, own_port: int = 0, **more: str) -> None:
        """One of our own programs: `grenier.process WORDS`, answering about itself on the next port (or on its own)."""
        nonlocal metrics_port
        port = own_port or metrics_port
        host = settings.bind if own_port and settings.bind != "0.0.0.0" else LOCAL  # noqa: S104
        argv = (sys.executable, "-m", "grenier.process", *words)
        env = child_env(settings, 0 if own_port else port) | more
        if own.broker:
            password = unquote(urlsplit(settings.amqp_url).password or "")
            env["AMQP_URL"] = broker_users.url(name, password, settings.amqp_port)
        table.append(Process(name, role, argv, Probe("http", port, host), layer, env=env))
        metrics_port += 1

    if own.broker:
        table += broker_processes(settings)
    if own.event_node:
        add("eventnode", "le journal des événements", ("eventnode",), SERVERS)
    if own.mailbox:
        add("mailbox", "la boîte qui garde les courriels", ("mailbox",), SERVERS)
    # Two servers on one port where there is room: one answers while the other is started again.
    both = len(doors) > 1 and settings.gateway_workers > 1
    workers = settings.gateway_workers // 2 if both else settings.gateway_workers
    add("gateway", "le portail : pages et API", ("gateway",), EDGE, settings.gateway_port,
        GRENIER_GATEWAY_WORKERS=str(workers))  # fmt: skip
    for group in doors:
        add(group_name("serve", group), f"les portes de {', '.join(group)}", ("serve", *group), DOORS)
    for group in views:
        add(group_name("work", group), f"les vues de {', '.join(group)}", ("work", *group), DOORS)
    add("relay", "le flux public", ("relay",), DOORS)
    add("mailer", "l'envoi des courriels", ("mailer",), DOORS)
    add("stream", "les écrans qui se mettent à jour", ("stream",), EDGE, own_port=settings.stream_port)
    if len(doors) > 1:  # a machine too small for several processes is too small for one that mostly waits
        add("spare", "les portes de tous, le temps qu'un processus revienne", ("spare",), DOORS)
    if both:
        add("gateway-2", "le portail, une seconde fois", ("gateway",), EDGE, settings.gateway_port,
            GRENIER_GATEWAY_WORKERS=str(settings.gateway_workers - workers))  # fmt: skip
    return table


def group_name(verb: str, group: tuple[str, ...]) -> str:
    """`serve-orders`, `serve-ledger+logistics`."""
    return f"{verb}-{'+'.join(group)}"


def named(name: str, names: Iterable[str]) -> str:
    """The process that does the work of `name`: `work-ledger` is found in `work-ledger+logistics`. KeyError if none does."""
    verb, _, service = name.partition("-")
    for candidate in names:
        if candidate == name or (
            service and candidate.startswith(f"{verb}-") and service in candidate.partition("-")[2].split("+")
        ):
            return candidate
    raise KeyError(name)


def broker_processes(settings: Settings) -> list[Process]:
    """RabbitMQ and its name server. epmd is started by us: RabbitMQ would leave one behind as a daemon."""
    environment = broker.environment(settings)
    server = broker.program()
    if server is None:
        raise BrokerMissing()
    epmd = ("epmd", "-port", str(settings.epmd_port), "-address", LOCAL)
    return [
        Process("epmd", "l'annuaire de RabbitMQ", epmd, Probe("tcp", settings.epmd_port), SERVERS, env=environment),
        Process(
            "broker",
            "RabbitMQ, les messages",
            (str(server),),
            Probe("amqp", settings.amqp_port),
            SERVERS,
            after=("epmd",),
            env=environment,
        ),
    ]


class BrokerMissing(Exception):
    """RabbitMQ is not installed and AMQP_URL names none."""


def child_env(settings: Settings, metrics_port: int) -> dict[str, str]:
    """The environment of one of our own programs: the launcher's, with the folder and ports made definite."""
    return {
        # Some machines forbid the compiled copies of modules: each start would take twice as long.
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "GRENIER_DATA": str(settings.data_dir),
        "GRENIER_PORT": str(settings.port_base),
        "GRENIER_METRICS_PORT": str(metrics_port),
        "GRENIER_SECRET": settings.session_secret,
        "GRENIER_URL": settings.public_url,
        "GRPC_VERBOSITY": "ERROR",
        # Many threads would otherwise each keep an arena of freed memory, and a store of small pieces that fills for hours.
        "MALLOC_ARENA_MAX": "2",
        "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0",
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "ignore::DeprecationWarning",
    }


def ports_used(settings: Settings, table: list[Process]) -> dict[int, str]:
    """Every port the table will listen on, with the process that will: checked to be free before anything starts."""
    ports = {process.probe.port: process.name for process in table if process.probe.port}
    names = {process.name for process in table}
    extra = {"eventnode": settings.esdb_port, "mailbox": settings.smtp_port, "broker": settings.broker_dist_port}
    return ports | {port: name for name, port in extra.items() if name in names}
