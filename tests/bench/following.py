"""Whether everything that follows the log has taken in all of it: exactly, from the positions that each keeps."""

from __future__ import annotations

import time

import sqlalchemy as sa

from grenier.config import Settings
from grenier.log.esdb import EsdbLog
from grenier.process import WORKERS
from grenier.projector import BEFORE_ALL, positions
from grenier.readmodel import Database
from grenier.runtime import load_service

PAUSE_S = 0.1


class Following:
    """Views and policies of all services of a running installation."""

    def __init__(self, settings: Settings) -> None:
        self._log = EsdbLog(settings.esdb_uri)
        self._databases = {name: Database(settings.view_database(name), name) for name in WORKERS}
        self._reads = {name: _reads(name) for name in WORKERS}

    def wait(self, patience_s: float) -> None:
        """Until nobody has anything left to take in. Raises TimeoutError naming who has."""
        until = time.monotonic() + patience_s
        while behind := self._behind():
            if time.monotonic() > until:
                raise TimeoutError(f"still behind after {patience_s} s: {', '.join(behind)}")
            time.sleep(PAUSE_S)

    def _behind(self) -> list[str]:
        found = []
        for service, database in self._databases.items():
            stand = {row["name"]: row["position"] for row in database.rows(sa.select(positions))}
            for kind, reads in self._reads[service].items():
                at = min((stand.get(name, BEFORE_ALL) for name in reads), default=None)
                types = sorted({prefix for prefixes in reads.values() for prefix in prefixes})
                if at is not None and self._log.next_position(after=None if at < 0 else at, types=types) is not None:
                    found.append(f"{service}'s {kind}")
        return found

    def close(self) -> None:
        self._log.close()
        for database in self._databases.values():
            database.close()


def _reads(name: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """What is read by name. All views of a service move forward together, and all its policies do: two questions each."""
    service = load_service(name)
    return {
        "views": {view.name: view.reads for view in service.all_views},
        "policies": {f"policy:{policy.name}": policy.reads for policy in service.policies},
    }
