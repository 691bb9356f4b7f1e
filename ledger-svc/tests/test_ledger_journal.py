"""T22: hledger and beancount read our books and come to the same cents; T23 has its long form beside it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ledger_svc.journal import JournalEntry, account_name, bean_name, journal

ENTRIES = [
    JournalEntry("float", "2026-10-29", "till-opened", 7, "", [("till:t 1:cash", -5_000), ("float:g", 5_000)]),
    JournalEntry("charge", "2026-10-31", "goods-charged", 14, "s-1", [("eater:h.1", -1_988), ("sales:g", 1_988)]),
    JournalEntry(
        "pay)", "2026-11-01", "payment-taken", 21, 'a"b\\c', [("eater:h.1", 2_000), ("till:t 1:cash", -2_000)]
    ),
    JournalEntry("nothing", "2026-12-31", "goods-charged", 28, "", [("eater:Zoé", 0), ("sales:g", 0)]),
    # Written by a process whose clock is behind: the journal goes by day, as accountants read.
    JournalEntry("late", "2026-10-31", "adjustment-posted", 35, "", [("eater:h.1", -1), ("adjustment:g", 1)]),
]


def checked(path: Path, *command: str) -> str:
    """What another program says to the file; its complaint is the failure's text."""
    program = shutil.which(command[0]) or str(Path(sys.executable).with_name(command[0]))
    done = subprocess.run([program, *command[1:], str(path)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def written(folder: Path, form: str, text: str) -> Path:
    path = folder / {"hledger": "books.journal", "beancount": "books.beancount"}[form]
    path.write_text(text)
    return path


@pytest.mark.proof("T22")
@pytest.mark.parametrize("entries", [ENTRIES, []])
def test_other_programs_accept_the_books(tmp_path, entries):
    checked(written(tmp_path, "hledger", journal(entries)), "hledger", "check", "-s", "-f")
    checked(written(tmp_path, "beancount", journal(entries, "beancount")), "bean-check")


@pytest.mark.proof("T22")
@pytest.mark.parametrize("form", ["hledger", "beancount"])
def test_a_cent_too_many_is_seen(tmp_path, form):
    """The control: the other programs do compare."""
    text = journal(ENTRIES, form)
    assertion = "= EUR -0.11" if form == "hledger" else "  -0.11 ~"
    path = written(tmp_path, form, text.replace(assertion, assertion.replace("11", "12")))
    assert text.count(assertion) >= 2
    with pytest.raises(AssertionError, match=r"(?i)balance"):
        checked(path, *(("hledger", "check", "-s", "-f") if form == "hledger" else ("bean-check",)))


def test_names_that_mean_something_in_a_journal_are_written_out():
    assert account_name("eater:a  b;c\n") == "liabilities:eaters:a%20%%20%b%3b%c%a%"
    assert bean_name("till:é_Z:cash") == "Assets:Tills:N-Ze9ZZ5fZZ5aZ:N-cash"
    assert bean_name("eater:a.b") != bean_name("eater:aZ2eZb"), "two accounts never become one"
