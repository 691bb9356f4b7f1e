"""Signed links: what somebody without an account may do, said in a token that only the installation can make.

    token = sign(secret, "producer-answer", {"contract": "c1", "version": "2"}, expires_at)
    facts = read(secret, "producer-answer", token, now)

Pure functions: whoever has the installation's secret can make the same token again from the same facts, so a token never
has to stand in the log or in a database. A token is bound to its purpose; a purpose's name is part of the key.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from grenier.errors import NotFound, Rejected

MAX_TOKEN_CHARS = 2000


class _Body(msgspec.Struct, frozen=True):
    """`facts` in the order of their names; `expires` in epoch seconds."""

    facts: dict[str, str]
    expires: int


def sign(secret: str, purpose: str, facts: Mapping[str, str], expires_at: datetime) -> str:
    """The token, made of letters, digits, "-", "_" and one "." only. The same arguments give the same token."""
    body = _Body({name: facts[name] for name in sorted(facts)}, int(expires_at.timestamp()))
    packed = _pack(msgspec.json.encode(body))
    return f"{packed}.{_seal(secret, purpose, packed)}"


def read(secret: str, purpose: str, token: str, now: datetime) -> dict[str, str]:
    """The facts of a token. NotFound("link-unknown") when it was not made here for this purpose, Rejected("link-expired")."""
    packed, _, seal = token.partition(".")
    if not secret or len(token) > MAX_TOKEN_CHARS or not token.isascii():
        raise NotFound("link-unknown")
    if not hmac.compare_digest(seal.encode(), _seal(secret, purpose, packed).encode()):
        raise NotFound("link-unknown")
    body = msgspec.json.decode(urlsafe_b64decode(packed + "=" * (-len(packed) % 4)), type=_Body)
    if now.timestamp() >= body.expires:
        raise Rejected("link-expired", expired_at=datetime.fromtimestamp(body.expires, UTC).isoformat())
    return body.facts


def _seal(secret: str, purpose: str, packed: str) -> str:
    key = hmac.new(secret.encode(), f"grenier link: {purpose}".encode(), hashlib.sha256).digest()
    return _pack(hmac.new(key, packed.encode(), hashlib.sha256).digest())


def _pack(plain: bytes) -> str:
    return urlsafe_b64encode(plain).decode().rstrip("=")
