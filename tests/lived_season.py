"""A season in a federation that is lived in one process: contracts, subscriptions, cheques, the exchange, a round delivered.

    live_season(live(Site(folder)).stage, TODAY)

What happens is what the clients of the storms do (`tests.chaos.season`), told by turns; then the jam is delivered.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import count

from gateway.demo import month, season_acts
from gateway.demo.month import Stage
from tests.chaos import season
from tests.chaos.season import Season
from tests.chaos.season_stories import STORIES

STEPS = 7
"""The exchange of a basket, from the offer to its end; two cheques, from the desk to the producer and back."""


def live_season(stage: Stage, today: datetime, seed: int = 1) -> Season:
    """`today`: in the federation's time zone. The clock is there again afterwards."""
    calendar = month.calendar_of(today, 1, 8, 15)
    lived = season.found(stage, calendar)
    stage.move_to(calendar.opens_at + timedelta(minutes=1))
    season_acts.wait_for(stage, lived.group, lived.round_id, "open")
    rng = random.Random(f"{seed}/season")
    _tell_stories(stage, lived, rng)
    for home in lived.group.households:
        jars = {jar: rng.randint(1, 3) for jar in rng.sample(lived.jars, 3)}
        season_acts.order(stage, lived.group, lived.round_id, home, jars)
    _deliver(stage, lived)
    stage.move_to(today.astimezone(UTC))
    return lived


def _tell_stories(stage: Stage, lived: Season, rng: random.Random) -> None:
    numbers = count()
    for home in lived.homes.values():
        for name in STORIES:
            for number in (next(numbers) for _ in range(STEPS)):
                act = home.next_act(name, f"lived-{number}", number, rng)
                assert act is not None
                act.answer = stage.at(act.person_id).call(act.method, act.path, act.body, key=act.key)
                act.position = act.answer["position"]


def _deliver(stage: Stage, lived: Season) -> None:
    """Closed and frozen by themselves; received, handed over to all but one, the delivery closed and told."""
    group, plan = lived.group, lived.jam.terms["rounds"][0]
    stage.move_to(season_acts.instant(plan["closes_at"]) + timedelta(days=1, hours=12))
    rows = stage.until("the parcels are known", lambda: season_acts.parcels(stage, group, lived.round_id))
    season_acts.coordinator(stage, group).post(f"/cycles/{lived.round_id}/parcels/received")
    stage.move_to(season_acts.instant(f"{lived.jam.delivery(0)['on']}T17:35:00+00:00"))
    for row in rows[:-1]:
        season_acts.hand_out(stage, group, lived.round_id, row["household_id"])
    season_acts.close_delivery(stage, group, lived.round_id)
    stage.pulse()
