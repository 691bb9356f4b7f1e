"""Preparing a machine: what is missing is found, root installs it, others are told the one command, nothing is done twice."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def bootstrap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """The script as a module, with a root folder of its own and no way to run a command."""
    spec = importlib.util.spec_from_file_location("bootstrap", Path(__file__).parents[1] / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    monkeypatch.setattr(module, "POLICY", tmp_path / "policy-rc.d")
    monkeypatch.setattr(module, "run", lambda *a, **k: pytest.fail(f"ran {a}"))
    monkeypatch.setattr(module, "tried", lambda *a: pytest.fail(f"ran {a}"))
    return module


@pytest.fixture
def commands(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    ran: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "run", lambda command, *a, **k: ran.append(command))
    return ran


def test_who_is_not_root_is_told_the_one_command(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(bootstrap, "missing_packages", lambda goal: ["rabbitmq-server"])
    monkeypatch.setattr(sys, "argv", ["bootstrap.py", "run"])
    assert bootstrap.main() == 1
    said = capsys.readouterr().out
    assert "sudo make packages-run" in said
    assert "rabbitmq-server" in said


def test_root_installs_and_no_service_may_start_meanwhile(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, commands: list[list[str]]
) -> None:
    during: list[bool] = []
    kept_off: list[str] = []
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 0)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(
        bootstrap, "run", lambda command, *a, **k: (commands.append(command), during.append(bootstrap.POLICY.exists()))
    )
    monkeypatch.setattr(bootstrap, "keep_off", kept_off.append)
    assert bootstrap.install_packages(["rabbitmq-server", "chromium"], "test")
    assert [command[1] for command in commands] == ["update", "install"]
    assert commands[1][-2:] == ["rabbitmq-server", "chromium"]
    assert during == [True, True]
    assert not bootstrap.POLICY.exists()
    assert kept_off == ["rabbitmq-server"]


def test_a_policy_that_was_there_before_stays(bootstrap: ModuleType) -> None:
    bootstrap.POLICY.write_text("mine")
    with bootstrap.no_service_starts():
        assert bootstrap.POLICY.read_text() == "mine"
    assert bootstrap.POLICY.read_text() == "mine"


def test_no_broker_is_needed_when_the_environment_names_one(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap.Path, "exists", lambda self: False)
    monkeypatch.setattr(bootstrap, "can_make_venv", lambda: True)
    monkeypatch.delenv("AMQP_URL", raising=False)
    assert bootstrap.missing_packages("run") == ["rabbitmq-server"]
    monkeypatch.setenv("AMQP_URL", "amqp://elsewhere/")
    assert bootstrap.missing_packages("run") == []
    assert "rabbitmq-server" in bootstrap.missing_packages("test")


@pytest.mark.parametrize("fails", [False, True])
def test_dependencies_are_installed_once_by_uv_or_else_by_pip(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, commands: list[list[str]], fails: bool, tmp_path: Path
) -> None:
    (tmp_path / ".venv").mkdir()
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("one==1")
    tries: list[list[str]] = []
    monkeypatch.setattr(bootstrap, "has_uv", lambda: True)
    monkeypatch.setattr(bootstrap, "tried", lambda command: tries.append(command) or not fails)
    install: Callable[[], None] = lambda: bootstrap.install_requirements("run", [requirements])  # noqa: E731
    install()
    install()
    assert len(tries) == 1
    assert "--require-hashes" in tries[0]
    assert [command[1:4] for command in commands] == ([["-m", "pip", "install"]] if fails else [])
    requirements.write_text("one==2")
    install()
    assert len(tries) == 2
