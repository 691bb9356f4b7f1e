"""Refusals that several stream modules share."""

from __future__ import annotations

from grenier.decider import Rejected


class Unknown(Rejected):
    """There is no such stream. Answers like NotFound; a Rejected, so that a stale cache is read again before it is said."""

    status = 404
    default_code = "not-found"
