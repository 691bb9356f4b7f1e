"""Where to click once everything is ready: the demonstration's sign-in page, the founding of an empty installation, or the home page."""

from __future__ import annotations

import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass

from grenier.config import LOCAL, Settings
from grenier_infra.launcher.table import child_env

PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True)
class Welcome:
    """`words` introduce the link; `code` is what the founding page asks for, or empty."""

    words: str
    link: str
    code: str = ""


def welcome(settings: Settings) -> Welcome:
    url = settings.public_url
    if settings.demo:
        return Welcome("Démonstration, avec des comptes d'essai pour chaque rôle", f"{url}/connexion")
    if is_empty(settings):
        return Welcome("Installation vide : fonder la fédération", f"{url}/installation", setup_code(settings))
    return Welcome("Installation", url)


def is_empty(settings: Settings) -> bool:
    """The founding page is there only until there is a federation."""
    try:
        with urllib.request.urlopen(f"http://{LOCAL}:{settings.gateway_port}/installation", timeout=PATIENCE_S) as page:
            return bool(page.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def setup_code(settings: Settings) -> str:
    """The owner of the rule is asked, in a process of its own: this program imports no service."""
    command = [sys.executable, "-m", "contracts_svc.setup"]
    asked = subprocess.run(
        command, env=child_env(settings, 0), capture_output=True, text=True, timeout=PATIENCE_S * 3, check=False
    )
    return asked.stdout.strip()
