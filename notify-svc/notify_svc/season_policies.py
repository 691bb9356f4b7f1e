"""Mails of a season: contracts on their way, subscriptions, dates that change, dues (S0:15-30, S0:51). The table is at the bottom."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from grenier.clock import iso
from grenier.language import ledger, season
from grenier.language.notify import Recipient
from grenier.readmodel import Fact, Row
from grenier.runtime import Policy, Runtime
from notify_svc.audience import recipients
from notify_svc.policies import say
from notify_svc.tokens import QUESTION_DAYS
from notify_svc.views import season as view

# Another subscription of the same household takes its place: that one is told.
REPLACED = "replaced"


def group_households(runtime: Runtime, group_id: str) -> list[Recipient]:
    return recipients(runtime.db, [row["household_id"] for row in runtime.access.households_in(group_id)])


def persons(*person_ids: str) -> list[Recipient]:
    return [Recipient(person_id=person_id) for person_id in dict.fromkeys(person_ids) if person_id]


# -- the contract's life -------------------------------------------------------------------------------------------


def ask_producer(runtime: Runtime, fact: Fact) -> None:
    """S0:23: the version goes to the producer's contact with a link that needs no account."""
    match fact.event:
        case season.ContractSubmitted() as e:
            params = {"contract_id": e.contract_id, "version": e.version}
            say(runtime, fact, "contract-to-approve", persons(e.person_id), e.group_id, params)


def tell_answer(runtime: Runtime, fact: Fact) -> None:
    match fact.event:
        case season.ContractApproved() as e:
            _tell_coordinator(runtime, fact, "contract-approved", e.contract_id, e.group_id)
        case season.ContractChangesRequested() as e:
            _tell_coordinator(runtime, fact, "contract-changes-requested", e.contract_id, e.group_id, comment=e.comment)


def _tell_coordinator(
    runtime: Runtime, fact: Fact, template: str, contract_id: str, group_id: str, **more: Any
) -> None:
    found = view.contract(runtime.db, contract_id)
    if found is not None:
        told = persons(found["coordinator_id"])
        say(runtime, fact, template, told, group_id, {"contract_id": contract_id, **more})


def open_sign_ups(runtime: Runtime, fact: Fact) -> None:
    """S0:17: the campaign begins; its dates stand in the mail, so this announces the deliveries too (S0:15)."""
    match fact.event:
        case season.ContractOpened() as e:
            told = group_households(runtime, e.group_id)
            say(runtime, fact, "sign-ups-open", told, e.group_id, {"contract_id": e.contract_id})


# -- subscriptions -------------------------------------------------------------------------------------------------


def tell_subscription(runtime: Runtime, fact: Fact) -> None:
    match fact.event:
        case season.SubscriptionRegistered() as e:
            template = "subscription-waiting" if e.waiting else "subscription-registered"
            _tell_subscriber(runtime, fact, template, e.household_id, e)
        case season.SubscriptionPlaceGiven() as e:
            _tell_subscriber(runtime, fact, "subscription-place-given", e.household_id, e)
        case season.SubscriptionConfirmed() as e:
            _tell_subscriber(runtime, fact, "subscription-confirmed", e.household_id, e)
        case season.SubscriptionDeclined() as e if fact.meta.actor not in runtime.access.persons_of(e.household_id):
            _tell_subscriber(runtime, fact, "subscription-declined", e.household_id, e, reason=e.reason)
        case season.SubscriptionEnded() as e if e.reason != REPLACED:
            held = view.subscription(runtime.db, e.subscription_id)
            homes = [e.household_id, *(held["household_ids"] if held else [])]
            params = {"contract_id": e.contract_id, "on": e.on.isoformat(), "reason": e.reason}
            say(runtime, fact, "subscription-ended", recipients(runtime.db, homes), e.group_id, params)


def _tell_subscriber(runtime: Runtime, fact: Fact, template: str, household_id: str, event: Any, **more: Any) -> None:
    params = {"contract_id": event.contract_id, "subscription_id": event.subscription_id, **more}
    say(runtime, fact, template, recipients(runtime.db, [household_id]), event.group_id, params)


# -- dates that change ---------------------------------------------------------------------------------------------


def tell_delivery(runtime: Runtime, fact: Fact) -> None:
    """S0:22: everybody whom the date touches is told: subscribers, and who takes somebody's basket that day."""
    match fact.event:
        case season.DeliveryMoved() as e:
            _tell_date(
                runtime, fact, "delivery-moved", e, e.delivery_id, from_on=e.from_on.isoformat(), delivery=[_day(e)]
            )
        case season.DeliveryAdded() as e if e.round is not None:
            window = {"opens_at": iso(e.round.opens_at), "closes_at": iso(e.round.closes_at)}
            _tell_date(runtime, fact, "round-added", e, e.delivery.delivery_id, delivery=[_day(e)], **window)
        case season.DeliveryAdded() as e:
            _tell_date(runtime, fact, "delivery-added", e, e.delivery.delivery_id, delivery=[_day(e)])
        case season.DeliveryCancelled() as e:
            _tell_date(runtime, fact, "delivery-cancelled", e, e.delivery_id, from_on=e.on.isoformat())
        case season.DeliveryCountedAnew() as e:
            dates = view.deliveries_of(runtime.db, [e.contract_id]).get(e.contract_id, [])
            on = next((row["day"] for row in dates if row["delivery_id"] == e.delivery_id), None)
            _tell_date(runtime, fact, "delivery-counted", e, e.delivery_id, from_on=on, percent=e.factor_percent)


