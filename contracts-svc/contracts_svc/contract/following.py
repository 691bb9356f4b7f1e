"""What follows by itself: the coordinator of a contract may manage it; signing up ends with its last day."""

from __future__ import annotations

from datetime import date, timedelta

from contracts_svc import role_assignments
from contracts_svc.contract.decider import decider
from contracts_svc.contract.life_commands import CloseSignUps
from contracts_svc.contract.sight import MANAGE, day_of
from contracts_svc.guards import today
from contracts_svc.views import contract_questions
from grenier.language.season import ContractDrafted
from grenier.readmodel import Fact
from grenier.runtime import Policy, Runtime, Timer, derived_id


def entrust(runtime: Runtime, fact: Fact) -> None:
    """S0:3: who was named coordinator of a contract, and is none of the whole group, is coordinator of this contract."""
    event = fact.event
    if not isinstance(event, ContractDrafted):
        return
    if runtime.access.may(event.coordinator_id, MANAGE, group_id=event.group_id, scope_id=event.contract_id):
        return
    command = role_assignments.AssignRole(
        assignment_id=derived_id(fact.id, "coordinator"), person_id=event.coordinator_id, role="coordinator",
        scope_kind="contract", scope_id=event.contract_id, valid_from=today(runtime, event.group_id),
    )  # fmt: skip
    runtime.react(role_assignments.decider, event.coordinator_id, command, fact, "entrust-contract")


def close_sign_ups(runtime: Runtime) -> None:
    """The last day is over where the group lives."""
    # Nowhere is it later than fourteen hours ahead of UTC.
    latest = (runtime.clock.now() + timedelta(hours=14)).date().isoformat()
    for row in contract_questions.signing_over(runtime.db, latest):
        until = row["signing_closes_on"]
        if until < day_of(runtime, row["group_id"]):
            runtime.due(decider, row["contract_id"], CloseSignUps(after=date.fromisoformat(until)),
                        f"close-sign-ups/{until}", group_id=row["group_id"])  # fmt: skip


POLICIES = (Policy("entrust-contract", ("contracts.contract-drafted",), entrust),)
TIMERS = (Timer("close-sign-ups", close_sign_ups, every_s=5.0),)
