"""Backup and restore of an installation's files (T15): refusals, damage, what is apart; the storm's own test plays it live."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from grenier.config import Settings
from grenier.log.esdb import EsdbLog
from grenier.log.protocol import NO_STREAM, NewEvent
from grenier_infra.eventnode.testing import running_node
from grenier_infra.launcher import care, keeping, secrets


@pytest.fixture(scope="module")
def log_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "log.sqlite"
    with running_node(path) as node:
        log = EsdbLog(node.uri, timeout_s=20.0)
        log.append("thing-1", [NewEvent(uuid4(), "thing.made", b"{}", b"{}")], expected=NO_STREAM)
        log.close()
    return path


@pytest.fixture
def settings(tmp_path: Path, log_file: Path) -> Settings:
    """A data folder with a small log, keys, sessions and secrets."""
    data = tmp_path / "data"
    secrets.ensure(data)
    shutil.copy(log_file, data)
    for name, table in (("keys.sqlite", "person_keys (person_id)"), ("auth.sqlite", "sessions (hash, position)")):
        with closing(sqlite3.connect(data / name)) as made:
            made.execute(f"CREATE TABLE {table}")
            if "sessions" in table:
                made.executemany("INSERT INTO sessions VALUES (?, ?)", [("early", 0), ("late", 10**12)])
            made.commit()
    return Settings(data_dir=data)


def test_what_is_kept_comes_back(settings: Settings, tmp_path: Path) -> None:
    kept = keeping.backup(settings, tmp_path / "kept")
    assert set(kept["files"]) == {"log.sqlite", "keys.sqlite", "auth.sqlite", "secrets.json"}
    assert (kept["position"] > 0, kept["elsewhere"]) == (True, [])
    keeping.restore(tmp_path / "kept", tmp_path / "new")
    assert (tmp_path / "new" / "secrets.json").read_text() == (settings.data_dir / "secrets.json").read_text()
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "new").iterdir())
    with running_node(tmp_path / "new" / "log.sqlite") as node:
        log = EsdbLog(node.uri, timeout_s=20.0)
        assert [event.type for event in log.read_all()] == ["thing.made"]
        log.close()


def test_sessions_wait_for_nothing_that_the_restored_log_does_not_have(settings: Settings, tmp_path: Path) -> None:
    kept = keeping.backup(settings, tmp_path / "kept")
    keeping.restore(tmp_path / "kept", tmp_path / "new")
    with closing(sqlite3.connect(tmp_path / "new" / "auth.sqlite")) as auth:
        assert dict(auth.execute("SELECT hash, position FROM sessions")) == {"early": 0, "late": kept["position"]}


def test_keys_and_secrets_may_lie_apart(settings: Settings, tmp_path: Path) -> None:
    keeping.backup(settings, tmp_path / "kept", tmp_path / "apart")
    assert {path.name for path in (tmp_path / "apart").iterdir()} == {"keys.sqlite", "secrets.json"}
    with pytest.raises(keeping.NotKept, match=r"keys\.sqlite : manque"):
        keeping.restore(tmp_path / "kept", tmp_path / "new")
    keeping.restore(tmp_path / "kept", tmp_path / "new", tmp_path / "apart")
    assert (tmp_path / "new" / "keys.sqlite").exists()


@pytest.mark.parametrize("name", ["log.sqlite", "keys.sqlite", "auth.sqlite", "secrets.json"])
def test_a_damaged_copy_is_refused(settings: Settings, tmp_path: Path, name: str) -> None:
    keeping.backup(settings, tmp_path / "kept")
    damaged = bytearray((tmp_path / "kept" / name).read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "kept" / name).write_bytes(damaged)
    with pytest.raises(keeping.NotKept, match=name):
        keeping.restore(tmp_path / "kept", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_neither_overwrites_anything(settings: Settings, tmp_path: Path) -> None:
    keeping.backup(settings, tmp_path / "kept")
    with pytest.raises(keeping.NotKept, match="pas vide"):
        keeping.backup(settings, tmp_path / "kept")
    with pytest.raises(keeping.NotKept, match="pas vide"):
        keeping.restore(tmp_path / "kept", settings.data_dir)
    with pytest.raises(keeping.NotKept, match=r"manifest\.json"):
        keeping.restore(tmp_path, tmp_path / "new")


def test_servers_of_ones_own_are_named(tmp_path: Path) -> None:
    elsewhere = Settings(
        data_dir=tmp_path / "data", esdb_uri="esdb://log.example:2113?Tls=false",
        database_url="postgresql://db.example/grenier", keys_url="postgresql://db.example/keys",
    )  # fmt: skip
    assert keeping.backup(elsewhere, tmp_path / "kept")["elsewhere"] == ["log.sqlite", "keys.sqlite", "auth.sqlite"]


def test_the_commands_say_what_they_did(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRENIER_DATA", str(settings.data_dir))
    assert care.backup(tmp_path / "kept") == 0
    assert care.backup(tmp_path / "kept") == 1
    assert care.restart() == 3
    monkeypatch.setenv("GRENIER_DATA", str(tmp_path / "new"))
    assert care.restore(tmp_path / "kept") == 0
    said = capsys.readouterr().out
    assert "faits, jusqu'à la position" in said
    assert "faits vérifiés" in said
