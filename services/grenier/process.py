"""The processes of an installation: each prepares itself, imports what it hands over to, waits for its servers, runs.

    python -m grenier.process serve orders ledger      what the launcher starts: no command-line library, little memory
    grenier serve orders ledger                        the same through `grenier.run`, for people

The functions below are the whole map from the name of a process to the module that does its work.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, TextIO

from grenier.config import ConfigError, Settings

SERVICES = ("contracts", "orders", "ledger", "logistics", "notify", "matching")
# The gateway has views of its own (access, balances), kept by a worker like any other.
WORKERS = (*SERVICES, "gateway")

STAND_IN = "grenier.rpc_threads:stand_in"
HOSTS = {"nameko": "grenier.rpc_nameko:serve", "threads": "grenier.rpc_threads:serve"}
WORKER = "grenier.worker:work"
REBUILD = "grenier.rebuild:rebuild"
VERIFY = "grenier.verify:verify"
RELAY = "grenier.relay:main"
MAILER = "notify_svc.mailer:main"
MAILBOX = "grenier_infra.mailbox:main"
GATEWAY = "gateway.app:create_app"
FORGETFUL_GATEWAY = "gateway.forgetful:create_app"


class Refused(Exception):
    """The process cannot start. `problems`: sentences for the operator."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def serve(names: Sequence[str], host: str = "") -> int:
    """The doors of one or several services: commands and questions, by RPC."""
    settings = checked_settings()
    doors = known(names, SERVICES)
    kind = known([host or settings.host_kind], tuple(HOSTS))[0]
    if kind == "nameko":
        # Must be in place before eventlet is imported by anything: see the host's own docstring.
        os.environ["EVENTLET_HUB"] = "asyncio"
        # Its own resolver costs memory in each process; names are looked up only when a connection is made.
        os.environ["EVENTLET_NO_GREENDNS"] = "yes"
    prepare(f"serve-{'+'.join(doors)}", settings)
    return hand_over(HOSTS[kind], settings, ("log", "broker"), doors, settings)


def stand_in(names: Sequence[str]) -> int:
    """Doors of several services, for the moments in which their own process is away."""
    settings = checked_settings()
    doors = known(names, SERVICES)
    prepare("spare", settings)
    return hand_over(STAND_IN, settings, ("log", "broker"), doors, settings)


def work(names: Sequence[str]) -> int:
    """The views, reactions and timers of one or several services."""
    settings = checked_settings()
    services = known(names, WORKERS)
    prepare(f"work-{'+'.join(services)}", settings)
    return hand_over(WORKER, settings, ("log",), services, settings)


def relay() -> int:
    """The public feed: from the log to RabbitMQ."""
    settings = checked_settings()
    prepare("relay", settings)
    return hand_over(RELAY, settings, ("log", "broker"), settings)


def mailer() -> int:
    """Sending the mails that wait."""
    settings = checked_settings()
    prepare("mailer", settings)
    return hand_over(MAILER, settings, ("log", "broker"), settings)


def mailbox() -> int:
    """The local mail server that keeps everything."""
    settings = checked_settings()
    prepare("mailbox", settings)
    return hand_over(MAILBOX, settings, (), settings)


def gateway() -> int:
    """Pages and API."""
    settings = checked_settings()
    factory = FORGETFUL_GATEWAY if "forget-keys" in settings.test_switches else GATEWAY
    from grenier import page_server

    page_server.counting_together(settings.data_dir / "run" / "gateway-metrics")
    prepare("gateway", settings, serve_health=False)
    workers, threads = settings.gateway_workers, settings.gateway_threads
    page_server.run(factory, ("gateway.api", "gateway.pages"), settings.bind, settings.gateway_port, workers, threads)
    return 0


def stream() -> int:
    """Server-sent events of the screens that are open."""
    settings = checked_settings()
    from grenier import web_server

    prepare("stream", settings, serve_health=False)
    web_server.run("stream", "gateway.stream:create_app", settings.bind, settings.stream_port, settings.stream_threads)
    return 0


def eventnode() -> int:
    """The embedded event node, on the file of the data folder. Replaces this process; returns only when that fails."""
    settings = checked_settings(secrets=False)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    os.execv(sys.executable, [sys.executable, "-m", "grenier_infra.eventnode", *eventnode_arguments(settings)])  # noqa: S606


