"""The gateway's own tables: how people prove who they are. No names, no addresses; secrets only as hashes.

Instants are whole seconds of the real clock (Unix time): the app clock of a demonstration must not end sessions.
These rows cannot be replayed from the log, so they belong into the backup.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    text,
)
from sqlalchemy.engine import make_url
from sqlalchemy.schema import CreateIndex, CreateTable

from grenier.config import Settings

metadata = MetaData()

credentials = Table(
    "credentials",
    metadata,
    Column("person_id", String(64), primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)

magic_links = Table(
    "magic_links",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("person_id", String(64), nullable=False, index=True),
    Column("next", Text, nullable=False, default=""),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("person_id", String(64), nullable=False, index=True),
    Column("created_at", BigInteger, nullable=False),
    Column("last_seen_at", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False, default=0),  # last log position written by this person here
    Column("language", String(8), nullable=False, default=""),
    Column("group_id", String(64), nullable=False, default=""),  # the group whose pages are shown
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("person_id", String(64), nullable=False, index=True),
    Column("label", String(80), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger),
)

# The secret address of a person's calendar; one per person, so that a new one ends the old one.
calendar_links = Table(
    "calendar_links",
    metadata,
    Column("person_id", String(64), primary_key=True),
    Column("hash", String(64), nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    Column("key", String(64), primary_key=True),  # keyed hash of what is limited, never the address itself
    Column("window_start", BigInteger, primary_key=True),
    Column("count", Integer, nullable=False),
)

preferences = Table(
    "preferences",
    metadata,
    Column("person_id", String(64), primary_key=True),
    Column("language", String(8), nullable=False),
)

# Who came in and who was turned away; ids only, so that an erasure leaves nobody in it. See security/audit.py.
audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("what", String(32), nullable=False),
    Column("person_id", String(64), nullable=False),
    Column("place", String(120), nullable=False),
    Column("source", String(16), nullable=False),
    Column("seal", String(64), nullable=False),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("seal", String(64), nullable=False),
)

Index("attempts_by_window", attempts.c.window_start)

POSTGRES_SCHEMA = "gateway_auth"
KEPT_CONNECTIONS = 8  # as many as the gateway has threads


def auth_url(settings: Settings) -> str:
    """A file of its own in the data folder, or the PostgreSQL of the installation."""
    return settings.database_url or f"sqlite:///{settings.data_dir / 'auth.sqlite'}"


def open_auth_db(url: str, kept: int = KEPT_CONNECTIONS) -> Engine:
    """Engine with all tables in place. SQLite by default; on PostgreSQL the tables live in their own schema.

    `kept`: connections to a SQLite file that stay open.
    """
    if make_url(url).get_backend_name() == "sqlite":
        # Kept open: opening the file and setting it up costs three times what looking up a token does. And opened now:
        # what a process holds does not depend on who asks at the same moment.
        engine = create_engine(url, pool_size=kept, max_overflow=-1)
        event.listen(engine, "connect", _sqlite_pragmas)
        for connection in [engine.connect() for _ in range(kept)]:
            connection.close()
    else:
        options = {"options": f"-csearch_path={POSTGRES_SCHEMA}"}
        engine = create_engine(
            make_url(url).set(drivername="postgresql+psycopg"), pool_pre_ping=True, connect_args=options
        )
    _create(engine)
    return engine


def _create(engine: Engine) -> None:
    """Pages, stream and worker start at the same moment: each may find the tables half made by another."""
    with engine.begin() as db:
        if engine.dialect.name == "postgresql":
            db.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": POSTGRES_SCHEMA})
            db.execute(text(f"CREATE SCHEMA IF NOT EXISTS {POSTGRES_SCHEMA}"))
        for table in metadata.sorted_tables:
            db.execute(CreateTable(table, if_not_exists=True))
            for index in table.indexes:
                db.execute(CreateIndex(index, if_not_exists=True))


def forget_person(engine: Engine, person_id: str) -> None:
    """Remove every row about a person (erasure, or leaving for good)."""
    with engine.begin() as db:
        for table in (credentials, magic_links, sessions, tokens, preferences, calendar_links):
            db.execute(table.delete().where(table.c.person_id == person_id))


def _sqlite_pragmas(connection, _record) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
