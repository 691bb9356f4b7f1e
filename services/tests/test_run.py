"""The runner: each command prepares its process and hands over to one module; nothing else is imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grenier import process, run
from grenier.config import Settings
from grenier_infra.launcher import broker_users

RUNNER = CliRunner()


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("GRENIER_") or name in ("AMQP_URL", "ESDB_URI", "DATABASE_URL", "SMTP_URL"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("GRENIER_DATA", str(tmp_path))
    return tmp_path


def with_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRENIER_SECRET", "s" * 40)
    monkeypatch.setenv("GRENIER_KEK", "A" * 43 + "=")


def test_check_config_names_what_is_missing_and_exits_with_1(env: Path) -> None:
    result = RUNNER.invoke(run.app, ["check-config"])
    assert result.exit_code == 1
    assert "GRENIER_KEK" in result.output
    assert "GRENIER_SECRET" in result.output


def test_check_config_is_content_with_a_complete_environment(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_secrets(monkeypatch)
    result = RUNNER.invoke(run.app, ["check-config"])
    assert (result.exit_code, str(env) in result.output) == (0, True)


@pytest.mark.parametrize("words", [["check-config"], ["verify", "ledger"], ["parked", "list"], ["feed-address"]])
def test_what_a_person_types_knows_the_settings_of_the_env_file(
    env: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """As `grenier up` does: else the views of another folder would be looked at."""
    (env / ".env").write_text("GRENIER_PORT=none\n")
    monkeypatch.chdir(env)
    monkeypatch.setenv("GRENIER_PORT", "")  # restored, whatever is read
    monkeypatch.delenv("GRENIER_PORT")
    result = RUNNER.invoke(run.app, words)
    assert result.exit_code == 1
    assert "GRENIER_PORT" in result.output
    assert isinstance(result.exception, SystemExit)


def test_the_sealed_book_of_logins_is_read_through_the_same_command(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_secrets(monkeypatch)
    told = RUNNER.invoke(run.app, ["audit"])
    assert (told.exit_code, told.output.strip()) == (0, "la chaîne est entière")


def test_looking_for_parked_events_makes_no_files(env: Path) -> None:
    for action, code in (("list", 3), ("retry", 0)):
        assert RUNNER.invoke(run.app, ["parked", action]).exit_code == code
    assert list(env.iterdir()) == []


def test_the_address_of_the_public_feed_is_told(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = RUNNER.invoke(run.app, ["feed-address"])
    assert (told.exit_code, "events.public" in told.output) == (1, True)  # before the first start
    (env / "secrets.json").write_text(json.dumps({"broker_password": "p/w"}))
    told = RUNNER.invoke(run.app, ["feed-address"])
    assert (told.exit_code, told.output.strip()) == (0, broker_users.url("feed", "p/w", Settings.from_env().amqp_port))
    assert "p/w" not in told.output
    monkeypatch.setenv("AMQP_URL", "amqp://own:server@elsewhere/")
    assert RUNNER.invoke(run.app, ["feed-address"]).exit_code == 1


def test_a_wrong_value_stops_any_process_before_it_starts(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_secrets(monkeypatch)
    monkeypatch.setenv("GRENIER_PORT", "none")
    result = RUNNER.invoke(run.app, ["work", "orders"])
    assert (result.exit_code, "GRENIER_PORT" in result.output) == (1, True)


@pytest.mark.parametrize(
    "words", [["serve", "nobody"], ["work", "nobody"], ["serve"], ["serve", "orders", "--host", "gevent"]]
)
def test_unknown_names_are_refused(env: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    with_secrets(monkeypatch)
    assert RUNNER.invoke(run.app, words).exit_code in (1, 2)


HANDED_OVER = [
    (["serve", "orders", "ledger", "--host", "threads"], "grenier.rpc_threads:serve", ["orders", "ledger"]),
    (["serve", "orders"], "grenier.rpc_nameko:serve", ["orders"]),
    (["work", "gateway"], "grenier.worker:work", ["gateway"]),
    (["relay"], "grenier.relay:main", None),
    (["mailer"], "notify_svc.mailer:main", None),
    (["mailbox"], "grenier_infra.mailbox:main", None),
]


@pytest.mark.parametrize(("words", "target", "names"), HANDED_OVER)
def test_each_command_hands_over_to_its_module(
    env: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], target: str, names: list[str] | None
) -> None:
    with_secrets(monkeypatch)
    monkeypatch.setenv("EVENTLET_HUB", "")
    monkeypatch.setenv("EVENTLET_NO_GREENDNS", "")
    called: list[tuple[object, ...]] = []
    loaded: list[str] = []

    def load(name: str) -> object:
        loaded.append(name)
        return lambda *arguments: called.append(arguments)

    monkeypatch.setattr(process, "load", load)
    monkeypatch.setattr("grenier.waiting.for_servers", lambda settings, needs: None)
    monkeypatch.setattr("grenier.logging.configure", lambda *words: None)
    result = RUNNER.invoke(run.app, words)
    assert result.exit_code == 0, result.output
    assert loaded == [target]
    (arguments,) = called
    assert isinstance(arguments[-1], Settings)
    if names:
        assert arguments[0] == names
    assert os.environ["EVENTLET_HUB"] == ("asyncio" if target.startswith("grenier.rpc_nameko") else "")


def test_the_launcher_starts_processes_without_the_command_line_library(env: Path) -> None:
    command = [sys.executable, "-m", "grenier.process", "work", "orders"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "GRENIER_KEK" in done.stderr
    code = "import sys, grenier.process, grenier.logging; print([m for m in ('typer', 'rich', 'pygments') if m in sys.modules])"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
        ).stdout.strip()
        == "[]"
    )


def test_the_runner_itself_imports_nothing_heavy() -> None:
    code = "import sys, grenier.run; print([m for m in ('flask', 'sqlalchemy', 'grpc', 'eventlet', 'nameko', 'pika') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"
