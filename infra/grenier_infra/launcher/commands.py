"""The commands of the launcher: up, status, stop; `care.py` has restart, backup, restore.

`up` exits with 0 after an orderly stop, 1 when it could not start (settings, ports, missing RabbitMQ) and 2 when it is
already running in this data folder.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from grenier.config import ConfigError, Settings
from grenier.env_file import read_env_file
from grenier.overview import look
from grenier_infra.launcher import broker, probes, secrets, state
from grenier_infra.launcher.demo import DemoLoader
from grenier_infra.launcher.screen import Screen
from grenier_infra.launcher.supervisor import Child, Supervisor
from grenier_infra.launcher.table import BrokerMissing, Own, Process, named, ports_used, processes
from grenier_infra.launcher.welcome import welcome

SLOW_AFTER_S = 60.0
LEFTOVERS_PATIENCE_S = 20.0
STOP_PATIENCE_S = 60.0
WRITE_STATE_EVERY_S = 0.5


def main(words: Sequence[str]) -> int:
    """`up [--plain] [--demo] [--only=NAME,NAME]`, `status`, `stop` (or `down`), `restart [NAME…]`,
    `hold NAME`, `release [NAME…]`, `parked list|retry [SERVICE…]`, `backup FOLDER [--keys=FOLDER]`, `restore FOLDER [--keys=FOLDER]`."""
    from grenier_infra.launcher import care, operator

    command, options = (words[0], list(words[1:])) if words else ("", [])
    plain_words = [option for option in options if not option.startswith("--")]
    keys = [Path(option.partition("=")[2]) for option in options if option.startswith("--keys=")]
    only = [option.partition("=")[2] for option in options if option.startswith("--only=")]
    if command == "up":
        return up(plain="--plain" in options, demo="--demo" in options, only=only[0].split(",") if only else None)
    if command == "status":
        return status()
    if command in ("stop", "down"):
        return stop()
    if command == "restart":
        return care.restart(plain_words)
    if command in ("hold", "release"):
        return (operator.hold if command == "hold" else operator.release)(plain_words)
    if command == "parked" and plain_words[:1] in (["list"], ["retry"]):
        return (operator.parked_list if plain_words[0] == "list" else operator.parked_retry)(plain_words[1:])
    if command in ("backup", "restore") and len(plain_words) == 1:
        return (care.backup if command == "backup" else care.restore)(Path(plain_words[0]), keys[0] if keys else None)
    print(
        "usage : python -m grenier_infra.launcher up [--plain] [--demo] [--only=NOM,NOM] | status | stop"
        " | restart [NOM…] | hold NOM… | release [NOM…] | parked list|retry [SERVICE…] | backup DOSSIER [--keys=DOSSIER] | restore DOSSIER [--keys=DOSSIER]"
    )
    return 1


def up(plain: bool = False, demo: bool = False, only: list[str] | None = None) -> int:
    """Start everything and stay until Ctrl-C, SIGTERM or a closed terminal. `demo`: a demonstration unless told otherwise."""
    console = Console(highlight=False)
    read_env_file(Path(".env"))
    if demo and not os.environ.get("GRENIER_DEMO"):
        os.environ["GRENIER_DEMO"] = "1"
    try:
        settings = _settings_with_secrets()
        lock = state.take_lock(settings.data_dir)
    except ConfigError as error:
        console.print(*error.problems, sep="\n")
        return 1
    except state.AlreadyRunning:
        console.print("Grenier tourne déjà dans ce dossier de données (`grenier status`, `grenier stop`).")
        return 2
    os.umask(0o077)  # whatever a process writes is its owner's business only
    with lock:
        table = _table(settings, only, console)
        if table is None or not _ports_are_free(settings, table, console):
            return 1
        return Installation(settings, table, plain).run()


class Installation:
    """One run of the launcher, from the first process started to the last one stopped."""

    def __init__(self, settings: Settings, table: list[Process], plain: bool) -> None:
        self._settings = settings
        self._logs = settings.data_dir / "logs"
        self._logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._screen = Screen(self._logs, plain)
        self._supervisor = Supervisor(table, self._logs, self._on_process)
        self._asked_to_stop = 0
        self._began = time.monotonic()
        self._announced = False
        self._warned = False
        self._written_at = 0.0
        has_gateway = any(process.name == "gateway" for process in table)
        self._demo = DemoLoader(settings) if settings.demo and settings.demo_load and has_gateway else None

    def run(self) -> int:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        self._screen.starting(list(self._supervisor.children))
        try:
            self._supervisor.run(self._each_round, until=lambda: self._asked_to_stop > 0)
        finally:
            self._stop()
        return 0

    def _on_signal(self, _number: int, _frame: Any) -> None:
        self._asked_to_stop += 1
        if self._asked_to_stop == 2:
            os.write(1, "Arrêt en cours, encore quelques secondes…\n".encode())

    def _on_process(self, kind: str, child: Child, code: int) -> None:
        self._written_at = 0.0  # whoever reads the state file sees a change within a round
        self._screen.process(kind, child, code)

    def _stop(self) -> None:
        self._screen.started()
        self._screen.say("Arrêt…")
        if self._demo is not None:
            self._demo.stop()
        self._supervisor.stop()
        state.forget(self._settings.data_dir)
        self._screen.say("Tout est arrêté ; les données restent dans " + str(self._settings.data_dir))

    def _each_round(self) -> None:
        now = time.monotonic()
        if now - self._written_at > WRITE_STATE_EVERY_S:
            self._written_at = now
            try:
                self._write_state()
            except OSError:
                pass  # a full disk: the state is written again in half a second, and nothing may end because of it
        if not self._announced and self._supervisor.all_ready():
            self._when_ready(now)
        elif not self._announced and not self._warned and now - self._began > SLOW_AFTER_S:
            self._warned = True
            self._screen.slow()

    def _when_ready(self, now: float) -> None:
        """All processes are ready: load the demonstration if it is missing, then say where to click."""
        self._screen.started()
        if self._demo is not None and not self._demo.done():
            return
        if self._demo is not None and self._demo.failed():
            self._screen.say(
                "[yellow]La démonstration n'a pas été chargée jusqu'au bout : le prochain démarrage réessaiera.[/]"
            )
        self._announced = True
        self._write_state()
        self._screen.where_to_click(welcome(self._settings), now - self._began, self._settings.data_dir)

    def _write_state(self) -> None:
        shown = {
            name: {
                "pid": child.pid,
                "ready": child.ready,
                "restarts": child.restarts,
                "role": child.process.role,
                "port": child.process.probe.port,
            }
            for name, child in self._supervisor.children.items()
        }
        facts = {"url": self._settings.public_url, "port_base": self._settings.port_base, "ready": self._announced}
        state.write(self._settings.data_dir, {**facts, "processes": shown})


def status() -> int:
    """Print the processes of the running installation. 0: all ready, 1: some are not, 3: not running."""
    console = Console(highlight=False)
    read_env_file(Path(".env"))
    found = state.read(Settings.from_env().data_dir)
    if found is None:
        console.print("Grenier ne tourne pas dans ce dossier de données.")
        return 3
    seen = look(Settings.from_env())
    parts = seen["components"]
    table = Table("processus", "rôle", "état", "pid", "port", "redémarrages", "mémoire (Mo)", "réponse (ms)")
    total = memory_mb(found["pid"], children=False)
    for name, process in found["processes"].items():
        used = memory_mb(process["pid"])
        total += used
        facts = (process["pid"], process["port"], process["restarts"], f"{used:.0f}", parts[name].get("latency_ms", ""))
        table.add_row(name, process["role"], _state(parts[name]), *(str(fact) for fact in facts))
    for name, part in parts.items():
        if part["kind"] != "process":
            figures = ", ".join(f"{fact} {value}" for fact, value in part.get("facts", {}).items())
            table.add_row(name, figures, _state(part), *([""] * 5))
    console.print(table)
    console.print(f"{found['url']} · mémoire en tout : {total:.0f} Mo")
    for name in seen["named"]:
        console.print(f"[red]{name}[/] : {STATES[parts[name]['state']]}", *parts[name].get("problems", []))
    return 1 if seen["named"] else 0


STATES = {
    "well": "prêt", "slow": "lent", "behind": "en retard", "parked": "événements mis de côté", "failing": "échoue",
    "overloaded": "débordé", "waiting": "attend", "full": "plein", "not-ready": "pas prêt", "held": "tenu à l'arrêt", "silent": "ne répond pas",
    "down": "arrêté",
}  # fmt: skip


def _state(part: dict[str, Any]) -> str:
    return f"[{'green' if part['state'] == 'well' else 'red'}]{STATES[part['state']]}[/]"


def stop() -> int:
    """End the running launcher and wait until everything is stopped."""
    console = Console(highlight=False)
    read_env_file(Path(".env"))
    data_dir = Settings.from_env().data_dir
    found = state.read(data_dir)
    if found is None:
        console.print("Grenier ne tourne pas dans ce dossier de données.")
        return 0
    os.kill(found["pid"], signal.SIGTERM)
    until = time.monotonic() + STOP_PATIENCE_S
    while state.read(data_dir) is not None:  # the launcher removes it as its last act
        if time.monotonic() > until:
            console.print(f"Le lanceur (pid {found['pid']}) ne s'arrête pas.")
            return 1
        time.sleep(0.1)
    console.print("Tout est arrêté.")
    return 0


def memory_mb(pid: int | None, children: bool = True) -> float:
    """Resident memory of a process and those it started."""
    if pid is None:
        return 0.0
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)] if children else [process]
        return float(sum(one.memory_info().rss for one in family)) / 1e6
    except psutil.NoSuchProcess:
        return 0.0


def _settings_with_secrets() -> Settings:
    settings = Settings.from_env()
    known = secrets.ensure(settings.data_dir)
    if Own.from_env(os.environ).broker:
        own = Own(broker=False, event_node=False, mailbox=False)
        broker.write_files(settings, known["broker_password"], [process.name for process in processes(settings, own)])
    return Settings.from_env()


def _table(settings: Settings, only: list[str] | None, console: Console) -> list[Process] | None:
    try:
        table = processes(settings, Own.from_env(os.environ))
    except BrokerMissing:
        console.print("RabbitMQ n'est pas installé : apt-get install rabbitmq-server, ou donner AMQP_URL.")
        return None
    names = [process.name for process in table]
    chosen = set(names) if only is None else {named(name, names) for name in only}
    return [process for process in table if process.name in chosen]


def _ports_are_free(settings: Settings, table: list[Process], console: Console) -> bool:
    """Wait a little when a launcher was killed just before: its processes are then still ending."""
    left_behind = (settings.data_dir / "run" / "state.json").exists()
    until = time.monotonic() + (LEFTOVERS_PATIENCE_S if left_behind else 0.0)
    while taken := {port: name for port, name in ports_used(settings, table).items() if not probes.port_is_free(port)}:
        if time.monotonic() > until:
            for port, name in sorted(taken.items()):
                console.print(f"Le port {port} ({name}) est déjà pris : choisir une autre base avec GRENIER_PORT.")
            return False
        time.sleep(0.2)
    return True
