"""Stream `account-<household>`: what a household is charged with and credited for outside the till.

Payments at a till stand in the till's own stream; the balance of a household is the sum over both (see views/balances).
S0:42-49: supervise accounts, computed balances, prepayment cheques. Nothing is edited, only reversed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import msgspec
from immutables import Map
from msgspec.structs import replace

from grenier.decider import Decider
from grenier.errors import Rejected
from grenier.language.ledger import (
    AdjustmentPosted,
    BalanceTransferred,
    BalanceWentNegative,
    ChargedLine,
    ChequeFacts,
    DuesReceived,
    EntryReversed,
    GoodsCharged,
    Means,
    PaymentRequested,
    PaymentRequestWithdrawn,
    Posting,
    PrepaymentReceived,
    RefundIssued,
    StatementIssued,
)
from ledger_svc import accounts, contract_account
from ledger_svc.contract_account import (
    ContractBooks,
    IssueRefund,
    IssueStatement,
    NoteNegative,
    RequestPayment,
    TransferBalance,
    WithdrawRequest,
)

# -- commands ------------------------------------------------------------------------------------------------------


class ChargeGoods(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-off becomes a charge; `entry_id` derives from the sign-off's event."""

    entry_id: str
    sign_off_id: str
    group_id: str
    household_id: str
    distribution_id: str
    order_id: str
    lines: list[ChargedLine]
    amount_cents: int
    contract_id: str = ""
    cycle_id: str = ""


class ReverseCharge(msgspec.Struct, frozen=True, kw_only=True):
    """The sign-off was undone, so its charge is."""

    entry_id: str
    sign_off_id: str
    reason: str


class ReceivePrepayment(msgspec.Struct, frozen=True, kw_only=True):
    entry_id: str
    group_id: str
    household_id: str
    amount_cents: int
    cheque: ChequeFacts
    contract_id: str = ""
    # The person whose cheque it is, when it is not the household's own.
    holder_id: str = ""


class ReceiveDues(msgspec.Struct, frozen=True, kw_only=True):
    entry_id: str
    group_id: str
    household_id: str
    membership_id: str
    amount_cents: int
    means: Means
    cheque: ChequeFacts | None = None


class PostAdjustment(msgspec.Struct, frozen=True, kw_only=True):
    """`amount_cents` is positive in favour of the household."""

    entry_id: str
    group_id: str
    household_id: str
    amount_cents: int
    reason: str
    contract_id: str = ""


class ReverseEntry(msgspec.Struct, frozen=True, kw_only=True):
    entry_id: str
    reverses: str
    reason: str


class TakeBack(msgspec.Struct, frozen=True, kw_only=True):
    """What the entry stood for was undone elsewhere; one that was reversed by hand meanwhile stays as it is."""

    entry_id: str
    reverses: str
    reason: str


Command = (
    ChargeGoods
    | ReverseCharge
    | ReceivePrepayment
    | ReceiveDues
    | PostAdjustment
    | ReverseEntry
    | TakeBack
    | NoteNegative
    | IssueStatement
    | IssueRefund
    | RequestPayment
    | WithdrawRequest
    | TransferBalance
)
Posted = GoodsCharged | PrepaymentReceived | DuesReceived | AdjustmentPosted | RefundIssued | BalanceTransferred
Event = Posted | EntryReversed | BalanceWentNegative | StatementIssued | PaymentRequested | PaymentRequestWithdrawn


# -- state ---------------------------------------------------------------------------------------------------------


class Entry(msgspec.Struct, frozen=True):
    """What a reversal must know; `reversed_by` "" while it stands, `is_reversal` when it reverses another one."""

    group_id: str
    household_id: str
    postings: tuple[Posting, ...]
    reversed_by: str = ""
    is_reversal: bool = False
    contract_id: str = ""
    to_contract_id: str = ""


class Account(msgspec.Struct, frozen=True):
    # Maps that share what they have in common: an account of a thousand entries is not copied a thousand times.
    entries: Map[str, Entry] = msgspec.field(default_factory=Map)
    # The entry that charges a sign-off; the latest one, as a household may sign off again after an undo.
    charges: Map[str, str] = msgspec.field(default_factory=Map)
    # What it has in each contract, and what it was told of it.
    books: ContractBooks = msgspec.field(default_factory=ContractBooks)

    def stands(self, entry_id: str) -> bool:
        entry = self.entries.get(entry_id)
        return entry is not None and not entry.reversed_by


# -- decide --------------------------------------------------------------------------------------------------------


def decide(account: Account, command: Command) -> Sequence[Event]:
    match command:
        case ChargeGoods():
            return charge_goods(account, command)
        case ReverseCharge():
            return reverse_charge(account, command)
        case ReceivePrepayment():
            return receive_prepayment(account, command)
        case ReceiveDues():
            return receive_dues(account, command)
        case PostAdjustment():
            return post_adjustment(account, command)
        case ReverseEntry():
            return reverse_entry(account, command)
        case TakeBack():
            return take_back(account, command)
        case NoteNegative():
            return contract_account.note_negative(command)
        case IssueStatement():
            return contract_account.issue_statement(account.books, command)
        case IssueRefund():
            return [] if command.entry_id in account.entries else contract_account.issue_refund(account.books, command)
        case RequestPayment():
            return contract_account.request_payment(account.books, command)
        case WithdrawRequest():
            return contract_account.withdraw_request(account.books, command)
        case TransferBalance():
            return [] if command.entry_id in account.entries else contract_account.transfer(account.books, command)
        case _:
            assert_never(command)


