"""A small client of the public API: JSON in and out, one token per person, every command with its key, bounded retries."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit
from uuid import NAMESPACE_URL, uuid4, uuid5

MAX_TRIES = 20
LONGEST_PAUSE_S = 2.0


class ApiError(Exception):
    """An answer that is not 2xx. `problem` is the problem+json body."""

    def __init__(self, method: str, path: str, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{method} {path}: {status} {json.dumps(problem, ensure_ascii=False)[:600]}")
        self.status = status
        self.code = problem.get("code", "")
        self.problem = problem


class Transport(Protocol):
    def __call__(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers (any case) and body of the answer; OSError when there was none."""


class Http:
    """Keep-alive connections, one per thread."""

    def __init__(self, url: str, timeout_s: float = 30.0) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._timeout_s = timeout_s
        self._local = threading.local()

    def __call__(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        wire = getattr(self._local, "wire", None)
        if wire is None:
            wire = self._local.wire = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout_s)
        try:
            wire.request(method, path, body, dict(headers))
            answer = wire.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        except (OSError, http.client.HTTPException) as lost:
            wire.close()
            raise OSError(str(lost)) from lost


class Api:
    """`api.post("/groups/…", …)`; `api.as_(person_id)` speaks for somebody (demonstration installations give tokens)."""

    def __init__(
        self, transport: Transport, token: str = "", seed: str = "", shared: dict[str, Any] | None = None
    ) -> None:
        self._transport = transport
        self._token = token
        self._seed = seed
        # What all persons of one client share: tokens, the latest position written.
        self._shared: dict[str, Any] = shared if shared is not None else {"tokens": {}, "position": 0}

    @property
    def position(self) -> int:
        """The latest log position that any call of this client was answered."""
        return int(self._shared["position"])

    def as_(self, person_id: str) -> Api:
        token = self._shared["tokens"].get(person_id)
        if token is None:
            token = self.post("/demo/tokens", person_id=person_id)["token"]
            self._shared["tokens"][person_id] = token
        return Api(self._transport, token, self._seed, self._shared)

    def get(self, path: str, **query: Any) -> Any:
        """Reads what includes everything that this client has written."""
        if self.position:
            query.setdefault("after", self.position)
        return self.call("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(self, path: str, **body: Any) -> Any:
        return self.call("POST", path, body)

    def put(self, path: str, **body: Any) -> Any:
        return self.call("PUT", path, body)

    def patch(self, path: str, **body: Any) -> Any:
        return self.call("PATCH", path, body)

    def delete(self, path: str, **body: Any) -> Any:
        return self.call("DELETE", path, body or None)

    def call(self, method: str, path: str, body: Any = None, key: str = "") -> Any:
        """One request; a lost answer, a 503 or a 429 is tried again with the same key. Raises ApiError."""
        headers = {"Accept": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = None
        if body is not None:
            data, headers["Content-Type"] = json.dumps(body, sort_keys=True).encode(), "application/json"
        if method != "GET":
            headers["Idempotency-Key"] = key or self._key(method, path, data or b"")
        full = path if path.startswith("/api/") else f"/api/v1{path}"
        if method != "GET" and self.position:
            # The gate in front must have seen the role that was given a moment ago.
            full += ("&" if "?" in full else "?") + f"after={self.position}"
        return self._tried(method, full, data, headers)

    def file(self, path: str, content: bytes | None = None, kind: str = "text/csv") -> tuple[str, bytes]:
        """What is no JSON: its type and its bytes; with `content`, a file is sent there. The whole path, and ApiError."""
        method, headers = ("GET", {}) if content is None else ("POST", {"Content-Type": kind})
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        status, answered, data = self._sent(method, path, content, headers)
        if not 200 <= status < 300:
            self._answer(method, path, status, answered, data)
        return {name.lower(): value for name, value in answered.items()}.get("content-type", ""), data

    def _tried(self, method: str, path: str, data: bytes | None, headers: Mapping[str, str]) -> Any:
        return self._answer(method, path, *self._sent(method, path, data, headers))

    def _sent(
        self, method: str, path: str, data: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        pause = 0.1
        for attempt in range(MAX_TRIES):
            try:
                status, answered, text = self._transport(method, path, data, headers)
            except OSError:
                if attempt == MAX_TRIES - 1:
                    raise
                status, answered, text = 503, {}, b""
            if status not in (429, 502, 503, 504) or attempt == MAX_TRIES - 1:
                return status, answered, text
            time.sleep(pause)
            pause = min(pause * 1.6, LONGEST_PAUSE_S)
        raise AssertionError("unreachable")

    def _answer(self, method: str, path: str, status: int, answered: Mapping[str, str], text: bytes) -> Any:
        known = {name.lower(): value for name, value in answered.items()}
        plain = "json" in known.get("content-type", "")
        body = json.loads(text) if text and plain else (text.decode(errors="replace") if text else None)
        if not 200 <= status < 300:
            raise ApiError(method, path, status, body if isinstance(body, dict) else {"text": str(body)[:300]})
        position = known.get("grenier-position", "")
        if position.isdigit():
            self._shared["position"] = max(self.position, int(position))
        return body

    def _key(self, method: str, path: str, data: bytes) -> str:
        """A seeded client gives the same key to the same call, so that loading twice is loading once."""
        if not self._seed:
            return str(uuid4())
        return str(uuid5(NAMESPACE_URL, f"{self._seed}/{method}/{path}/{data.decode()}"))
