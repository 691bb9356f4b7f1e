"""Every route says who may come in; a route that does not say it stops the program at start.

    @access("public")                          anybody
    @access("person")                          anybody who is signed in
    @access("member")                          who belongs to the group of the address (`<group_id>`): household or role
    @access("household")                       who has a household (in the group of the address, when there is one)
    @access(may="orders.regulate")             who holds a role with this permission (grenier.language.roles) in the
                                               group of the address, or for the federation; without a group in the
                                               address: in any scope
    @access(role="treasurer", scope="group")   who holds this role in the scope of the address (`<group_id>`)
    @access("demo")                            anybody, in demonstration installations only (elsewhere: no such page)
    @access("local")                           programs on the same machine (metrics)

This is the coarse gate and the measure of menus; services authorise every call again. The rule is enforced before
the view runs, from one table (`rules_of`), never inside the view.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from flask import Flask, abort, current_app, g, request

from gateway.access_view import Role
from gateway.calls import after_position
from gateway.identity import identity, places
from grenier.language.roles import PERMISSIONS

View = TypeVar("View", bound=Callable)
KINDS = ("public", "person", "member", "household", "role", "demo", "local")
_MARK = "_grenier_access"


@dataclass(frozen=True)
class Rule:
    """Who may come in. `roles` are alternatives; `scope` is a kind of scope, with its id in `<scope>_id`."""

    kind: str
    roles: frozenset[str] = frozenset()
    scope: str = "group"

    def __str__(self) -> str:
        return self.kind if self.kind != "role" else f"role {'|'.join(sorted(self.roles))} in {self.scope}"


class UndeclaredRoutes(RuntimeError):
    """Some routes have no access rule; the message lists them."""


def rule(kind: str = "", *, may: str = "", role: str | Sequence[str] = (), scope: str = "group") -> Rule:
    """The rule that `access` hangs on a view, for menus and task sources too."""
    if may:
        roles = frozenset(name for name, acts in PERMISSIONS.items() if may in acts)
        if not roles:
            raise ValueError(f"no role has the permission {may!r}")
        return Rule("role", roles, scope)
    if role:
        return Rule("role", frozenset([role] if isinstance(role, str) else role), scope)
    if kind not in KINDS or kind == "role":
        raise ValueError(f"unknown access rule {kind!r}")
    return Rule(kind)


def access(kind: str = "", **options) -> Callable[[View], View]:
    """Declare who may come in; stands directly under the route."""
    declared = rule(kind, **options)

    def mark(view: View) -> View:
        setattr(view, _MARK, declared)
        return view

    return mark


def rules_of(app: Flask) -> Mapping[str, Rule]:
    """Endpoint → rule of every route; raises UndeclaredRoutes naming those without one."""
    found = {name: getattr(view, _MARK, None) for name, view in app.view_functions.items()}
    missing = sorted(name for name, declared in found.items() if declared is None)
    if missing:
        raise UndeclaredRoutes("routes without an access rule: " + ", ".join(missing))
    return {name: declared for name, declared in found.items() if declared is not None}


def allows(declared: Rule, arguments: Mapping[str, object]) -> bool:
    """Whether the person of this request fulfils a rule for the given address arguments."""
    if declared.kind == "public":
        return True
    if declared.kind == "demo":
        return bool(current_app.extensions["grenier"].settings.demo)
    if declared.kind == "local":
        return request.remote_addr in ("127.0.0.1", "::1") and "X-Forwarded-For" not in request.headers
    if identity().person_id is None:
        return False
    if declared.kind == "person":
        return True
    if declared.kind == "member":
        return belongs_to(str(arguments.get("group_id", "")))
    if declared.kind == "household":
        wanted = arguments.get("group_id")
        return any(wanted in (None, household.group_id) for household in places().households)
    scope_id = arguments.get(f"{declared.scope}_id")
    return any(_fits(held, declared, scope_id) or _looks_after(held, declared, arguments) for held in places().roles)


def _looks_after(held: Role, declared: Rule, arguments: Mapping[str, object]) -> bool:
    """A coordinator of one contract comes in where the address names that contract."""
    return (
        held.scope_kind == "contract" and held.role in declared.roles and held.scope_id == arguments.get("contract_id")
    )


def _fits(held: Role, declared: Rule, scope_id: object) -> bool:
    if held.role not in declared.roles:
        return False
    if held.scope_kind == "federation" or scope_id is None:
        return True
    return held.scope_kind == declared.scope and held.scope_id == scope_id


def belongs_to(group_id: str) -> bool:
    """A household that is a member today, a role in the group, or a role for the federation."""
    mine = places()
    return (
        any(household.group_id == group_id and household.current for household in mine.households)
        or any(held.scope_kind == "group" and held.scope_id == group_id for held in mine.roles)
        or any(held.scope_kind == "federation" for held in mine.roles)
    )


def _saw_own_writes() -> bool:
    """Before refusing: the gateway's view must have seen what this person wrote (a group founded, a role received)."""
    position = after_position()
    if position is None or identity().person_id is None:
        return False
    current_app.extensions["grenier"].access_view.wait(position)
    g.pop("places", None)
    return True


def enforce() -> None:
    """Before every view: let in, or answer 401, 403 or 404 (which also hides what is not theirs)."""
    if request.endpoint is None:
        return  # Flask itself answers 404 or 405
    declared = current_app.extensions["grenier"].rules[request.endpoint]
    arguments = request.view_args or {}
    if allows(declared, arguments) or (_saw_own_writes() and allows(declared, arguments)):
        return
    if declared.kind in ("demo", "local"):
        abort(404)
    if identity().person_id is None:
        abort(401)
    # A group that is not theirs and a group that does not exist must look the same.
    g.hidden = "group_id" in arguments and not belongs_to(str(arguments["group_id"]))
    abort(404 if g.hidden else 403)
