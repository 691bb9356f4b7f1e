"""Stream `preference-<person>`: whether a person wants announcements. What concerns them personally is always told."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from grenier.decider import Decider
from grenier.language.notify import AnnouncementsChosen

# -- commands ------------------------------------------------------------------------------------------------------


class SetAnnouncements(msgspec.Struct, frozen=True, kw_only=True):
    person_id: str
    wanted: bool


# -- decide; the state is the present choice, wanted unless said otherwise -----------------------------------------


def decide(wanted: bool, command: SetAnnouncements) -> Sequence[AnnouncementsChosen]:
    if wanted == command.wanted:
        return []
    return [AnnouncementsChosen(person_id=command.person_id, wanted=command.wanted)]


def evolve(_wanted: bool, event: AnnouncementsChosen) -> bool:
    return event.wanted


decider: Decider[bool, SetAnnouncements, AnnouncementsChosen] = Decider("preference", True, decide, evolve)
