"""The command `grenier`: every process of an installation, and what an operator types.

Each command prepares its process (settings, logs, health server), imports only what it hands over to, waits for the
servers it needs, and hands over. The lines below are the whole map from command to module.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from grenier.config import ConfigError, Settings, unknown_variables

SERVICES = ("contracts", "orders", "ledger", "logistics", "notify", "matching")
# The gateway has views of its own (access, balances), kept by a worker like any other.
WORKERS = (*SERVICES, "gateway")

HOSTS = {"nameko": "grenier.rpc_nameko:serve", "threads": "grenier.rpc_threads:serve"}
WORKER = "grenier.worker:work"
REBUILD = "grenier.worker:rebuild"
RELAY = "grenier.relay:main"
MAILER = "notify_svc.mailer:main"
MAILBOX = "grenier_infra.mailbox:main"
LAUNCHER = "grenier_infra.launcher.commands"

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Grenier : les processus et les outils.",
)

Names = Annotated[list[str], typer.Argument(help="Services : " + ", ".join(SERVICES))]


@app.command()
def serve(
    names: Names, host: Annotated[str, typer.Option(help="nameko ou threads ; par défaut GRENIER_HOST.")] = ""
) -> None:
    """Les portes d'un ou plusieurs services : commandes et questions, par RPC."""
    settings = settings_or_exit()
    names = known(names, SERVICES)
    kind = known([host or settings.host_kind], tuple(HOSTS))[0]
    if kind == "nameko":
        # Must be in place before eventlet is imported by anything: see the host's own docstring.
        os.environ["EVENTLET_HUB"] = "asyncio"
    prepare(f"serve-{'+'.join(names)}", settings)
    hand_over(HOSTS[kind], names, settings, needs=("log", "broker"))


@app.command()
def work(names: Annotated[list[str], typer.Argument(help="Services : " + ", ".join(WORKERS))]) -> None:
    """Les vues, réactions et échéances d'un ou plusieurs services."""
    settings = settings_or_exit()
    names = known(names, WORKERS)
    prepare(f"work-{'+'.join(names)}", settings)
    hand_over(WORKER, names, settings, needs=("log",))


@app.command()
def relay() -> None:
    """Le flux public : du journal vers RabbitMQ."""
    settings = settings_or_exit()
    prepare("relay", settings)
    hand_over(RELAY, settings, needs=("log", "broker"))


@app.command()
def mailer() -> None:
    """L'envoi des courriels en attente."""
    settings = settings_or_exit()
    prepare("mailer", settings)
    hand_over(MAILER, settings, needs=("log", "broker"))


@app.command()
def mailbox() -> None:
    """La boîte locale qui garde tous les courriels (démonstration, essais)."""
    settings = settings_or_exit()
    prepare("mailbox", settings)
    hand_over(MAILBOX, settings)


@app.command()
def gateway() -> None:
    """Le portail : pages et API."""
    settings = settings_or_exit()
    web("gateway", "gateway.app:create_app", settings, settings.gateway_port, settings.gateway_threads, timeout_s=60)


@app.command()
def stream() -> None:
    """Le flux d'événements des écrans ouverts (SSE)."""
    settings = settings_or_exit()
    web("stream", "gateway.stream:create_app", settings, settings.stream_port, settings.stream_threads, timeout_s=0)


@app.command()
def eventnode() -> None:
    """Le nœud d'événements embarqué, sur le fichier du dossier de données."""
    settings = settings_or_exit(secrets=False)
    os.execv(sys.executable, [sys.executable, "-m", "grenier_infra.eventnode", *eventnode_arguments(settings)])  # noqa: S606


def eventnode_arguments(settings: Settings) -> list[str]:
    arguments = ["serve", "--file", str(settings.data_dir / "log.sqlite"), "--port", str(settings.esdb_port)]
    if settings.metrics_port:
        arguments += ["--metrics-port", str(settings.metrics_port)]
    return arguments


