"""Loads the demonstration federation once, through the public API, while the installation runs."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request

from grenier.config import LOCAL, Settings
from grenier_infra.launcher.table import child_env

ANSWER_PATIENCE_S = 5.0


class DemoLoader:
    """Asks the API whether the demonstration is there; if not, runs `python -m gateway.demo URL` once, on our screen."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._url = f"http://{LOCAL}:{settings.gateway_port}"
        self._loader: subprocess.Popen[bytes] | None = None
        self._asked = False

    def done(self) -> bool:
        """Called again and again until True. A loader that fails is shown and not tried again before the next start."""
        if not self._asked:
            self._asked = True
            if not self._loaded():
                self._start()
        return self._loader is None or self._loader.poll() is not None

    def failed(self) -> bool:
        """The loader ran and did not come to its end."""
        return self._loader is not None and self._loader.poll() not in (None, 0)

    def stop(self) -> None:
        if self._loader is not None and self._loader.poll() is None:
            self._loader.terminate()
            self._loader.wait()

    def _start(self) -> None:
        command = [sys.executable, "-m", "gateway.demo", self._url]
        # In a session of its own: Ctrl-C is the launcher's to hand on.
        self._loader = subprocess.Popen(
            command, env=child_env(self._settings, 0), stdin=subprocess.DEVNULL, start_new_session=True
        )

    def _loaded(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self._url}/api/v1/demo", timeout=ANSWER_PATIENCE_S) as answer:  # noqa: S310
                return bool(json.load(answer).get("loaded"))
        except (urllib.error.URLError, OSError, ValueError):
            return False
