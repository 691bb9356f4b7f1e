"""Facts of ledger-svc: balanced postings in integer cents, each naming what caused it.

These types are the stored format. Change them only through versions and upcasts (see registry.py).
The postings of one event sum to zero, so the sum over all accounts is zero at every position of the log.
Accounts: "eater:<household>" (positive: the household has money here, negative: it owes), "till:<till>:cash",
"till:<till>:cheque", "cheques:<group>" (cheques in custody), "cash:<group>" (cash taken at a desk), "sales:<group>", "dues:<group>",
"float:<group>", "adjustment:<group>", "difference:<group>", "bank:<group>" (transfers out). An eater account is credited by a
payment (+) and debited by goods (−). `contract_id`, where an event has one, says of which contract the entry speaks: a
household's balance of a contract is the sum over its entries (S0:46).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from grenier.language.registry import Event, Part, event

Means = Literal["cash", "cheque"]


class Posting(Part, frozen=True, kw_only=True):
    account: str
    amount_cents: int


class ChequeFacts(Part, frozen=True, kw_only=True):
    """What stands on a cheque, without the person's name (that is the household's)."""

    number: str
    bank: str = ""


class ChargedLine(Part, frozen=True, kw_only=True):
    product_id: str
    quantity: int
    weight_g: int
    amount_cents: int
    kind: str
    name: str = ""
    unit_price_cents: int = 0


@event("ledger.goods-charged", public=("entry_id", "group_id", "distribution_id", "amount_cents"))
class GoodsCharged(Event, frozen=True, kw_only=True):
    """A signed-off distribution debits the household with what was really taken."""

    entry_id: str
    group_id: str
    household_id: str
    distribution_id: str
    order_id: str
    amount_cents: int
    lines: list[ChargedLine]
    postings: list[Posting]
    sign_off_id: str = ""
    contract_id: str = ""
    cycle_id: str = ""


@event("ledger.prepayment-received", public=("entry_id", "group_id", "amount_cents"))
class PrepaymentReceived(Event, frozen=True, kw_only=True):
    """S0:48: a cheque in advance, credited to the eater's account. `holder_id`: the person whose cheque it is."""

    entry_id: str
    group_id: str
    household_id: str
    amount_cents: int
    cheque: ChequeFacts
    postings: list[Posting]
    contract_id: str = ""
    holder_id: str = ""


@event("ledger.dues-received", public=("entry_id", "group_id", "amount_cents", "means"))
class DuesReceived(Event, frozen=True, kw_only=True):
    entry_id: str
    group_id: str
    household_id: str
    membership_id: str
    amount_cents: int
    means: Means
    postings: list[Posting]
    cheque: ChequeFacts | None = None


@event("ledger.adjustment-posted", public=("entry_id", "group_id", "amount_cents"))
class AdjustmentPosted(Event, frozen=True, kw_only=True):
    """A correction in words and cents, positive in favour of the household."""

    entry_id: str
    group_id: str
    household_id: str
    amount_cents: int
    reason: str
    postings: list[Posting]
    contract_id: str = ""


@event("ledger.entry-reversed", public=("entry_id", "reverses", "group_id"))
class EntryReversed(Event, frozen=True, kw_only=True):
    """Extourne: the same postings with the opposite sign; nothing is ever edited."""

    entry_id: str
    reverses: str
    group_id: str
    household_id: str
    reason: str
    postings: list[Posting]
    # Of the reversed entry; a transfer between two contracts names the second one too.
    contract_id: str = ""
    to_contract_id: str = ""


@event("ledger.till-opened", public=("till_id", "group_id", "distribution_id", "float_cents"))
class TillOpened(Event, frozen=True, kw_only=True):
    till_id: str
    group_id: str
    distribution_id: str
    float_cents: int
    postings: list[Posting]


@event("ledger.payment-taken", public=("entry_id", "till_id", "group_id", "means", "amount_cents"))
class PaymentTaken(Event, frozen=True, kw_only=True):
    entry_id: str
    till_id: str
    group_id: str
    household_id: str
    means: Means
    amount_cents: int
    postings: list[Posting]
    cheque: ChequeFacts | None = None


@event("ledger.payment-reversed", public=("entry_id", "reverses", "till_id", "group_id", "means"))
class PaymentReversed(Event, frozen=True, kw_only=True):
    entry_id: str
    reverses: str
    till_id: str
    group_id: str
    household_id: str
    means: Means
    amount_cents: int
    reason: str
    postings: list[Posting]


