"""A group's own words in its documents: {document: {clause: text}}; what a group has not written is the house's text.

Part of the stream `group-<id>`. Which clauses there are is known to who prints them; here is only what may be kept at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from grenier.errors import Invalid, Rejected
from grenier.language.season import ClausesSet

Clauses = dict[str, dict[str, str]]
NAME = re.compile(r"[a-z][a-z_]{0,39}")
LONGEST, MOST_CLAUSES, MOST_DOCUMENTS = 4000, 20, 20


class SetClauses(msgspec.Struct, frozen=True, kw_only=True):
    """`clauses` left out stay as they are; "" gives the house's text back."""

    group_id: str
    document: str
    clauses: dict[str, str]


def set_clauses(own: Clauses, command: SetClauses) -> list[ClausesSet]:
    """Only what differs is told; the same words once more are nothing."""
    if not NAME.fullmatch(command.document):
        raise Invalid(fields={"document": ["A name such as contract or membership."]})
    bad = {f"clauses.{name}": [fault] for name, text in command.clauses.items() if (fault := _fault(name, text))}
    if bad:
        raise Invalid(fields=bad)
    has = own.get(command.document, {})
    changed = {name: text.strip() for name, text in command.clauses.items() if text.strip() != has.get(name, "")}
    if not changed:
        return []
    if len({*has, *changed}) > MOST_CLAUSES or len({*own, command.document}) > MOST_DOCUMENTS:
        raise Rejected("too-many-clauses", most=MOST_CLAUSES)
    return [ClausesSet(group_id=command.group_id, document=command.document, clauses=changed)]


def _fault(name: str, text: str) -> str:
    if not NAME.fullmatch(name):
        return "Not the name of a clause."
    return f"At most {LONGEST} characters." if len(text) > LONGEST else ""


def with_clauses(own: Mapping[str, Mapping[str, str]], event: ClausesSet) -> Clauses:
    """The group's words after the event; a clause set to "" is gone."""
    document = {**own.get(event.document, {}), **event.clauses}
    kept = {name: text for name, text in document.items() if text}
    others = {name: dict(clauses) for name, clauses in own.items() if name != event.document}
    return {**others, event.document: kept} if kept else others
