"""A private PostgreSQL server for tests, in a folder of its own; nothing of the machine's databases is touched.

    with running_postgres(tmp_path) as url: ...

Needs the server programs (Debian's `postgresql`); `AVAILABLE` says whether they are there.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp


def _programs() -> Path | None:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


PROGRAMS = _programs()
AVAILABLE = PROGRAMS is not None
OPTIONS = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=120")


def _user() -> str | None:
    """The server refuses to run as root: then it runs as somebody else."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def running_postgres(options: tuple[str, ...] = OPTIONS) -> Iterator[str]:
    """Yields a SQLAlchemy-ready URL "postgresql://grenier@127.0.0.1:port/grenier"."""
    assert PROGRAMS is not None, "PostgreSQL's server programs are not installed"
    # A short path outside the test's folder: the socket's name is limited, and another user must reach it.
    folder = Path(mkdtemp(prefix="grenier-pg-"))
    user = _user()
    if user:
        shutil.chown(folder, user)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = folder / "data"
    initdb = [
        str(PROGRAMS / "initdb"),
        "-D",
        str(data),
        "-U",
        "grenier",
        "-A",
        "trust",
        "-N",
        "-E",
        "UTF8",
        "--locale=C",
    ]
    subprocess.run(initdb, user=user, check=True, stdout=subprocess.DEVNULL, cwd=folder)
    listen = ["-p", str(port), "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}"]
    server = subprocess.Popen(
        [PROGRAMS / "postgres", "-D", data, *listen, *options],
        user=user,
        cwd=folder,
        stdout=(folder / "log").open("wb"),
        stderr=subprocess.STDOUT,
    )
    try:
        _wait_and_create(port, server)
        yield f"postgresql://grenier@127.0.0.1:{port}/grenier"
    finally:
        server.send_signal(signal.SIGINT)  # at once: a test may have left connections open
        server.wait(timeout=20)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_and_create(port: int, server: subprocess.Popen[bytes]) -> None:
    import psycopg

    deadline = time.monotonic() + 30
    while True:
        try:
            with psycopg.connect(
                f"host=127.0.0.1 port={port} user=grenier dbname=postgres", autocommit=True
            ) as connection:
                connection.execute("CREATE DATABASE grenier")
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
