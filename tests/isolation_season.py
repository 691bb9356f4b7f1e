"""What a quiet month does not have, of a season: contracts and their papers, an order round, baskets exchanged.

SEASON["contract_id"]  # the same ids in every world
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid5

from grenier.language import contracts, exchange, ledger, notify, season, sharing
from tests.lived_month import Lived

NOWHERE = UUID("5e9d7f3c-0000-4000-8000-000000000000")
SEASON = {
    f"{name}_id": str(uuid5(NOWHERE, f"season/{name}"))
    for name in (
        "contract", "asked_contract", "round", "subscription", "request", "delivery", "question", "basket", "bundle",
        "dues", "producer_role", "proposal",
    )
}  # fmt: skip
SHA256 = "ab" * 32


def leave_traces(lived: Lived) -> None:
    """In the first group: a contract sent to its producer, another with a round, a deposit and a request for payment."""
    group, house, home = lived.groups[0], lived.site.house, lived.groups[0].households[1]
    house.record(f"group-{group.group_id}", exchange.ExchangeSettingsChanged(group_id=group.group_id, enabled=True))
    day = delivery_day(lived)
    farm = farm_of(lived)
    _producer(lived, farm)
    _contract_sent(lived, farm, _terms(lived, "Cerises de l’an prochain", day, rounds=False))
    terms = _terms(lived, "Confitures de la rue Cachée", day)
    of = {"contract_id": SEASON["contract_id"], "group_id": group.group_id}
    contract = {**of, "producer_id": farm, "coordinator_id": group.coordinator}
    subscription = {**of, "subscription_id": SEASON["subscription_id"], "household_id": home.household_id}
    house.record(
        f"contract-{of['contract_id']}",
        season.ContractDrafted(**contract, terms=terms),
        season.ContractOpened(**contract, version=1, terms=terms),
        season.SubscriptionRegistered(**subscription, person_id=home.person_id, lines=[], channel="web", amount_cents=0,
                                      starts_on=_today(lived)),
        season.SubscriptionConfirmed(**subscription),
        season.SharersSet(**of, subscription_id=SEASON["subscription_id"], anchor_delivery_id=SEASON["delivery_id"],
                          household_ids=[home.household_id, group.households[2].household_id]),
        sharing.SharingProposed(**subscription, proposal_id=SEASON["proposal_id"], person_id=home.person_id,
                                to_household_id=group.households[3].household_id,
                                anchor_delivery_id=SEASON["delivery_id"]),
    )  # fmt: skip
    _ask(lived, of, farm)
    asked = ledger.PaymentRequested(**of, request_id=SEASON["request_id"], household_id=home.household_id,
                                    amount_cents=100)  # fmt: skip
    house.record(f"account-{home.household_id}", asked)
    _cheques(lived, subscription, farm, day)
    _round(lived)
    _exchange(lived, subscription, day)


def delivery_day(lived: Lived) -> date:
    return _today(lived) + timedelta(days=60)


def farm_of(lived: Lived) -> str:
    """Not the producer whose contact person is one of the strangers: a producer sees the own contracts."""
    return next(known for name, known in sorted(lived.federation.producers.items()) if name != "fruitiere")


def farmer(lived: Lived) -> str:
    """Who answers for the producer of the group's contracts."""
    return lived.groups[0].households[3].person_id


def _today(lived: Lived) -> date:
    return lived.site.house.clock.now().date()


def _terms(lived: Lived, title: str, day: date, rounds: bool = True) -> season.Terms:
    now = lived.site.house.clock.now()
    plan = season.RoundPlan(round_id=SEASON["round_id"], delivery_id=SEASON["delivery_id"],
                            opens_at=now - timedelta(hours=1), closes_at=now + timedelta(hours=1))  # fmt: skip
    return season.Terms(
        title=title, starts_on=day, ends_on=day, basket_kind="ordered" if rounds else "fixed_single",
        options=[season.BasketOption(option_id="fig", title="Figues", price_cents=550)],
        deliveries=[season.PlannedDelivery(delivery_id=SEASON["delivery_id"], on=day)],
        rounds=[plan] if rounds else [],
    )  # fmt: skip


def _producer(lived: Lived, farm: str) -> None:
    role = SEASON["producer_role_id"]
    assigned = contracts.RoleAssigned(assignment_id=role, person_id=farmer(lived), role="producer",
                                      scope_kind="producer", scope_id=farm, valid_from=date(2026, 1, 1))  # fmt: skip
    lived.site.house.record(f"role-{role}", assigned)


