"""What is raised when a server or a database cannot be reached, is too slow or goes away.

Those of the way to a connection are no `AMQPError`: a broker under load that accepts a connection and does not finish
the handshake in time raises `AMQPConnectorStackTimeout`, which comes straight from `Exception`.
"""

import socket
import sqlite3

import sqlalchemy.exc
from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPError

BROKER_TROUBLE: tuple[type[Exception], ...] = (AMQPError, AMQPConnectorException, OSError)
# What says that a server is away or slow, and nothing of files: those who work on both tell the two apart by it.
SERVER_TROUBLE: tuple[type[Exception], ...] = (
    AMQPError,
    AMQPConnectorException,
    ConnectionError,
    TimeoutError,
    socket.gaierror,
)
DATABASE_TROUBLE: tuple[type[Exception], ...] = (
    sqlalchemy.exc.OperationalError,
    sqlalchemy.exc.InterfaceError,
    sqlalchemy.exc.TimeoutError,
    sqlite3.OperationalError,
)


def database_away(error: Exception) -> bool:
    """Away, locked, full or lost; not one that was asked for something it does not have, which SQLite raises alike."""
    reason = getattr(error, "orig", error)
    return isinstance(error, DATABASE_TROUBLE) and getattr(reason, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR
