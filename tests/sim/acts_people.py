"""What people do about people: joining, roles, helping, announcements, the end of a membership, being forgotten."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from contracts_svc import role_assignments
from matching_svc import activity
from notify_svc import message
from tests.sim.acts_orders import Act
from tests.sim.founding import TIERS

if TYPE_CHECKING:
    from tests.sim.world import World


def _newcomer(world: World) -> dict[str, Any]:
    name = f"n{len(world.clients.told)}"
    return {"first_name": name, "last_name": "Neu", "email": f"{name}@exemple.fr"}


def enrol(world: World, rng: Random) -> Act:
    group = rng.choice(world.cast.groups)
    payload = {"group_id": group.group_id, "persons": [_newcomer(world)], "tier": rng.choice(TIERS)["code"]}
    return "contracts", "enrol_household", payload, group.holder("organiser")


def request_membership(world: World, rng: Random) -> Act:
    payload = {"group_id": rng.choice(world.cast.groups).group_id, "charter_accepted": True, **_newcomer(world)}
    return "contracts", "request_membership", payload, ""


def decide_application(world: World, rng: Random) -> Act | None:
    asked = world.log.facts("contracts.membership-requested")
    if not asked:
        return None
    chosen = rng.choice(asked)
    group = next(each for each in world.cast.groups if each.group_id == chosen.group_id)
    payload = {"application_id": chosen.application_id, "decision": rng.choice(("accept", "decline")),
               "tier": TIERS[0]["code"]}  # fmt: skip
    return "contracts", "decide_application", payload, group.holder("organiser")


def assign_role(world: World, rng: Random) -> Act:
    group = rng.choice(world.cast.groups)
    payload = {"person_id": rng.choice(group.households).persons[0], "role": rng.choice(("volunteer", "organiser")),
               "scope_kind": "group", "scope_id": group.group_id}  # fmt: skip
    return "contracts", "assign_role", payload, group.holder("organiser")


def revoke_role(world: World, rng: Random) -> Act | None:
    """Only what was given in this run: without its first organiser a group would stand still."""
    first = {person for group in world.cast.groups for person in group.holders.values()}
    first |= {world.cast.central, world.cast.logistician}
    given = [each for each in world.log.facts("contracts.role-assigned") if each.person_id not in first]
    if not given:
        return None
    chosen = rng.choice(given)
    held = world.state(role_assignments.decider, chosen.person_id).held
    payload = {"person_id": chosen.person_id, "assignment_id": rng.choice([*held, chosen.assignment_id])}
    return "contracts", "revoke_role", payload, world.cast.central


def settings(world: World, rng: Random) -> Act:
    group = rng.choice(world.cast.groups)
    payload: dict[str, Any] = {"group_id": group.group_id}
    payload |= rng.choice(({"credit_floor_cents": -3_000}, {"place": "ailleurs"}, {"credit_floor_cents": -50_000}))
    return "contracts", "change_group_settings", payload, group.holder("organiser")


def change_details(world: World, rng: Random) -> Act:
    person = rng.choice(rng.choice(world.cast.groups).households).persons[0]
    return "contracts", "change_person_details", {"person_id": person, "phone": "", "last_name": "Autre"}, person


def erase(world: World, rng: Random) -> Act | None:
    """Only those who came in this run."""
    first = {person for group in world.cast.groups for home in group.households for person in home.persons}
    first |= {world.cast.central, world.cast.logistician}
    others = [each.person_id for each in world.log.facts("contracts.person-registered") if each.person_id not in first]
    if not others:
        return None
    return "contracts", "erase_person", {"person_id": rng.choice(others)}, world.cast.central


def help_out(world: World, rng: Random) -> Act | None:
    planned = world.log.facts("matching.activity-planned")
    if not planned:
        return None
    chosen = rng.choice(planned)
    group = next(each for each in world.cast.groups if each.group_id == chosen.group_id)
    slot, person = rng.choice(chosen.slots), rng.choice(group.households).persons[0]
    payload: dict[str, Any] = {"activity_id": chosen.activity_id, "slot_id": slot.slot_id}
    here = world.state(activity.decider, chosen.activity_id).volunteers.get(slot.slot_id, ())
    pick = rng.random()
    if pick < 0.6 or not here:
        return "matching", "sign_up", payload, person
    if pick < 0.75:
        return "matching", "withdraw", payload, rng.choice(here)
    attended = {**payload, "person_id": rng.choice(here), "present": rng.random() < 0.8}
    return "matching", "record_attendance", attended, group.holder("organiser")


def call_volunteers(world: World, rng: Random) -> Act | None:
    planned = world.log.facts("matching.activity-planned")
    if not planned:
        return None
    chosen = rng.choice(planned)
    group = next(each for each in world.cast.groups if each.group_id == chosen.group_id)
    return "matching", "call_volunteers", {"activity_id": chosen.activity_id}, group.holder("organiser")


def announce(world: World, rng: Random) -> Act:
    group = rng.choice(world.cast.groups)
    payload = {"group_id": group.group_id, "audience": "all", "subject": "Avis", "body": "Bonjour."}
    return "notify", "announce", payload, group.holder("organiser")


def log_call(world: World, rng: Random) -> Act | None:
    asked = [each for each in world.log.facts("notify.message-requested") if each.channel == "phone"]
    if not asked:
        return None
    chosen = rng.choice(asked)
    group = next((each for each in world.cast.groups if each.group_id == chosen.group_id), world.cast.groups[0])
    if world.state(message.decider, chosen.message_id).told and rng.random() < 0.8:
        return None
    payload = {"message_id": chosen.message_id, "outcome": rng.choice(("told", "no-answer"))}
    return "notify", "log_call", payload, group.holder("organiser")


def decline_news(world: World, rng: Random) -> Act:
    person = rng.choice(rng.choice(world.cast.groups).households).persons[0]
    return "notify", "set_announcements", {"person_id": person, "wanted": rng.random() < 0.5}, person


ACTS = {enrol: 1, request_membership: 1, decide_application: 1, assign_role: 1, revoke_role: 1, settings: 1,
        change_details: 1, erase: 1, help_out: 5, call_volunteers: 1, announce: 1, log_call: 1, decline_news: 1}  # fmt: skip