def _contract_sent(lived: Lived, farm: str, terms: season.Terms) -> None:
    """A draft that the producer has not answered."""
    group, contract_id = lived.groups[0], SEASON["asked_contract_id"]
    of = {"contract_id": contract_id, "group_id": group.group_id}
    until = lived.site.house.clock.now() + timedelta(days=14)
    lived.site.house.record(
        f"contract-{contract_id}",
        season.ContractDrafted(**of, producer_id=farm, coordinator_id=group.coordinator, terms=terms),
        season.ContractSubmitted(
            **of, version=1, person_id=farmer(lived), document_sha256=SHA256, answer_until=until
        ),
    )  # fmt: skip


def _ask(lived: Lived, of: dict[str, str], farm: str) -> None:
    """A question to the producer."""
    person_id, question_id = lived.groups[0].households[1].person_id, SEASON["question_id"]
    keys = lived.site.house.rooms["notify"].runtime.keys
    sealed = keys.seal(person_id, {"text": "Les figues de Réverchaud ?"})
    asked = notify.QuestionAsked(**of, question_id=question_id, person_id=person_id, producer_id=farm, sealed=sealed)
    lived.site.house.record(f"question-{question_id}", asked)


def _round(lived: Lived) -> None:
    """Ordered, closed and frozen: parcels are expected."""
    group, home, stage = lived.groups[0], lived.groups[0].households[1], lived.stage
    stage.pulse()
    lines = [{"product_id": "fig", "quantity": 3}]
    lived.as_(home.person_id).put(f"/cycles/{SEASON['round_id']}/orders/{home.household_id}", lines=lines)
    stage.move_to(lived.site.house.clock.now() + timedelta(hours=2))
    lived.as_(group.organiser).post(f"/cycles/{SEASON['round_id']}/freeze")


def _exchange(lived: Lived, subscription: dict[str, str], day: date) -> None:
    """A basket on offer, and who asks for it."""
    house, group, home = lived.site.house, lived.groups[0], lived.groups[0].households[1]
    basket_id, starts = SEASON["basket_id"], house.clock.now() + timedelta(days=60)
    house.record(
        f"basket-{basket_id}",
        exchange.BasketOffered(
            **subscription, basket_id=basket_id, delivery_id=SEASON["delivery_id"], person_id=home.person_id, on=day,
            starts_at=starts, ends_at=starts + timedelta(hours=1), closes_at=starts - timedelta(days=1), place="Préau",
            parts=[exchange.BasketPart(option_id="fig", title="Figues de Réverchaud", quantity=1)], value_cents=550,
            audience="takers",
        ),
        exchange.BasketRequested(basket_id=basket_id, group_id=group.group_id, person_id=group.households[2].person_id),
    )  # fmt: skip


def _cheques(lived: Lived, subscription: dict[str, str], farm: str, day: date) -> None:
    """A cheque that was received and handed over, and a campaign of dues."""
    house, subscription_id, group_id = lived.site.house, subscription["subscription_id"], subscription["group_id"]
    cheque_id, bundle_id, person_id = (
        f"{subscription_id}.1",
        SEASON["bundle_id"],
        lived.groups[0].households[1].person_id,
    )
    of: dict[str, Any] = {"subscription_id": subscription_id, "cheque_id": cheque_id, "group_id": group_id}
    planned = season.PlannedCheque(cheque_id=cheque_id, amount_cents=4200, cash_on=day)
    house.record(
        f"schedule-{subscription_id}",
        season.ScheduleAgreed(**subscription, producer_id=farm, cheques=[planned]),
        season.ChequeReceived(**of, person_id=person_id, number="0042", bank="CA", issued_on=day),
        season.ChequeHandedOver(**of, bundle_id=bundle_id),
    )
    bundled = season.BundledCheque(subscription_id=subscription_id, cheque_id=cheque_id, amount_cents=4200,
                                   household_id=subscription["household_id"])  # fmt: skip
    handed = season.BundleHandedOver(
        bundle_id=bundle_id, contract_id=subscription["contract_id"], group_id=group_id, producer_id=farm, on=day,
        cheques=[bundled], subscription_ids=[subscription_id], total_cents=4200,
    )  # fmt: skip
    house.record(f"bundle-{bundle_id}", handed)
    opened = season.DuesCampaignOpened(
        campaign_id=SEASON["dues_id"], group_id=group_id, title="Adhésions", opens_on=day, closes_on=day,
        valid_from=day, valid_until=day, group_dues_cents=-1,
    )  # fmt: skip
    house.record(f"dues-campaign-{SEASON['dues_id']}", opened)