@app.command()
def rebuild(
    service: Annotated[str, typer.Argument(help="Service : " + ", ".join(WORKERS))],
    view: Annotated[str, typer.Argument(help="Une seule vue ; par défaut toutes.")] = "",
) -> None:
    """Reconstruire les vues d'un service à partir du journal."""
    settings = settings_or_exit()
    known([service], WORKERS)
    prepare(f"rebuild-{service}", settings, serve_health=False)
    hand_over(REBUILD, service, view or None, settings, needs=("log",))


@app.command("check-config")
def check_config(
    example: Annotated[bool, typer.Option("--example", help="Écrire le contenu de .env.example.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Écrire le tableau de référence.")] = False,
) -> None:
    """Vérifier les réglages : imprime ce qui manque ou ne convient pas, sort avec 1."""
    if example or markdown:
        docs = importlib.import_module("grenier.config_docs")
        typer.echo(docs.env_example() if example else docs.markdown(), nl=False)
        return
    for name in unknown_variables(os.environ):
        typer.echo(f"{name} : variable inconnue, sans effet (voir .env.example)", err=True)
    settings = settings_or_exit()
    typer.echo(f"Réglages en ordre. Données : {settings.data_dir}, ports à partir de {settings.port_base}.")


@app.command()
def up() -> None:
    """Démarrer toute l'installation et la surveiller, jusqu'à Ctrl-C."""
    raise typer.Exit(load(f"{LAUNCHER}:up")())


@app.command()
def status() -> None:
    """L'état des processus de l'installation."""
    raise typer.Exit(load(f"{LAUNCHER}:status")())


@app.command()
def stop() -> None:
    """Arrêter l'installation qui tourne dans ce dossier de données."""
    raise typer.Exit(load(f"{LAUNCHER}:stop")())


def settings_or_exit(secrets: bool = True) -> Settings:
    """The settings, or every problem on standard error and exit code 1."""
    try:
        settings = Settings.from_env()
        problems = settings.missing_secrets() if secrets else []
    except ConfigError as error:
        problems = error.problems
    if not problems:
        return settings
    for problem in problems:
        typer.echo(problem, err=True)
    raise typer.Exit(1)


def known(names: list[str], allowed: tuple[str, ...]) -> list[str]:
    for name in names:
        if name not in allowed:
            raise typer.BadParameter(f"{name!r} ; attendu : {', '.join(allowed)}")
    return list(dict.fromkeys(names))


def prepare(process: str, settings: Settings, serve_health: bool = True) -> None:
    """Logs and, when a port is given, the health server: before anything heavy is imported, so that probes get an answer."""
    from grenier import health, logging

    logging.configure(process, settings.log_level, settings.log_format)
    health.HEALTH.process = process
    for folder in (settings.data_dir, settings.views_dir):
        Path(folder).mkdir(parents=True, exist_ok=True)
    if serve_health and settings.metrics_port:
        health.HEALTH.add("started", lambda: False)  # until hand_over has imported and found its servers
        health.serve(settings.metrics_port, address=settings.bind)


def load(target: str) -> Callable[..., Any]:
    module, _, name = target.partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return found


def hand_over(target: str, *arguments: Any, needs: tuple[str, ...] = ()) -> NoReturn:
    """Import, wait for the servers, run until the end. Importing first lets it overlap with the servers' own start."""
    from grenier import health, waiting

    settings = next(argument for argument in arguments if isinstance(argument, Settings))
    function = load(target)
    waiting.for_servers(settings, needs)
    health.HEALTH.remove("started")
    code = function(*arguments)
    raise typer.Exit(code if isinstance(code, int) else 0)


def web(process: str, factory: str, settings: Settings, port: int, threads: int, timeout_s: int) -> NoReturn:
    """A gunicorn process with one worker; health and metrics are routes of the application itself."""
    from grenier import web_server

    prepare(process, settings, serve_health=False)
    web_server.run(process, factory, f"{settings.bind}:{port}", threads, timeout_s)
    raise typer.Exit(0)


def main() -> None:
    app()


if __name__ == "__main__":
    main()
