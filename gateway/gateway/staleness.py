"""How old are the figures that pages show while the log, or the worker that keeps the views, is away?

Answers go on coming from the views. They carry `Grenier-Data-Age` (seconds since the views were last known to be
complete) and `Grenier-Data-Position` (the log position they stand at); pages say it in words. While all is well
nothing is added, and the log is asked one small question every few seconds, only when somebody is reading.
"""

import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import Response, current_app, g, has_request_context
from flask_babel import gettext, ngettext

from grenier.log.protocol import StreamLog
from grenier.projector import positions
from grenier.pulse import Pulse
from grenier.runtime import Runtime

LOOK_EVERY_S = 3.0
STALE_AFTER_S = 6.0
"""Views take in an event within a fraction of a second; standing still before one for this long is no delay any more."""


class Freshness:
    """Since when the gateway's own views have not been complete. `look` asks the log, so it may hang or raise."""

    def __init__(self, runtime: Runtime, log: StreamLog, now: Callable[[], float] = time.monotonic) -> None:
        views = runtime.service.all_views
        self._db = runtime.db
        self._log = log
        self._now = now
        self._names = [view.name for view in views]
        self._reads = sorted({prefix for view in views for prefix in view.reads})
        self._fresh_at = self._looked_at = now()
        self._stood_at: int | None = None

    def look(self) -> None:
        """Complete, or moving: fresh. Standing before something it should have taken in: not."""
        position = self.position()
        upcoming = self._log.next_position(after=None if position < 0 else position, types=self._reads)
        now = self._now()
        if upcoming is None or position != self._stood_at:
            self._fresh_at = now
        self._stood_at, self._looked_at = position, now

    def position(self) -> int:
        rows = self._db.rows(sa.select(positions.c.position).where(positions.c.name.in_(self._names)))
        return min((row["position"] for row in rows), default=-1) if len(rows) == len(self._names) else -1

    def due(self) -> bool:
        return self._now() - self._looked_at > LOOK_EVERY_S

    def age_s(self, log_away: bool) -> float | None:
        """Seconds since the views were last known to be complete; None when they are."""
        age = self._now() - self._fresh_at
        lately = self._now() - self._looked_at < LOOK_EVERY_S + STALE_AFTER_S
        return age if log_away or (lately and age > STALE_AFTER_S) else None


def age() -> float | None:
    """Of what this request shows; None when it is up to date. Found once per request."""
    if "data_age" not in g:
        g.data_age = _age()
    found: float | None = g.data_age
    return found


def _age() -> float | None:
    gateway = current_app.extensions["grenier"]
    freshness: Freshness | None = gateway.freshness
    if freshness is None:
        return None
    pulse: Pulse = gateway.watch.log
    if freshness.due():
        pulse.doubt()
    return freshness.age_s(pulse.away or "shows_older" in g)


def log_is_away() -> bool:
    watch = current_app.extensions["grenier"].watch
    return bool(watch is not None and watch.log.away)


def words() -> str:
    """What a page says about it; empty when the figures are up to date."""
    seconds = age() if has_request_context() else None
    if seconds is None:
        return ""
    minutes = int(seconds // 60)
    if minutes:
        since = ngettext("d’il y a %(num)d minute", "d’il y a %(num)d minutes", minutes)
    else:
        since = gettext("d’il y a moins d’une minute")
    if log_is_away():
        return gettext(
            "Les chiffres affichés datent %(since)s et peuvent être anciens : le journal ne répond pas. Vous pouvez lire ; "
            "commander et payer redeviendra possible dès son retour. Rien n’est perdu.",
            since=since,
        )
    return gettext(
        "Les chiffres affichés datent %(since)s et peuvent être anciens : leur mise à jour a du retard. Rien n’est perdu.",
        since=since,
    )


def mark(response: Response) -> None:
    """Headers of an answer whose figures may be old."""
    seconds = age()
    if seconds is not None:
        freshness: Any = current_app.extensions["grenier"].freshness
        response.headers["Grenier-Data-Age"] = str(round(seconds))
        response.headers["Grenier-Data-Position"] = str(freshness.position())
