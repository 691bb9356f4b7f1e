"""What a contract knows about its own life: which version stands where, which terms hold. Subscriptions: roster.py."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

from grenier.decider import Rejected
from grenier.language.season import BasketOption, ContractDrafted, PlannedDelivery, Terms

Status = Literal["none", "drafted", "submitted", "changes_requested", "approved", "opened", "ended", "abandoned"]
# Who may still be revised: all that is not public yet.
BEFORE_OPENING: frozenset[Status] = frozenset({"drafted", "submitted", "changes_requested", "approved"})


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """A version that lies with the producer: `person_id` is asked, about this very document."""

    version: int
    person_id: str
    document_sha256: str
    answer_until: datetime


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """`terms` are those of the newest version, with the deliveries as they stand after every move."""

    contract_id: str = ""
    group_id: str = ""
    producer_id: str = ""
    coordinator_id: str = ""
    status: Status = "none"
    version: int = 0
    terms: Terms | None = None
    renews: str = ""
    # As it came in first: by it a repetition is known.
    drafted: ContractDrafted | None = None
    # The newest submission; those of older versions can no longer be answered.
    submission: Submission | None = None
    approved_version: int = 0
    # Version and words of the producer who wants something different.
    changes_wanted: tuple[int, str] | None = None
    sign_ups_closed: bool = False
    # The last day for signing up; None: until the last delivery.
    sign_ups_until: date | None = None
    # {cancelled delivery: the date added to make up for it}
    made_up: dict[str, str] = {}

    @property
    def ids(self) -> dict[str, str]:
        return {"contract_id": self.contract_id, "group_id": self.group_id}

    @property
    def agreed(self) -> Terms:
        """The terms, of a contract that has been drafted; Rejected("contract-missing") otherwise."""
        if self.terms is None:
            raise Rejected("contract-missing")
        return self.terms

    @property
    def opened(self) -> bool:
        return self.status == "opened"

    def accepts_sign_ups_on(self, today: date) -> bool:
        """Opened, not closed by hand or by date, and the first day of signing up has come."""
        if not self.opened or self.sign_ups_closed:
            return False
        opens_on = self.agreed.sign_up.opens_on
        return (opens_on is None or opens_on <= today) and (self.sign_ups_until is None or today <= self.sign_ups_until)

    def delivery(self, delivery_id: str) -> PlannedDelivery:
        """Rejected("delivery-missing") when the contract has no such delivery."""
        for delivery in self.agreed.deliveries:
            if delivery.delivery_id == delivery_id:
                return delivery
        raise Rejected("delivery-missing", delivery_id=delivery_id)

    def option(self, option_id: str) -> BasketOption:
        """Rejected("option-missing") when the contract has no such option."""
        for option in self.agreed.options:
            if option.option_id == option_id:
                return option
        raise Rejected("option-missing", option_id=option_id)

    @property
    def deliveries_held(self) -> list[PlannedDelivery]:
        """Those that are not cancelled, by date."""
        held = [delivery for delivery in self.agreed.deliveries if not delivery.cancelled]
        return sorted(held, key=lambda delivery: (delivery.on, delivery.starts, delivery.delivery_id))


# -- refusals ----------------------------------------------------------------------------------------------------


def must_be_before_opening(life: Life) -> None:
    """Rejected with where the contract stands instead."""
    if life.status == "none":
        raise Rejected("contract-missing")
    if life.status not in BEFORE_OPENING:
        raise Rejected(f"contract-{life.status}")


def must_be_newest(life: Life, version: int) -> None:
    """What is sent, approved or opened must be the version that people are looking at."""
    if version != life.version:
        raise Rejected("contract-version-changed", version=life.version)


def must_be_opened(life: Life) -> None:
    if life.status == "none":
        raise Rejected("contract-missing")
    if life.status != "opened":
        raise Rejected("contract-ended" if life.status == "ended" else "contract-not-opened", status=life.status)
