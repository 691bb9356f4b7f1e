"""`make test` prepares the machine: what other tests skip without must be there, so that no skip hides a missing install."""

from pathlib import Path

from grenier import testing_broker, testing_postgres
from grenier_infra.launcher import broker


def test_rabbitmq_is_installed() -> None:
    assert testing_broker.AVAILABLE
    assert broker.program() is not None


def test_postgresql_is_installed() -> None:
    assert testing_postgres.AVAILABLE


def test_chromium_is_installed() -> None:
    assert Path("/usr/bin/chromium").exists()
