"""Who may act on whom, and small facts that several doors need."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import msgspec

from contracts_svc import household, membership
from contracts_svc.setup import HOST_ID
from contracts_svc.views import people
from grenier.doors import Context
from grenier.errors import Forbidden, NotFound
from grenier.language.contracts import MembershipGranted
from grenier.readmodel import fact_of
from grenier.runtime import Runtime

OWN = "eater"
# One command writes fewer events than this.
MOST_FACTS = 200


def with_id(context: Context) -> Context:
    """A context whose command id is known, so that ids of new things can derive from it."""
    return context if context.command_id else msgspec.structs.replace(context, command_id=str(uuid4()))


def today(runtime: Runtime, group_id: str = "") -> date:
    """The civil date in the group's time zone (the installation's, without a group)."""
    known = runtime.access.group(group_id) if group_id else None
    zone = known["time_zone"] if known else runtime.settings.time_zone
    return runtime.clock.now().astimezone(ZoneInfo(zone)).date()


def facts_told(runtime: Runtime, stream: str, answer: dict[str, Any], context: Context) -> list[Any]:
    """The events a command wrote, in their order: what its answer says beside the position comes from these, and not
    from how things stand now, so that a repetition is answered as the first time. Empty when there was nothing to do."""
    first = max(0, int(answer["version"]) - MOST_FACTS)
    recorded = runtime.log.read(stream, from_revision=first, limit=MOST_FACTS + 1)
    facts = [fact_of(each) for each in recorded]
    return [fact.event for fact in facts if fact.meta.cmd == context.command_id]


def require_person(runtime: Runtime, context: Context, person_id: str, permission: str) -> str:
    """ "eater" for oneself, else the role with this permission in a group that knows the person. NotFound to strangers."""
    if context.actor and context.actor == person_id:
        return OWN
    groups = people.groups_of(runtime.db, person_id)
    for group_id in groups:
        if role := runtime.access.role_for(context.actor, permission, group_id=group_id):
            return role
    if role := runtime.access.role_for(context.actor, permission, host_id=HOST_ID):
        return role
    if any(runtime.access.require_member(context, group_id) for group_id in groups if _in(runtime, context, group_id)):
        raise Forbidden(permission=permission)
    raise NotFound


def require_address(runtime: Runtime, context: Context, person_id: str) -> None:
    """Whoever sets a person's e-mail can sign in as that person, so must already be able to do all that the person can.

    Raises Forbidden for somebody else's address unless one manages all their groups and may give all their roles.
    """
    if context.actor == person_id:
        return
    access = runtime.access
    managed = all(
        access.may(context.actor, "contracts.manage-members", group_id=group_id)
        for group_id in people.groups_of(runtime.db, person_id)
    )
    given = all(
        access.may(context.actor, "contracts.assign-roles", group_id=role["scope_id"])
        if role["scope_kind"] == "group"
        else access.may(context.actor, "contracts.assign-roles", host_id=HOST_ID)
        for role in access.roles_of(person_id)
    )
    if not (managed and given):
        raise Forbidden("address-of-another")


def _in(runtime: Runtime, context: Context, group_id: str) -> bool:
    try:
        return bool(runtime.access.require_member(context, group_id))
    except NotFound:
        return False


def household_of(runtime: Runtime, household_id: str) -> household.Household:
    """The household as its stream says; NotFound when there is none."""
    found = runtime.handler.state(household.decider, household_id)
    if not found.formed:
        raise NotFound
    return found


def membership_of(runtime: Runtime, membership_id: str) -> MembershipGranted:
    found = runtime.handler.state(membership.decider, membership_id)
    if found.granted is None:
        raise NotFound
    return found.granted


def sees_group(runtime: Runtime, context: Context, group_id: str) -> str:
    """The role (or "eater") by which somebody belongs to a group; NotFound to strangers."""
    return runtime.access.require_member(context, group_id)
