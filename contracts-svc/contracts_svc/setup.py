"""The first act of an installation: who may found the federation, and under which id it stands.

python -m contracts_svc.setup        prints the setup token of the installation named by the environment
"""

from __future__ import annotations

import hashlib
import hmac
from uuid import NAMESPACE_URL, uuid5

from grenier.config import Settings
from grenier.language.contracts import Tier

# One installation serves one federation; a fixed id makes its stream the guard against founding two.
HOST_ID = str(uuid5(NAMESPACE_URL, "https://grenier.invalid/federation"))
TOKEN_CHARS = 24

# S1:45; names, rates and dues are settings of the host organisation from then on.
DEFAULT_TIERS = (
    Tier(code="neighbourhood", name="Quartier", rate_bp=10_000),
    Tier(code="solidarity", name="Solidaire", rate_bp=11_000),
    Tier(code="boost", name="Coup de pouce", rate_bp=8_000),
)


def setup_token(settings: Settings) -> str:
    """What the person at the machine shows to found the federation; worthless once it exists."""
    secret = settings.session_secret.encode()
    return hmac.new(secret, b"grenier: found the federation", hashlib.sha256).hexdigest()[:TOKEN_CHARS]


def may_found(settings: Settings, token: str) -> bool:
    """A demonstration needs no token; an installation without a session secret accepts none."""
    if settings.demo:
        return True
    return bool(settings.session_secret) and hmac.compare_digest(token.encode(), setup_token(settings).encode())


if __name__ == "__main__":
    print(setup_token(Settings.from_env()))
