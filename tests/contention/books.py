"""T22: what hledger and beancount make of a group's exported books, account by account, in cents.

problems(folder, journal_texts, trial_balance) -> what does not agree
"""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ledger_svc.journal import account_name, bean_name


def problems(folder: Path, texts: Mapping[str, str], trial: list[dict[str, Any]]) -> list[str]:
    """`texts`: {"hledger": …, "beancount": …}; `trial`: rows of our own trial balance. [] when all agree to the cent."""
    ours = {row["account"]: -row["balance_cents"] for row in trial}
    found = []
    for form, name, read in (("hledger", account_name, by_hledger), ("beancount", bean_name, by_beancount)):
        path = folder / f"books.{form}"
        path.write_text(texts[form])
        try:
            theirs = read(path)
        except Refused as complaint:
            found.append(f"{form} refuses the books: {complaint}")
            continue
        wanted = {name(account): cents for account, cents in ours.items()}
        if len(wanted) != len(ours):
            found.append(f"{form}: two accounts share a name")
        found += [
            f"{form}: {account} {theirs.get(account)} cents, ours {wanted.get(account)}"
            for account in sorted({*wanted, *theirs})
            if theirs.get(account, 0) != wanted.get(account)
        ]
    return found


class Refused(Exception):
    """The other program does not accept the file."""


def by_hledger(path: Path) -> dict[str, int]:
    _hledger("check", "-s", "-f", str(path))
    table = _hledger("balance", "--flat", "-E", "-N", "-O", "csv", "-f", str(path))
    rows = csv.DictReader(io.StringIO(table))
    return {row["account"]: _cents(row["balance"]) for row in rows}


def _hledger(*words: str) -> str:
    program = shutil.which("hledger")
    if program is None:
        raise Refused("hledger is not installed (make packages-test)")
    done = subprocess.run([program, *words], capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise Refused(done.stderr[:2_000])
    return done.stdout


def by_beancount(path: Path) -> dict[str, int]:
    """Read as `bean-check` reads: parsing, booking, balance assertions; every account that was opened."""
    from beancount import loader
    from beancount.core.data import Open, Transaction

    entries, errors, _ = loader.load_file(str(path))
    if errors:
        raise Refused("; ".join(error.message for error in errors[:5]))
    sums = {entry.account: 0 for entry in entries if isinstance(entry, Open)}
    for entry in entries:
        for posting in entry.postings if isinstance(entry, Transaction) else ():
            sums[posting.account] += int(posting.units.number * 100)
    return sums


def _cents(text: str) -> int:
    """`EUR -12.30` -> -1230; `0` -> 0."""
    plain = text.replace("EUR", "").strip()
    whole, _, part = plain.lstrip("-").partition(".")
    cents = int(whole) * 100 + int((part or "0").ljust(2, "0"))
    return -cents if plain.startswith("-") else cents
