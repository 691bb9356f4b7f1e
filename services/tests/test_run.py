"""The runner: each command prepares its process and hands over to one module; nothing else is imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from grenier import process, run
from grenier.config import Settings

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
