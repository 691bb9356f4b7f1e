"""Which text is used for whom, and with which figures: own versions over shipped ones, ids turned into words."""

from __future__ import annotations

import re
from typing import Any

from grenier.access import Access
from grenier.readmodel import Database, Row
from grenier.runtime import Runtime
from notify_svc import exchange_words, keeping_words, season_words
from notify_svc.catalogue import Template, Text, catalogue
from notify_svc.rendering import LOCALES, Mail, Reader, render, time
from notify_svc.tokens import tokens_for
from notify_svc.views import occasions, texts

IDS = re.compile(r"\{([a-z_]+)\}")


def text_for(db: Database, access: Access, template: Template, group_id: str, language: str) -> Text:
    """The group's own version, else the centre's, else the shipped one."""
    host_id = (access.group(group_id) or {}).get("host_id", "")
    found = texts.own(db, [group_id, host_id])
    for owner_id in (group_id, host_id):
        if row := found.get((owner_id, template.code, language)):
            return Text(row["subject"], row["body"])
    return template.text(language)


def mail_for(
    runtime: Runtime, message: Row, *, language: str, first_name: str, link: str = "", own: bool = True
) -> Mail:
    """A message as its person reads it; `link` overrides where the template leads (login links).

    `own` False: somebody else looks at it (a caller), so it carries none of the person's signed links.
    """
    template = catalogue()[message["template"]]
    language = language if language in LOCALES else "fr"
    group = runtime.access.group(message["group_id"]) or {}
    reader = Reader(
        language=language,
        time_zone=group.get("time_zone", "Europe/Paris"),
        first_name=first_name,
        group=group.get("name", ""),
        link=link or runtime.settings.public_url + path_of(runtime, template, message, own=own),
    )
    wording = text_for(runtime.db, runtime.access, template, message["group_id"], language)
    told = (
        season_words.words(runtime, message)
        | exchange_words.words(runtime, message, own=own)
        | keeping_words.words(runtime, message)
        | in_words(runtime.db, message, reader)
    )
    return render(template, wording, told, reader)


def path_of(runtime: Runtime, template: Template, message: Row, *, own: bool = True) -> str:
    ids = {**message["params"], "group_id": message["group_id"], "household_id": message["household_id"]}
    if own:
        ids |= tokens_for(runtime, message, template.path)
    return IDS.sub(lambda found: str(ids.get(found[1], "")), template.path)


def in_words(db: Database, message: Row, reader: Reader) -> dict[str, Any]:
    """The message's parameters, with what their ids stand for beside them."""
    params = dict(message["params"])
    told: dict[str, Any] = {}
    if distribution_id := params.get("distribution_id"):
        told |= _distribution(db, distribution_id, message["household_id"], reader)
    cycle_id = params.get("cycle_id") or told.get("cycle_id")
    cycle = occasions.cycle(db, cycle_id) if cycle_id else None
    names = {key: value[0] for key, value in cycle["products"].items()} if cycle else {}
    if cycle:
        told = {name: cycle[name] for name in ("month", "closes_at", "place")} | told
        told.setdefault("distribution_starts_at", cycle["distribution_starts_at"])
        told.setdefault("distribution_ends_at", cycle["distribution_ends_at"])
        told |= {"products": sorted(names.values()), "product_count": len(names)}
    if activity_id := params.get("activity_id"):
        found = occasions.activity(db, activity_id)
        told |= _activity(found) if found else {}
    for many in ("changes", "over_asked"):
        if many in params:
            params[many] = [{**row, "product": names.get(row["product_id"], "")} for row in params[many]]
    return told | params


def _activity(row: Row) -> dict[str, Any]:
    told = {name: row[name] for name in ("starts_at", "ends_at", "place", "agenda", "minutes")}
    return {"activity": row["title"], **told}


def _distribution(db: Database, distribution_id: str, household_id: str, reader: Reader) -> dict[str, Any]:
    found = occasions.distribution(db, distribution_id)
    if found is None:
        return {}
    starts_ends = found["slots"].get(occasions.slot_of(db, distribution_id, household_id))
    # Someone without a slot comes when the distribution starts.
    starts_at, ends_at = starts_ends or (found["starts_at"], found["ends_at"])
    return {
        "cycle_id": found["cycle_id"],
        "distribution_starts_at": found["starts_at"],
        "distribution_ends_at": found["ends_at"],
        "place": found["place"],
        "slot": f"{time(starts_at, reader)} – {time(ends_at, reader)}",
    }
