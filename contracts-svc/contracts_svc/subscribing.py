"""Whose subscription is it, who looks after its contract: what the doors of subscriptions and cheques ask first."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from contracts_svc.contract import decider as contract
from contracts_svc.contract.decider import Contract
from contracts_svc.contract.subscriptions import RosterCommand
from contracts_svc.views import subscription_questions as questions
from grenier.doors import Context
from grenier.errors import Invalid, NotFound, Rejected
from grenier.readmodel import Row
from grenier.runtime import Runtime

MANAGE = "contracts.manage-contracts"
CHEQUES = "contracts.cheques"
EATER = "eater"


def contract_of(runtime: Runtime, contract_id: str) -> Contract:
    """The contract as its stream says; NotFound when there is none."""
    state = runtime.handler.state(contract.decider, contract_id)
    if state.life.status == "none":
        raise NotFound
    return state


def subscription_row(runtime: Runtime, subscription_id: str) -> Row:
    row = questions.by_id(runtime.db, subscription_id)
    if row is None:
        raise NotFound
    return row


def local_now(runtime: Runtime, group_id: str) -> datetime:
    """The time on the clock of the group's hall, without a zone."""
    group = runtime.access.group(group_id)
    zone = str(group["time_zone"]) if group else runtime.settings.time_zone
    return runtime.clock.now().astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def kind_of(runtime: Runtime, group_id: str) -> str:
    group = runtime.access.group(group_id)
    return str(group["kind"]) if group else "csa"


def require_manager(
    runtime: Runtime, context: Context, group_id: str, contract_id: str, permission: str = MANAGE
) -> str:
    """The role by which somebody looks after this contract. NotFound to strangers, Forbidden to members."""
    return runtime.access.require(context, permission, group_id=group_id, scope_id=contract_id)


def is_own(runtime: Runtime, context: Context, household_ids: list[str]) -> bool:
    return any(row["household_id"] in household_ids for row in runtime.access.households_of(context.actor))


def require_own_or_manager(
    runtime: Runtime, context: Context, household_ids: list[str], group_id: str, contract_id: str = ""
) -> str:
    """ "eater" for one's own household's subscription, else the role that allows it."""
    if is_own(runtime, context, household_ids):
        return EATER
    return require_manager(runtime, context, group_id, contract_id)


def eaters_of(row: Row) -> list[str]:
    """The households that eat from a subscription, the one that signs first."""
    return [row["household_id"], *(one for one in row["household_ids"] if one != row["household_id"])]


def require_in_group(runtime: Runtime, household_id: str, group_id: str, field: str = "household_id") -> None:
    household = runtime.access.household(household_id)
    if household is None or household["group_id"] != group_id:
        raise Invalid(fields={field: ["Not a household of this group."]})


def check_membership(runtime: Runtime, household_id: str, group_id: str) -> None:
    """Rejected("membership-inactive"): contracts are signed by members."""
    household = runtime.access.household(household_id)
    today = local_now(runtime, group_id).date().isoformat()
    if household is None or household["valid_until"] is None or household["valid_until"] < today:
        raise Rejected("membership-inactive", household_id=household_id)


def check_required_contract(runtime: Runtime, household_id: str, state: Contract) -> None:
    """Rejected("requires-contract"): this one is for households that hold another one, eggs for those with vegetables."""
    wanted = state.life.agreed.sign_up.requires_contract_id
    if wanted and not questions.has_active(runtime.db, household_id, wanted):
        raise Rejected("requires-contract", contract_id=wanted)


def check_main_contract(runtime: Runtime, household_id: str, state: Contract, replaces: str = "") -> None:
    """Rejected("main-contract-missing"): who takes part in the group holds its main contract; a change of basket is free.

    Either of two will do while this season's and the next one's are open.
    """
    life = state.life
    if life.agreed.sign_up.main_contract or replaces:
        return
    day = local_now(runtime, life.group_id).date().isoformat()
    wanted = questions.main_contracts(runtime.db, life.group_id, day)
    if wanted and not any(questions.has_active(runtime.db, household_id, row["contract_id"]) for row in wanted):
        first = wanted[0]
        raise Rejected("main-contract-missing", contract_id=first["contract_id"], contract_title=first["title"])


def own_household_ids(runtime: Runtime, context: Context) -> list[str]:
    return [str(row["household_id"]) for row in runtime.access.households_of(context.actor)]


def check_agreed(
    runtime: Runtime, context: Context, state: Contract, household_ids: list[str], replaces: str = ""
) -> None:
    """Rejected("sharing-not-agreed"): a household shares a basket once it has said yes, and is not signed up by others.

    Those who shared the basket that is changed (`replaces`) share the one that takes its place.
    """
    before = state.roster.subscriptions.get(replaces)
    agreed = {*own_household_ids(runtime, context), *(before.household_ids if before else ())}
    if asked := sorted(set(household_ids) - agreed):
        raise Rejected("sharing-not-agreed", household_ids=asked)


def tell_contract(runtime: Runtime, row: Row, command: RosterCommand, context: Context, role: str) -> dict[str, Any]:
    """A command about one subscription, in its contract's stream."""
    return runtime.tell(
        contract.decider, row["contract_id"], command, context, role=role, group_id=row["group_id"],
        on_behalf_of="" if role == EATER else row["household_id"],
    )  # fmt: skip


def with_positions(runtime: Runtime, rows: list[Row]) -> list[dict[str, Any]]:
    """Subscriptions as answers tell them; `position` on the waiting list, from 1 on, of those that wait."""
    waiting = [row["contract_id"] for row in rows if row["state"] == "waiting"]
    found = questions.positions(runtime.db, waiting) if waiting else {}
    return [{**shown(row), "position": found.get(row["subscription_id"])} for row in rows]


def shown(row: Row) -> dict[str, Any]:
    """A subscription as every answer tells it."""
    hidden = ("place", "contract_ends_on", "contract_complement")
    return {key: value for key, value in row.items() if key not in hidden}
