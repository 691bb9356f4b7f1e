"""What pika raises when the broker cannot be reached, is too slow to greet or goes away.

Those of the way to a connection are no `AMQPError`: a broker under load that accepts a connection and does not finish
the handshake in time raises `AMQPConnectorStackTimeout`, which comes straight from `Exception`.
"""

import socket

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
