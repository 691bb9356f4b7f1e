"""A household's books of its contracts: what it has in each, what it was told, how a season ends (S0:42-49). Pure.

Part of the stream `account-<household>`; called by account.decide. Money of a contract never passes a till (an AMAP takes
none at a distribution), so this stream alone says what a household has in a contract.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal
from uuid import UUID, uuid5

import msgspec
from immutables import Map

from grenier.errors import Rejected
from grenier.language.ledger import (
    BalanceTransferred,
    BalanceWentNegative,
    ChequeFacts,
    GoodsCharged,
    PaymentRequested,
    PaymentRequestWithdrawn,
    PrepaymentReceived,
    RefundIssued,
    StatementIssued,
)
from ledger_svc import accounts

# -- commands ------------------------------------------------------------------------------------------------------


class IssueStatement(msgspec.Struct, frozen=True, kw_only=True):
    """`statement_id` follows from round and household: the same round is told once, and again after a correction."""

    statement_id: str
    group_id: str
    household_id: str
    contract_id: str
    cycle_id: str


class IssueRefund(msgspec.Struct, frozen=True, kw_only=True):
    entry_id: str
    group_id: str
    household_id: str
    contract_id: str
    amount_cents: int
    means: Literal["cheque", "transfer"]
    cheque: ChequeFacts | None = None


class RequestPayment(msgspec.Struct, frozen=True, kw_only=True):
    """`amount_cents`, what is asked for, is what the household owes in this contract."""

    request_id: str
    group_id: str
    household_id: str
    contract_id: str
    amount_cents: int


class WithdrawRequest(msgspec.Struct, frozen=True, kw_only=True):
    request_id: str
    reason: str


class TransferBalance(msgspec.Struct, frozen=True, kw_only=True):
    """`amount_cents` with its sign: a credit or a debt goes over to the next contract."""

    entry_id: str
    group_id: str
    household_id: str
    contract_id: str
    to_contract_id: str
    amount_cents: int


class NoteNegative(msgspec.Struct, frozen=True, kw_only=True):
    """`balance_cents` over all of the household's entries, the till's included; or of one contract."""

    group_id: str
    household_id: str
    balance_cents: int
    contract_id: str = ""


# -- state ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Since:
    """What was booked behind the last statement of a contract, in cents; `charged` counts what goods cost."""

    charged: int = 0
    paid: int = 0
    other: int = 0


NOTHING = Since()


@dataclass(frozen=True)
class ContractBooks:
    """Per contract: `balances` in cents, `told` the closing of the last statement, `since` what came behind it."""

    balances: Map[str, int] = field(default_factory=Map)
    told: Map[str, int] = field(default_factory=Map)
    since: Map[str, Since] = field(default_factory=Map)
    statements: Map[str, bool] = field(default_factory=Map)
    requests: Map[str, PaymentRequested] = field(default_factory=Map)

    def balance(self, contract_id: str) -> int:
        return self.balances.get(contract_id, 0)


# -- decide --------------------------------------------------------------------------------------------------------


def issue_statement(books: ContractBooks, command: IssueStatement) -> list[StatementIssued]:
    since = books.since.get(command.contract_id, NOTHING)
    statement_id = command.statement_id
    if statement_id in books.statements:
        if since == NOTHING:
            return []
        # Something was corrected meanwhile: the household is told anew.
        statement_id = str(uuid5(UUID(statement_id), str(len(books.statements))))
    return [
        StatementIssued(
            statement_id=statement_id,
            group_id=command.group_id,
            household_id=command.household_id,
            contract_id=command.contract_id,
            cycle_id=command.cycle_id,
            opening_cents=books.told.get(command.contract_id, 0),
            charged_cents=since.charged,
            paid_cents=since.paid,
            other_cents=since.other,
            closing_cents=books.balance(command.contract_id),
        )
    ]


def issue_refund(books: ContractBooks, command: IssueRefund) -> list[RefundIssued]:
    balance = books.balance(command.contract_id)
    if not 0 < command.amount_cents <= balance:
        raise Rejected("balance-changed", contract_id=command.contract_id, balance_cents=balance)
    postings = accounts.balanced(
        (accounts.eater(command.household_id), -command.amount_cents),
        (accounts.bank(command.group_id), command.amount_cents),
    )
    return [
        RefundIssued(
            entry_id=command.entry_id,
            group_id=command.group_id,
            household_id=command.household_id,
            contract_id=command.contract_id,
            amount_cents=command.amount_cents,
            means=command.means,
            postings=postings,
            cheque=command.cheque,
        )
    ]


def request_payment(books: ContractBooks, command: RequestPayment) -> list[PaymentRequested]:
    balance = books.balance(command.contract_id)
    if command.request_id in books.requests:
        return []
    if command.amount_cents <= 0 or command.amount_cents != -balance:
        raise Rejected("balance-changed", contract_id=command.contract_id, balance_cents=balance)
    same = (command.contract_id, command.amount_cents)
    if any((asked.contract_id, asked.amount_cents) == same for asked in books.requests.values()):
        return []
    return [
        PaymentRequested(
            request_id=command.request_id,
            group_id=command.group_id,
            household_id=command.household_id,
            contract_id=command.contract_id,
            amount_cents=command.amount_cents,
        )
    ]


def withdraw_request(books: ContractBooks, command: WithdrawRequest) -> list[PaymentRequestWithdrawn]:
    asked = books.requests.get(command.request_id)
    if asked is None:
        return []
    return [
        PaymentRequestWithdrawn(
            request_id=command.request_id,
            group_id=asked.group_id,
            household_id=asked.household_id,
            contract_id=asked.contract_id,
            reason=command.reason,
        )
    ]


def transfer(books: ContractBooks, command: TransferBalance) -> list[BalanceTransferred]:
    balance, amount = books.balance(command.contract_id), command.amount_cents
    if command.contract_id == command.to_contract_id:
        raise Rejected("same-contract", contract_id=command.contract_id)
    if not (0 < amount <= balance or balance <= amount < 0):
        raise Rejected("balance-changed", contract_id=command.contract_id, balance_cents=balance)
    account = accounts.eater(command.household_id)
    return [
        BalanceTransferred(
            entry_id=command.entry_id,
            group_id=command.group_id,
            household_id=command.household_id,
            contract_id=command.contract_id,
            to_contract_id=command.to_contract_id,
            amount_cents=amount,
            postings=accounts.balanced((account, -amount), (account, amount)),
        )
    ]


def note_negative(command: NoteNegative) -> list[BalanceWentNegative]:
    if command.balance_cents >= 0:
        return []
    return [
        BalanceWentNegative(
            group_id=command.group_id,
            household_id=command.household_id,
            balance_cents=command.balance_cents,
            contract_id=command.contract_id,
        )
    ]


# -- evolve --------------------------------------------------------------------------------------------------------


def booked(books: ContractBooks, event: Any) -> ContractBooks:
    """An entry that speaks of a contract, or the reversal of one."""
    balances, since = books.balances, books.since
    for contract_id, cents in accounts.contract_effects(event).items():
        balances = balances.set(contract_id, balances.get(contract_id, 0) + cents)
        before = since.get(contract_id, NOTHING)
        match event:
            case GoodsCharged():
                after = replace(before, charged=before.charged - cents)
            case PrepaymentReceived():
                after = replace(before, paid=before.paid + cents)
            case _:
                after = replace(before, other=before.other + cents)
        since = since.set(contract_id, after)
    return replace(books, balances=balances, since=since)


def told(books: ContractBooks, event: StatementIssued | PaymentRequested | PaymentRequestWithdrawn) -> ContractBooks:
    match event:
        case StatementIssued():
            return replace(
                books,
                told=books.told.set(event.contract_id, event.closing_cents),
                since=books.since.set(event.contract_id, NOTHING),
                statements=books.statements.set(event.statement_id, True),
            )
        case PaymentRequested():
            return replace(books, requests=books.requests.set(event.request_id, event))
        case PaymentRequestWithdrawn():
            return replace(books, requests=books.requests.delete(event.request_id))
