"""Which households were asked to share a basket, and what did they say? (S0:28)"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from contracts_svc.views.contracts import deliveries
from contracts_svc.views.subscriptions import contracts, subscriptions
from grenier.language import season, sharing
from grenier.readmodel import Database, Fact, Row, Rows, View

_meta = sa.MetaData()
proposals = sa.Table(
    "sharing_proposals",
    _meta,
    sa.Column("proposal_id", sa.Text, primary_key=True),
    # In the order in which they were made.
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("subscription_id", sa.Text, nullable=False, index=True),
    sa.Column("contract_id", sa.Text, nullable=False, index=True),
    sa.Column("group_id", sa.Text, nullable=False),
    sa.Column("household_id", sa.Text, nullable=False),
    sa.Column("person_id", sa.Text, nullable=False),
    # "": nobody of the group uses the address that was typed.
    sa.Column("to_household_id", sa.Text, nullable=False, index=True),
    sa.Column("anchor_delivery_id", sa.Text, nullable=False),
    # open, accepted, declined, withdrawn; lapsed: the subscription, its contract or its dates came to their end first.
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("answered_by", sa.Text, nullable=False),
    sa.Column("proposed_at", sa.Text, nullable=False),
    sa.Column("answered_at", sa.Text),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case sharing.SharingProposed() as e:
            rows.put(proposals, proposal_id=e.proposal_id, place=fact.revision, subscription_id=e.subscription_id,
                     contract_id=e.contract_id, group_id=e.group_id, household_id=e.household_id,
                     person_id=e.person_id, to_household_id=e.to_household_id, anchor_delivery_id=e.anchor_delivery_id,
                     state="open", answered_by="", proposed_at=fact.at, answered_at=None)  # fmt: skip
        case sharing.SharingAccepted() as e:
            _answer(rows, e.proposal_id, "accepted", fact, e.person_id)
        case sharing.SharingDeclined() as e:
            _answer(rows, e.proposal_id, "declined", fact, e.person_id)
        case sharing.SharingWithdrawn() as e:
            _answer(rows, e.proposal_id, "withdrawn", fact, fact.meta.actor)
        case sharing.SharingLapsed() as e:
            _answer(rows, e.proposal_id, "lapsed", fact, "")
        case season.SharersSet() as e:
            for row in _open(rows, subscription_id=e.subscription_id):
                if row["to_household_id"] in e.household_ids:
                    _answer(rows, row["proposal_id"], "accepted", fact, fact.meta.actor)
        case season.SubscriptionDeclined() | season.SubscriptionEnded() as e:
            for row in _open(rows, subscription_id=e.subscription_id):
                _answer(rows, row["proposal_id"], "lapsed", fact, "")
        case season.ContractEnded() as e:
            for row in _open(rows, contract_id=e.contract_id):
                _answer(rows, row["proposal_id"], "lapsed", fact, "")


def _open(rows: Rows, **of: str) -> list[Row]:
    """Those without an answer, of a subscription or of a contract."""
    return [row for row in rows.where(proposals, **of) if row["state"] == "open"]


def _answer(rows: Rows, proposal_id: str, state: str, fact: Fact, person_id: str) -> None:
    rows.change(proposals, proposal_id, state=state, answered_by=person_id, answered_at=fact.at)


view = View(
    name="sharing",
    tables=(proposals,),
    reads=(
        "contracts.sharing-",
        "contracts.sharers-set",
        "contracts.subscription-declined",
        "contracts.subscription-ended",
        "contracts.contract-ended",
    ),
    apply=apply,
    version=3,  # 2: paper answers; 3: proposals that lapse
)

_p = proposals.c
_WITH_SUBSCRIPTION: Any = (
    sa.select(
        proposals,
        contracts.c.title.label("contract_title"),
        contracts.c.complement.label("contract_complement"),
        contracts.c.state.label("contract_state"),
        subscriptions.c.lines,
        subscriptions.c.amount_cents,
        subscriptions.c.starts_on,
        subscriptions.c.household_ids,
    )
    .join(subscriptions, subscriptions.c.subscription_id == _p.subscription_id)
    .join(contracts, contracts.c.contract_id == _p.contract_id)
)


def without_dates(db: Database, day: str) -> list[Row]:
    """Open proposals in contracts of which nothing is delivered from this day on."""
    d = deliveries.c
    left = sa.exists().where(d.contract_id == _p.contract_id, d.cancelled == 0, d.day >= day)
    query = sa.select(proposals).where(_p.state == "open", sa.not_(left))
    return db.rows(query.order_by(_p.proposed_at, _p.proposal_id))


def proposal(db: Database, proposal_id: str) -> Row | None:
    return db.row(_WITH_SUBSCRIPTION.where(_p.proposal_id == proposal_id))


def of_subscription(db: Database, subscription_id: str) -> list[Row]:
    """The latest first."""
    return db.rows(_WITH_SUBSCRIPTION.where(_p.subscription_id == subscription_id).order_by(_p.place.desc()))


def to_answer(db: Database, household_id: str) -> list[Row]:
    """What a household was asked and has not answered, the oldest first."""
    query = _WITH_SUBSCRIPTION.where(
        _p.to_household_id == household_id, _p.state == "open", contracts.c.state == "opened"
    )
    return db.rows(query.order_by(_p.proposed_at, _p.proposal_id))
