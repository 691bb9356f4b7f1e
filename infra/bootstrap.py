"""Prepares this checkout: Debian packages that are missing, the virtual environment, the pinned dependencies, our packages.

    python3 infra/bootstrap.py run|test|packages-run|packages-test

Needs nothing but Python 3.11 and its standard library. What is done already is skipped (stamps in .venv). Root installs
missing Debian packages; anybody else is shown the one command to type. A server that Debian would start by itself when
installed (RabbitMQ, PostgreSQL) is neither started nor enabled by us; one that was there before is left alone.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = "uv==0.13.9"
MEMBERS = (
    "services",
    "contracts-svc",
    "orders-svc",
    "ledger-svc",
    "logistics-svc",
    "notify-svc",
    "matching-svc",
    "gateway",
    "infra",
)
POLICY = Path("/usr/sbin/policy-rc.d")


def main() -> int:
    goal = sys.argv[1] if len(sys.argv) > 1 else "run"
    if sys.version_info < (3, 11):  # noqa: UP036 - this file runs before anything could check it
        print(f"Il faut Python 3.11 ou plus récent ; ici : {sys.version.split()[0]} (make PYTHON=python3.11 …)")
        return 1
    only_packages = goal.startswith("packages-")
    goal = goal.removeprefix("packages-")
    missing = missing_packages(goal)
    if missing and not install_packages(missing, goal):
        return 1
    if not only_packages:
        prepare_venv()
        install_requirements("run", [ROOT / "infra/requirements/run.txt"])
        if goal == "test":
            install_requirements("test", [ROOT / "infra/requirements/run.txt", ROOT / "infra/requirements/dev.txt"])
        install_members()
    return 0


# -- Debian packages -----------------------------------------------------------------------------------------------


def missing_packages(goal: str) -> list[str]:
    """Debian packages that this goal needs and the machine lacks; servers named by the environment are not needed."""
    missing = []
    if not PYTHON.exists() and not can_make_venv():
        missing.append("python3-venv")
    needs_broker = goal == "test" or not os.environ.get("AMQP_URL")
    if needs_broker and not Path("/usr/lib/rabbitmq/bin/rabbitmq-server").exists():
        missing.append("rabbitmq-server")
    if goal == "test":
        if not any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")):
            missing.append("chromium")
        if not list(Path("/usr/lib/postgresql").glob("*/bin/postgres")) and not shutil.which("postgres"):
            missing.append("postgresql")
        if not shutil.which("hledger"):
            missing.append("hledger")
    return missing


def can_make_venv() -> bool:
    return importlib.util.find_spec("ensurepip") is not None and importlib.util.find_spec("venv") is not None


def install_packages(missing: list[str], goal: str) -> bool:
    """As root: install them. Otherwise: say what to type. True when they are there."""
    if os.geteuid() != 0:
        print(
            f"Il manque des paquets Debian : {' '.join(missing)}. À taper une fois :\n\n    sudo make packages-{goal}\n"
        )
        print(f"(ou, en root : apt-get update && apt-get install --no-install-recommends {' '.join(missing)})")
        return False
    if shutil.which("apt-get") is None:
        print(f"Il manque : {' '.join(missing)} ; à installer par les moyens de ce système.")
        return False
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    brought = {"rabbitmq-server", "postgresql"}
    had_erlang = shutil.which("epmd") is not None
    with step(f"Paquets Debian : {' '.join(missing)}"), no_service_starts():
        run(["apt-get", "update", "-q"], environment, quiet=True)
        run(["apt-get", "install", "-q", "-y", "--no-install-recommends", *missing], environment, quiet=True)
    for service in sorted(brought & set(missing)):
        keep_off(service)
    if not had_erlang:
        keep_off("epmd")  # RabbitMQ's name server, which comes with Erlang and has a unit of its own
    return True


@contextmanager
def no_service_starts() -> Iterator[None]:
    """Debian asks policy-rc.d before it starts a service at installation; 101 means no. An existing policy stays."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)


