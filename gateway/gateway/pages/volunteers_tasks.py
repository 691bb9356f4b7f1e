"""« À faire » about activities: where I help, where hands are missing, which invitations wait for an answer."""

from typing import Any

from flask import url_for
from flask_babel import gettext as _

from gateway.access import rule
from gateway.calls import ask
from gateway.formats import as_instant, slot
from gateway.identity import places
from gateway.pages.volunteers import _url
from gateway.pages.volunteers_words import need, task_name
from gateway.tasks import Task, task_source
from grenier.language.roles import PERMISSIONS

# -- « À faire » -------------------------------------------------------------------------------------------------


@task_source(rule("person"))
def my_next_slots():
    for row in ask("matching", "my_slots")["slots"][:3]:
        yield Task(
            _("Vous aidez : %(task)s", task=task_name(row["task"]).lower()),
            _url(row["group_id"], row["activity_id"]),
            _("Voir"),
            _("%(when)s, %(place)s", when=slot(row["starts_at"], row["ends_at"]), place=row["place"] or row["title"]),
            deadline=row["starts_at"],
            minutes=_minutes(row),
            urgency="info",
            icon="hand-raised",
        )


@task_source(rule("person"))
def help_wanted():
    """For members who have not signed up for it yet; who organises the group reads it as `understaffed`."""
    mine = {row["activity_id"] for row in ask("matching", "my_slots")["slots"]}
    organised = {held.scope_id for held in places().roles if "matching.manage" in PERMISSIONS.get(held.role, ())}
    for row in ask("matching", "help_wanted")["activities"][:2]:
        if row["activity_id"] not in mine and row["group_id"] not in organised:
            yield Task(
                _("%(title)s : %(need)s", title=row["title"], need=need(row["missing"])[1]),
                _url(row["group_id"], row["activity_id"]),
                _("Donner un coup de main"),
                slot(row["starts_at"], row["ends_at"]),
                urgency="info",
                icon="user-group",
            )


@task_source(rule(may="matching.manage"))
def understaffed():
    """For those who organise the group itself; the central team has its table."""
    own = {held.scope_id for held in places().roles if held.scope_kind == "group"}
    for row in ask("matching", "understaffed")["activities"][:3]:
        if row["group_id"] in own:
            yield Task(
                _("%(title)s : %(need)s", title=row["title"], need=need(row["missing"])[1]),
                _url(row["group_id"], row["activity_id"]),
                _("Voir les créneaux"),
                _("Relancé.")
                if row["called_at"]
                else _("Les membres seront relancés deux jours avant ; vous pouvez appeler plus tôt."),
                deadline=row["starts_at"],
                minutes=15,
                icon="megaphone",
            )


def _minutes(row: dict[str, Any]) -> int:
    return round((as_instant(row["ends_at"]) - as_instant(row["starts_at"])).total_seconds() / 60)


@task_source(rule("person"))
def invitations():
    """Meetings and events that were announced and to which I have not said whether I come."""
    mine = {home.group_id for home in places().households if home.current}
    mine |= {held.scope_id for held in places().roles if held.scope_kind == "group"}
    for group_id in sorted(mine):
        for row in ask("matching", "activities", group_id=group_id)["activities"]:
            wanted = row["state"] == "announced" and row["kind"] in (
                "meeting",
                "general_meeting",
                "event",
                "visit",
                "festive_distribution",
            )
            if wanted and not row["my_answer"] and (row["invited"] == "everybody" or _has_role(group_id)):
                yield Task(
                    row["title"],
                    url_for("volunteers.show", group_id=group_id, activity_id=row["activity_id"]),
                    _("Dire si je viens"),
                    slot(row["starts_at"], row["ends_at"]),
                    urgency="info",
                    icon="calendar-days",
                )


def _has_role(group_id: str) -> bool:
    return any(held.scope_id == group_id for held in places().roles)
