"""What the distribution day asks of a group's organisers and volunteers, on the home page."""

from collections.abc import Iterator
from datetime import timedelta

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from gateway.access import rule
from gateway.calls import ask
from gateway.formats import as_instant, slot
from gateway.pages.logistics_words import group_name, is_past, my_groups, now
from gateway.tasks import Task, task_source

SOON = timedelta(days=14)
TODAY = timedelta(hours=30)


def coming(row: dict, within: timedelta) -> bool:
    """Not over, and not further away than that."""
    return row["state"] != "closed" and as_instant(row["starts_at"]) - now() < within and not is_past(row["ends_at"])


def _open(group_id: str) -> list[dict]:
    rows = ask("logistics", "distributions", group_id=group_id)["distributions"]
    return [row for row in rows if row["state"] != "closed"]


@task_source(rule(may="logistics.distribute"))
def to_run() -> Iterator[Task]:
    for group_id in my_groups("logistics.distribute"):
        for row in _open(group_id):
            if coming(row, TODAY):
                url = url_for("distribution.board", group_id=group_id, distribution_id=row["distribution_id"])
                served = ngettext("%(num)d foyer attendu", "%(num)d foyers attendus", row["orders"] - row["served"])
                detail = f"{group_name(group_id)}, {slot(row['starts_at'], row['ends_at'])}. {served}."
                yield Task(_("Tenir la distribution"), url, _("Ouvrir la liste"), detail, deadline=row["starts_at"]
                           if not is_past(row["starts_at"]) else None, urgency="soon", icon="scale")  # fmt: skip


@task_source(rule(may="logistics.count"))
def to_count() -> Iterator[Task]:
    for group_id in my_groups("logistics.count"):
        for row in _open(group_id):
            if not is_past(row["ends_at"]):
                continue
            here = {"group_id": group_id, "distribution_id": row["distribution_id"]}
            detail = f"{group_name(group_id)}, {slot(row['starts_at'], row['ends_at'])}"
            if not row["counted_at"]:
                yield Task(_("Compter le stock restant"), url_for("sheets.inventory", **here), _("Compter"), detail,
                           deadline=row["ends_at"], minutes=30, icon="clipboard-document-list")  # fmt: skip
            else:
                yield Task(_("Terminer la distribution"), url_for("distribution.closing", **here), _("Terminer"), detail,
                           minutes=5, icon="flag")  # fmt: skip
