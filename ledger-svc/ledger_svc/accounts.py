"""The names of all accounts, and the one way to make postings.

Amounts are integer cents, credits (+) and debits (−). What a household has here is its credit; what lies in a till, a
cash box or a folder of cheques is a debit. Every list of postings sums to zero: `balanced` is the only constructor.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import NAMESPACE_URL, uuid5

from grenier.language.ledger import Means, Posting
from grenier.language.postings import amount_on, contract_effects, eater, household_of

# Names that other services read too stand in the language.
__all__ = [
    "adjustment",
    "amount_on",
    "balanced",
    "bank",
    "change_fund",
    "contract_effects",
    "deposit_entry",
    "desk",
    "difference",
    "dues",
    "eater",
    "household_of",
    "sales",
    "till",
    "turned",
]


def till(till_id: str, means: Means) -> str:
    return f"till:{till_id}:{means}"


def desk(group_id: str, means: Means) -> str:
    """What is received outside a till session: cheques in custody, cash in the group's box."""
    return f"cheques:{group_id}" if means == "cheque" else f"cash:{group_id}"


def sales(group_id: str) -> str:
    return f"sales:{group_id}"


def dues(group_id: str) -> str:
    return f"dues:{group_id}"


def change_fund(group_id: str) -> str:
    """Where the float of a till comes from."""
    return f"float:{group_id}"


def adjustment(group_id: str) -> str:
    return f"adjustment:{group_id}"


def difference(group_id: str) -> str:
    """Cash found over (+) or missing (−) at a count."""
    return f"difference:{group_id}"


def bank(group_id: str) -> str:
    """What the group pays out by cheque or transfer."""
    return f"bank:{group_id}"


def deposit_entry(cheque_id: str) -> str:
    """A cheque received for a contract is credited in one entry only: its id follows from the cheque's."""
    return str(uuid5(NAMESPACE_URL, f"deposit/{cheque_id}"))


def balanced(*pairs: tuple[str, int]) -> list[Posting]:
    """Postings of one event. Raises ValueError for anything but integer cents that sum to zero."""
    for account, amount_cents in pairs:
        if type(amount_cents) is not int:
            raise ValueError(f"{account}: {amount_cents!r} is not integer cents")
    total = sum(amount_cents for _, amount_cents in pairs)
    if total:
        raise ValueError(f"postings are {total} cents off balance")
    return [Posting(account=account, amount_cents=amount_cents) for account, amount_cents in pairs]


def turned(postings: Iterable[Posting]) -> list[Posting]:
    """The same postings with the opposite sign."""
    return balanced(*((posting.account, -posting.amount_cents) for posting in postings))
