"""The command `grenier`: what an operator types. The processes themselves are in `grenier.process`."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from grenier import console, process
from grenier.config import ConfigError, unknown_variables
from grenier.env_file import read_env_file

LAUNCHER = "grenier_infra.launcher.commands"
CARE = "grenier_infra.launcher.care"

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Grenier : les processus et les outils.",
)

Services = Annotated[list[str], typer.Argument(help="Services : " + ", ".join(process.SERVICES))]
Workers = Annotated[list[str], typer.Argument(help="Services : " + ", ".join(process.WORKERS))]


@app.command()
def serve(
    names: Services, host: Annotated[str, typer.Option(help="nameko ou threads ; par défaut GRENIER_HOST.")] = ""
) -> None:
    """Les portes d'un ou plusieurs services : commandes et questions, par RPC."""
    run(lambda: process.serve(names, host))


@app.command()
def work(names: Workers) -> None:
    """Les vues, réactions et échéances d'un ou plusieurs services."""
    run(lambda: process.work(names))


@app.command()
def spare() -> None:
    """Les portes de tous les services, pour les moments où leur processus revient."""
    run(lambda: process.stand_in(process.SERVICES))


@app.command()
def relay() -> None:
    """Le flux public : du journal vers RabbitMQ."""
    run(process.relay)


@app.command()
def mailer() -> None:
    """L'envoi des courriels en attente."""
    run(process.mailer)


@app.command()
def mailbox() -> None:
    """La boîte locale qui garde tous les courriels (démonstration, essais)."""
    run(process.mailbox)


@app.command()
def gateway() -> None:
    """Le portail : pages et API."""
    run(process.gateway)


@app.command()
def stream() -> None:
    """Le flux d'événements des écrans ouverts (SSE)."""
    run(process.stream)


@app.command()
def eventnode() -> None:
    """Le nœud d'événements embarqué, sur le fichier du dossier de données."""
    run(process.eventnode)


FromLog = Annotated[bool, typer.Option("--from-log", help="Lire le journal seul, sans la copie locale.")]


@app.command()
def rebuild(
    service: Annotated[str, typer.Argument(help="Service : " + ", ".join(process.WORKERS))],
    view: Annotated[str, typer.Argument(help="Une seule vue ; par défaut toutes.")] = "",
    from_log: FromLog = False,
) -> None:
    """Reconstruire les vues d'un service à partir du journal, sans rien arrêter."""

    def action() -> int:
        with console.progress(f"Vues de {service}") as show:
            done = process.rebuild(service, view, show, from_log=from_log)
        for name, position in sorted(done.positions.items()):
            typer.echo(f"{name} : jusqu'à la position {position}")
        typer.echo(
            f"{done.events} événements, {done.changed} lignes changées, {done.pause_ms} ms d'attente à l'échange"
        )
        return 0

    run(action)


@app.command()
def verify(
    names: Annotated[list[str] | None, typer.Argument(help="Services ; par défaut tous.")] = None,
    from_log: FromLog = False,
) -> None:
    """Comparer les vues à ce que le journal donne, ligne par ligne ; sort avec 1 s'il y a une différence."""

    def action() -> int:
        wanted = names or list(process.WORKERS)
        with console.progress("Vérification") as show:
            reports = process.verify(wanted, show, from_log=from_log)
        for name, report in reports.items():
            typer.echo(
                f"{name} : {report.rows} lignes à la position {report.position}, {len(report.problems)} problèmes"
            )
            for problem in report.problems:
                typer.echo(f"  {problem}")
        return 1 if any(report.problems for report in reports.values()) else 0

    run(action)


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
    read_env_file(Path(".env"))
    for name in unknown_variables(os.environ):
        typer.echo(f"{name} : variable inconnue, sans effet (voir .env.example)", err=True)

    def check() -> int:
        settings = process.checked_settings()
        typer.echo(f"Réglages en ordre. Données : {settings.data_dir}, ports à partir de {settings.port_base}.")
        return 0

    run(check)


@app.command()
def up() -> None:
    """Démarrer toute l'installation et la surveiller, jusqu'à Ctrl-C."""
    run(process.load(f"{LAUNCHER}:up"))


@app.command()
def status() -> None:
    """L'état des processus de l'installation."""
    run(process.load(f"{LAUNCHER}:status"))


@app.command()
def stop() -> None:
    """Arrêter l'installation qui tourne dans ce dossier de données."""
    run(process.load(f"{LAUNCHER}:stop"))


@app.command()
def restart(names: Annotated[list[str] | None, typer.Argument(help="Processus ; par défaut tous.")] = None) -> None:
    """Redémarrer les processus l'un après l'autre, pendant que l'installation sert."""
    run(lambda: process.load(f"{CARE}:restart")(names or ()))


OPERATOR = "grenier_infra.launcher.operator"
AUDIT = "gateway.security.audit:main"
Names = Annotated[list[str], typer.Argument(help="Processus, comme `grenier status` les nomme.")]


@app.command()
def hold(names: Names) -> None:
    """Tenir un processus à l'arrêt, pendant que le reste sert."""
    run(lambda: process.load(f"{OPERATOR}:hold")(names))


@app.command()
def release(names: Annotated[list[str] | None, typer.Argument(help="Processus ; par défaut tous.")] = None) -> None:
    """Relancer ce qui est tenu à l'arrêt."""
    run(lambda: process.load(f"{OPERATOR}:release")(names or ()))


@app.command()
def parked(
    action: Annotated[
        str, typer.Argument(help="list : ce qui est mis de côté, et pourquoi ; retry : réessayer.")
    ] = "list",
    services: Annotated[list[str] | None, typer.Argument(help="Services ; par défaut tous.")] = None,
) -> None:
    """Les événements que des vues ou réactions n'ont pas pu prendre."""
    run(lambda: process.load(f"{OPERATOR}:parked_{process.known([action], ('list', 'retry'))[0]}")(services or ()))


@app.command()
def audit() -> None:
    """Connexions, refus et accès changés, les derniers ; sort avec 1 si la chaîne de leurs sceaux est rompue."""
    run(process.load(AUDIT))


@app.command("feed-address")
def feed_address() -> None:
    """L'adresse à laquelle un programme d'une autre maison lit le flux public."""
    run(process.load(f"{OPERATOR}:feed_address"))


KeysFolder = Annotated[Path | None, typer.Option("--keys", help="Un autre dossier pour les clés et secrets.")]


@app.command()
def backup(folder: Annotated[Path, typer.Argument(help="Un dossier neuf.")], keys: KeysFolder = None) -> None:
    """Sauvegarder tout ce qui ne se refait pas : journal, clés, connexions, secrets."""
    run(lambda: process.load(f"{CARE}:backup")(folder, keys))


@app.command()
def restore(folder: Annotated[Path, typer.Argument(help="La sauvegarde.")], keys: KeysFolder = None) -> None:
    """Remettre une sauvegarde dans un dossier de données vide."""
    run(lambda: process.load(f"{CARE}:restore")(folder, keys))


def run(action: Callable[[], int]) -> NoReturn:
    """Exit with the action's code; with 1 and every problem on standard error when it cannot start. `.env` counts."""
    read_env_file(Path(".env"))
    try:
        code = action()
    except (process.Refused, ConfigError) as refused:
        for problem in refused.problems:
            typer.echo(problem, err=True)
        raise typer.Exit(1) from refused
    raise typer.Exit(code)


def main() -> None:
    app()


if __name__ == "__main__":
    main()
