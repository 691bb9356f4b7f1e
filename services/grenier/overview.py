"""The whole installation at one look: every process, server, view, queue and the disk, and which of them is not well.

    look(settings)  ->  {"status": "well" | "attention", "named": ["broker", …], "at": instant,
                         "components": {name: {"kind", "state", "role", "facts", "latency_ms", …}}}

Each process of the launcher's table is asked on its own port, all at once, with PATIENCE_S for an answer: one that is
frozen is `silent`, not waited for. States: well, slow, behind, parked, failing, overloaded, full, waiting, not-ready, held,
silent, down. Nothing is remembered here; `Overview` keeps the last look for a moment, so that many readers cost one look.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grenier.clock import iso
from grenier.config import LOCAL, Settings
from grenier.metrics import COMPONENT_WELL, DISK_FREE
from grenier.pulse import AMQP_GREETING

PATIENCE_S = 1.5
SLOW_AFTER_S = 0.75
BEHIND_AFTER_S = 5.0
LOW_DISK_BYTES = 300_000_000
KEPT_S = 1.0
ANSWER_BYTES = 1_000_000
WELL = "well"


@dataclass(slots=True)
class Component:
    """One line of the page. `state` is told by the worst thing known; `facts` are figures, `problems` sentences."""

    kind: str
    state: str = WELL
    role: str = ""
    latency_ms: float | None = None
    problems: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)


def look(settings: Settings, myself: str = "") -> dict[str, Any]:
    """`myself`: the process that looks, which need not ask itself over the network."""
    found = _processes(settings, myself)
    found["disk"] = _disk(settings.data_dir)
    named = sorted(name for name, component in found.items() if component.state != WELL)
    for name, component in found.items():
        COMPONENT_WELL.labels(name).set(component.state == WELL)
    return {
        "status": "attention" if named else WELL,
        "named": named,
        "at": iso(datetime.now(UTC)),
        "components": {name: _plain(component) for name, component in found.items()},
    }


class Overview:
    """The last look, renewed when it is older than KEPT_S; one caller looks, the others take what there is."""

    def __init__(self, settings: Settings, myself: str = "") -> None:
        self._settings = settings
        self._myself = myself
        self._looking = threading.Lock()
        self._last: tuple[float, dict[str, Any]] = (float("-inf"), {})

    def look(self) -> dict[str, Any]:
        at, last = self._last
        if time.monotonic() - at > KEPT_S and self._looking.acquire(blocking=not last):
            try:
                last = look(self._settings, self._myself)
                self._last = (time.monotonic(), last)
            finally:
                self._looking.release()
        return last


def launched(data_dir: Path) -> dict[str, dict[str, Any]]:
    """The launcher's processes {name: {"pid", "port", "role", "restarts", …}}; {} when none of its own is running."""
    try:
        state = json.loads((data_dir / "run" / "state.json").read_text())
        os.kill(state["pid"], 0)
    except (OSError, ValueError, KeyError):
        return {}
    return dict(state["processes"])


# -- processes ---------------------------------------------------------------------------------------------------


def this_process(data_dir: Path, otherwise: str = "") -> str:
    """The name of the process that asks: two gateways share a port, so each looks by its pid which of them it is."""
    family = (os.getpid(), os.getppid())  # a page server's workers are children of what the launcher started
    return next((name for name, row in launched(data_dir).items() if row["pid"] in family), otherwise)


def _processes(settings: Settings, myself: str) -> dict[str, Component]:
    table = launched(settings.data_dir)
    myself = this_process(settings.data_dir, myself)
    with ThreadPoolExecutor(max(1, len(table))) as pool:
        asked = {name: pool.submit(_process, settings, name, row, myself) for name, row in table.items()}
        found = {name: answer.result() for name, answer in asked.items()}
    for name in list(found):
        found |= _inside(name, found[name])
    return found


def _process(settings: Settings, name: str, row: dict[str, Any], myself: str) -> Component:
    component = Component("process", role=row["role"], facts={"pid": row["pid"], "restarts": row["restarts"]})
    if (settings.data_dir / "run" / "held" / name).exists():
        component.state = "held"
    elif row["pid"] is None:
        component.state = "down"
    elif _stopped(row["pid"]):
        component.state, component.problems = "silent", ["stopped by a signal"]
    elif name == myself:
        from grenier.health import HEALTH

        _judge(component, HEALTH.ready()[1])
    else:
        _ask(component, name, row["port"])
    return component


