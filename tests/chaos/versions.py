"""The version before and this one, side by side: each in an environment of its own, and a link that names one of them.

    with beside(folder, "HEAD~20") as two:
        with installation(folder / "data", python=two.python) as running:    # all processes are of the version before
            two.renew()                                                      # from now on a process comes back in this one

As an operator does it who upgrades without stopping. The dependencies are those installed here.
"""

from __future__ import annotations

import compileall
import subprocess
import sysconfig
import tarfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "services", "contracts-svc", "orders-svc", "ledger-svc", "logistics-svc", "notify-svc", "matching-svc", "gateway", "infra",
)  # fmt: skip
STEPS_BACK, MORE_STEPS = 20, 10
LOAD = "from grenier.process import WORKERS; from grenier.runtime import load_service; [load_service(name) for name in WORKERS]"
NONE = "none"


@dataclass(frozen=True, slots=True)
class Beside:
    """`commit`: that of the version before. `python`: starts programs of the version that the link names."""

    commit: str
    folder: Path

    @property
    def python(self) -> str:
        return str(self.folder / "current" / "bin" / "python")

    def renew(self) -> None:
        self.name("new")

    def name(self, version: str) -> None:
        draft = self.folder / "next"
        draft.symlink_to(self.folder / version)
        draft.replace(self.folder / "current")

    def tree(self) -> Path:
        """Where a program that is started now takes its code from."""
        found = subprocess.run([self.python, "-c", "import grenier; print(grenier.__file__)"], cwd=self.folder, capture_output=True, text=True, check=True)  # fmt: skip
        return Path(found.stdout.strip()).parents[2]


@contextmanager
def beside(folder: Path, ref: str = "") -> Iterator[Beside | None]:
    """`ref`: a commit or tag; "" takes the last tag, else the first sound commit some way back; None when there is none
    ("none": not wanted)."""
    commit = next(filter(None, (_taken(commit, folder) for commit in _commits(ref))), "")
    if not commit:
        yield None
        return
    old = folder / f"tree-{commit}"
    _environment(folder / "new", ROOT)
    two = Beside(commit, folder)
    two.name("old")
    if two.tree() != old.resolve():
        raise RuntimeError(f"the version before takes its code from {two.tree()}")
    yield two


def _commits(ref: str) -> list[str]:
    """Those to try, in this order. Raises ValueError for a name that somebody gave and that is none."""
    if ref == NONE:
        return []
    back = [f"HEAD~{STEPS_BACK + step}" for step in range(MORE_STEPS)]
    asked = [ref] if ref else [name for name in (_git("describe", "--tags", "--abbrev=0", "HEAD^"), *back) if name]
    found = [_git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}") for name in asked]
    if ref and not found[0]:
        raise ValueError(f"no commit is called {ref}")
    return [commit for commit in found if commit]


def _taken(commit: str, folder: Path) -> str:
    """The commit, once its tree and environment are there; "" when its services cannot even be loaded, as between two commits that belong together."""
    tree = folder / f"tree-{commit}"
    _unpack(commit, tree)
    _environment(folder / "old", tree)
    done = subprocess.run([str(folder / "old" / "bin" / "python"), "-c", LOAD], cwd=folder, capture_output=True, check=False)  # fmt: skip
    return commit if done.returncode == 0 else ""


def _git(*words: str) -> str:
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _unpack(commit: str, folder: Path) -> None:
    packed = subprocess.run(["git", "archive", commit, *PACKAGES], cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    compileall.compile_dir(folder, quiet=2)


def _environment(folder: Path, tree: Path) -> None:
    """Its own packages are those of `tree`; everything else is taken from the environment that runs this."""
    venv.EnvBuilder(symlinks=True, with_pip=False).create(folder)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    paths = [*(tree / package for package in PACKAGES), Path(sysconfig.get_path("purelib"))]
    (site / "tree.pth").write_text("".join(f"{path}\n" for path in paths))