def charge_goods(account: Account, command: ChargeGoods) -> list[Event]:
    """A sign-off is charged once, however often it is delivered; free goods leave a line of zero cents all the same."""
    if command.entry_id in account.entries or account.stands(account.charges.get(command.sign_off_id, "")):
        return []
    postings = accounts.balanced(
        (accounts.eater(command.household_id), -command.amount_cents),
        (accounts.sales(command.group_id), command.amount_cents),
    )
    return [
        GoodsCharged(
            entry_id=command.entry_id,
            group_id=command.group_id,
            household_id=command.household_id,
            distribution_id=command.distribution_id,
            order_id=command.order_id,
            amount_cents=command.amount_cents,
            lines=command.lines,
            postings=postings,
            sign_off_id=command.sign_off_id,
            contract_id=command.contract_id,
            cycle_id=command.cycle_id,
        )
    ]


def reverse_charge(account: Account, command: ReverseCharge) -> list[Event]:
    charge = account.charges.get(command.sign_off_id, "")
    return take_back(account, TakeBack(entry_id=command.entry_id, reverses=charge, reason=command.reason))


def receive_prepayment(account: Account, command: ReceivePrepayment) -> list[Event]:
    if command.entry_id in account.entries:
        return []
    postings = accounts.balanced(
        (accounts.eater(command.household_id), command.amount_cents),
        (accounts.desk(command.group_id, "cheque"), -command.amount_cents),
    )
    return [PrepaymentReceived(**msgspec.structs.asdict(command), postings=postings)]


def receive_dues(account: Account, command: ReceiveDues) -> list[Event]:
    """Dues are paid for a membership and do not touch the eater's balance."""
    if command.entry_id in account.entries:
        return []
    postings = accounts.balanced(
        (accounts.dues(command.group_id), command.amount_cents),
        (accounts.desk(command.group_id, command.means), -command.amount_cents),
    )
    return [DuesReceived(**msgspec.structs.asdict(command), postings=postings)]


def post_adjustment(account: Account, command: PostAdjustment) -> list[Event]:
    if command.entry_id in account.entries:
        return []
    postings = accounts.balanced(
        (accounts.eater(command.household_id), command.amount_cents),
        (accounts.adjustment(command.group_id), -command.amount_cents),
    )
    return [AdjustmentPosted(**msgspec.structs.asdict(command), postings=postings)]


def reverse_entry(account: Account, command: ReverseEntry) -> list[Event]:
    if command.entry_id in account.entries:
        return []
    entry = account.entries.get(command.reverses)
    if entry is None:
        raise Rejected("entry-unknown", entry_id=command.reverses)
    if entry.is_reversal:
        raise Rejected("reversal-is-final", entry_id=command.reverses)
    if entry.reversed_by:
        raise Rejected("already-reversed", entry_id=command.reverses, reversed_by=entry.reversed_by)
    return [_reversal(account, command.entry_id, command.reverses, command.reason)]


def take_back(account: Account, command: TakeBack) -> list[Event]:
    if not account.stands(command.reverses):
        return []
    return [_reversal(account, command.entry_id, command.reverses, command.reason)]


def _reversal(account: Account, entry_id: str, reverses: str, reason: str) -> EntryReversed:
    entry = account.entries[reverses]
    return EntryReversed(
        entry_id=entry_id,
        reverses=reverses,
        group_id=entry.group_id,
        household_id=entry.household_id,
        reason=reason,
        postings=accounts.turned(entry.postings),
        contract_id=entry.contract_id,
        to_contract_id=entry.to_contract_id,
    )


# -- evolve --------------------------------------------------------------------------------------------------------


def evolve(account: Account, event: Event) -> Account:
    match event:
        case GoodsCharged():
            charged = _with_entry(account, event)
            return replace(charged, charges=account.charges.set(event.sign_off_id, event.entry_id))
        case PrepaymentReceived() | DuesReceived() | AdjustmentPosted() | RefundIssued() | BalanceTransferred():
            return _with_entry(account, event)
        case EntryReversed():
            reversed_one = replace(account.entries[event.reverses], reversed_by=event.entry_id)
            reversal = Entry(event.group_id, event.household_id, tuple(event.postings), is_reversal=True)
            entries = account.entries.set(event.reverses, reversed_one).set(event.entry_id, reversal)
            return replace(account, entries=entries, books=contract_account.booked(account.books, event))
        case BalanceWentNegative():
            return account
        case StatementIssued() | PaymentRequested() | PaymentRequestWithdrawn():
            return replace(account, books=contract_account.told(account.books, event))
        case _:
            assert_never(event)


def _with_entry(account: Account, event: Posted) -> Account:
    contract_id, to_contract_id = getattr(event, "contract_id", ""), getattr(event, "to_contract_id", "")
    entry = Entry(
        event.group_id,
        event.household_id,
        tuple(event.postings),
        contract_id=contract_id,
        to_contract_id=to_contract_id,
    )
    books = contract_account.booked(account.books, event) if contract_id else account.books
    return replace(account, entries=account.entries.set(event.entry_id, entry), books=books)


decider: Decider[Account, Command, Event] = Decider("account", Account(), decide, evolve)
