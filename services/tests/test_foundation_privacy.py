"""Personal data: sealed per person and per field, gone with the key."""

from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag

from grenier.privacy import KeyStore
from grenier.readmodel import Database

KEK = bytes(range(32))


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    return KeyStore(Database(f"sqlite:///{tmp_path / 'keys.sqlite'}", "keys"), KEK)


def test_what_is_sealed_opens_for_its_person(keys: KeyStore) -> None:
    sealed = keys.seal("p1", {"email": "ana@example.org", "last_name": "Élodie"})
    assert "ana" not in str(sealed)
    assert keys.open("p1", sealed) == {"email": "ana@example.org", "last_name": "Élodie"}


def test_a_swapped_ciphertext_does_not_open(keys: KeyStore) -> None:
    one, two = keys.seal("p1", {"email": "a", "phone": "b"}), keys.seal("p2", {"email": "c"})
    with pytest.raises(ValueError, match="another person or field"):
        keys.open("p1", {"email": two["email"]})
    with pytest.raises(ValueError, match="another person or field"):
        keys.open("p1", {"email": one["phone"]})


def test_destroying_the_key_is_the_end_of_it(keys: KeyStore, tmp_path: Path) -> None:
    sealed = keys.seal("p1", {"email": "ana@example.org"})
    wrapped = (tmp_path / "keys.sqlite").read_bytes() + (tmp_path / "keys.sqlite-wal").read_bytes()
    assert b"p1" in wrapped
    keys.destroy("p1")
    keys.destroy("p1")
    assert keys.open("p1", sealed) == {}
    left = b"".join(path.read_bytes() for path in tmp_path.glob("keys.sqlite*"))
    assert b"p1" not in left


def test_another_key_encryption_key_opens_nothing(keys: KeyStore, tmp_path: Path) -> None:
    sealed = keys.seal("p1", {"email": "a"})
    other = KeyStore(Database(f"sqlite:///{tmp_path / 'keys.sqlite'}", "keys"), bytes(32))
    with pytest.raises(InvalidTag):
        other.open("p1", sealed)


def test_no_key_is_made_again_for_somebody_who_was_erased(keys: KeyStore) -> None:
    """A registration repeated after the erasure: what the log has stays closed, and can still be passed over."""
    first = keys.seal("p1", {"email": "a@b.fr"})
    keys.destroy("p1")
    again = keys.seal("p1", {"email": "a@b.fr"})
    assert keys.open("p1", first) == {} == keys.open("p1", again)
