"""`make story`: play the month over HTTP, one line per step; exit status 1 when a figure is wrong.

`make story STORY=amap` plays a season of an AMAP instead. Against a private installation that is started and stopped, or the running demonstration named by GRENIER_URL.
"""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from pathlib import Path

from gateway.demo.client import Api, Http
from tests.story.play import STORIES, Told, play, steps
from tests.story.scene import Scene
from tests.story.season_scene import SeasonScene

SCENES: dict[str, type[Scene] | type[SeasonScene]] = {"month": Scene, "amap": SeasonScene}


def tell(told: Told) -> None:
    mark = "✓" if told.error is None else "✗"
    sys.stdout.write(f"{mark} {told.step.title}\n    {told.said}  ({told.seconds:.1f} s)\n")
    if told.error is not None:
        traceback.print_exception(told.error)
    sys.stdout.flush()


def tell_story(url: str, story: str) -> int:
    found = play(SCENES[story](Api(Http(url))), tell)
    well = sum(1 for told in found.values() if told.said)
    sys.stdout.write(f"\n{well} étapes sur {len(steps(story))}, chaque chiffre vérifié\n")
    return 0 if well == len(steps(story)) else 1


def main() -> int:
    story = sys.argv[1] if len(sys.argv) > 1 else "month"
    if story not in STORIES:
        sys.stderr.write(f"Histoires : {', '.join(STORIES)}\n")
        return 2
    url = os.environ.get("GRENIER_URL", "").rstrip("/")
    if url:
        return tell_story(url, story)
    from grenier_infra.launcher.testing import installation

    sys.stdout.write("Une installation privée démarre…\n")
    with tempfile.TemporaryDirectory(prefix="grenier-story-") as folder:
        own = {"GRENIER_DEMO": "1", "GRENIER_DEMO_LOAD": "0"}
        with installation(Path(folder) / "data", demo=True, **own) as running:
            return tell_story(running.url, story)


if __name__ == "__main__":
    sys.exit(main())
