"""The protocol's messages, as esdbclient ships them, without the client around them.

Importing esdbclient imports its clients and with them grpcio, which the node does not use: half of its start and ten
megabytes. The package is therefore stood in for while its message modules load, and left to be imported properly by
whoever wants the client in the same process; message modules exist once either way.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def _without_the_client() -> Iterator[None]:
    found = importlib.util.find_spec("esdbclient")
    if "esdbclient" in sys.modules or found is None or found.submodule_search_locations is None:
        yield
        return
    package = ModuleType("esdbclient")
    package.__path__ = list(found.submodule_search_locations)
    sys.modules["esdbclient"] = package
    try:
        yield
    finally:
        del sys.modules["esdbclient"]


with _without_the_client():
    from esdbclient.protos.Grpc import gossip_pb2, persistent_pb2, shared_pb2, status_pb2, streams_pb2

__all__ = ["gossip_pb2", "persistent_pb2", "shared_pb2", "status_pb2", "streams_pb2"]