@event("ledger.cash-counted", public=("till_id", "group_id", "counted_cents", "expected_cents", "difference_cents"))
class CashCounted(Event, frozen=True, kw_only=True):
    """S1:90-92. `coins`: {denomination in cents: pieces}; `cheque_entries`: the payments whose cheques lie here."""

    till_id: str
    group_id: str
    coins: dict[int, int]
    counted_cents: int
    expected_cents: int
    difference_cents: int
    cheques_counted: int
    cheques_expected: int
    cheques_cents: int
    cheque_entries: list[str] = msgspec.field(default_factory=list)


@event("ledger.difference-explained", public=("till_id", "group_id", "difference_cents"))
class DifferenceExplained(Event, frozen=True, kw_only=True):
    """The till is brought to what was counted; the difference stands in its own account, with its reason."""

    entry_id: str
    till_id: str
    group_id: str
    difference_cents: int
    explanation: str
    postings: list[Posting]


@event("ledger.till-closed", public=("till_id", "group_id", "cash_cents", "cheques_cents"))
class TillClosed(Event, frozen=True, kw_only=True):
    till_id: str
    group_id: str
    cash_cents: int
    cheques_cents: int


@event("ledger.balance-went-negative", public=("group_id",))
class BalanceWentNegative(Event, frozen=True, kw_only=True):
    """S0:47: the household is in the red and is to be told; may be repeated later."""

    group_id: str
    household_id: str
    balance_cents: int
    # "": over all; otherwise the balance of this contract.
    contract_id: str = ""


# -- statements and settlement of a contract -----------------------------------------------------------------------


@event("ledger.statement-issued", public=("group_id", "contract_id", "cycle_id"))
class StatementIssued(Event, frozen=True, kw_only=True):
    """S0:42: after a round the household is told how its account of the contract stands.

    opening + paid − charged + other = closing, where opening is the closing of the statement before.
    """

    statement_id: str
    group_id: str
    household_id: str
    contract_id: str
    cycle_id: str
    opening_cents: int
    charged_cents: int
    paid_cents: int
    other_cents: int
    closing_cents: int


@event("ledger.refund-issued", public=("entry_id", "group_id", "contract_id", "amount_cents", "means"))
class RefundIssued(Event, frozen=True, kw_only=True):
    """S0:49: what is left at the contract's end goes back to the household."""

    entry_id: str
    group_id: str
    household_id: str
    contract_id: str
    amount_cents: int
    means: Literal["cheque", "transfer"]
    postings: list[Posting]
    cheque: ChequeFacts | None = None


@event("ledger.payment-requested", public=("request_id", "group_id", "contract_id", "amount_cents"))
class PaymentRequested(Event, frozen=True, kw_only=True):
    """S0:49: what the household still owes at the end; nothing is posted before it pays."""

    request_id: str
    group_id: str
    household_id: str
    contract_id: str
    amount_cents: int


@event("ledger.payment-request-withdrawn", public=("request_id", "group_id", "contract_id"))
class PaymentRequestWithdrawn(Event, frozen=True, kw_only=True):
    request_id: str
    group_id: str
    household_id: str
    contract_id: str
    reason: str


@event("ledger.balance-transferred", public=("entry_id", "group_id", "contract_id", "to_contract_id", "amount_cents"))
class BalanceTransferred(Event, frozen=True, kw_only=True):
    """S0:49: from one contract to the next, `amount_cents` with its sign (a debt travels, too).

    Two opposite postings on the household's one account: the first of `contract_id`, the second of `to_contract_id`.
    """

    entry_id: str
    group_id: str
    household_id: str
    contract_id: str
    to_contract_id: str
    amount_cents: int
    postings: list[Posting]


@event("ledger.settlement-closed", public=("contract_id", "group_id"))
class SettlementClosed(Event, frozen=True, kw_only=True):
    """Every household's balance of the contract is zero: its books are closed. Stream: settlement-<contract_id>."""

    contract_id: str
    group_id: str
    households: int


@event("ledger.settlement-reopened", public=("contract_id", "group_id"))
class SettlementReopened(Event, frozen=True, kw_only=True):
    """Something was entered or reversed behind the closing."""

    contract_id: str
    group_id: str
    reason: str
