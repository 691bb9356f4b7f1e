"""A second service, to be served by the same process as the pantry."""

from __future__ import annotations

from typing import Any

from grenier.doors import Context, door
from grenier.runtime import Runtime, Service


class Cellar:
    name = "cellar"

    def __init__(self, runtime: Runtime) -> None:
        pass

    @door
    def where(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        return {"place": "under the stairs"}


def service() -> Service:
    return Service(name="cellar", views=(), doors=Cellar)
