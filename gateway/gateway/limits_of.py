"""Rate limits for addresses that anybody may write to."""

from flask import current_app, request
from werkzeug.exceptions import TooManyRequests

PER_HOUR = 20


def limit_source(name: str, at_most: int = PER_HOUR, per_s: int = 3600) -> None:
    """Refuse (429) when this source has written here too often lately."""
    limits = current_app.extensions["grenier"].limits
    wait = limits.hit(name, request.remote_addr or "", at_most=at_most, per_s=per_s)
    if wait:
        raise TooManyRequests(retry_after=wait)
