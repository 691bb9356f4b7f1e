"""The books as a journal in the plain text of hledger or beancount, so that other programs can check them (pure, T22).

Signs are turned for the accountant's reading: what a group holds is positive there. Each entry carries its id, its
position in the log and its cause. At the end of each month with entries every account says what it must come to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

# How our accounts read in a journal: assets and expenses are debits, the rest credits.
PARENTS: Mapping[str, str] = {
    "eater": "liabilities:eaters",
    "till": "assets:tills",
    "cheques": "assets:cheques",
    "cash": "assets:cash",
    "float": "equity:float",
    "sales": "income:sales",
    "dues": "income:dues",
    "bank": "assets:bank",
    "adjustment": "expenses:adjustments",
    "difference": "expenses:differences",
}

Sums = dict[str, int]


@dataclass(frozen=True)
class JournalEntry:
    """One entry as the journal needs it; `day` the civil date (ISO) where the group lives, postings with our own signs."""

    entry_id: str
    day: str
    kind: str
    position: int
    cause: str
    postings: Sequence[tuple[str, int]]


def journal(entries: Iterable[JournalEntry], form: str = "hledger") -> str:
    """The whole journal: declarations, entries by day and position, the sums of all accounts after each month."""
    write = {"hledger": _hledger, "beancount": _beancount}[form]
    return "\n".join(write(sorted(entries, key=lambda entry: (entry.day, entry.position)))) + "\n"


def months(entries: Sequence[JournalEntry]) -> Iterator[tuple[list[JournalEntry], Sums]]:
    """Entries month by month, with what every account comes to after them (our signs turned)."""
    sums: Sums = {}
    for _, found in groupby(entries, key=lambda entry: entry.day[:7]):
        month = list(found)
        for entry in month:
            for account, cents in entry.postings:
                sums[account] = sums.get(account, 0) - cents
        yield month, dict(sorted(sums.items()))


def amount(cents: int) -> str:
    """Cents as `-12.30`, made of integers only."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _accounts(entries: Sequence[JournalEntry]) -> list[str]:
    return sorted({account for entry in entries for account, _ in entry.postings})


# -- hledger -----------------------------------------------------------------------------------------------------


def account_name(account: str) -> str:
    """`eater:h1` -> `liabilities:eaters:h1`; `till:t1:cash` -> `assets:tills:t1:cash`."""
    kind, _, rest = account.partition(":")
    return f"{PARENTS[kind]}:{_plain(rest)}"


def _plain(text: str) -> str:
    """Ids are the callers' own: what would mean something in a journal is written as its code point."""
    return re.sub(r"[^A-Za-z0-9:._-]", lambda found: f"%{ord(found[0]):x}%", text)


def _hledger(entries: Sequence[JournalEntry]) -> Iterator[str]:
    yield from ("commodity EUR 1000.00", "")
    yield from (f"account {account_name(account)}" for account in _accounts(entries))
    for month, sums in months(entries):
        for entry in month:
            yield from ("", f"{entry.day} ({_plain(entry.entry_id)}) {entry.kind}")
            yield f"    ; position:{entry.position}" + (f", cause:{_plain(entry.cause)}" if entry.cause else "")
            yield from (f"    {account_name(account)}  EUR {amount(-cents)}" for account, cents in entry.postings)
        # On the month's last day with entries, behind them: hledger goes by day, then by place in the file.
        yield from ("", f"{month[-1].day} assertions")
        yield from (f"    {account_name(account)}  EUR 0.00 = EUR {amount(cents)}" for account, cents in sums.items())


# -- beancount ---------------------------------------------------------------------------------------------------


def bean_name(account: str) -> str:
    """`eater:h1` -> `Liabilities:Eaters:N-h1`: every part begins with a capital and has letters, digits and dashes only."""
    kind, _, rest = account.partition(":")
    escaped = (re.sub(r"[^A-Ya-z0-9-]", lambda found: f"Z{ord(found[0]):x}Z", part) for part in rest.split(":"))
    return ":".join([*PARENTS[kind].title().split(":"), *(f"N-{part}" for part in escaped)])


def _beancount(entries: Sequence[JournalEntry]) -> Iterator[str]:
    # Of its own accord beancount forgives a cent; our books do not.
    yield from ('option "title" "Grenier"', 'option "operating_currency" "EUR"')
    yield from ('option "tolerance_multiplier" "0.1"', "")
    if entries:
        yield from (f"{entries[0].day} open {bean_name(account)} EUR" for account in _accounts(entries))
    for month, sums in months(entries):
        for entry in month:
            yield from ("", f'{entry.day} * "{entry.kind}"', f"  entry: {_quoted(entry.entry_id)}")
            yield f"  position: {entry.position}"
            if entry.cause:
                yield f"  cause: {_quoted(entry.cause)}"
            yield from (f"  {bean_name(account)}  {amount(-cents)} EUR" for account, cents in entry.postings)
        # A balance holds at the beginning of its day.
        yield ""
        yield from (
            f"{_next_month(month[-1].day)} balance {bean_name(account)}  {amount(cents)} ~ 0.00 EUR"
            for account, cents in sums.items()
        )


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _next_month(day: str) -> str:
    year, month = int(day[:4]), int(day[5:7])
    return date(year + month // 12, month % 12 + 1, 1).isoformat()
