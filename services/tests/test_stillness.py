"""What one pytest process watches over: machines that stand still, and files that leave something at work.

A test that fails while the machine stood still is played again; one that fails on a machine that ran has failed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FAILS_ONCE = """
import os, signal, subprocess, sys
from pathlib import Path

def test_waits(tmp_path_factory):
    been = Path(__file__).with_suffix(".been")
    first = not been.exists()
    been.write_text("")
    if first and {stands_still}:
        subprocess.Popen(["sh", "-c", f"sleep 1; kill -CONT {{os.getpid()}}"])
        os.kill(os.getpid(), signal.SIGSTOP)
    assert not first
"""
FAILS = """
import os, signal, subprocess

def test_is_wrong():
    subprocess.Popen(["sh", "-c", f"sleep 1; kill -CONT {os.getpid()}"])
    os.kill(os.getpid(), signal.SIGSTOP)
    assert False
"""

SHARES = """
import os, signal, subprocess
import pytest

@pytest.fixture(scope="session")
def town():
    yield ["town"]
    print("the town is gone")

@pytest.fixture(scope="module")
def house(town, tmp_path_factory):
    lived_in = []
    yield lived_in
    print(f"the house is gone, lived in {len(lived_in)} times; {town.pop()} was there")

def test_before(house):
    house.append("before")

def test_moves_in(house):
    house.append("moved in")
    if house == ["before", "moved in"]:
        subprocess.Popen(["sh", "-c", f"sleep 1; kill -CONT {os.getpid()}"])
        os.kill(os.getpid(), signal.SIGSTOP)
    assert house == ["moved in"]

def test_after(house):
    assert house == ["moved in"]
"""

LEAVES = """
import threading
from grenier import testing_process
from grenier.subscription import every

testing_process.ENDS_WITHIN_S = 1.0

def test_starts_a_timer():
    ending = threading.Event()
    threading.Thread(target=every, args=(0.1, lambda: None, ending, "hourly", {{}}), name="hourly", daemon=True).start()
    threading.Timer(0.3, ending.set).start() if {ends} else None
"""


def played(folder: Path, text: str, *options: str) -> tuple[bool, str]:
    """(passed, what pytest said) of a file with this text."""
    (folder / "test_played.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "grenier.testing_process", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-c", "/dev/null", "--rootdir", str(folder), *options, "test_played.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("stands_still", [True, False])
def test_only_a_machine_that_stood_still_earns_a_second_look(tmp_path: Path, stands_still: bool) -> None:
    passed, said = played(tmp_path, FAILS_ONCE.format(stands_still=stands_still))
    assert passed is stands_still, said
    assert ("1 rerun" in said) is stands_still, said


def test_what_is_wrong_stays_wrong_on_a_machine_that_stands_still(tmp_path: Path) -> None:
    passed, said = played(tmp_path, FAILS)
    assert not passed, said
    assert "1 failed, 2 rerun" in said, said


def test_what_is_played_again_finds_nothing_that_it_had_begun(tmp_path: Path) -> None:
    passed, said = played(tmp_path, SHARES, "-s")
    assert passed, said
    assert "3 passed, 1 rerun" in said, said
    assert said.count("the house is gone, lived in 2 times; town was there") == 1, said
    assert said.count("the house is gone, lived in 1 times; town was there") == 1, said
    assert said.count("the town is gone") == 2, said


@pytest.mark.parametrize("ends", [True, False])
def test_a_file_that_leaves_a_timer_at_work_is_in_error_unless_it_is_about_to_end(tmp_path: Path, ends: bool) -> None:
    passed, said = played(tmp_path, LEAVES.format(ends=ends))
    assert passed is ends, said
    assert ("this file leaves at work: hourly" in said) is not ends, said
