"""The PersistentSubscriptions service."""

from __future__ import annotations

import asyncio
import binascii
from base64 import b64decode
from collections.abc import Awaitable, Callable
from typing import Any

from grenier_infra.eventnode import answers, wire
from grenier_infra.eventnode.calls import Call, received
from grenier_infra.eventnode.groups import requests
from grenier_infra.eventnode.groups.info import info_of
from grenier_infra.eventnode.groups.registry import GroupExists, NoSuchGroup, Registry
from grenier_infra.eventnode.groups.runner import Connected, Full, Group, GroupDropped
from grenier_infra.eventnode.groups.settings import ALL, BadSettings
from grenier_infra.eventnode.groups.state import Message, Nack
from grenier_infra.eventnode.links import structured
from grenier_infra.eventnode.protos import persistent_pb2, shared_pb2
from grenier_infra.eventnode.table import Table

SERVICE = "/event_store.client.persistent_subscriptions.PersistentSubscriptions/"
NOBODY = "anonymous"

Answer = Callable[[Any], Awaitable[Any]]


class PersistentSubscriptions:
    """Answers the calls of the service."""

    def __init__(self, registry: Registry, misbehave: Callable[[Call], None]) -> None:
        """``misbehave`` refuses a call when a fault is armed."""
        self._registry = registry
        self._misbehave = misbehave

    def register(self, table: Table) -> None:
        """Add the methods to the table."""
        for name, answer, request in (
            ("Create", self.create, persistent_pb2.CreateReq),
            ("Update", self.update, persistent_pb2.UpdateReq),
            ("Delete", self.delete, persistent_pb2.DeleteReq),
            ("GetInfo", self.get_info, persistent_pb2.GetInfoReq),
            ("List", self.list, persistent_pb2.ListReq),
            ("ReplayParked", self.replay_parked, persistent_pb2.ReplayParkedReq),
            ("RestartSubsystem", self.restart, shared_pb2.Empty),
        ):
            table.add(SERVICE + name, self._unary(answer), request)
        table.add(SERVICE + "Read", self.read, persistent_pb2.ReadReq, at_once=True)

    def _unary(self, answer: Answer) -> Callable[[Call], Awaitable[None]]:
        async def unary(call: Call) -> None:
            self._misbehave(call)
            call.reply(await answer(await received(call)))

        return unary

    async def create(self, request: Any) -> Any:
        """Make a group."""
        settings = requests.settings_from(request.options)
        try:
            await self._registry.create(settings)
        except GroupExists as error:
            raise answers.group_exists(*settings.key) from error
        except BadSettings as error:
            raise answers.group_failed(*settings.key, str(error)) from error
        return persistent_pb2.CreateResp()

    async def update(self, request: Any) -> Any:
        """Change a group."""
        settings = requests.settings_from(request.options)
        try:
            await self._registry.update(settings)
        except NoSuchGroup as error:
            raise answers.group_missing(*settings.key) from error
        except BadSettings as error:
            raise answers.group_failed(*settings.key, str(error)) from error
        return persistent_pb2.UpdateResp()

    async def delete(self, request: Any) -> Any:
        """End a group."""
        key = requests.key_of(request.options)
        try:
            await self._registry.delete(key)
        except NoSuchGroup as error:
            raise answers.group_missing(*key) from error
        return persistent_pb2.DeleteResp()

    async def get_info(self, request: Any) -> Any:
        """Describe a group."""
        group = self._find(requests.key_of(request.options))
        return persistent_pb2.GetInfoResp(subscription_info=info_of(group))

    async def list(self, request: Any) -> Any:
        """Describe all groups, or those of one stream."""
        groups = self._registry.groups()
        if request.options.WhichOneof("list_option") == "list_for_stream":
            chosen = request.options.list_for_stream
            source = ALL if chosen.WhichOneof("stream_option") == "all" else requests.stream_name(chosen.stream)
            groups = [group for group in groups if group.settings.source == source]
            if not groups:
                raise answers.group_missing(source, "")
        return persistent_pb2.ListResp(subscriptions=[info_of(group) for group in groups])

    async def replay_parked(self, request: Any) -> Any:
        """Try parked events again."""
        options = request.options
        group = self._find(requests.key_of(options))
        stop_at = options.stop_at if options.WhichOneof("stop_at_option") == "stop_at" else None
        if stop_at is not None and stop_at < 0:
            raise answers.invalid("stop at must not be negative")
        await group.replay_parked(stop_at)
        return persistent_pb2.ReplayParkedResp()

    async def restart(self, _: Any) -> Any:
        """Drop all consumers and begin again from what is kept."""
        await self._registry.restart()
        return shared_pb2.Empty()

    def _find(self, key: requests.Key) -> Group:
        try:
            return self._registry.find(key)
        except NoSuchGroup as error:
            raise answers.group_missing(*key) from error

    async def read(self, call: Call) -> None:
        """Hand events out to one consumer and take its answers."""
        self._misbehave(call)
        options = (await received(call)).options
        key = requests.key_of(options)
        group = self._find(key)
        if options.buffer_size <= 0:
            raise answers.invalid("the buffer size must be greater than zero")
        try:
            connected = group.connect(options.buffer_size, *_who(call))
        except Full as full:
            raise answers.group_full(*key) from full
        as_integers = options.uuid_option.WhichOneof("content") == "structured"
        work = [
            asyncio.ensure_future(_hand_out(call, "::".join(key), connected, as_integers)),
            asyncio.ensure_future(_take_answers(call, group)),
        ]
        try:
            done, _ = await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except GroupDropped as dropped:
            raise answers.group_dropped(*key) from dropped
        finally:
            group.disconnect(connected)
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)


async def _hand_out(call: Call, subscription_id: str, connected: Connected, as_integers: bool) -> None:
    confirmation = persistent_pb2.ReadResp()
    confirmation.subscription_confirmation.subscription_id = subscription_id
    await call.send(wire.frame(confirmation.SerializeToString()))
    while True:
        messages = await connected.take()
        await call.send(b"".join(_frame(message, as_integers) for message in messages))


def _frame(message: Message, as_integers: bool) -> bytes:
    body = structured(message.body) if as_integers else message.body
    return wire.retried_frame(body, message.retries)


async def _take_answers(call: Call, group: Group) -> None:
    async for request in call:
        match request.WhichOneof("content"):
            case "ack":
                group.ack(requests.ids_from(request.ack))
            case "nack":
                group.nack(requests.ids_from(request.nack), Nack(request.nack.action), request.nack.reason)
            case _:
                raise answers.invalid("the options were given already; send acks and nacks")


def _who(call: Call) -> tuple[str, str, str]:
    """Give the address, the user and the connection's name of a consumer, as it says them."""
    scheme, _, secret = call.metadata.get("authorization", "").partition(" ")
    user = NOBODY
    if scheme.lower() == "basic":
        try:
            user = b64decode(secret).decode().partition(":")[0] or NOBODY
        except (binascii.Error, UnicodeDecodeError):
            user = NOBODY
    return call.peer, user, call.metadata.get("connection-name", "")
