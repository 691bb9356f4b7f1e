"""A command about a contract by who looks after it: the one way from a door to the contract's stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from contracts_svc.contract.decider import decider
from contracts_svc.contract.life_commands import LifeCommand
from contracts_svc.contract.sight import managed
from contracts_svc.contract.state import Life
from grenier.doors import Context
from grenier.runtime import Runtime


def tell_managed(
    runtime: Runtime, contract_id: str, context: Context, command_of: Callable[[Life], LifeCommand]
) -> dict[str, Any]:
    """`command_of`: what is asked, from the contract as it stands now. NotFound to strangers, Forbidden to members."""
    now, role = managed(runtime, context, contract_id)
    return tell_life(runtime, now, command_of(now), context, role)


def tell_life(runtime: Runtime, now: Life, command: LifeCommand, context: Context, role: str) -> dict[str, Any]:
    return runtime.tell(decider, now.contract_id, command, context, role=role, group_id=now.group_id)