def eventnode_arguments(settings: Settings) -> list[str]:
    arguments = ["serve", "--file", str(settings.data_dir / "log.sqlite"), "--port", str(settings.esdb_port)]
    if settings.metrics_port:
        arguments += ["--metrics-port", str(settings.metrics_port)]
    if "node-faults" in settings.test_switches:
        arguments += ["--faults"]
    return arguments


def rebuild(service: str, view: str = "", show: Any = None, *, from_log: bool = False) -> Any:
    """Make the views of a service anew, or one of them, while all else goes on; see `grenier.rebuild`."""
    settings = _for_maintenance("rebuild", [service])
    try:
        return load(REBUILD)(service, settings, view or None, show, from_log=from_log)
    except Exception as error:
        raise Refused([_why_not(error)]) from error


def verify(names: Sequence[str], show: Any = None, *, from_log: bool = False) -> dict[str, Any]:
    """Compare the live views of services with a replay; a report for each, see `grenier.verify`."""
    settings = _for_maintenance("verify", names)
    try:
        return {name: load(VERIFY)(name, settings, show, from_log=from_log) for name in names}
    except Exception as error:
        raise Refused([_why_not(error)]) from error


def _for_maintenance(work: str, names: Sequence[str]) -> Settings:
    from grenier import waiting

    settings = checked_settings()
    known(names, WORKERS)
    prepare(f"{work}-{'-'.join(names)}", settings, serve_health=False, logs=sys.stderr)
    waiting.for_servers(settings, ("log",))
    return settings


def _why_not(error: Exception) -> str:
    code = getattr(error, "code", "")
    sentences = {
        "rebuild-active": "une reconstruction de ces vues est déjà en cours",
        "no-such-view": "ce service n'a pas de vue de ce nom",
    }
    return sentences.get(code) or f"{type(error).__name__} : {error}"


# -- what they share ---------------------------------------------------------------------------------------------


def checked_settings(secrets: bool = True) -> Settings:
    """The settings of the environment. Raises Refused with every problem at once."""
    try:
        settings = Settings.from_env()
    except ConfigError as error:
        raise Refused(error.problems) from error
    problems = settings.missing_secrets() if secrets else []
    if problems:
        raise Refused(problems)
    return settings


def known(names: Sequence[str], allowed: Sequence[str]) -> list[str]:
    """The names without repetition. Raises Refused for one that is not allowed, or for none."""
    unknown = [name for name in names if name not in allowed]
    if unknown or not names:
        raise Refused([f"{', '.join(unknown) or 'aucun nom'} ; attendu : {', '.join(allowed)}"])
    return list(dict.fromkeys(names))


def prepare(process: str, settings: Settings, serve_health: bool = True, logs: TextIO | None = None) -> None:
    """Logs and, when a port is given, the health server: before anything heavy is imported, so that probes get an answer."""
    from grenier import health, logging

    logging.configure(process, settings.log_level, settings.log_format, logs)
    health.HEALTH.process = process
    for folder in (settings.data_dir, settings.views_dir):
        folder.mkdir(parents=True, exist_ok=True)
    if serve_health and settings.metrics_port:
        health.HEALTH.add("started", lambda: False)  # until hand_over has imported and found its servers
        health.serve(settings.metrics_port, address=settings.bind)


def load(target: str) -> Callable[..., Any]:
    module, _, name = target.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found


def hand_over(target: str, settings: Settings, needs: tuple[str, ...], *arguments: Any) -> int:
    """Import, wait for the servers, run until the end. Importing first lets it overlap with the servers' own start."""
    from grenier import health, waiting

    function = load(target)
    waiting.for_servers(settings, needs)
    health.HEALTH.remove("started")
    code = function(*arguments)
    return code if isinstance(code, int) else 0


COMMANDS: dict[str, Callable[..., int]] = {
    "serve": lambda *names: serve(names),
    "spare": lambda *names: stand_in(names or SERVICES),
    "work": lambda *names: work(names),
    "relay": relay,
    "mailer": mailer,
    "mailbox": mailbox,
    "gateway": gateway,
    "stream": stream,
    "eventnode": eventnode,
}


def main(words: Sequence[str]) -> int:
    """Exit code: what the process returned, 1 when it could not start."""
    try:
        return COMMANDS[words[0]](*words[1:])
    except Refused as refused:
        print(*refused.problems, sep="\n", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