def _stopped(pid: int) -> bool:
    """Frozen by SIGSTOP or a debugger. Asked of the kernel: on a shared port the other one would answer in its place."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "Tt"
    except OSError:
        return False


def _ask(component: Component, name: str, port: int) -> None:
    started = time.monotonic()
    try:
        answer = _converse(name, port)
    except ConnectionRefusedError:
        component.state = "down"
        return
    except OSError as error:
        component.state, component.problems = "silent", [type(error).__name__]
        return
    took = time.monotonic() - started
    component.latency_ms = round(took * 1000, 1)
    _judge(component, answer)
    if component.state == WELL and took > SLOW_AFTER_S:
        component.state = "slow"


def _converse(name: str, port: int) -> dict[str, Any]:
    """What the process says of itself; {} from those that speak no HTTP. Raises OSError."""
    until = time.monotonic() + PATIENCE_S
    with socket.create_connection((LOCAL, port), timeout=PATIENCE_S) as connection:
        if name == "epmd":
            return {}
        if name == "broker":
            connection.sendall(AMQP_GREETING)
            if connection.recv(3) != b"\x01\x00\x00":
                raise OSError("no greeting")
            return {}
        connection.sendall(b"GET /health/ready HTTP/1.0\r\nHost: localhost\r\n\r\n")
        return _parsed(_received(connection, until))


def _received(connection: socket.socket, until: float) -> bytes:
    parts: list[bytes] = []
    while sum(map(len, parts)) < ANSWER_BYTES:
        connection.settimeout(max(0.01, until - time.monotonic()))
        part = connection.recv(65_536)
        if not part:
            break
        parts.append(part)
    return b"".join(parts)


def _parsed(answer: bytes) -> dict[str, Any]:
    head, _, body = answer.partition(b"\r\n\r\n")
    try:
        told = json.loads(body)
    except ValueError:
        told = {"status": "ready" if b" 200 " in head[:20] else "not-ready", "checks": {}, "text": body.decode(errors="replace")[:200]}  # fmt: skip
    return told if isinstance(told, dict) else {}


def _judge(component: Component, told: dict[str, Any]) -> None:
    for name, check in told.get("checks", {}).items():
        if not check["ok"]:
            component.problems.append(f"{name}: {check['detail'] or 'no'}")
    if told.get("text", "").strip() not in ("", "ready"):
        component.problems.append(told["text"].strip())
    if told.get("status", "ready") != "ready":
        component.state = "not-ready"
    component.facts |= {name: fact["detail"] for name, fact in told.get("facts", {}).items()}


# -- what lives inside the processes -----------------------------------------------------------------------------


def _inside(process: str, component: Component) -> dict[str, Component]:
    """Views, policies, feed and mail of a process as components of their own, so that they are named themselves."""
    verb, _, services = process.partition("-")
    found: dict[str, Component] = {}
    if verb == "work":
        for service in services.split("+"):
            found[f"views-{service}"] = _follower("view", component, component.facts.pop(f"views-{service}", None))
            if (facts := component.facts.pop(f"policies-{service}", None)) is not None:
                found[f"policies-{service}"] = _follower("policy", component, facts)
    for name in [name for name in component.facts if name.startswith("timers-")]:
        if failing := component.facts.pop(name):
            found[name] = Component("timer", "failing", problems=_told(failing))
    if process == "relay":
        found["feed"] = _follower("feed", component, component.facts.pop("feed", None))
    for name in ("mail", "mail-server"):
        if isinstance(facts := component.facts.pop(name, None), dict):
            found[name] = Component("queue", str(facts.pop("state", WELL)), facts=facts)
    return found


def _told(failing: Any) -> list[str]:
    return [f"{name}: {reason}" for name, reason in sorted(failing.items())] if isinstance(failing, dict) else []


def _follower(kind: str, process: Component, facts: Any) -> Component:
    """A view whose process does not answer, or cannot ask the log, is not known to be up to date."""
    component = Component(kind)
    if process.state in ("held", "down", "silent"):
        component.state = process.state
    elif not isinstance(facts, dict):
        component.state, component.problems = "not-ready", [str(facts)] if facts else []
    else:
        component.facts = facts
        if facts.get("parked"):
            component.state = "parked"
        elif (
            "filling" in facts
            or facts.get("stalled_s", 0) > BEHIND_AFTER_S
            or (facts.get("lag_s") or 0) > BEHIND_AFTER_S
        ):
            component.state = "behind"
    return component


def _disk(folder: Path) -> Component:
    usage = shutil.disk_usage(folder)
    DISK_FREE.set(usage.free)
    low = min(LOW_DISK_BYTES, usage.total // 10)
    state = "full" if usage.free < low else WELL
    return Component("disk", state, facts={"free_bytes": usage.free, "total_bytes": usage.total})


def _plain(component: Component) -> dict[str, Any]:
    found: dict[str, Any] = {"kind": component.kind, "state": component.state}
    rest: Iterable[tuple[str, Any]] = (
        ("role", component.role), ("latency_ms", component.latency_ms), ("problems", component.problems),
        ("facts", component.facts),
    )  # fmt: skip
    return found | {name: value for name, value in rest if value not in (None, "", [], {})}
