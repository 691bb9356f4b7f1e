"""The real log node, with a connection per process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grenier.log.esdb import EsdbLog
from grenier_infra.eventnode.testing import running_node
from tests.contention.streams import Shops


@contextmanager
def shops_on_node(folder: Path, processes: int = 4) -> Iterator[Shops]:
    with running_node(folder / "events.db") as node:
        logs = [EsdbLog(node.uri) for _ in range(processes)]
        try:
            yield Shops(logs)
        finally:
            for log in logs:
                log.close()
