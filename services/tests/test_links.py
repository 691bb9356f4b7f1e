"""Signed links: made by the installation only, for one purpose, until an instant."""

from datetime import UTC, datetime, timedelta

import pytest

from grenier import links
from grenier.errors import NotFound, Rejected
from grenier.testing import refused

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
SECRET = "s" * 32
FACTS = {"contract": "c1", "version": "2", "person": "Zoé"}


def token(**changes):
    said = {"secret": SECRET, "purpose": "answer", "facts": FACTS, "expires_at": NOON} | changes
    return links.sign(**said)


def test_the_same_facts_are_the_same_token_and_read_as_they_were_said():
    assert token() == token(facts=dict(reversed(FACTS.items())))
    assert links.read(SECRET, "answer", token(), NOON - timedelta(seconds=1)) == FACTS
    assert set(token()) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


def test_a_token_ends_at_its_instant():
    assert refused(links.read, SECRET, "answer", token(), NOON).code == "link-expired"
    assert isinstance(refused(links.read, SECRET, "answer", token(), NOON + timedelta(days=900)), Rejected)


@pytest.mark.parametrize(
    ("secret", "purpose", "given"),
    [
        (SECRET, "receipt", token()), ("t" * 32, "answer", token()), ("", "answer", token(secret="")),
        (SECRET, "answer", ""), (SECRET, "answer", "."), (SECRET, "answer", "é" * 40), (SECRET, "answer", "a" * 3000),
        (SECRET, "answer", token() + "a"), (SECRET, "answer", token()[:-1]), (SECRET, "answer", "A" + token()),
        (SECRET, "answer", token(facts={**FACTS, "version": "3"}).split(".")[0] + "." + token().split(".")[1]),
    ],
)  # fmt: skip
def test_anything_else_is_no_link(secret, purpose, given):
    error = refused(links.read, secret, purpose, given, NOON - timedelta(days=1))
    assert isinstance(error, NotFound)
    assert error.code == "link-unknown"


def test_every_letter_counts():
    good = token()
    for place in range(len(good)):
        changed = good[:place] + ("A" if good[place] != "A" else "B") + good[place + 1 :]
        assert refused(links.read, SECRET, "answer", changed, NOON - timedelta(days=1)).code == "link-unknown"
