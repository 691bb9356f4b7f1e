"""Fixtures: an application on fakes, and clients who are somebody."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from gateway_fakes import cookie, make_gateway, token_of


@pytest.fixture
def app(tmp_path):
    return make_gateway(tmp_path / "data", reuse=True)


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def rpc(app):
    return app.fakes["rpc"]


@pytest.fixture
def sign_in(app):
    """sign_in("p-nadia") → (client, form token)."""

    def enter(person_id: str):
        client = app.test_client()
        secret = app.extensions["grenier"].sessions.open(person_id)
        client.set_cookie(cookie(app), secret)
        return client, token_of(client)

    return enter


@pytest.fixture
def bearer(app):
    """bearer("p-nadia") → headers of a program with that person's token."""
    return lambda person_id: {"Authorization": "Bearer " + app.extensions["grenier"].tokens.issue(person_id, "test")[1]}


@pytest.fixture
def french(app):
    """Inside a request in French, nobody signed in."""
    with app.test_request_context("/", headers={"Accept-Language": "fr"}):
        yield app
