"""Stream `announcement-<id>`: something told to many at once, made once; one message per recipient follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from grenier.decider import Decider
from grenier.errors import Rejected
from grenier.language.notify import AnnouncementMade, Recipient

# -- commands ------------------------------------------------------------------------------------------------------


class Announce(msgspec.Struct, frozen=True, kw_only=True):
    announcement_id: str
    group_id: str
    template: str
    audience: str
    recipients: list[Recipient]
    params: dict[str, Any]


# -- decide; the state is how many it was made to (0: not made) ----------------------------------------------------


def decide(told: int, command: Announce) -> Sequence[AnnouncementMade]:
    if told:
        return []
    if not command.recipients:
        raise Rejected("nobody-to-tell", audience=command.audience)
    return [
        AnnouncementMade(
            announcement_id=command.announcement_id,
            group_id=command.group_id,
            template=command.template,
            audience=command.audience,
            recipients=command.recipients,
            params=command.params,
        )
    ]


def evolve(_told: int, event: AnnouncementMade) -> int:
    return len(event.recipients)


decider: Decider[int, Announce, AnnouncementMade] = Decider("announcement", 0, decide, evolve)
