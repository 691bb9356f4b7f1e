"""View `entries`: every entry with who, when, in which role and because of what; one row per posting beside it.

Answers statements (S0:42-46), single entries, and the whole journal of a group.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from grenier.language import ledger
from grenier.readmodel import Database, Fact, Json, Row, Rows, View
from ledger_svc import accounts

_meta = sa.MetaData()
headers = sa.Table(
    "entries_headers",
    _meta,
    sa.Column("entry_id", sa.Text, primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False, index=True),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("on_behalf_of", sa.Text, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("household_id", sa.Text, nullable=False, index=True),
    # What the entry does to the household's balance; 0 for dues, floats and differences.
    sa.Column("effect_cents", sa.Integer, nullable=False),
    sa.Column("amount_cents", sa.Integer, nullable=False),
    sa.Column("touches_eater", sa.Integer, nullable=False),
    sa.Column("till_id", sa.Text, nullable=False),
    sa.Column("distribution_id", sa.Text, nullable=False),
    sa.Column("order_id", sa.Text, nullable=False),
    sa.Column("means", sa.Text, nullable=False),
    sa.Column("cheque_number", sa.Text, nullable=False),
    sa.Column("cheque_bank", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("reverses", sa.Text, nullable=False),
    sa.Column("reversed_by", sa.Text, nullable=False),
    sa.Column("lines", Json),
    # Of which contract it speaks; a transfer names the second one, too.
    sa.Column("contract_id", sa.Text, nullable=False, index=True),
    sa.Column("to_contract_id", sa.Text, nullable=False),
    sa.Column("cycle_id", sa.Text, nullable=False),
    sa.Column("holder_id", sa.Text, nullable=False),
)
postings = sa.Table(
    "entries_postings",
    _meta,
    sa.Column("entry_id", sa.Text, primary_key=True),
    sa.Column("line", sa.Integer, primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("account", sa.Text, nullable=False, index=True),
    sa.Column("amount_cents", sa.Integer, nullable=False),
)

LONGEST_STATEMENT = 2_000
_OF_CONTRACTS = ("contract_id", "to_contract_id", "cycle_id", "holder_id")
_UNSAID = dict.fromkeys(
    (
        "till_id",
        "distribution_id",
        "order_id",
        "means",
        "cheque_number",
        "cheque_bank",
        "reason",
        "reverses",
        "reversed_by",
    ),
    "",
)


def apply(rows: Rows, fact: Fact) -> None:
    event = fact.event
    match event:
        case ledger.GoodsCharged():
            _put(rows, fact, event.postings, amount_cents=event.amount_cents, distribution_id=event.distribution_id,
                 order_id=event.order_id, lines=[_line(line) for line in event.lines])  # fmt: skip
        case ledger.PrepaymentReceived() | ledger.DuesReceived() | ledger.PaymentTaken():
            means = "cheque" if isinstance(event, ledger.PrepaymentReceived) else event.means
            cheque = event.cheque or ledger.ChequeFacts(number="")
            till_id = event.till_id if isinstance(event, ledger.PaymentTaken) else ""
            _put(rows, fact, event.postings, amount_cents=event.amount_cents, means=means, till_id=till_id,
                 cheque_number=cheque.number, cheque_bank=cheque.bank)  # fmt: skip
        case ledger.AdjustmentPosted():
            _put(rows, fact, event.postings, amount_cents=event.amount_cents, reason=event.reason)
        case ledger.RefundIssued():
            cheque = event.cheque or ledger.ChequeFacts(number="")
            _put(rows, fact, event.postings, amount_cents=event.amount_cents, means=event.means,
                 cheque_number=cheque.number, cheque_bank=cheque.bank)  # fmt: skip
        case ledger.BalanceTransferred():
            _put(rows, fact, event.postings, amount_cents=event.amount_cents)
        case ledger.EntryReversed() | ledger.PaymentReversed():
            _reverse(rows, fact, event)
        case ledger.TillOpened():
            _put(rows, fact, event.postings, entry_id=event.till_id, amount_cents=event.float_cents,
                 till_id=event.till_id, distribution_id=event.distribution_id)  # fmt: skip
        case ledger.DifferenceExplained():
            _put(rows, fact, event.postings, amount_cents=event.difference_cents, till_id=event.till_id,
                 reason=event.explanation)  # fmt: skip


def _line(line: ledger.ChargedLine) -> dict[str, Any]:
    return {
        "product_id": line.product_id,
        "name": line.name,
        "quantity": line.quantity,
        "weight_g": line.weight_g,
        "unit_price_cents": line.unit_price_cents,
        "amount_cents": line.amount_cents,
        "kind": line.kind,
    }


def _reverse(rows: Rows, fact: Fact, event: ledger.EntryReversed | ledger.PaymentReversed) -> None:
    reversed_entry = rows.get(headers, event.reverses) or {}
    kept = {name: reversed_entry.get(name, "") for name in ("till_id", "distribution_id", "order_id", "means")}
    _put(rows, fact, event.postings, amount_cents=-int(reversed_entry.get("amount_cents") or 0), reason=event.reason,
         reverses=event.reverses, **kept)  # fmt: skip
    rows.change(headers, event.reverses, reversed_by=event.entry_id)


def _put(rows: Rows, fact: Fact, entry_postings: list[ledger.Posting], **values: Any) -> None:
    event: Any = fact.event
    if sum(posting.amount_cents for posting in entry_postings):
        raise ValueError(f"the postings of {fact.id} do not sum to zero")
    household_id = getattr(event, "household_id", "")
    account = accounts.eater(household_id)
    touching = [posting.amount_cents for posting in entry_postings if posting.account == account]
    meta, group_id, position = fact.meta, event.group_id, fact.position
    entry_id = values.setdefault("entry_id", getattr(event, "entry_id", ""))
    row = {
        **_UNSAID,
        "lines": [],
        "position": position,
        "event_id": fact.id,
        "kind": fact.name.partition(".")[2],
        "at": meta.at,
        "actor": meta.actor,
        "role": meta.role,
        "on_behalf_of": meta.on_behalf_of,
        "cause": meta.cause,
        "group_id": group_id,
        "household_id": household_id,
        "effect_cents": sum(touching),
        "touches_eater": int(bool(touching)),
        **values,
    }
    for name in _OF_CONTRACTS:
        row[name] = getattr(event, name, "")
    rows.put(headers, **row)
    for line, posting in enumerate(entry_postings):
        rows.put(postings, entry_id=entry_id, line=line, position=position, group_id=group_id,
                 account=posting.account, amount_cents=posting.amount_cents)  # fmt: skip


view = View("entries", (headers, postings), ("ledger.",), apply, version=2)  # 2: contracts


# -- queries -------------------------------------------------------------------------------------------------------


def entry(db: Database, entry_id: str) -> Row | None:
    return db.row(sa.select(headers).where(headers.c.entry_id == entry_id))


def postings_of(db: Database, entry_id: str) -> list[Row]:
    """account, amount_cents of one entry, in its order."""
    columns = (postings.c.account, postings.c.amount_cents)
    return db.rows(sa.select(*columns).where(postings.c.entry_id == entry_id).order_by(postings.c.line))


def of_household(db: Database, household_id: str, *, since: str = "", until: str = "") -> list[Row]:
    """Entries that touch the household's balance, oldest first; `until` includes its instant, `since` too."""
    query = sa.select(headers).where(headers.c.household_id == household_id, headers.c.touches_eater == 1)
    if since:
        query = query.where(headers.c.at >= since)
    if until:
        query = query.where(headers.c.at <= until)
    # The newest ones, when there are more than a person can read.
    found = db.rows(query.order_by(headers.c.position.desc()).limit(LONGEST_STATEMENT))
    return found[::-1]


