"""A service made of nothing but doors, for the tests of the RPC hosts and the client."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

from grenier.doors import Context, door
from grenier.errors import Rejected
from grenier.log import NO_STREAM, NewEvent
from grenier.runtime import Runtime, Service


class Pantry:
    name = "pantry"

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    @door
    def echo(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        return {"payload": payload, "actor": context.actor, "pid": os.getpid()}

    @door
    def fill(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        return {"filling": "x" * payload["length"]}

    @door
    def note(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """Leaves a line in a file, so that a test sees what was executed."""
        with Path(payload["file"]).open("a") as file:
            file.write(payload["line"] + "\n")
        return {}

    @door
    def who(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        return {"pid": os.getpid()}

    @door
    def slow(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        self._runtime.sleep(payload["seconds"])
        return self.note(payload, context) if "file" in payload else {}

    @door
    def refuse(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        raise Rejected("shelf-full", free=2)

    @door
    def fail(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        raise KeyError("a secret")

    @door
    def put(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        event = NewEvent(uuid4(), "pantry.jar-put", b"{}", b"{}")
        stream = payload["stream"]
        version = len(self._runtime.log.read(stream)) - 1
        appended = self._runtime.log.append(stream, [event], expected=payload.get("expected", max(version, NO_STREAM)))
        return {"id": stream, "version": appended.version, "position": appended.position}

    @door
    def put_once(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        logging.getLogger("pantry").info("putting")
        self._runtime.sleep(payload["seconds"])
        event = NewEvent(uuid5(UUID(context.command_id), "0"), "pantry.jar-put", b"{}", b"{}")
        appended = self._runtime.log.append(payload["stream"], [event], expected=NO_STREAM)
        return {"position": appended.position}

    @door
    def next_jar(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        return {"position": self._runtime.log.next_position(after=payload["after"], types=["pantry."])}


def service() -> Service:
    return Service(name="pantry", views=(), doors=Pantry)
