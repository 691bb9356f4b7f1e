"""Random secrets and their hashes. What people carry is never stored; only its SHA-256 is."""

import hashlib
import hmac
import secrets


def new_secret() -> str:
    """256 random bits as 43 characters that are safe in addresses and cookies."""
    return secrets.token_urlsafe(32)


def hashed(secret: str) -> str:
    """What the tables hold. A fast hash is enough: the secrets are random, not chosen by people."""
    return hashlib.sha256(secret.encode()).hexdigest()


def keyed(key: bytes, purpose: str, text: str) -> str:
    """A tag that only this installation can make; purposes never mix."""
    return hmac.new(key, f"{purpose}\0{text}".encode(), hashlib.sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Comparison in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())
