"""What the shapers of lists and letters share: the head of a document, columns, a section with its table."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gateway.documents.render import dated
from gateway.documents.words import civil, day

Section = dict[str, Any]
# How wide a sign of bold text is at most on average, in ems; from how many signs on a turned label takes two lines.
EM_A_SIGN = 0.58
TURNED_IN_TWO = 30


def column(label: str, width: str = "auto", align: str = "left") -> dict[str, str]:
    return {"label": label, "width": width, "align": align}


def wide(label: str) -> dict[str, str]:
    return column(label, "1fr")


def amount(label: str) -> dict[str, str]:
    return column(label, align="right")


def dealt(label: str, cells: Iterable[str] = (), **more: Any) -> dict[str, Any]:
    """One of many columns, dealt out over as many strips of paper as it takes; `need`: its width in ems."""
    longest = max(map(len, cells), default=0)
    turned = more.get("turned", False)
    head = (3.2 if len(label) > TURNED_IN_TWO else 2.0) if turned else len(label) * EM_A_SIGN + 1.2
    need = round(max(head, longest * EM_A_SIGN + 1.2, 2.0), 1)
    return {"label": label, "align": "center", "width": f"{need:g}em", "part": True, "need": need, **more}


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