def _day(event: season.DeliveryMoved | season.DeliveryAdded) -> dict[str, str]:
    delivery = event.delivery
    return {"day": delivery.on.isoformat(), "starts": delivery.starts, "ends": delivery.ends, "place": delivery.place}


def _tell_date(runtime: Runtime, fact: Fact, template: str, event: Any, delivery_id: str, **params: Any) -> None:
    contract_id = event.contract_id
    told = recipients(runtime.db, view.taking(runtime.db, contract_id, delivery_id))
    known = {recipient.person_id for recipient in told}
    takers = [
        row["person_id"]
        for row in view.given_away(runtime.db, [contract_id])
        if row["delivery_id"] == delivery_id and row["person_id"] not in known
    ]
    params = {"contract_id": contract_id, "reason": event.reason, **params}
    say(runtime, fact, template, [*told, *persons(*takers)], event.group_id, params)


# -- money ---------------------------------------------------------------------------------------------------------


def tell_account(runtime: Runtime, fact: Fact) -> None:
    """S0:42, S0:49: the statement after a round; at the end what is paid back or still due."""
    match fact.event:
        case ledger.StatementIssued() as e:
            params = {name: getattr(e, f"{name}_cents") for name in ("opening", "charged", "paid", "other", "closing")}
            _tell_household(runtime, fact, "statement-issued", e, **params)
        case ledger.PaymentRequested() as e:
            _tell_household(runtime, fact, "payment-requested", e, amount=e.amount_cents)
        case ledger.RefundIssued() as e:
            cheque = {"number": e.cheque.number, "bank": e.cheque.bank} if e.cheque else {}
            _tell_household(runtime, fact, "refund-issued", e, amount=e.amount_cents, paid={"means": e.means, **cheque})


def _tell_household(runtime: Runtime, fact: Fact, template: str, event: Any, **params: Any) -> None:
    told = recipients(runtime.db, [event.household_id])
    say(runtime, fact, template, told, event.group_id, {"contract_id": event.contract_id, **params})


def tell_bundle(runtime: Runtime, fact: Fact) -> None:
    """S0:27: the producer's contact is asked to say that contracts and cheques have come."""
    match fact.event:
        case season.BundleHandedOver() as e:
            contract = view.contract(runtime.db, e.contract_id)
            until = iso(datetime.fromisoformat(fact.at) + QUESTION_DAYS)
            params = {"contract_id": e.contract_id, "bundle_id": e.bundle_id, "on": e.on.isoformat(), "until": until,
                      "count": len(e.cheques), "amount": e.total_cents}  # fmt: skip
            told = persons(*contacts(runtime, contract)) if contract else []
            say(runtime, fact, "bundle-handed-over", told, e.group_id, params)


def contacts(runtime: Runtime, contract: Row) -> list[str]:
    """Who speaks for the producer: the contact who was asked to approve the contract, and who holds the role."""
    named = [contract["contact_id"], *runtime.access.holders("producer", contract["producer_id"])]
    return [person_id for person_id in dict.fromkeys(named) if person_id]


def open_dues(runtime: Runtime, fact: Fact) -> None:
    """S0:51-53: dues are collected; when and where stands in the mail."""
    match fact.event:
        case season.DuesCampaignOpened() as e:
            params = {"title": e.title, "opens_on": e.opens_on.isoformat(), "until": e.closes_on.isoformat(),
                      "activity_ids": e.activity_ids}  # fmt: skip
            say(runtime, fact, "dues-open", group_households(runtime, e.group_id), e.group_id, params)


POLICIES = (
    Policy("ask-producer", ("contracts.contract-submitted",), ask_producer),
    Policy("tell-answer", ("contracts.contract-approved", "contracts.contract-changes-requested"), tell_answer),
    Policy("open-sign-ups", ("contracts.contract-opened",), open_sign_ups),
    Policy("tell-subscription", ("contracts.subscription-",), tell_subscription),
    Policy("tell-delivery", ("contracts.delivery-",), tell_delivery),
    Policy(
        "tell-account", ("ledger.statement-issued", "ledger.payment-requested", "ledger.refund-issued"), tell_account
    ),
    Policy("tell-bundle", ("contracts.bundle-handed-over",), tell_bundle),
    Policy("open-dues", ("contracts.dues-campaign-opened",), open_dues),
)
