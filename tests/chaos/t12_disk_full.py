"""T12: the disk fills up under load, nearly and wholly; writes to the log are cut short or fail.

An installation on a small disk of its own (tmpfs, which needs the right to mount): a ballast file takes the room. While
there is none, commands get 503 and say why, reading goes on; when the ballast goes, all goes on without anybody's help.
The log alone meets limits in the middle of its writes (RLIMIT_FSIZE: the kernel writes a part, then refuses).
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil

from grenier.log import NO_STREAM, LogUnavailable, NewEvent
from grenier.log.esdb import EsdbLog
from grenier_infra.eventnode.room import RESERVE_BYTES
from grenier_infra.eventnode.testing import RunningNode, running_node
from tests.chaos.form import Form
from tests.chaos.stage import Scene, opened
from tests.chaos.watching import Eye, Steady, acknowledged_but_missing, p99, statuses
from tests.proof import Row

TEST = "T12"
DISK = "700m"
BALLAST = "ballast"
NAMED_WITHIN_S, BACK_WITHIN_S = 10.0, 30.0
SETTLE_S = 2.0
UNLIMITED = (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY)


def run(form: Form) -> Row:
    began = time.monotonic()
    figure: dict[str, Any] = {}
    problems: list[str] = []
    with form.place("t12") as folder:
        with running_node(folder / "node" / "log.sqlite" if _made(folder / "node") else None, reserve=0) as node:
            figure["cut_writes"], found = cut_writes(node, form.count(100, 20), 1_500)
            problems += found
        with running_node(folder / "node2" / "log.sqlite" if _made(folder / "node2") else None, reserve=0) as node:
            figure["failing_writes"], found = cut_writes(node, form.count(100, 20), 0)
            problems += found
        with disk(folder / "disk") as small, opened(small, form.seed) as scene:
            for name, free in (("nearly_full", RESERVE_BYTES // 2), ("full", 0)):
                figure[name], found = filled(scene, small, free, form.seconds(15.0, 5.0))
                problems += [f"{name}: {text}" for text in found]
    return Row(TEST, figure, problems, time.monotonic() - began)


def _made(folder: Path) -> bool:
    folder.mkdir()
    return True


@contextmanager
def disk(folder: Path) -> Iterator[Path]:
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "grenier-proof", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


def cut_writes(node: RunningNode, rounds: int, spare: int) -> tuple[dict[str, int], list[str]]:
    """`spare`: bytes that still fit, so that a write is cut in the middle; 0 makes it fail as a whole."""
    log, told, refused = EsdbLog(node.uri), [], 0
    process = psutil.Process(node.pid)
    for number in range(rounds):
        written = max(path.stat().st_size for path in node.path.parent.glob("log.sqlite*"))
        process.rlimit(
            psutil.RLIMIT_FSIZE, (written + (spare + 997 * number % 4_096 if spare else 0), psutil.RLIM_INFINITY)
        )
        for _ in range(2_000):  # until a write meets the limit: the log may have room left over inside its file
            try:
                told.append(_append(log))
            except LogUnavailable:
                refused += 1
                break
        process.rlimit(psutil.RLIMIT_FSIZE, UNLIMITED)
        told.append(_append(log))
    node.restart()
    found = [event.id for event in log.read_all()]
    log.close()
    lost = len(set(told) - set(found))
    problems = [f"{lost} acknowledged writes lost"] * bool(lost) + ["an event twice"] * (len(found) != len(set(found)))
    problems += [f"only {refused} of {rounds} limits were met"] * (refused < rounds // 2)
    return {"rounds": rounds, "refused": refused, "acknowledged": len(told), "lost": lost}, problems


def _append(log: EsdbLog) -> object:
    event = NewEvent(uuid4(), "test.happened", b'"' + b"x" * 3_000 + b'"', b"{}")
    log.append(f"s-{event.id}", [event], expected=NO_STREAM)
    return event.id


def filled(scene: Scene, small: Path, free: int, seconds: float) -> tuple[dict[str, Any], list[str]]:
    """The load meets a disk with `free` bytes left, for `seconds`."""
    with Eye(scene) as eye, Steady(scene) as load:
        time.sleep(SETTLE_S)
        began = time.monotonic()
        take_room(small, free)
        time.sleep(SETTLE_S)
        inside = time.monotonic()
        time.sleep(seconds)
        ended = time.monotonic()
        (small / BALLAST).unlink()
        time.sleep(BACK_WITHIN_S / 2)
    writes, reads = load.between(inside, ended, "write"), load.between(inside, ended, "read")
    refused = [one for one in writes if one.status != 200]
    back = load.back_after(ended, 2.0)
    named = eye.named_after("disk", began, ["full"])
    figure = {"writes": statuses(writes), "reads": statuses(reads), "refused_p99_s": p99(refused),
              "codes": sorted({one.code for one in refused}), "named_after_s": named,
              "back_s": None if back is None else round(back, 1)}  # fmt: skip
    problems = [f"refused for good: {text}" for text in load.refused[:3]] + acknowledged_but_missing(scene, load.acts)
    problems += ["nothing was refused: the disk was not full"] * (not refused)
    problems += [f"writes were answered {statuses(refused)}"] * any(
        one.status != 503 or not one.retry_after for one in refused
    )
    problems += ["no refusal said that the disk is full"] * ("disk-full" not in figure["codes"])
    problems += [f"reading was answered {statuses(reads)}"] * any(one.status != 200 for one in reads)
    problems += [f"the disk was named after {named} s"] * (named is None or named > NAMED_WITHIN_S)
    problems += [f"back after {back} s"] * (back is None or back > BACK_WITHIN_S)
    return figure, problems


def take_room(small: Path, free: int) -> None:
    """A file that leaves `free` bytes; with 0 whatever is written in the meantime is refused too."""
    handle = os.open(small / BALLAST, os.O_CREAT | os.O_WRONLY)
    try:
        for _ in range(1_000):
            if (size := shutil.disk_usage(small).free - free) <= 0:
                break
            try:
                os.posix_fallocate(handle, os.fstat(handle).st_size, size)
            except OSError as full:
                if full.errno != errno.ENOSPC:
                    raise
                continue  # somebody wrote between the look and the taking: look again
    finally:
        os.close(handle)
