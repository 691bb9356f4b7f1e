"""How the text of a variable becomes a value: one small parser per kind, each able to say what it expects.

`parse` raises ValueError on a text it refuses; the caller names the variable and quotes `expected`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@dataclass(frozen=True, slots=True)
class Kind:
    """A parser and the words for what it accepts."""

    parse: Callable[[str], Any]
    expected: str


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of the environment: the field of Settings it fills, its default as text, its meaning for operators."""

    name: str
    field: str
    default: str
    value: Kind
    meaning: str
    secret: bool = False


def bounded(low: int, high: int) -> Kind:
    """An integer from low to high."""

    def parse(raw: str) -> int:
        value = int(raw)
        if not low <= value <= high:
            raise ValueError(raw)
        return value

    return Kind(parse, f"un entier de {low} à {high}")


def seconds(low: float, high: float) -> Kind:
    """A duration in seconds."""

    def parse(raw: str) -> float:
        value = float(raw)
        if not low <= value <= high:
            raise ValueError(raw)
        return value

    return Kind(parse, f"une durée de {low:g} à {high:g} secondes")


def choice(*words: str) -> Kind:
    """One of a few words."""

    def parse(raw: str) -> str:
        if raw not in words:
            raise ValueError(raw)
        return raw

    return Kind(parse, " ou ".join(words))


def words(*known: str) -> Kind:
    """Any of a few words, with commas between them; none by default."""

    def parse(raw: str) -> tuple[str, ...]:
        found = tuple(word.strip() for word in raw.split(",") if word.strip())
        if any(word not in known for word in found):
            raise ValueError(raw)
        return found

    return Kind(parse, "rien, ou avec des virgules : " + ", ".join(known))


def url(*schemes: str, optional: bool = False) -> Kind:
    """An address with one of the schemes; SQLite addresses need no host."""

    def parse(raw: str) -> str:
        if optional and not raw:
            return ""
        parts = urlsplit(raw)
        if parts.scheme not in schemes or not (parts.netloc or parts.scheme == "sqlite"):
            raise ValueError(raw)
        _ = (
            parts.port if not parts.scheme.startswith(("esdb", "kurrentdb")) else None
        )  # refuses ports that are no number
        return raw

    return Kind(parse, "une adresse " + " ou ".join(f"{scheme}://…" for scheme in schemes))


def _flag(raw: str) -> bool:
    if raw not in ("0", "1"):
        raise ValueError(raw)
    return raw == "1"


def _key_bytes(raw: str) -> bytes:
    if not raw:
        return b""
    try:
        key = base64.b64decode(raw, validate=True)
    except binascii.Error as error:
        raise ValueError("base64") from error
    if len(key) != 32:
        raise ValueError("length")
    return key


def _time_zone(raw: str) -> str:
    try:
        return ZoneInfo(raw).key
    except ZoneInfoNotFoundError as error:
        raise ValueError(raw) from error


def _mail_address(raw: str) -> str:
    _, address = parseaddr(raw)
    if "@" not in address or address.startswith("@") or address.endswith("@"):
        raise ValueError(raw)
    return raw


flag = Kind(_flag, "0 ou 1")
key_bytes = Kind(_key_bytes, "32 octets en base64")
mail_address = Kind(_mail_address, "une adresse, par exemple Grenier <grenier@exemple.fr>")
path = Kind(Path, "un chemin de dossier")
text = Kind(str, "un texte")
time_zone = Kind(_time_zone, "un fuseau, par exemple Europe/Paris ou Indian/Reunion")
