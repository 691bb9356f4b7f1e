"""The payloads of the doors, typed: what may be asked, with which bounds. A wrong shape is Invalid with the field."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from grenier.language.ledger import Means

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
# A hundred thousand euros: more than any till or cheque of a purchasing group.
Amount = Annotated[int, msgspec.Meta(gt=0, le=10_000_000)]
Pieces = Annotated[int, msgspec.Meta(ge=0, le=100_000)]


class _Ask(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    pass


class Cheque(_Ask):
    number: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    bank: Annotated[str, msgspec.Meta(max_length=80)] = ""


class OpenTill(_Ask):
    group_id: Id
    float_cents: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)]
    distribution_id: str = ""


class TakePayment(_Ask):
    till_id: Id
    household_id: Id
    means: Means
    amount_cents: Amount
    entry_id: str = ""
    cheque: Cheque | None = None


class ReversePayment(_Ask):
    till_id: Id
    entry_id: Id
    reason: Text


class CountCash(_Ask):
    till_id: Id
    coins: dict[int, Pieces]
    cheque_entry_ids: list[str] = []


class ExplainDifference(_Ask):
    till_id: Id
    explanation: Text


class OfTill(_Ask):
    till_id: Id


class ReceivePrepayment(_Ask):
    household_id: Id
    amount_cents: Amount
    number: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    bank: Annotated[str, msgspec.Meta(max_length=80)] = ""
    entry_id: str = ""
    contract_id: str = ""
    holder_id: str = ""


class ReceiveDues(_Ask):
    household_id: Id
    amount_cents: Amount
    means: Means
    membership_id: str = ""
    entry_id: str = ""
    cheque: Cheque | None = None


class PostAdjustment(_Ask):
    household_id: Id
    amount_cents: Annotated[int, msgspec.Meta(ge=-10_000_000, le=10_000_000)]
    reason: Text
    entry_id: str = ""
    contract_id: str = ""


class ReverseEntry(_Ask):
    household_id: Id
    entry_id: Id
    reason: Text


class PreviewReversal(_Ask):
    household_id: Id
    entry_id: Id


class AnnounceNegative(_Ask):
    """Of a group, or of one contract."""

    group_id: str = ""
    household_ids: list[str] | None = None
    contract_id: str = ""


class OfHousehold(_Ask):
    household_id: Id


class Balance(_Ask):
    household_id: Id
    as_of: datetime | None = None


class Statement(_Ask):
    household_id: Id
    as_of: datetime | None = None
    since: datetime | None = None


class OfEntry(_Ask):
    entry_id: Id


class Accounts(_Ask):
    group_id: Id
    negative: bool = False
    household_ids: list[str] | None = None
    page: Annotated[int, msgspec.Meta(ge=1)] = 1
    size: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100


class OfGroup(_Ask):
    group_id: Id


class ExportJournal(_Ask):
    group_id: Id
    form: Literal["hledger", "beancount"] = "hledger"


class TrialBalance(_Ask):
    group_id: str = ""
    host_id: str = ""


# -- contracts -----------------------------------------------------------------------------------------------------


class OfContract(_Ask):
    contract_id: Id


class ContractAccounts(_Ask):
    contract_id: Id
    negative: bool = False
    page: Annotated[int, msgspec.Meta(ge=1)] = 1
    size: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100


class ContractStatement(_Ask):
    contract_id: Id
    household_id: Id
    as_of: datetime | None = None
    since: datetime | None = None


class OfRound(_Ask):
    cycle_id: Id


class Act(_Ask):
    """What is done about one household's balance: `amount_cents` is the balance as it was looked at, with its sign."""

    household_id: Id
    act: Literal["refund", "request", "transfer"]
    amount_cents: Annotated[int, msgspec.Meta(ge=-10_000_000, le=10_000_000)]
    means: Literal["cheque", "transfer"] = "transfer"
    number: Annotated[str, msgspec.Meta(max_length=40)] = ""
    bank: Annotated[str, msgspec.Meta(max_length=80)] = ""
    to_contract_id: str = ""


class Settle(_Ask):
    contract_id: Id
    acts: Annotated[list[Act], msgspec.Meta(min_length=1, max_length=2000)]


class WithdrawRequest(_Ask):
    request_id: Id
    reason: Text
