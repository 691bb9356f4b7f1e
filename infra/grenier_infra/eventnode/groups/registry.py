"""All groups of the node, kept in the log."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from grenier_infra.eventnode.filters import BadFilter, name_test
from grenier_infra.eventnode.groups import store
from grenier_infra.eventnode.groups.runner import Group
from grenier_infra.eventnode.groups.settings import END, BadSettings, Settings
from grenier_infra.eventnode.live import Hub
from grenier_infra.eventnode.log import find_stream
from grenier_infra.eventnode.reading import Readers
from grenier_infra.eventnode.writer import Writer

Key = tuple[str, str]


class GroupExists(Exception):
    """There is a group of this name already."""


class NoSuchGroup(Exception):
    """There is no group of this name."""


class Registry:
    """Makes, changes, ends and finds groups; one change at a time."""

    def __init__(self, readers: Readers, writer: Writer, hub: Hub) -> None:
        """Begin empty; `load` starts what is kept."""
        self._readers, self._writer, self._hub = readers, writer, hub
        self._groups: dict[Key, Group] = {}
        self._changing = asyncio.Lock()

    async def load(self) -> None:
        """Start every group that is kept in the log."""
        for settings in await self._readers.run(store.load_settings):
            await self._start(settings)

    def find(self, key: Key) -> Group:
        """Give a group. Errors: NoSuchGroup."""
        group = self._groups.get(key)
        if group is None:
            raise NoSuchGroup
        return group

    def groups(self) -> list[Group]:
        """Give all groups, in the order they were made."""
        return list(self._groups.values())

    async def create(self, settings: Settings) -> None:
        """Make a group. Errors: GroupExists, BadSettings."""
        _check(settings)
        async with self._changing:
            if settings.key in self._groups:
                raise GroupExists
            settings = replace(settings, after=await self._before(settings))
            if await self._readers.run(store.left_behind, settings):
                await self._forget(settings)
            await self._save([*self._kept(), settings])
            await self._start(settings)

    async def update(self, settings: Settings) -> None:
        """Change a group but for its filter; consumers are dropped, the checkpoint stays. Errors: NoSuchGroup, BadSettings."""
        async with self._changing:
            old = self.find(settings.key)
            settings = replace(settings, filter=old.settings.filter, after=old.settings.after)
            _check(settings)
            if settings.start_from != old.settings.start_from:
                settings = replace(settings, after=await self._before(settings))
            await self._save([settings if kept.key == settings.key else kept for kept in self._kept()])
            old.stop()
            await self._start(settings)

    async def delete(self, key: Key) -> None:
        """End a group and delete what it leaves behind. Errors: NoSuchGroup."""
        async with self._changing:
            group = self.find(key)
            await self._save([kept for kept in self._kept() if kept.key != key])
            del self._groups[key]
            group.stop()
            await self._forget(group.settings)

    async def restart(self) -> None:
        """Drop all consumers and begin again from what is kept."""
        async with self._changing:
            for group in self.groups():
                group.stop()
                await self._start(group.settings)

    def stop(self) -> None:
        """End every group."""
        for group in self._groups.values():
            group.stop()

    def _kept(self) -> list[Settings]:
        return [group.settings for group in self._groups.values()]

    async def _start(self, settings: Settings) -> None:
        group = self._groups[settings.key] = Group(settings, self._readers, self._writer, self._hub)
        await group.start()

    async def _save(self, groups: list[Settings]) -> None:
        await self._writer.submit(store.save_settings(groups))

    async def _forget(self, settings: Settings) -> None:
        for request in store.forget(settings):
            await self._writer.submit(request)

    async def _before(self, settings: Settings) -> int:
        """Find the last place that is not wanted."""
        if settings.start_from != END:
            return settings.start_from - 1
        if settings.of_all:
            return self._hub.head
        return (await self._readers.run(find_stream, settings.source))[1]


def _check(settings: Settings) -> None:
    settings.check()
    if settings.filter is not None:
        try:
            name_test(settings.filter.regex, settings.filter.prefixes)
        except BadFilter as error:
            raise BadSettings(str(error)) from error
