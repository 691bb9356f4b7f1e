"""Settings of a process: read once from the environment, checked, then passed around as one frozen value.

`VARIABLES` is the only list of what can be set. It parses the environment, generates `.env.example` and the reference
page, and names what is wrong: `grenier check-config` prints the problems it finds.

What an installation makes for itself at its first start (session key, key-encryption key, broker password) lies in
`<data>/secrets.json`; a variable of the environment wins over it.

Errors: `ConfigError` carries every problem found, one sentence each, naming the variable and what is expected.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from grenier.config_values import (
    Variable,
    bounded,
    choice,
    flag,
    key_bytes,
    mail_address,
    path,
    seconds,
    text,
    time_zone,
    url,
    words,
)

DEFAULT_PORT = 8400
PORTS_PER_INSTALLATION = 60
LOCAL = "127.0.0.1"


class ConfigError(Exception):
    """The environment cannot be used. `problems`: sentences, each naming one variable."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


VARIABLES: tuple[Variable, ...] = (
    Variable("GRENIER_DATA", "data_dir", "./data", path, "Dossier de toutes les données de l'installation."),
    Variable(
        "GRENIER_PORT",
        "port_base",
        str(DEFAULT_PORT),
        bounded(1024, 65535 - PORTS_PER_INSTALLATION),
        "Premier port : portail, +1 flux d'événements, +2 nœud d'événements, +3 AMQP, +4 SMTP local, +5 epmd, "
        "+6 RabbitMQ, mesures à partir de +20.",
    ),
    Variable("GRENIER_BIND", "bind", LOCAL, text, "Adresse sur laquelle le portail et le flux écoutent."),
    Variable("GRENIER_DEMO", "demo", "0", flag, "1 : installation de démonstration (données, comptes, horloge)."),
    Variable(
        "GRENIER_DEMO_LOAD", "demo_load", "1", flag, "0 : la démonstration démarre vide, sans la fédération d'exemple."
    ),
    Variable(
        "GRENIER_TEST_SWITCHES",
        "test_switches",
        "",
        words("forget-keys", "node-faults"),
        "Pour les essais, refusé hors démonstration. forget-keys : le portail oublie les clés d'idempotence ; "
        "node-faults : le nœud d'événements fait des fautes sur commande.",
    ),
    Variable(
        "GRENIER_LAYOUT",
        "layout",
        "grouped",
        choice("grouped", "spread", "compact"),
        "grouped : services regroupés par affinité ; spread : un processus par service, pour les grandes machines ; "
        "compact : tous les services ensemble, pour les très petites.",
    ),
    Variable(
        "GRENIER_URL",
        "public_url",
        "",
        url("http", "https", optional=True),
        "Adresse publique du portail, écrite dans les courriels (par défaut http://localhost:<port>).",
    ),
    Variable(
        "AMQP_URL",
        "amqp_url",
        "",
        url("amqp", "amqps", optional=True),
        "RabbitMQ à utiliser ; vide : un nœud privé.",
        secret=True,
    ),
    Variable(
        "ESDB_URI",
        "esdb_uri",
        "",
        url("esdb", "esdb+discover", "kurrentdb", "kurrentdb+discover", optional=True),
        "EventStoreDB ou KurrentDB à utiliser ; vide : le nœud embarqué.",
        secret=True,
    ),
    Variable(
        "DATABASE_URL",
        "database_url",
        "",
        url("postgresql", "postgresql+psycopg", optional=True),
        "PostgreSQL pour les vues (un schéma par service) ; vide : fichiers SQLite dans <données>/views.",
        secret=True,
    ),
    Variable(
        "GRENIER_KEYS_URL",
        "keys_url",
        "",
        url("sqlite", "postgresql", "postgresql+psycopg", optional=True),
        "Base des clés personnelles, à sauvegarder à part ; vide : <données>/keys.sqlite.",
        secret=True,
    ),
    Variable(
        "SMTP_URL",
        "smtp_url",
        "",
        url("smtp", "smtps", "smtp+starttls", optional=True),
        "Serveur d'envoi, smtp://utilisateur:motdepasse@hôte:port ; vide : boîte locale qui garde tout.",
        secret=True,
    ),
    Variable(
        "GRENIER_MAIL_FROM", "mail_from", "Grenier <grenier@localhost>", mail_address, "Expéditeur des courriels."
    ),
    Variable(
        "GRENIER_SECRET",
        "session_secret",
        "",
        text,
        "Clé de signature des sessions, 32 caractères au moins ; vide : celle de secrets.json.",
        secret=True,
    ),
    Variable(
        "GRENIER_KEK",
        "kek",
        "",
        key_bytes,
        "Clé qui chiffre les clés personnelles, 32 octets en base64 ; vide : celle de secrets.json.",
        secret=True,
    ),
    Variable(
        "GRENIER_HOST",
        "host_kind",
        "nameko",
        choice("nameko", "threads"),
        "Hôte des services : Nameko, ou fils d'exécution ordinaires parlant le même protocole.",
    ),
    Variable(
        "GRENIER_RPC_TIMEOUT", "rpc_timeout_s", "10", seconds(0.1, 120), "Attente d'une réponse d'un service, en s."
    ),
    Variable(
        "GRENIER_STREAM_URL",
        "stream_url",
        "",
        url("http", "https", optional=True),
        "Adresse publique du flux d'événements ; vide : le port suivant du même hôte.",
    ),
    Variable(
        "GRENIER_PROXIES", "trusted_proxies", "0", bounded(0, 5), "Mandataires inverses de confiance devant le portail."
    ),
    Variable("GRENIER_TIME_ZONE", "time_zone", "Europe/Paris", time_zone, "Fuseau horaire par défaut des groupes."),
    Variable("GRENIER_CONTACT", "contact", "", text, "Adresse de contact de la page d'accessibilité."),
    Variable("GRENIER_COMMIT", "commit", "", text, "Révision installée, montrée à côté de la version."),
    Variable("GRENIER_LANGUAGE", "language", "fr", choice("fr", "en"), "Langue par défaut des écrans et courriels."),
    Variable(
        "GRENIER_LOG_LEVEL", "log_level", "info", choice("debug", "info", "warning", "error"), "Niveau des journaux."
    ),
    Variable("GRENIER_LOG_FORMAT", "log_format", "json", choice("json", "text"), "Forme des journaux."),
    Variable(
        "GRENIER_METRICS_PORT",
        "metrics_port",
        "0",
        bounded(0, 65535),
        "Port de /metrics et /health de ce processus ; 0 : aucun (le lanceur en donne un à chacun).",
    ),
    Variable("GRENIER_GATEWAY_WORKERS", "gateway_workers", "2", bounded(1, 32), "Processus du portail : un par cœur."),
    Variable(
        "GRENIER_GATEWAY_THREADS",
        "gateway_threads",
        "8",
        bounded(1, 64),
        "Demandes servies à la fois par chaque processus du portail.",
    ),
    Variable(
        "GRENIER_STREAM_THREADS",
        "stream_threads",
        "64",
        bounded(2, 1000),
        "Fils du flux d'événements (un par écran ouvert).",
    ),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a process may know about its installation. `from_env()` makes it; tests may call it with a data folder only.

    Paths are absolute. `database_url` is None when the views are SQLite files. `kek` is 32 bytes, or empty when the
    installation has no secrets yet (a process that needs them asks `missing_secrets`).
    """

    data_dir: Path
    port_base: int = DEFAULT_PORT
    bind: str = LOCAL
    demo: bool = False
    demo_load: bool = True
    test_switches: tuple[str, ...] = ()
    layout: Literal["grouped", "spread", "compact"] = "grouped"
    public_url: str = ""
    amqp_url: str = field(default="", repr=False)
    esdb_uri: str = field(default="", repr=False)
    database_url: str | None = field(default=None, repr=False)
    keys_url: str = field(default="", repr=False)
    smtp_url: str = field(default="", repr=False)
    mail_from: str = "Grenier <grenier@localhost>"
    session_secret: str = field(default="", repr=False)
    kek: bytes = field(default=b"", repr=False)
    host_kind: Literal["nameko", "threads"] = "nameko"
    rpc_timeout_s: float = 10.0
    stream_url: str = ""
    trusted_proxies: int = 0
    time_zone: str = "Europe/Paris"
    contact: str = ""
    commit: str = ""
    language: Literal["fr", "en"] = "fr"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "text"] = "json"
    metrics_port: int = 0
    gateway_workers: int = 2
    gateway_threads: int = 8
    stream_threads: int = 64

    def __post_init__(self) -> None:
        """What is left empty follows from the data folder and the port base."""
        derived = {
            "data_dir": self.data_dir.expanduser().absolute(),
            "public_url": (self.public_url or f"http://localhost:{self.port_base}").rstrip("/"),
            "amqp_url": self.amqp_url or f"amqp://grenier@{LOCAL}:{self.amqp_port}/%2F",
            "esdb_uri": self.esdb_uri or f"esdb://{LOCAL}:{self.esdb_port}?Tls=false",
            "database_url": self.database_url or None,
            "smtp_url": self.smtp_url or f"smtp://{LOCAL}:{self.smtp_port}",
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)
        if not self.keys_url:
            object.__setattr__(self, "keys_url", f"sqlite:///{self.data_dir / 'keys.sqlite'}")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read and check every variable; secrets of the data folder fill what the environment leaves empty.

        Raises ConfigError with every problem at once.
        """
        env = dict(os.environ if environ is None else environ)
        values, problems = parse(env)
        if problems:
            raise ConfigError(problems)
        if values["test_switches"] and not values["demo"]:
            raise ConfigError(["GRENIER_TEST_SWITCHES : refusé sans GRENIER_DEMO=1"])
        secrets = read_secrets(Path(values["data_dir"]).expanduser())
        if not values["session_secret"]:
            values["session_secret"] = secrets.get("session_secret", "")
        if not values["kek"] and secrets.get("kek"):
            values["kek"] = key_bytes.parse(secrets["kek"])
        if not values["amqp_url"] and secrets.get("broker_password"):
            port = int(values["port_base"]) + 3
            values["amqp_url"] = f"amqp://grenier:{quote(secrets['broker_password'], safe='')}@{LOCAL}:{port}/%2F"
        return cls(**values)

    @property
    def gateway_port(self) -> int:
        return self.port_base

    @property
    def stream_port(self) -> int:
        return self.port_base + 1

    @property
    def esdb_port(self) -> int:
        return self.port_base + 2

    @property
    def amqp_port(self) -> int:
        return self.port_base + 3

    @property
    def smtp_port(self) -> int:
        return self.port_base + 4

    @property
    def epmd_port(self) -> int:
        return self.port_base + 5

    @property
    def broker_dist_port(self) -> int:
        return self.port_base + 6

    @property
    def first_metrics_port(self) -> int:
        return self.port_base + 20

    @property
    def clock_file(self) -> Path:
        """Offset of the demo clock; see grenier.clock."""
        return self.data_dir / "clock"

    @property
    def views_dir(self) -> Path:
        return self.data_dir / "views"

    @property
    def mailbox_file(self) -> Path:
        return self.data_dir / "mailbox.sqlite"

    def view_database(self, service: str) -> str:
        """SQLAlchemy URL of a service's views; with PostgreSQL one URL for all, each service in its own schema."""
        return self.database_url or f"sqlite:///{self.views_dir / f'{service}.sqlite'}"

    def missing_secrets(self) -> list[str]:
        """Sentences for secrets that a running installation needs and neither the environment nor the data folder gives."""
        problems = []
        if len(self.session_secret) < 32:
            problems.append("GRENIER_SECRET : manque (32 caractères au moins) ; `grenier up` en crée une")
        if not self.kek:
            problems.append("GRENIER_KEK : manque (32 octets en base64) ; `grenier up` en crée une")
        return problems


def parse(env: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Values by field name, and the problems found; empty variables count as absent."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for variable in VARIABLES:
        raw = env.get(variable.name, "").strip() or variable.default
        try:
            values[variable.field] = variable.value.parse(raw)
        except ValueError:
            shown = "(secret)" if variable.secret else repr(raw)
            problems.append(f"{variable.name} : {shown} ne convient pas ; attendu : {variable.value.expected}")
    return values, problems


def unknown_variables(env: Mapping[str, str]) -> list[str]:
    """GRENIER_… names that no process reads: most often a slip of the pen. Not an error, an older program may share the file."""
    known = {variable.name for variable in VARIABLES}
    return sorted(name for name in env if name.startswith("GRENIER_") and name not in known)


def read_secrets(data_dir: Path) -> dict[str, str]:
    """What the installation generated for itself; empty before its first start."""
    try:
        found = json.loads((data_dir / "secrets.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return {str(key): str(value) for key, value in found.items()}


assert {v.field for v in VARIABLES} == {f.name for f in fields(Settings)}, "VARIABLES and Settings name the same things"
