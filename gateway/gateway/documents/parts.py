"""What the shapers of lists and letters share: the head of a document, columns, a section with its table."""

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.documents.render import dated
from gateway.documents.words import civil, day

Section = dict[str, Any]


def column(label: str, width: str = "auto", align: str = "left") -> dict[str, str]:
    return {"label": label, "width": width, "align": align}


def wide(label: str) -> dict[str, str]:
    return column(label, "1fr")


def amount(label: str) -> dict[str, str]:
    return column(label, align="right")


def section(columns: Sequence[Mapping[str, Any]], rows: Sequence[Sequence[Any]], **more: Any) -> Section:
    """`totals` only stand below a table that has lines."""
    if not rows:
        more.pop("totals", None)
    return {"columns": list(columns), "rows": [list(row) for row in rows], **more}


def listing(
    facts: Mapping[str, Any], title: str, lines: Sequence[str], sections: Sequence[Section], /, **more: Any
) -> dict[str, Any]:
    """A document of the template `listing`; `facts` name the group and the day of edition (`dated`)."""
    group = facts["group"]
    return {
        "title": title,
        "author": group["name"],
        "dated": dated(civil(facts["dated"])),
        "kicker": group["name"],
        "lines": [line for line in lines if line],
        "footer": f"{group['name']} · édité le {day(facts['dated'], weekday=False)}",
        "sections": list(sections),
        **more,
    }  # fmt: skip


def letter(facts: Mapping[str, Any], title: str, /, **more: Any) -> dict[str, Any]:
    """A document of the template `letter`: what is not said stays empty."""
    empty: dict[str, Any] = {
        "sender": [], "to": [], "day": "", "intro": [], "facts": [], "blanks": [], "closing": [], "small": [], "made_at": False,
        "signatures": [],
    }  # fmt: skip
    return {**listing(facts, title, [], []), **empty, **more}


def signature(party: str, *lines: str) -> dict[str, Any]:
    return {"party": party, "lines": list(lines)}
