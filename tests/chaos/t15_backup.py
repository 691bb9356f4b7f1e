"""T15: a backup while orders and payments come in, put back into an empty folder and started: an exact prefix of the log.

What was acknowledged before the backup began is in it; views, balances, keys, tokens work from the first start.
Long: a million events are copied, and checked when put back, in 60 s each.
"""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

from gateway.demo.client import Http
from grenier.log.protocol import Recorded
from grenier_infra.launcher import keeping
from grenier_infra.launcher.testing import installation
from tests.chaos import checks
from tests.chaos.acts import Act
from tests.chaos.clients import Crowd
from tests.chaos.form import Form
from tests.chaos.stage import Scene, opened
from tests.proof import Row

TEST = "T15"
MILLION_S = 60.0
ENDLESS = 10_000_000


def run(form: Form) -> Row:
    began = time.monotonic()
    with form.place("backup") as folder:
        with opened(folder / "data", form.seed) as scene:
            before = Crowd(scene)
            before.closed(form.count(10_000, 100))
            figures, problems, acts, log = back_up(scene, folder / "kept")
            acts = before.acts + acts
        put, found = bring_back(scene, folder / "kept", folder / "new", acts, log)
    figures |= put
    late = [f"{name}: {figures[name]}" for name in ("backup_s_per_million", "restore_s_per_million")
            if figures[name] > MILLION_S and figures["events"] > 20_000]  # fmt: skip
    return Row(TEST, figures, problems + found + late, time.monotonic() - began)


def back_up(scene: Scene, folder: Path) -> tuple[dict[str, Any], list[str], list[Act], list[Recorded]]:
    """A backup under load: figures, problems, what was asked meanwhile, and the log as it was afterwards.

    The acts are given the moment of the backup's beginning in `facts["before"]`: told before it, or not.
    """
    crowd, over = Crowd(scene, clients=4), threading.Event()
    load = threading.Thread(target=lambda: crowd.closed(ENDLESS, over.is_set), daemon=True)
    load.start()
    checks.soon(lambda: crowd.told > 20)
    began = time.monotonic()
    kept = keeping.backup(scene.settings, folder)
    took = time.monotonic() - began
    checks.soon(lambda told=crowd.told: crowd.told > told + 20)
    over.set()
    load.join()
    for act in crowd.acts:
        act.facts["before"] = bool(act.told_at) and act.told_at < began
    figures = {"events": kept["events"], "backup_s": round(took, 2),
               "backup_s_per_million": per_million(took, kept["events"])}  # fmt: skip
    problems = [f"{name} is not in the backup" for name in ("log.sqlite", "keys.sqlite", "auth.sqlite", "secrets.json") if name not in kept["files"]]  # fmt: skip
    return figures, crowd.problems() + problems, crowd.acts, checks.settled(scene.settings)


def bring_back(scene: Scene, kept: Path, new: Path, acts: list[Act], log: list[Recorded]) -> tuple[dict[str, Any], list[str]]:  # fmt: skip
    """Restore, start, look: figures and problems. `log`: what the first installation had in the end."""
    began = time.monotonic()
    keeping.restore(kept, new)
    took, position = time.monotonic() - began, int(keeping.read_manifest(kept)["position"])
    with installation(new, demo=True, GRENIER_DEMO_LOAD="0") as running:
        ready = time.monotonic() - began
        again = Scene(running, scene.stage, scene.calendar, scene.cycles, scene.seed, scene.tills, scene.numbers)
        restored = checks.settled(again.settings)
        problems = [
            *prefix(restored, log, position),
            *(f"acknowledged before the backup and not in it: {act.key}" for act in acts
              if act.facts.get("before", True) and act.position > position),
            *checks.identities(restored), *checks.books(restored), *checks.views(again.settings, restored),
            *people(again),
        ]  # fmt: skip
    figures = {"restore_s": round(took, 2), "restore_s_per_million": per_million(took, len(restored)), "ready_s": round(ready, 1)}  # fmt: skip
    return figures, problems


def prefix(restored: list[Recorded], log: list[Recorded], position: int) -> list[str]:
    """Up to the backup's position the two are equal in everything; behind it only reactions to what is there."""
    wanted = [event for event in log if event.position <= position]
    found = restored[: len(wanted)]
    problems = [] if found == wanted else ["the restored log is not a prefix of the first one"]
    foreign = [event.type for event in restored[len(wanted) :] if not event.type.startswith("notify.")]
    return problems + [f"restoring wrote {kind}" for kind in foreign]


def people(again: Scene) -> list[str]:
    """Tokens that were given before the backup still open the door, names can be read, orders and payments come in."""
    crowd = Crowd(again, clients=2)
    crowd.closed(6)
    place = again.places()[0]
    family = place.home.label.split(" / ")[0]
    headers = {"Authorization": f"Bearer {again.stage.at(place.home.person_id)._token}"}
    status, _, text = Http(again.running.url)("GET", f"/api/v1/persons/{place.home.person_id}", None, headers)
    unread = (
        []
        if status == 200 and family in json.dumps(json.loads(text), ensure_ascii=False)
        else [f"a name cannot be read: {status} {text[:200].decode()}"]
    )
    return (
        crowd.problems()
        + unread
        + [f"not taken after the restore: {act.path}" for act in crowd.acts if not act.position]
    )


def per_million(seconds: float, events: int) -> float:
    return round(seconds / max(events, 1) * 1_000_000, 1)
