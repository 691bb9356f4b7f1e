"""Speaking to a `Site` as the API client does over the wire, with one turn at a time."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from gateway.demo import month
from gateway.demo.client import Api
from tests.house_app import Site


def client_of(site: Site, seed: str = "") -> Api:
    """An API client whose wire is the application itself."""
    turn = threading.RLock()

    def transport(
        method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        with turn:
            answer = site.app.test_client().open(path, method=method, data=body, headers=dict(headers))
            return answer.status_code, dict(answer.headers), answer.data

    return Api(transport, seed=seed)


def no_pauses() -> None:
    """In one process time stands still: nothing has to be waited for."""
    month.PAUSE_S = 0.0
