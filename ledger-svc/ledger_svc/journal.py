"""The books as a journal in hledger's plain text, so that another program can check them (pure).

Signs are turned for the accountant's reading: what a group holds is positive there. Each entry carries its id, its
position in the log and its cause as tags, and every eater account ends with a balance assertion.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

# How our accounts read in a journal: assets and expenses are debits, the rest credits.
PARENTS: Mapping[str, str] = {
    "eater": "liabilities:eaters",
    "till": "assets:tills",
    "cheques": "assets:cheques",
    "cash": "assets:cash",
    "float": "equity:float",
    "sales": "income:sales",
    "dues": "income:dues",
    "adjustment": "expenses:adjustments",
    "difference": "expenses:differences",
}


@dataclass(frozen=True)
class JournalEntry:
    """One entry as the journal needs it; `at` an ISO instant, postings (account, cents) with our own signs."""

    entry_id: str
    at: str
    kind: str
    position: int
    cause: str
    postings: Sequence[tuple[str, int]]


def account_name(account: str) -> str:
    """`eater:h1` -> `liabilities:eaters:h1`; `till:t1:cash` -> `assets:tills:t1:cash`."""
    kind, _, rest = account.partition(":")
    return f"{PARENTS[kind]}:{rest}"


def amount(cents: int) -> str:
    """Cents as `EUR -12.30`, made of integers only."""
    sign = "-" if cents < 0 else ""
    return f"EUR {sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def journal(entries: Iterable[JournalEntry]) -> str:
    """The whole journal: declarations, entries in the order of the log, then what every account must come to."""
    entries = list(entries)
    sums: dict[str, int] = {}
    for entry in entries:
        for account, cents in entry.postings:
            sums[account] = sums.get(account, 0) - cents
    lines = ["commodity EUR 1000.00", ""]
    lines += [f"account {account_name(account)}" for account in sorted(sums)]
    for entry in entries:
        lines += ["", *_transaction(entry)]
    if entries:
        # Dates follow the application's clock; assertions stand on the last day so that they hold for the whole.
        last_day = max(entry.at[:10] for entry in entries)
        lines += ["", f"{last_day} assertions"]
        lines += [f"    {account_name(account)}  EUR 0.00 = {amount(cents)}" for account, cents in sorted(sums.items())]
    return "\n".join(lines) + "\n"


def _transaction(entry: JournalEntry) -> list[str]:
    head = f"{entry.at[:10]} ({entry.entry_id}) {entry.kind}"
    tags = f"    ; position:{entry.position}" + (f", cause:{entry.cause}" if entry.cause else "")
    return [
        head,
        tags,
        *(f"    {account_name(account)}  {amount(-cents)}" for account, cents in entry.postings),
    ]
