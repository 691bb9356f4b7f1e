"""Who has subscribed to what: every subscription with its state, dates, signatures and history (S0:28-30)."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from contracts_svc.rules.composing import composed_lines
from grenier.language import season
from grenier.language.registry import name_of
from grenier.readmodel import Fact, Json, Row, Rows, View

_meta = sa.MetaData()
contracts = sa.Table(
    "subscriptions_contracts",
    _meta,
    sa.Column("contract_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("producer_id", sa.Text, nullable=False, index=True),
    sa.Column("coordinator_id", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("complement", sa.Text, nullable=False),
    sa.Column("starts_on", sa.Text, nullable=False),
    sa.Column("ends_on", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("main_contract", sa.Integer, nullable=False),
)
subscriptions = sa.Table(
    "subscriptions_held",
    _meta,
    sa.Column("subscription_id", sa.Text, primary_key=True),
    # The order in which they were registered is that of the waiting list.
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("contract_id", sa.Text, nullable=False, index=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("household_id", sa.Text, nullable=False, index=True),
    sa.Column("person_id", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("lines", Json, nullable=False),
    sa.Column("starts_on", sa.Text, nullable=False),
    # The first day that is not taken any more; none: until the contract ends.
    sa.Column("ends_on", sa.Text),
    sa.Column("amount_cents", sa.Integer, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("means", sa.Text, nullable=False),
    sa.Column("household_ids", Json, nullable=False),
    sa.Column("anchor_delivery_id", sa.Text, nullable=False),
    sa.Column("co_person_ids", Json, nullable=False),
    sa.Column("absences", Json, nullable=False),
    sa.Column("series", sa.Text, nullable=False),
    sa.Column("replaces", sa.Text, nullable=False),
    sa.Column("replaced_by", sa.Text, nullable=False),
    # {party: instant}
    sa.Column("signed", Json, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("registered_at", sa.Text, nullable=False),
)
# Every household that eats from a subscription: the one that signs, and those who share with it.
eaters = sa.Table(
    "subscriptions_eaters",
    _meta,
    sa.Column("subscription_id", sa.Text, primary_key=True),
    sa.Column("household_id", sa.Text, primary_key=True, index=True),
)
signatures = sa.Table(
    "subscriptions_signatures",
    _meta,
    sa.Column("subscription_id", sa.Text, primary_key=True),
    sa.Column("party", sa.Text, primary_key=True),
    sa.Column("person_id", sa.Text, nullable=False),
    sa.Column("means", sa.Text, nullable=False),
    sa.Column("document_sha256", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
)
history = sa.Table(
    "subscriptions_history",
    _meta,
    sa.Column("subscription_id", sa.Text, primary_key=True),
    # Of the fact in the contract's stream.
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("event_id", sa.Text, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case season.ContractOpened() as e:
            rows.put(contracts, contract_id=e.contract_id, group_id=e.group_id, producer_id=e.producer_id,
                     coordinator_id=e.coordinator_id, title=e.terms.title, complement=e.terms.complement,
                     starts_on=e.terms.starts_on.isoformat(), ends_on=e.terms.ends_on.isoformat(),
                     state="opened", main_contract=int(e.terms.sign_up.main_contract))  # fmt: skip
        case season.ContractEnded() as e:
            rows.change(contracts, e.contract_id, state="ended")
        case season.SubscriptionRegistered() as e:
            _register(rows, e, fact)
        case season.SubscriptionPlaceGiven() as e:
            rows.change(subscriptions, e.subscription_id, state="to_confirm", starts_on=e.starts_on.isoformat(),
                        amount_cents=e.amount_cents)  # fmt: skip
        case season.SubscriptionConfirmed() as e:
            rows.change(subscriptions, e.subscription_id, state="confirmed")
        case season.SubscriptionDeclined() as e:
            rows.change(subscriptions, e.subscription_id, state="declined", reason=e.reason)
        case season.SubscriptionEnded() as e:
            _end(rows, e)
        case season.SubscriptionSigned() as e:
            _sign(rows, e, fact.at)
        case season.AbsencesSet() as e:
            rows.change(subscriptions, e.subscription_id, absences=e.delivery_ids)
        case season.BasketComposed() as e:
            _compose(rows, e)
        case season.SharersSet() as e:
            rows.change(subscriptions, e.subscription_id, household_ids=e.household_ids,
                        anchor_delivery_id=e.anchor_delivery_id)  # fmt: skip
            _share(rows, e.subscription_id, e.household_ids)
    _remember(rows, fact)


def _register(rows: Rows, e: season.SubscriptionRegistered, fact: Fact) -> None:
    rows.put(subscriptions, subscription_id=e.subscription_id, place=fact.revision, contract_id=e.contract_id,
             group_id=e.group_id, household_id=e.household_id, person_id=e.person_id,
             state="waiting" if e.waiting else "to_confirm", lines=msgspec.to_builtins(e.lines),
             starts_on=e.starts_on.isoformat(), ends_on=None, amount_cents=e.amount_cents, channel=e.channel,
             means=e.means, household_ids=e.household_ids, anchor_delivery_id=e.anchor_delivery_id,
             co_person_ids=e.co_person_ids, absences=e.absences, series=e.series, replaces=e.replaces, replaced_by="",
             signed={}, reason="", registered_at=fact.at)  # fmt: skip
    _share(rows, e.subscription_id, e.household_ids or [e.household_id])


def _share(rows: Rows, subscription_id: str, household_ids: list[str]) -> None:
    kept = set(household_ids) or {str(_held(rows, subscription_id)["household_id"])}
    for row in rows.where(eaters, subscription_id=subscription_id):
        if row["household_id"] not in kept:
            rows.delete(eaters, subscription_id, row["household_id"])
    for household_id in sorted(kept):
        rows.put(eaters, subscription_id=subscription_id, household_id=household_id)


def _held(rows: Rows, subscription_id: str) -> Row:
    return rows.get(subscriptions, subscription_id) or {"household_id": "", "lines": [], "signed": {}, "replaces": ""}


def _end(rows: Rows, e: season.SubscriptionEnded) -> None:
    """Ended for another one that begins that day: each names the other."""
    following = [row for row in rows.where(subscriptions, contract_id=e.contract_id, replaces=e.subscription_id)
                 if row["state"] == "confirmed"]  # fmt: skip
    rows.change(subscriptions, e.subscription_id, state="ended", ends_on=e.on.isoformat(), amount_cents=e.amount_cents,
                reason=e.reason, replaced_by=following[0]["subscription_id"] if following else "")  # fmt: skip


def _sign(rows: Rows, e: season.SubscriptionSigned, at: str) -> None:
    rows.put(signatures, subscription_id=e.subscription_id, party=e.party, person_id=e.person_id, means=e.means,
             document_sha256=e.document_sha256, at=at)  # fmt: skip
    signed = {**_held(rows, e.subscription_id)["signed"], e.party: at}
    rows.change(subscriptions, e.subscription_id, signed=signed)


def _compose(rows: Rows, e: season.BasketComposed) -> None:
    lines = msgspec.convert(_held(rows, e.subscription_id)["lines"], list[season.SubscribedLine])
    composed = msgspec.to_builtins(composed_lines(lines, e.delivery_id, e.quantities))
    rows.change(subscriptions, e.subscription_id, lines=composed, amount_cents=e.amount_cents)


def _remember(rows: Rows, fact: Fact) -> None:
    subscription_id = getattr(fact.event, "subscription_id", "")
    if subscription_id:
        rows.put(history, subscription_id=subscription_id, revision=fact.revision, event_id=fact.id,
                 event=name_of(type(fact.event)), at=fact.at, actor=fact.meta.actor, role=fact.meta.role)  # fmt: skip


view = View(
    name="subscriptions",
    tables=(contracts, subscriptions, eaters, signatures, history),
    reads=(
        "contracts.contract-opened",
        "contracts.contract-ended",
        "contracts.subscription-",
        "contracts.absences-set",
        "contracts.basket-composed",
        "contracts.sharers-set",
        "contracts.sharing-",
    ),
    apply=apply,
    version=3,  # 2: which contract is the group's main one; 3: proposals to share in the history
)
