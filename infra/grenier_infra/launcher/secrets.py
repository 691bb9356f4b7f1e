"""What an installation generates for itself at its first start, readable by its owner only.

session_secret    signs sessions and form tokens
kek               encrypts the personal keys (base64 of 32 bytes); losing it loses all personal data: see the backup guide
broker_password   of the administrator `grenier` of the private RabbitMQ node; those of its other users follow from it
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

MAKERS: dict[str, Callable[[], str]] = {
    "session_secret": lambda: secrets.token_urlsafe(48),
    "kek": lambda: base64.b64encode(secrets.token_bytes(32)).decode(),
    "broker_password": lambda: secrets.token_urlsafe(24),
}


def ensure(data_dir: Path) -> dict[str, str]:
    """Make the data folder and the secrets that are missing; existing ones are never changed. Returns all of them."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = data_dir / "secrets.json"
    known: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    missing = [name for name in MAKERS if name not in known]
    if missing:
        known |= {name: MAKERS[name]() for name in missing}
        write_private(path, json.dumps(known, indent=2) + "\n")
    return known


def write_private(path: Path, text: str) -> None:
    """Write for the owner only, wholly or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