def effect_before(db: Database, household_id: str, position: int) -> int:
    """The balance in cents before a position of the log."""
    query = sa.select(sa.func.coalesce(sa.func.sum(headers.c.effect_cents), 0)).where(
        headers.c.household_id == household_id, headers.c.position < position
    )
    return int(db.value(query))


def balance_as_of(db: Database, household_id: str, instant: str) -> int:
    query = sa.select(sa.func.coalesce(sa.func.sum(headers.c.effect_cents), 0)).where(
        headers.c.household_id == household_id, headers.c.at <= instant
    )
    return int(db.value(query))


def journal_of(db: Database, group_id: str) -> list[tuple[Row, list[Row]]]:
    """Every entry of a group with its postings, in the order of the log."""
    entries = db.rows(sa.select(headers).where(headers.c.group_id == group_id).order_by(headers.c.position))
    by_entry: dict[str, list[Row]] = {}
    for posting in db.rows(
        sa.select(postings).where(postings.c.group_id == group_id).order_by(postings.c.entry_id, postings.c.line)
    ):
        by_entry.setdefault(posting["entry_id"], []).append(posting)
    return [(found, by_entry.get(found["entry_id"], [])) for found in entries]


def by_ids(db: Database, entry_ids: Sequence[str]) -> list[Row]:
    """Entries in the order of the log; one read."""
    return db.rows(sa.select(headers).where(headers.c.entry_id.in_(list(entry_ids))).order_by(headers.c.position))
