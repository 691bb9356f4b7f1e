"""Settings: read once, checked, refused with the variable's name and what is expected."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from grenier.config import VARIABLES, ConfigError, Settings, unknown_variables
from grenier.config_docs import env_example, markdown

ROOT = Path(__file__).parents[2]
KEY = base64.b64encode(bytes(32)).decode()


def test_an_empty_environment_gives_a_local_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_env({})
    assert settings.data_dir == tmp_path / "data"
    assert settings.esdb_uri == "esdb://127.0.0.1:8402?Tls=false"
    assert settings.database_url is None
    assert settings.view_database("orders") == f"sqlite:///{tmp_path}/data/views/orders.sqlite"
    assert settings.smtp_url == "smtp://127.0.0.1:8404"
    assert settings.public_url == "http://localhost:8400"


def test_all_ports_follow_the_base() -> None:
    settings = Settings.from_env({"GRENIER_PORT": "9000"})
    named = (settings.gateway_port, settings.stream_port, settings.esdb_port, settings.amqp_port, settings.smtp_port)
    assert named == (9000, 9001, 9002, 9003, 9004)
    assert (settings.epmd_port, settings.broker_dist_port, settings.first_metrics_port) == (9005, 9006, 9020)
    assert ":9003/" in settings.amqp_url


WRONG = [
    ("GRENIER_PORT", "http"),
    ("GRENIER_PORT", "80"),
    ("GRENIER_PORT", "65500"),
    ("GRENIER_DEMO", "yes"),
    ("GRENIER_HOST", "gevent"),
    ("GRENIER_LAYOUT", "wide"),
    ("GRENIER_RPC_TIMEOUT", "0"),
    ("GRENIER_KEK", "c2hvcnQ="),
    ("GRENIER_KEK", "not base64!"),
    ("GRENIER_MAIL_FROM", "nobody"),
    ("GRENIER_TIME_ZONE", "Europe/Atlantis"),
    ("GRENIER_LANGUAGE", "eo"),
    ("AMQP_URL", "http://broker"),
    ("AMQP_URL", "amqp://broker:port/"),
    ("ESDB_URI", "localhost:2113"),
    ("DATABASE_URL", "mysql://host/db"),
    ("SMTP_URL", "mailto:me@example.org"),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_refused_by_name_with_what_is_expected(name: str, value: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Settings.from_env({name: value})
    (problem,) = refused.value.problems
    expected = next(variable.value.expected for variable in VARIABLES if variable.name == name)
    assert problem.startswith(f"{name} : ")
    assert problem.endswith(expected)


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(ConfigError) as refused:
        Settings.from_env({"GRENIER_PORT": "x", "GRENIER_DEMO": "x", "AMQP_URL": "x"})
    assert len(refused.value.problems) == 3


def test_a_refused_secret_or_address_is_not_repeated() -> None:
    with pytest.raises(ConfigError) as refused:
        Settings.from_env({"GRENIER_KEK": "hush-hush", "DATABASE_URL": "mysql://me:hush-hush@host/db"})
    assert "hush-hush" not in str(refused.value)


def test_secrets_of_the_data_folder_fill_what_the_environment_leaves_empty(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text(
        json.dumps({"session_secret": "s" * 40, "kek": KEY, "broker_password": "p/w"})
    )
    settings = Settings.from_env({"GRENIER_DATA": str(tmp_path)})
    assert settings.kek == bytes(32)
    assert settings.session_secret == "s" * 40
    assert settings.amqp_url == "amqp://grenier:p%2Fw@127.0.0.1:8403/%2F"
    assert settings.missing_secrets() == []


def test_the_environment_wins_over_the_data_folder(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text(json.dumps({"session_secret": "s" * 40, "broker_password": "pw"}))
    given = {"GRENIER_DATA": str(tmp_path), "AMQP_URL": "amqp://me:pw@broker:5672/", "GRENIER_SECRET": "t" * 40}
    settings = Settings.from_env(given)
    assert settings.amqp_url == "amqp://me:pw@broker:5672/"
    assert settings.session_secret == "t" * 40


def test_missing_secrets_are_named(tmp_path: Path) -> None:
    problems = Settings(data_dir=tmp_path).missing_secrets()
    assert [problem.split(" ")[0] for problem in problems] == ["GRENIER_SECRET", "GRENIER_KEK"]


def test_settings_do_not_print_secrets(tmp_path: Path) -> None:
    shown = repr(
        Settings(
            data_dir=tmp_path, session_secret="hush", kek=b"hush", amqp_url="amqp://u:hush@h/", database_url="hush"
        )
    )
    assert "hush" not in shown


def test_a_slip_of_the_pen_is_pointed_out() -> None:
    assert unknown_variables({"GRENIER_PROT": "1", "GRENIER_PORT": "8400", "OTHER": ""}) == ["GRENIER_PROT"]


def test_the_example_file_is_the_generated_one() -> None:
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == env_example(), (
        "run: grenier check-config --example > .env.example"
    )


def test_the_reference_names_every_variable() -> None:
    assert all(f"| `{variable.name}` |" in markdown() for variable in VARIABLES)


def test_every_default_is_valid_by_itself() -> None:
    Settings.from_env({variable.name: variable.default for variable in VARIABLES})


def test_switches_for_tests_are_for_demonstrations_only() -> None:
    told = {"GRENIER_TEST_SWITCHES": "forget-keys, node-faults"}
    assert Settings.from_env(told | {"GRENIER_DEMO": "1"}).test_switches == ("forget-keys", "node-faults")
    with pytest.raises(ConfigError, match="refusé sans GRENIER_DEMO=1"):
        Settings.from_env(told)
    with pytest.raises(ConfigError, match="forget-keys, node-faults"):
        Settings.from_env({"GRENIER_TEST_SWITCHES": "forget-everything", "GRENIER_DEMO": "1"})
