"""How the postings of ledger-svc are read, by it and by every service that follows its accounts (pure; see ledger.py)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from grenier.language.ledger import Posting

EATER = "eater:"


def eater(household_id: str) -> str:
    """The account of a household."""
    return EATER + household_id


def household_of(account: str) -> str:
    """The household of an eater account; "" for any other account."""
    return account.removeprefix(EATER) if account.startswith(EATER) else ""


def amount_on(postings: Iterable[Posting], account: str) -> int:
    """What these postings do to one account, in cents."""
    return sum(posting.amount_cents for posting in postings if posting.account == account)


def contract_effects(event: Any) -> dict[str, int]:
    """What an entry does to the household's balance of each contract it speaks of; {} when it speaks of none.

    A transfer names two: its first posting is of the one, its second of the other (a reversal keeps their order).
    """
    contract_id = getattr(event, "contract_id", "")
    if not contract_id or not getattr(event, "postings", ()):
        return {}
    to_contract_id = getattr(event, "to_contract_id", "")
    if to_contract_id:
        first, second = event.postings
        return {contract_id: first.amount_cents, to_contract_id: second.amount_cents}
    return {contract_id: amount_on(event.postings, eater(event.household_id))}
