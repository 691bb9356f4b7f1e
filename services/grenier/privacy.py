"""Personal data sealed with one key per person, and forgotten by destroying the key.

AES-256-GCM; the person id and the field name are associated data, so a ciphertext moved to another person or field does
not open. Keys lie in their own database, wrapped with a key-encryption key that lies outside of it; backups of keys are
kept apart from backups of the log, and shorter.
"""

from __future__ import annotations

import base64
import hashlib
import os
import time
from collections.abc import Mapping

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from grenier.readmodel import Database

_meta = sa.MetaData()
person_keys = sa.Table(
    "person_keys",
    _meta,
    sa.Column("person_id", sa.Text, primary_key=True),
    sa.Column("wrapped", sa.LargeBinary, nullable=False),
)
# Whose key was destroyed: none is ever made for them again. A registration that is repeated after an erasure would
# otherwise leave a key that fits nothing in the log, and no view could be rebuilt over that person's first facts.
# Only a digest of the id is kept: the file itself names nobody who was erased.
destroyed = sa.Table("destroyed_keys", _meta, sa.Column("digest", sa.Text, primary_key=True))
_WRAPPED = sa.select(person_keys.c.wrapped).where(person_keys.c.person_id == sa.bindparam("person_id"))
NONCE_BYTES = 12
# How long a process may go on using a key that another process has destroyed.
CACHE_SECONDS = 5.0


class KeyStore:
    """`kek`: the 32 bytes of the key-encryption key; `database`: where wrapped keys lie."""

    def __init__(self, database: Database, kek: bytes) -> None:
        self._database = database
        self._wrapper = AESGCM(kek)
        self._ciphers: dict[str, tuple[AESGCM | None, float]] = {}
        database.create([person_keys, destroyed])

    def seal(self, person_id: str, fields: Mapping[str, str]) -> dict[str, str]:
        """Encrypt fields for a person, making the person's key when there is none yet; nobody can open what is sealed
        for somebody who was erased."""
        cipher = self._cipher(person_id) or self._make(person_id)
        return {name: _encrypt(cipher, f"{person_id}|{name}", text) for name, text in fields.items()}

    def open(self, person_id: str, sealed: Mapping[str, str]) -> dict[str, str]:
        """Decrypt; {} when the person was erased. Raises ValueError for a ciphertext that is not this person's field."""
        cipher = self._cipher(person_id)
        if cipher is None:
            return {}
        return {name: _decrypt(cipher, f"{person_id}|{name}", text) for name, text in sealed.items()}

    def destroy(self, person_id: str) -> None:
        """The end of everything sealed for this person. Repeating it is harmless."""
        self._ciphers.pop(person_id, None)
        with self._database.transaction() as connection:
            connection.execute(sa.delete(person_keys).where(person_keys.c.person_id == person_id))
            if not _is_destroyed(connection, person_id):
                connection.execute(sa.insert(destroyed).values(digest=_digest(person_id)))
        self._database.scrub()

    def problems(self) -> list[str]:
        """Sentences for keys that do not open any more, and for a file whose structure is broken; [] when all is well."""
        found = []
        if not self._database.is_postgresql:
            with self._database.engine.connect() as connection:
                said = connection.exec_driver_sql("PRAGMA integrity_check(5)").scalars().all()
            found += [f"clés : base abîmée : {text}" for text in said if text != "ok"]
        for row in self._database.rows(sa.select(person_keys)):
            try:
                self._unwrap(row["person_id"], row["wrapped"])
            except (InvalidTag, ValueError, TypeError):
                found.append(f"clés : celle de {row['person_id']} est abîmée")
        return found

    def _cipher(self, person_id: str) -> AESGCM | None:
        cached = self._ciphers.get(person_id)
        if cached is not None and cached[1] > time.monotonic():
            return cached[0]
        row = self._database.by_key(_WRAPPED, person_id=person_id)
        cipher = AESGCM(self._unwrap(person_id, row["wrapped"])) if row is not None else None
        self._ciphers[person_id] = (cipher, time.monotonic() + CACHE_SECONDS)
        return cipher

    def _make(self, person_id: str) -> AESGCM:
        key, nonce = AESGCM.generate_key(bit_length=256), os.urandom(NONCE_BYTES)
        wrapped = nonce + self._wrapper.encrypt(nonce, key, person_id.encode())
        try:
            with self._database.transaction() as connection:
                if _is_destroyed(connection, person_id):
                    return AESGCM(key)  # kept nowhere
                connection.execute(sa.insert(person_keys).values(person_id=person_id, wrapped=wrapped))
        except sa.exc.IntegrityError:
            pass  # made by another process in the same moment: that one holds
        self._ciphers.pop(person_id, None)
        cipher = self._cipher(person_id)
        assert cipher is not None
        return cipher

    def _unwrap(self, person_id: str, wrapped: bytes) -> bytes:
        return self._wrapper.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], person_id.encode())


def _is_destroyed(connection: sa.Connection, person_id: str) -> bool:
    return connection.execute(sa.select(destroyed).where(destroyed.c.digest == _digest(person_id))).first() is not None


def _digest(person_id: str) -> str:
    return hashlib.sha256(f"erased|{person_id}".encode()).hexdigest()


def _encrypt(cipher: AESGCM, associated: str, text: str) -> str:
    nonce = os.urandom(NONCE_BYTES)
    return base64.b64encode(nonce + cipher.encrypt(nonce, text.encode(), associated.encode())).decode()


def _decrypt(cipher: AESGCM, associated: str, sealed: str) -> str:
    raw = base64.b64decode(sealed)
    try:
        return cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], associated.encode()).decode()
    except InvalidTag as wrong:
        raise ValueError("this ciphertext belongs to another person or field") from wrong
