"""What a contract's stream knows of its subscriptions, and what may be asked of them. Decisions: roster.py, joining.py.

    waiting -> to_confirm -> confirmed -> ended
       |           |
       +-----------+--> declined        (by the coordinator, or withdrawn by the household)

Every command carries `now`, the local time where the group lives.
"""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Literal, TypeAlias

import msgspec

from contracts_svc.contract.sharing_commands import Proposal, SharingCommand
from contracts_svc.contract.state import Life
from contracts_svc.rules.cheques import WrittenCheque
from grenier.decider import Rejected
from grenier.language.season import (
    Channel,
    Party,
    PaymentMeans,
    PlannedCheque,
    PlannedDelivery,
    SignatureMeans,
    SubscribedLine,
)

State = Literal["waiting", "to_confirm", "confirmed", "declined", "ended"]
# In these a household has its place; in the first three of all it may not ask for another one.
PLACED: frozenset[State] = frozenset({"to_confirm", "confirmed", "ended"})
CURRENT: frozenset[State] = frozenset({"waiting", "to_confirm", "confirmed"})


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """One subscription. `ended_on`: the first day that is not taken any more. `signed`: {party: document hash}."""

    subscription_id: str
    household_id: str
    person_id: str
    state: State
    lines: list[SubscribedLine]
    starts_on: date
    amount_cents: int
    means: PaymentMeans = "cheque"
    cheques: list[PlannedCheque] = []
    household_ids: list[str] = []
    anchor_delivery_id: str = ""
    co_person_ids: list[str] = []
    absences: list[str] = []
    series: str = ""
    replaces: str = ""
    ended_on: date | None = None
    signed: dict[str, str] = {}
    # Deliveries that were moved across its first or last day, and whether they are its own: as before they were moved.
    belongs: dict[str, bool] = {}
    # Dates added after it was signed: so much of a delivery (percent) they count in its amount.
    counted: dict[str, int] = {}
    # The newest proposal to share, answered or not.
    proposal: Proposal | None = None

    @property
    def asks(self) -> Proposal | None:
        """The proposal that waits for an answer."""
        return self.proposal if self.proposal is not None and self.proposal.answer == "open" else None

    def is_on(self, delivery: PlannedDelivery) -> bool:
        """Whether the delivery lies in its time, be it taken or not."""
        inside = self.starts_on <= delivery.on and (self.ended_on is None or delivery.on < self.ended_on)
        return self.belongs.get(delivery.delivery_id, inside)

    def takes(self, life: Life) -> list[PlannedDelivery]:
        """Its deliveries by date, those left out excepted."""
        return [delivery for delivery in self.covers(life) if delivery.delivery_id not in self.absences]

    def paid(self, life: Life) -> list[PlannedDelivery]:
        """What it takes, each with the factor that its amount was agreed with."""
        return [
            msgspec.structs.replace(one, factor_percent=self.counted.get(one.delivery_id, one.factor_percent))
            for one in self.takes(life)
        ]

    def covers(self, life: Life) -> list[PlannedDelivery]:
        """Its deliveries by date, those left out among them."""
        return [
            delivery
            for delivery in life.deliveries_held
            if self.is_on(delivery) and (not self.series or delivery.series in ("", self.series))
        ]


class Roster(msgspec.Struct, frozen=True, kw_only=True):
    """Subscriptions in the order in which they were registered: that is the order of the waiting list."""

    subscriptions: dict[str, Held] = {}

    def with_(self, held: Held) -> Roster:
        return Roster(subscriptions={**self.subscriptions, held.subscription_id: held})

    def of_household(self, household_id: str) -> list[Held]:
        return [held for held in self.subscriptions.values() if held.household_id == household_id]


def must_be(held: Held, *states: State) -> None:
    """Rejected with where the subscription stands instead."""
    if held.state not in states:
        raise Rejected(f"subscription-{held.state.replace('_', '-')}", subscription_id=held.subscription_id)


def is_closed(life: Life, delivery: PlannedDelivery, now: datetime) -> bool:
    """Too late to join or to change what is taken at this delivery."""
    starts_at = datetime.combine(delivery.on, time.fromisoformat(delivery.starts))
    return (starts_at - now).total_seconds() < life.agreed.sign_up.closes_hours_before * 3600


# -- commands ----------------------------------------------------------------------------------------------------


class RegisterSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """`managed`: by somebody who looks after the contract: also when sign-ups are closed, also for past dates.

    `starts_on` None: from the first delivery that is still open. `cheque_count` None: the fewest that are offered.
    """

    subscription_id: str
    household_id: str
    person_id: str
    lines: list[SubscribedLine]
    now: datetime
    starts_on: date | None = None
    channel: Channel = "web"
    means: PaymentMeans = "cheque"
    cheque_count: int | None = None
    household_ids: list[str] = []
    anchor_delivery_id: str = ""
    co_person_ids: list[str] = []
    absences: list[str] = []
    series: str = ""
    replaces: str = ""
    # Of a paper contract that is entered late: they stand instead of a `cheque_count`.
    cheques: list[WrittenCheque] = []
    managed: bool = False
    group_kind: str = "csa"


class ConfirmSubscription(msgspec.Struct, frozen=True, kw_only=True):
    subscription_id: str
    now: datetime


class DeclineSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """Also the household's own withdrawal; only before it was confirmed."""

    subscription_id: str
    now: datetime
    reason: str = ""


class GivePlace(msgspec.Struct, frozen=True, kw_only=True):
    """To one who waits, out of order: the coordinator's choice where there is room."""

    subscription_id: str
    now: datetime


class SignSubscription(msgspec.Struct, frozen=True, kw_only=True):
    subscription_id: str
    party: Party
    person_id: str
    means: SignatureMeans
    document_sha256: str = ""


class SetAbsences(msgspec.Struct, frozen=True, kw_only=True):
    subscription_id: str
    delivery_ids: list[str]
    now: datetime
    managed: bool = False


class ComposeBasket(msgspec.Struct, frozen=True, kw_only=True):
    """`quantities`: {option_id: number}, all of this delivery; what is left out is not taken."""

    subscription_id: str
    delivery_id: str
    quantities: dict[str, int]
    now: datetime
    managed: bool = False


class EndSubscription(msgspec.Struct, frozen=True, kw_only=True):
    """`recompute`: pay for what was delivered before `on` only; else all that was signed remains due."""

    subscription_id: str
    on: date
    reason: str
    now: datetime
    recompute: bool = True


RosterCommand: TypeAlias = (
    RegisterSubscription
    | ConfirmSubscription
    | DeclineSubscription
    | GivePlace
    | SignSubscription
    | SetAbsences
    | ComposeBasket
    | EndSubscription
    | SharingCommand
)
