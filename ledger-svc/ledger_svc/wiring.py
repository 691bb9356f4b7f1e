"""The only file that puts the ledger together."""

from __future__ import annotations

from grenier.runtime import Service
from ledger_svc import deposits as deposit_cheques
from ledger_svc.policies import POLICIES
from ledger_svc.season_policies import SEASON_POLICIES
from ledger_svc.service import Ledger
from ledger_svc.timers import TIMERS
from ledger_svc.views import balances, chain, committed, contracts, deposits, entries, floors, reds, tills, trial

VIEWS = (
    entries.view, balances.view, committed.view, tills.view, trial.view, chain.view, floors.view, contracts.view,
    deposits.view, reds.view,
)  # fmt: skip


def service() -> Service:
    return Service(
        name="ledger",
        views=VIEWS,
        doors=Ledger,
        policies=(*POLICIES, *SEASON_POLICIES, deposit_cheques.POLICY),
        timers=TIMERS,
    )
