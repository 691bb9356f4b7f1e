"""An AMAP over the real services of a season, served over HTTP: a place as the browser fixtures expect it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

from werkzeug.serving import make_server

from gateway.identity import cookie_name

sys.path.insert(0, str(Path(__file__).parents[2] / "gateway" / "tests"))
from season_house import Season


@contextmanager
def served_season(folder: Path) -> Iterator[SimpleNamespace]:
    """`place.season.people`: first name → person id; Camille coordinates."""
    season = Season(folder)

    def cookie(person_id: str) -> dict[str, str]:
        sessions = season.app.extensions["grenier"].sessions
        return {"name": cookie_name(season.house.settings), "value": sessions.open(person_id)}

    server = make_server("127.0.0.1", 0, season.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    base, scene = f"http://127.0.0.1:{server.server_port}", SimpleNamespace(cookie=cookie)
    try:
        yield SimpleNamespace(base=base, scene=scene, season=season)
    finally:
        server.shutdown()
        thread.join(timeout=5)
