"""What an operator does to a running installation: hold a process back, let it go, look at what is parked, try it again.

grenier hold work-orders        stops it, and it stays stopped (also over a restart of the launcher)
grenier release work-orders     it starts again within a second
grenier parked list|retry [SERVICE…]
grenier feed-address            where a program of another house reads the public feed, and as whom
"""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from grenier import parking
from grenier.config import Settings, read_secrets
from grenier.process import WORKERS
from grenier.projector import parked
from grenier.readmodel import Database
from grenier.relay_parking import HeldBack
from grenier_infra.launcher import broker_users, state
from grenier_infra.launcher.table import named

FEED = "feed"


def held_dir(data_dir: Path) -> Path:
    """One empty file per process that is held back; the supervisor looks for them."""
    return data_dir / "run" / "held"


def hold(names: Sequence[str], number: signal.Signals = signal.SIGTERM) -> int:
    """0: they stop; 3: no launcher is running here, or it has no such process."""
    settings, console = Settings.from_env(), Console(highlight=False)
    found = state.read(settings.data_dir)
    for name in names:
        try:
            known = named(name, found["processes"]) if found else ""
        except KeyError:
            known = ""
        if not found or not known:
            console.print(f"{name} : pas de tel processus en marche dans ce dossier de données.")
            return 3
        folder = held_dir(settings.data_dir)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / known).touch()
        pid = found["processes"][known]["pid"]
        if pid:
            os.kill(pid, number)
        console.print(f"{known} est tenu à l’arrêt ; `grenier release {known}` le relance.")
    return 0


def release(names: Sequence[str]) -> int:
    settings, console = Settings.from_env(), Console(highlight=False)
    folder = held_dir(settings.data_dir)
    held = [path.name for path in folder.iterdir()] if folder.exists() else []
    for name in names or held:
        try:
            (folder / named(name, held)).unlink(missing_ok=True)
            console.print(f"{name} : relancé.")
        except KeyError:
            console.print(f"{name} n’était pas tenu à l’arrêt.")
    return 0


def parked_list(services: Sequence[str] = ()) -> int:
    """0: nothing is parked; 1: something is; 3: there is no installation here."""
    settings, console = Settings.from_env(), Console(highlight=False)
    if not any(_has_views(settings, service) for service in WORKERS):
        console.print(f"Aucune vue dans {settings.data_dir} : est-ce le bon dossier de données ?")
        return 3
    table = Table("service", "vue ou réaction", "position", "flux", "événement", "cause")
    count = 0
    for service in services or (*WORKERS, FEED):
        for row in _rows(settings, service):
            table.add_row(service, *(str(fact) for fact in row))
            count += 1
    if count:
        console.print(table)
        console.print("Une fois la cause réparée : `grenier parked retry`.")
    else:
        console.print("Rien n’est mis de côté.")
    return int(count > 0)


def parked_retry(services: Sequence[str] = ()) -> int:
    """Ask the workers; the feed tries by itself every few seconds."""
    settings, console = Settings.from_env(), Console(highlight=False)
    for service in services or WORKERS:
        if service not in WORKERS or not _has_views(settings, service):
            continue
        database = Database(settings.view_database(service), service)
        try:
            count = parking.ask_again(database)
        finally:
            database.close()
        if count:
            console.print(f"{service} : {count} événements sont réessayés ; `grenier parked list` montre ce qui reste.")
    return 0


def feed_address() -> int:
    """The address of the private broker for the user who may read the public feed. 1: there is none here."""
    settings, console = Settings.from_env(), Console(highlight=False, soft_wrap=True)
    password = read_secrets(settings.data_dir).get("broker_password")
    if os.environ.get("AMQP_URL", "").strip() or not password:
        console.print("Pas de RabbitMQ privé ici : sur le vôtre, créez un utilisateur qui lit l’échange events.public.")
        return 1
    console.print(broker_users.url(FEED, password, settings.amqp_port))
    return 0


def _rows(settings: Settings, service: str) -> list[tuple[str, int, str, str, str]]:
    if service == FEED:
        return _feed(settings.data_dir / "relay.sqlite")
    if not _has_views(settings, service):
        return []
    database = Database(settings.view_database(service), service)
    try:
        database.create([parked])
        return [
            (row["view"], row["position"], row["stream"], row["event"], row["reason"])
            for row in parking.waiting(database)
        ]
    finally:
        database.close()


def _has_views(settings: Settings, service: str) -> bool:
    """Looking must not make the files of a service that has never run, or those of another folder."""
    return bool(settings.database_url) or (settings.views_dir / f"{service}.sqlite").exists()


def _feed(path: Path) -> list[tuple[str, int, str, str, str]]:
    if not path.exists():
        return []
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        return [(FEED, held.position, held.stream, held.event, held.reason) for held in HeldBack(connection).rows()]
    finally:
        connection.close()
