"""A map for folded states: `with_` answers a new map and copies one page of the old one, not the whole of it.

A cycle folds one event per order; copying every order for every event would make a long stream cost its square.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar
from zlib import crc32

V = TypeVar("V")

PAGES = 64


class Paged(Generic[V]):
    """Immutable map from text to values, in pages chosen by a checksum of the key (the same in every process)."""

    __slots__ = ("_pages", "_size")

    def __init__(self, pages: tuple[dict[str, V], ...] = ({},) * PAGES, size: int = 0) -> None:
        self._pages = pages
        self._size = size

    def get(self, key: str) -> V | None:
        return self._pages[_page(key)].get(key)

    def with_(self, key: str, value: V) -> Paged[V]:
        place = _page(key)
        page = self._pages[place]
        return self._replaced(place, {**page, key: value}, self._size + (key not in page))

    def without(self, key: str) -> Paged[V]:
        place = _page(key)
        page = self._pages[place]
        if key not in page:
            return self
        return self._replaced(place, {known: value for known, value in page.items() if known != key}, self._size - 1)

    def values(self) -> Iterator[V]:
        for page in self._pages:
            yield from page.values()

    def __len__(self) -> int:
        return self._size

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Paged) and self._pages == other._pages

    __hash__ = None  # type: ignore[assignment]

    def _replaced(self, place: int, page: dict[str, V], size: int) -> Paged[V]:
        return Paged((*self._pages[:place], page, *self._pages[place + 1 :]), size)


def _page(key: str) -> int:
    return crc32(key.encode()) % PAGES
