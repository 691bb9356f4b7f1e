"""What may be asked about a contract's life, and the facts it consists of. Decisions: life.py, approval.py, deliveries.py, adding.py."""

from __future__ import annotations

from datetime import date
from typing import TypeAlias

import msgspec

from contracts_svc.contract.adding import AddDelivery
from contracts_svc.contract.approval import ApproveContract, RequestChanges, SubmitContract
from contracts_svc.contract.deliveries import CancelDelivery, CountDelivery, MoveDelivery
from grenier.language.season import (
    ContractAbandoned,
    ContractApproved,
    ContractChangesRequested,
    ContractDrafted,
    ContractEnded,
    ContractOpened,
    ContractRevised,
    ContractSubmitted,
    DeliveryAdded,
    DeliveryCancelled,
    DeliveryCountedAnew,
    DeliveryMoved,
    SignUpsClosed,
    SignUpsReopened,
    Terms,
)


class DraftContract(msgspec.Struct, frozen=True, kw_only=True):
    """Record what the producer offers as version 1; `renews`: last season's contract."""

    contract_id: str
    group_id: str
    producer_id: str
    coordinator_id: str
    terms: Terms
    renews: str = ""


class ReviseContract(msgspec.Struct, frozen=True, kw_only=True):
    """Other terms, as a new version. `from_version`: the one that was looked at."""

    terms: Terms
    from_version: int


class OpenContract(msgspec.Struct, frozen=True, kw_only=True):
    """Publish it: people can subscribe from the first day of signing up."""

    version: int


class CloseSignUps(msgspec.Struct, frozen=True, kw_only=True):
    """`after`: only if that is still the last day (what a timer asks); None: now, whatever the day."""

    after: date | None = None


class ReopenSignUps(msgspec.Struct, frozen=True, kw_only=True):
    closes_on: date
    today: date


class EndContract(msgspec.Struct, frozen=True, kw_only=True):
    """`today`: not before the last delivery that is not cancelled."""

    today: date


class AbandonContract(msgspec.Struct, frozen=True, kw_only=True):
    reason: str


LifeCommand: TypeAlias = (
    DraftContract
    | ReviseContract
    | SubmitContract
    | ApproveContract
    | RequestChanges
    | OpenContract
    | CloseSignUps
    | ReopenSignUps
    | MoveDelivery
    | CancelDelivery
    | CountDelivery
    | AddDelivery
    | EndContract
    | AbandonContract
)
LifeEvent: TypeAlias = (
    ContractDrafted
    | ContractRevised
    | ContractSubmitted
    | ContractChangesRequested
    | ContractApproved
    | ContractOpened
    | SignUpsClosed
    | SignUpsReopened
    | DeliveryMoved
    | DeliveryCancelled
    | DeliveryCountedAnew
    | DeliveryAdded
    | ContractEnded
    | ContractAbandoned
)
