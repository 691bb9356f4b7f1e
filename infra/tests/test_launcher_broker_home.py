"""The small home of the RabbitMQ server: what it starts and what that needs, whatever lies beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from grenier_infra.launcher import broker, broker_home


def server(folder: Path, applications: dict[str, str]) -> Path:
    """The start script of a server with these applications, {folder: what it needs}."""
    for name, needs in applications.items():
        ebin = folder / "plugins" / name / "ebin"
        ebin.mkdir(parents=True)
        app = name.split("-")[0]
        (ebin / f"{app}.app").write_text(f"{{application, '{app}', [{{vsn, \"1\"}},\n\t{{applications, [{needs}]}}]}}.")
    script = folder / "sbin" / "rabbitmq-server"
    script.parent.mkdir(parents=True)
    script.write_text("")
    return script


def found(home: Path) -> set[str]:
    return {link.name for link in (home / "plugins").glob("*")}


def test_it_holds_what_the_server_starts_and_what_that_needs_in_turn(tmp_path: Path) -> None:
    applications = {
        "rabbit-4.0": "kernel,stdlib, 'rabbit_common', ra",
        "rabbit_common-4.0": "kernel,recon",
        "rabbitmq_prelaunch-4.0": "cuttlefish",
        "cuttlefish-3.1": "kernel",
        "ra-2.1": "seshat,\n\trabbit_common",
        "recon-2.5": "",
        "seshat-0.6": "",
        "rabbitmq_management-4.0": "rabbit",
        "cowboy-2.8": "",
    }
    script, home = server(tmp_path / "server", applications), tmp_path / "a home"
    broker_home.furnish(script, home)
    assert found(home) == applications.keys() - {"rabbitmq_management-4.0", "cowboy-2.8"}
    assert (home / "plugins" / "ra-2.1" / "ebin" / "ra.app").exists()
    environment = broker_home.environment(home)
    assert environment["RABBITMQ_PLUGINS_DIR"] == str(home / "plugins")
    assert Path(environment["RABBITMQ_CONF_ENV_FILE"]).read_text() == f"RABBITMQ_HOME='{home}'\n"


def test_another_version_replaces_it_and_the_same_one_leaves_it_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    old = server(tmp_path / "old", {"rabbit-3.10.8": "ranch", "ranch-2.1.0": ""})
    broker_home.furnish(old, home)
    made = (home / "environment").stat().st_mtime_ns
    broker_home.furnish(old, home)
    assert (home / "environment").stat().st_mtime_ns == made
    broker_home.furnish(server(tmp_path / "new", {"rabbit-4.0.5": ""}), home)
    assert found(home) == {"rabbit-4.0.5"}


def test_a_server_that_is_laid_out_otherwise_keeps_its_own_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    broker_home.furnish(server(tmp_path / "old", {"rabbit-3.10.8": ""}), home)
    broker_home.furnish(server(tmp_path / "new", {}), home)
    assert not home.exists()
    assert broker_home.environment(home) == {"RABBITMQ_CONF_ENV_FILE": "/dev/null"}


@pytest.mark.skipif(broker.program() is None, reason="RabbitMQ is not installed")
def test_the_server_of_this_machine_has_one(tmp_path: Path) -> None:
    script = broker.program()
    assert script is not None
    broker_home.furnish(script, tmp_path)
    apps = {name.split("-")[0] for name in found(tmp_path)}
    assert {"rabbit", "rabbit_common", "ra", "rabbitmq_prelaunch", "cuttlefish"} <= apps
    assert not [name for name in apps if name.startswith("rabbitmq_") and name != "rabbitmq_prelaunch"]
