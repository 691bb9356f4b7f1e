"""Backup and restore of a whole installation: what cannot be made again, in one folder, and back from it.

    backup(settings, folder)            while everything runs
    restore(folder, data_dir)           into an empty data folder, before its first start

    log.sqlite      the facts            keys.sqlite    one key per person
    auth.sqlite     passwords, tokens    secrets.json   the key of the keys        clock    of a demonstration
    manifest.json   {"version", "at", "position", "events", "files": {name: sha256}}

The log is copied first: whoever stands in it has their key in the copy made afterwards. Views, mirrors and the broker's
queues are not in it: all of them follow from the log. Servers of one's own (ESDB_URI, PostgreSQL) have their own backup.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from grenier.config import Settings
from grenier_infra.eventnode import upkeep
from grenier_infra.launcher.secrets import write_private

VERSION = 1
MANIFEST = "manifest.json"
LOG, KEYS, AUTH, SECRETS, CLOCK = "log.sqlite", "keys.sqlite", "auth.sqlite", "secrets.json", "clock"
# Who holds these beside the log reads everything; they may lie in a folder of their own, and expire sooner.
APART = (KEYS, SECRETS)
CHUNK = 1 << 20


class NotKept(Exception):
    """Backup or restore was refused, or the copy is not sound. `problems`: sentences for the operator."""

    def __init__(self, *problems: str) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


def backup(settings: Settings, folder: Path, keys_folder: Path | None = None) -> dict[str, Any]:
    """Copy what stands now into a new folder; gives the manifest and, in `elsewhere`, what has to be copied by other means.

    `keys_folder`: where keys and secrets go instead. Raises NotKept.
    """
    apart = keys_folder or folder
    for place in {folder, apart}:
        if place.exists() and any(place.iterdir()):
            raise NotKept(f"{place} : le dossier n'est pas vide")
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts: dict[str, Any] = {"position": None, "events": None}
    copied, elsewhere = {}, []
    for name, source in sources(settings).items():
        target = (apart if name in APART else folder) / name
        if source is None:
            elsewhere.append(name)
        elif not source.exists():
            continue
        elif name == LOG:
            facts = _copy_log(source, target)
        elif name.endswith(".sqlite"):
            _copy_database(source, target)
        else:
            write_private(target, source.read_text(encoding="utf-8"))
        if target.exists():
            target.chmod(0o600)
            copied[name] = _sha256(target)
    manifest = {"version": VERSION, "at": datetime.now(UTC).isoformat(timespec="seconds"), "files": copied}
    manifest |= {"position": facts["position"], "events": facts["events"]}
    write_private(folder / MANIFEST, json.dumps(manifest, indent=1) + "\n")
    return manifest | {"elsewhere": elsewhere}


def sources(settings: Settings) -> dict[str, Path | None]:
    """Where each part lies; None when it is on a server of the operator's own. The log comes first."""
    data = settings.data_dir
    embedded = urlsplit(settings.esdb_uri).netloc.endswith(f":{settings.esdb_port}")
    keys = Path(settings.keys_url.removeprefix("sqlite:///")) if settings.keys_url.startswith("sqlite:") else None
    return {
        LOG: data / LOG if embedded or (data / LOG).exists() else None,
        KEYS: keys,
        AUTH: None if settings.database_url else data / AUTH,
        SECRETS: data / SECRETS,
        CLOCK: settings.clock_file,
    }


def restore(folder: Path, data_dir: Path, keys_folder: Path | None = None) -> dict[str, Any]:
    """Put a backup into an empty data folder, after checking every file and every event. Raises NotKept."""
    manifest = read_manifest(folder)
    if data_dir.exists() and any(data_dir.iterdir()):
        raise NotKept(f"{data_dir} : le dossier n'est pas vide ; restaurer dans un dossier neuf")
    found = {name: (keys_folder or folder if name in APART else folder) / name for name in manifest["files"]}
    problems = [f"{name} : manque dans la sauvegarde" for name, path in found.items() if not path.exists()]
    problems = problems or [f"{name} : n'est plus ce qui a été sauvegardé" for name, path in found.items() if _sha256(path) != manifest["files"][name]]  # fmt: skip
    if problems:
        raise NotKept(*problems)
    try:
        checked = upkeep.verify(found[LOG]) if LOG in found else {}
    except upkeep.UpkeepFailed as unsound:
        raise NotKept(*unsound.problems) from unsound
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, path in found.items():
        shutil.copyfile(path, data_dir / name)
        (data_dir / name).chmod(0o600)
        _flush(data_dir / name)
    if AUTH in found and manifest["position"] is not None:
        _bring_back(data_dir / AUTH, manifest["position"])
    _flush(data_dir)
    return manifest | checked


def read_manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError as missing:
        raise NotKept(f"{folder} : aucune sauvegarde ({MANIFEST} manque)") from missing
    if manifest.get("version") != VERSION:
        raise NotKept(f"{folder} : sauvegarde d'une autre version ({manifest.get('version')})")
    return manifest


def _copy_log(source: Path, target: Path) -> dict[str, object]:
    try:
        return upkeep.backup(source, target)
    except upkeep.UpkeepFailed as failed:
        raise NotKept(*failed.problems) from failed


def _copy_database(source: Path, target: Path) -> None:
    """As it is at one moment, in one file; its owner may go on writing."""
    with closing(sqlite3.connect(source)) as reading, closing(sqlite3.connect(target)) as copy:
        reading.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    _flush(target)


def _bring_back(auth: Path, position: int) -> None:
    """A session remembers the last position its person wrote: one that the restored log has not reached would wait for ever."""
    with closing(sqlite3.connect(auth)) as database:
        if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'sessions'").fetchone():
            database.execute("UPDATE sessions SET position = min(position, ?)", (position,))
            database.commit()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
