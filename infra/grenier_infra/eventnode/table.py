"""Which handler answers which path, and how its calls begin."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from grenier_infra.eventnode.calls import Call

Method = Callable[["Call"], Awaitable[None]]
Direct = Callable[["Call", list[Any]], None]


class Dialogue(Protocol):
    """Takes the messages of a call one by one, as they come, and answers with `Call.push` and `Call.hang_up`. Raises Refusal."""

    def received(self, message: Any) -> None:
        """Take a message."""

    def over(self) -> None:
        """No more messages come."""

    def full(self) -> bool:
        """True while the client should not send more."""


class Route:
    """A handler, what it reads, and when it begins: with the request, when that is complete, or without a task."""

    __slots__ = ("at_once", "direct", "method", "opened", "parse")

    def __init__(
        self,
        request: Any,
        *,
        method: Method | None = None,
        direct: Direct | None = None,
        opened: Callable[[Call], Dialogue] | None = None,
        at_once: bool = False,
    ) -> None:
        self.method = method
        self.direct = direct
        self.opened = opened
        self.parse: Callable[[bytes], Any] = bytes if request is bytes else request.FromString
        self.at_once = at_once


class Table:
    """Handlers by path."""

    def __init__(self) -> None:
        """Begin empty."""
        self.routes: dict[str, Route] = {}

    def add(self, path: str, method: Method, request: type, *, at_once: bool = False) -> None:
        """Answer calls to ``/service/Method`` with this coroutine; ``request`` bytes leaves messages as they came.

        A call begins when its request is complete, or ``at_once`` for requests that go on while they are answered.
        """
        self.routes[path] = Route(request, method=method, at_once=at_once)

    def add_direct(self, path: str, direct: Direct, request: type) -> None:
        """The same for the hottest calls: no task is made, the handler gets every message and later calls `Call.conclude`."""
        self.routes[path] = Route(request, direct=direct)

    def add_dialogue(self, path: str, opened: Callable[[Call], Dialogue], request: type) -> None:
        """The same for calls that go on: a dialogue is opened with the call and given each message as it comes."""
        self.routes[path] = Route(request, opened=opened, at_once=True)