def keep_off(service: str) -> None:
    """The service that we just brought is not to start at the next boot either; Grenier runs its own, in its data folder."""
    if shutil.which("systemctl"):
        for unit in (
            f"{service}.socket",
            f"{service}.service",
        ):  # one by one: a unit that does not exist fails the call
            subprocess.run(["systemctl", "disable", unit], check=False, capture_output=True)
    if shutil.which("update-rc.d"):
        subprocess.run(["update-rc.d", service, "disable"], check=False, capture_output=True)


# -- Python --------------------------------------------------------------------------------------------------------


def prepare_venv() -> None:
    if PYTHON.exists():
        return
    with step("Environnement Python (.venv)"):
        shutil.rmtree(VENV, ignore_errors=True)
        run([sys.executable, "-m", "venv", str(VENV)])


def install_requirements(kind: str, files: list[Path]) -> None:
    """Exactly the pinned versions, checked by hash; uv is fast, pip does it too when uv cannot be had."""
    stamp = Stamp(f"requirements-{kind}", files)
    if stamp.is_current():
        return
    with step(f"Dépendances ({', '.join(file.name for file in files)})"):
        arguments = [word for file in files for word in ("-r", str(file))]
        if not (has_uv() and tried([*uv(), "pip", "install", "--compile-bytecode", "--require-hashes", *arguments])):
            run([str(PYTHON), "-m", "pip", "install", "--quiet", "--require-hashes", *arguments])
    stamp.write()


def install_members() -> None:
    """Our own packages, editable: a pull needs no new installation."""
    stamp = Stamp("members", [ROOT / member / "pyproject.toml" for member in MEMBERS])
    if stamp.is_current():
        return
    with step("Paquets de Grenier"):
        arguments = [word for member in MEMBERS for word in ("-e", str(ROOT / member))]
        options = ["--no-deps", "--no-build-isolation"]
        if not (has_uv() and tried([*uv(), "pip", "install", *options, *arguments])):
            run([str(PYTHON), "-m", "pip", "install", "--quiet", *options, *arguments])
    stamp.write()


def has_uv() -> bool:
    return (VENV / "bin" / "uv").exists() or tried([str(PYTHON), "-m", "pip", "install", "--quiet", UV])


def uv() -> list[str]:
    return [str(VENV / "bin" / "uv"), "--quiet"]


class Stamp:
    """Remembers in .venv which contents of some files were installed."""

    def __init__(self, name: str, files: list[Path]) -> None:
        self._path = VENV / f".grenier-{name}"
        digest = hashlib.sha256(str(ROOT).encode())
        for file in files:
            digest.update(file.read_bytes())
        self._wanted = digest.hexdigest()

    def is_current(self) -> bool:
        return self._path.exists() and self._path.read_text() == self._wanted

    def write(self) -> None:
        self._path.write_text(self._wanted)


def tried(command: list[str]) -> bool:
    """Run it; a failure is shown and reported, not fatal."""
    environment = {**os.environ, "VIRTUAL_ENV": str(VENV)}
    return subprocess.run(command, env=environment, cwd=ROOT, check=False).returncode == 0


def run(command: list[str], environment: dict[str, str] | None = None, quiet: bool = False) -> None:
    """Run it or end here; `quiet` shows what it said only when it fails."""
    said = subprocess.PIPE if quiet else None
    done = subprocess.run(
        command, env=environment, cwd=ROOT, stdout=said, stderr=subprocess.STDOUT if quiet else None, check=False
    )
    if done.returncode != 0:
        print((done.stdout or b"").decode(errors="replace")[-4000:])
        raise SystemExit(f"Échec ({done.returncode}) : {' '.join(command)}")


@contextmanager
def step(what: str) -> Iterator[None]:
    print(f"· {what}…", flush=True)
    began = time.monotonic()
    yield
    print(f"  fait en {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
