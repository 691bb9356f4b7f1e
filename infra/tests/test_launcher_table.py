"""The table of processes, the secrets and the state file."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import pytest
import yaml

from grenier.config import PORTS_PER_INSTALLATION, Settings
from grenier.env_file import read_env_file
from grenier.process import SERVICES, WORKERS
from grenier_infra.launcher import secrets, state
from grenier_infra.launcher.table import LAYOUTS, Own, Process, named, ports_used, processes

INFRA = Path(__file__).parents[1]
ALL_OWN = Own(broker=True, event_node=True, mailbox=True)


def table(tmp_path: Path, own: Own = ALL_OWN, **settings: object) -> list[Process]:
    return processes(Settings(data_dir=tmp_path, **settings), own)  # type: ignore[arg-type]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_service_has_its_doors_and_its_views_once(tmp_path: Path, layout: str) -> None:
    listed = table(tmp_path, layout=layout)
    served = [name for process in listed if process.name.startswith("serve-") for name in process.argv[4:]]
    worked = [name for process in listed if process.name.startswith("work-") for name in process.argv[4:]]
    assert sorted(served) == sorted(SERVICES)
    assert sorted(worked) == sorted(WORKERS)
    others = {"epmd", "broker", "eventnode", "mailbox", "gateway", "stream", "relay", "mailer"}
    assert others <= {process.name for process in listed}
    assert all(named(f"work-{name}", [process.name for process in listed]) for name in WORKERS)


def test_a_process_is_found_by_a_service_it_hosts() -> None:
    names = ["serve-orders", "work-ledger+logistics", "relay"]
    assert named("work-logistics", names) == "work-ledger+logistics"
    assert named("relay", names) == "relay"
    with pytest.raises(KeyError):
        named("serve-ledger", names)


def test_servers_that_the_environment_names_are_not_started(tmp_path: Path) -> None:
    own = Own.from_env({"AMQP_URL": "amqp://x/", "ESDB_URI": "esdb://x:1", "SMTP_URL": " smtp://x "})
    assert not {"epmd", "broker", "eventnode", "mailbox"} & {process.name for process in table(tmp_path, own)}
    assert Own.from_env({"AMQP_URL": "", "OTHER": "1"}) == ALL_OWN


def test_two_installations_side_by_side_share_no_port(tmp_path: Path) -> None:
    one = Settings(data_dir=tmp_path / "a", port_base=9000)
    two = Settings(data_dir=tmp_path / "b", port_base=9000 + PORTS_PER_INSTALLATION)
    ports = ports_used(one, processes(one, ALL_OWN)), ports_used(two, processes(two, ALL_OWN))
    assert not set(ports[0]) & set(ports[1])
    assert all(9000 <= port < 9000 + PORTS_PER_INSTALLATION for port in ports[0])
    assert len(ports[0]) >= len(processes(one, ALL_OWN))


def test_every_process_waits_only_for_others_of_the_table(tmp_path: Path) -> None:
    names = {process.name for process in table(tmp_path)}
    assert all(set(process.after) <= names for process in table(tmp_path))


def test_secrets_are_made_once_and_for_the_owner_only(tmp_path: Path) -> None:
    data = tmp_path / "data"
    first = secrets.ensure(data)
    assert secrets.ensure(data) == first
    assert stat.S_IMODE((data / "secrets.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    assert Settings.from_env({"GRENIER_DATA": str(data)}).missing_secrets() == []
    assert secrets.ensure(tmp_path / "other")["kek"] != first["kek"]


def test_a_secret_added_by_a_later_version_leaves_the_others_alone(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text(json.dumps({"kek": "kept"}))
    known = secrets.ensure(tmp_path)
    assert known["kek"] == "kept"
    assert set(known) == set(secrets.MAKERS)


def test_one_launcher_per_data_folder(tmp_path: Path) -> None:
    with state.take_lock(tmp_path), pytest.raises(state.AlreadyRunning):
        state.take_lock(tmp_path)
    state.take_lock(tmp_path).close()


def test_the_state_of_a_dead_launcher_does_not_count(tmp_path: Path) -> None:
    assert state.read(tmp_path) is None
    (tmp_path / "run").mkdir()
    state.write(tmp_path, {"processes": {}})
    assert state.read(tmp_path) is not None
    (tmp_path / "run" / "state.json").write_text(json.dumps({"pid": 1, "created": 0.0, "processes": {}}))
    assert state.read(tmp_path) is None


def test_an_env_file_fills_what_the_environment_does_not_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text(
        "# comment\nGRENIER_PORT=9100\n#GRENIER_DEMO=1\nGRENIER_CONTACT='a b'\nGRENIER_DATA=/else\n"
    )
    for name in ("GRENIER_PORT", "GRENIER_DEMO", "GRENIER_CONTACT"):
        monkeypatch.setenv(name, "")  # restored, whatever the test sets
        monkeypatch.delenv(name)
    monkeypatch.setenv("GRENIER_DATA", "/mine")
    read_env_file(tmp_path / ".env")
    settings = Settings.from_env()
    assert (settings.port_base, settings.contact, settings.demo, str(settings.data_dir)) == (
        9100,
        "a b",
        False,
        "/mine",
    )


def test_prometheus_scrapes_the_ports_that_the_table_gives(tmp_path: Path) -> None:
    wanted = {
        f"127.0.0.1:{p.probe.port}": p.name for p in table(tmp_path) if p.probe.kind == "http" and p.name != "mailbox"
    }
    config = yaml.safe_load((INFRA / "prometheus" / "prometheus.yml").read_text())
    scraped = {
        target: group["labels"]["part"]
        for group in config["scrape_configs"][0]["static_configs"]
        for target in group["targets"]
    }
    assert set(scraped) == set(wanted)
    parts = {
        "serve": "doors",
        "spare": "doors",
        "work": "views",
        "gateway": "edge",
        "stream": "edge",
        "eventnode": "eventnode",
    }
    for target, name in wanted.items():
        assert scraped[target] == parts.get(name.split("-")[0], "feed-and-mail")


def known_metrics() -> set[str]:
    """Names that the code counts under, as Prometheus shows them."""
    found: set[str] = set()
    for source in INFRA.parent.rglob("*.py"):
        if ".venv" in source.parts or "tests" in source.parts:
            continue
        pattern = r"(?:Counter|Gauge|Histogram|_gauge)\(\s*\"([a-z_]+)\""
        for match in re.finditer(pattern, source.read_text(encoding="utf-8")):
            name = match[1]
            found |= {name, f"{name}_total", f"{name}_bucket", f"{name}_count", f"{name}_sum"}
    return found


def test_alerts_and_dashboards_name_only_metrics_that_exist() -> None:
    alerts = yaml.safe_load((INFRA / "prometheus" / "alerts.yml").read_text())
    expressions = [rule["expr"] for group in alerts["groups"] for rule in group["rules"]]
    for dashboard in (INFRA / "grafana" / "dashboards").glob("*.json"):
        expressions += [
            target["expr"] for panel in json.loads(dashboard.read_text())["panels"] for target in panel["targets"]
        ]
    named = {name for expression in expressions for name in re.findall(r"\b(?:grenier|eventnode)_[a-z_]+", expression)}
    assert named - known_metrics() == set()
    assert len(named) > 8


def test_the_cluster_starts_every_process_of_the_table(tmp_path: Path) -> None:
    compose = yaml.safe_load((INFRA / "compose" / "compose.yaml").read_text())
    commands_there = {tuple(service["command"]) for service in compose["services"].values() if "command" in service}
    no_servers = Own(broker=False, event_node=False, mailbox=False)
    wanted = {
        process.argv[process.argv.index("grenier.process") + 1 :]
        for process in table(tmp_path, no_servers, layout="spread")
    }
    assert commands_there == wanted
    assert all(
        ":" in service.get("image", ":") and not service["image"].endswith("latest")
        for service in compose["services"].values()
    )


def test_units_start_every_process_of_the_table(tmp_path: Path) -> None:
    started = set()
    for unit in (INFRA / "systemd").glob("*.service"):
        if "Type=oneshot" in unit.read_text():
            continue  # work of a timer, not a process that stays
        words = re.search(r"^ExecStart=\S+/grenier (.+)$", unit.read_text(), re.MULTILINE)
        assert words is not None, unit.name
        started.add(words[1].replace(" %i", ""))
    own = Own(broker=False, event_node=True, mailbox=False)
    assert started == {process.argv[process.argv.index("grenier.process") + 1] for process in table(tmp_path, own)}
