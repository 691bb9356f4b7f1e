"""The navigation: areas add their entry; people see those that they may open.

    nav_item(_("Commandes"), "orders.index", icon="shopping-bag", order=20, who=rule("member"))

An endpoint whose address has `<group_id>` gets the current group and is hidden while there is none.
"""

from dataclasses import dataclass
from typing import Any

from flask import current_app, request, url_for
from flask_babel.speaklater import LazyString

from gateway.access import Rule, allows
from gateway.access import rule as make_rule
from gateway.identity import current_group, identity


@dataclass(frozen=True)
class NavItem:
    label: str | LazyString
    endpoint: str
    icon: str
    order: int
    who: Rule
    kinds: tuple[str, ...] = ()  # kinds of groups that have it; empty: all


@dataclass(frozen=True)
class NavLink:
    """A menu entry as the template draws it."""

    label: str
    url: str
    icon: str
    current: bool


_ITEMS: dict[str, NavItem] = {}


def nav_item(
    label: str | LazyString,
    endpoint: str,
    *,
    icon: str,
    order: int = 50,
    who: Rule | None = None,
    kinds: tuple[str, ...] = (),
) -> None:
    """Register a menu entry; registering an endpoint again replaces it. `kinds`: of the groups that have it."""
    _ITEMS[endpoint] = NavItem(label, endpoint, icon, order, who or make_rule("person"), kinds)


def links() -> list[NavLink]:
    """The entries for the person of this request, in order."""
    if identity().person_id is None:
        return []
    shown = (item for item in sorted(_ITEMS.values(), key=lambda item: (item.order, item.endpoint)))
    return [link for item in shown if (link := _link(item)) is not None]


def _has_own_entry(endpoint: str) -> bool:
    """A page with an entry of its own is not also marked at its area's first entry."""
    return endpoint in _ITEMS


def _link(item: NavItem) -> NavLink | None:
    if item.endpoint not in current_app.view_functions:
        return None
    group = current_group()
    needs_group = any("group_id" in rule.arguments for rule in current_app.url_map.iter_rules(item.endpoint))
    if needs_group and group is None:
        return None
    if item.kinds and (group is None or group.kind not in item.kinds):
        return None
    arguments: dict[str, Any] = {"group_id": group.group_id} if needs_group and group else {}
    if not allows(item.who, arguments):
        return None
    area, asked = item.endpoint.split(".")[0], request.endpoint or ""
    here = asked == item.endpoint or (area != "public" and asked.split(".")[0] == area and not _has_own_entry(asked))
    return NavLink(str(item.label), url_for(item.endpoint, **arguments), item.icon, here)
