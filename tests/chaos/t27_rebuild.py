"""T27: the views of every service are rebuilt again and again under orders and payments, by the operator's command.

No answer is a server error; a reader who looks at two tables at one moment sees both as they were or both as they are
(the rows of two tables are made wrong before each rebuild of the ledger); the writing of views stands still for a
second at most; afterwards every view is what a fresh replay gives.
"""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

from tests.chaos import checks
from tests.chaos.clients import Crowd
from tests.chaos.form import Form
from tests.chaos.stage import Scene, opened
from tests.proof import Row
from tests.replaying import SERVICES

TEST = "T27"
PAUSE_MS = 1_000
PATIENCE_S = 300
WRONG = 1_000_000_000
MARKED = {"entries_postings": "amount_cents", "trial_accounts": "balance_cents"}


def run(form: Form) -> Row:
    began = time.monotonic()
    with form.place("rebuild") as folder, opened(folder, form.seed) as scene:
        rounds, orders = form.count(10, 1), form.count(2_000, 60)
        crowd = Crowd(scene, clients=6)
        crowd.closed(orders)  # something to rebuild from
        done = threading.Event()
        load = threading.Thread(target=crowd.closed, args=(10**6, done.is_set))
        watch = Watch(scene.settings.views_dir / "ledger.sqlite")
        load.start()
        try:
            pauses, events, problems = storm(scene, rounds, watch)
        finally:
            done.set()
            load.join()
            watch.end()
        problems += watch.problems() + [f"{count} × {status}" for status, count in crowd.answers.items() if status[:1] in "5n"]  # fmt: skip
        problems += crowd.problems() + checks.check(scene, crowd.acts)["problems"]
        figure = {
            "rebuilds": len(pauses), "events_each": events, "commands_meanwhile": crowd.told, "looks": watch.looks,
            "longest_pause_ms": max(pauses, default=0), "answers": dict(crowd.answers),
        }  # fmt: skip
    return Row(TEST, figure, problems, time.monotonic() - began)


def storm(scene: Scene, rounds: int, watch: Watch) -> tuple[list[int], int, list[str]]:
    """(pauses in ms, events of the largest rebuild, what went wrong)."""
    pauses, most, problems = list[int](), 0, list[str]()
    for _ in range(rounds):
        for name in SERVICES:
            if name == "ledger":
                watch.spoil()
            ended = subprocess.run(
                [sys.executable, "-m", "grenier.run", "rebuild", name],
                env=scene.running.env, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
            )  # fmt: skip
            found = re.search(r"(\d+) événements, (\d+) lignes changées, (\d+) ms", ended.stdout)
            if ended.returncode or not found:
                problems.append(f"rebuild {name}: {ended.returncode} {ended.stdout[-300:]}{ended.stderr[-300:]}")
                continue
            events, changed, pause = map(int, found.groups())
            pauses.append(pause)
            most = max(most, events)
            if pause > PAUSE_MS:
                problems.append(f"rebuild {name}: the views stood still for {pause} ms")
            if name == "ledger" and changed < len(MARKED):
                problems.append("the wrong rows of the ledger were not replaced")
    return pauses, most, problems


class Watch:
    """Looks at two tables of the ledger at one moment, all the time."""

    def __init__(self, file: Path) -> None:
        self._file, self._ended = file, threading.Event()
        self.looks = self.mixed = 0
        self.wrong_last = False
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def spoil(self) -> None:
        with closing(sqlite3.connect(self._file, isolation_level=None, timeout=15)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            for table, column in MARKED.items():
                connection.execute(f"UPDATE {table} SET {column} = {column} + {WRONG}")
            connection.execute("COMMIT")

    def _look(self) -> None:
        with closing(sqlite3.connect(self._file, isolation_level=None, timeout=15)) as connection:
            while not self._ended.wait(0.02):
                connection.execute("BEGIN")
                wrong = {
                    (connection.execute(f"SELECT max({column}) FROM {table}").fetchone()[0] or 0) > WRONG / 2
                    for table, column in MARKED.items()
                }
                connection.execute("COMMIT")
                self.looks += 1
                self.mixed += len(wrong) > 1
                self.wrong_last = True in wrong

    def end(self) -> None:
        self._ended.set()
        self._thread.join()

    def problems(self) -> list[str]:
        found = [f"{self.mixed} of {self.looks} looks saw the old and the new together"] if self.mixed else []
        return found + (["the ledger still shows wrong rows"] if self.wrong_last else [])
