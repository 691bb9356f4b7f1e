"""Dues of a period are collected (S0:51-53). Stream `dues-campaign-<id>`: one household pays once in a campaign."""

from __future__ import annotations

from datetime import date
from typing import TypeAlias, assert_never

import msgspec

from grenier.decider import Decider
from grenier.errors import Invalid, Rejected
from grenier.language.season import DuesCampaignClosed, DuesCampaignOpened, DuesPaid, PaymentMeans

MAX_TITLE = 120

# -- commands ----------------------------------------------------------------------------------------------------


class OpenDuesCampaign(msgspec.Struct, frozen=True, kw_only=True):
    """`group_dues_cents` below zero: as much as one likes. `activity_ids`: the help desks where they are collected."""

    campaign_id: str
    group_id: str
    title: str
    opens_on: date
    closes_on: date
    valid_from: date
    valid_until: date
    group_dues_cents: int
    network_dues_cents: int = 0
    activity_ids: list[str] = []


class CloseDuesCampaign(msgspec.Struct, frozen=True, kw_only=True):
    campaign_id: str


class PayDues(msgspec.Struct, frozen=True, kw_only=True):
    """What one household pays: the group's dues, those of the network, and what it gives besides."""

    household_id: str
    membership_id: str
    today: date
    group_dues_cents: int
    network_dues_cents: int
    gift_cents: int
    means: PaymentMeans
    number: str = ""
    bank: str = ""


Command: TypeAlias = OpenDuesCampaign | CloseDuesCampaign | PayDues
Event: TypeAlias = DuesCampaignOpened | DuesCampaignClosed | DuesPaid


class Campaign(msgspec.Struct, frozen=True, kw_only=True):
    opened: DuesCampaignOpened | None = None
    closed: bool = False
    # {household_id: membership_id}
    paid: dict[str, str] = {}


# -- decide ------------------------------------------------------------------------------------------------------


def decide(campaign: Campaign, command: Command) -> list[Event]:
    match command:
        case OpenDuesCampaign():
            return open_campaign(campaign, command)
        case CloseDuesCampaign():
            return close(campaign, command)
        case PayDues():
            return pay(campaign, command)
        case _:
            assert_never(command)


def open_campaign(campaign: Campaign, command: OpenDuesCampaign) -> list[Event]:
    opened = DuesCampaignOpened(**msgspec.structs.asdict(command))
    if campaign.opened is not None:
        if campaign.opened == opened:
            return []
        raise Rejected("campaign-exists", campaign_id=command.campaign_id)
    if not command.title.strip() or len(command.title) > MAX_TITLE:
        raise Invalid(fields={"title": [f"Between 1 and {MAX_TITLE} characters."]})
    if command.closes_on < command.opens_on:
        raise Invalid(fields={"closes_on": ["Not before opens_on."]})
    if command.valid_until < command.valid_from:
        raise Invalid(fields={"valid_until": ["Not before valid_from."]})
    if command.network_dues_cents < 0:
        raise Invalid(fields={"network_dues_cents": ["Not negative."]})
    return [opened]


def close(campaign: Campaign, command: CloseDuesCampaign) -> list[Event]:
    opened = _opened(campaign)
    return [] if campaign.closed else [DuesCampaignClosed(campaign_id=opened.campaign_id, group_id=opened.group_id)]


def pay(campaign: Campaign, command: PayDues) -> list[Event]:
    opened = _opened(campaign)
    if command.household_id in campaign.paid:
        if campaign.paid[command.household_id] == command.membership_id:
            return []
        raise Rejected("dues-paid-already", household_id=command.household_id)
    if campaign.closed:
        raise Rejected("campaign-closed", campaign_id=opened.campaign_id)
    if command.today < opened.opens_on:
        raise Rejected("campaign-not-open", campaign_id=opened.campaign_id, opens_on=opened.opens_on.isoformat())
    _check_amounts(opened, command)
    return [
        DuesPaid(
            campaign_id=opened.campaign_id,
            group_id=opened.group_id,
            household_id=command.household_id,
            membership_id=command.membership_id,
            group_dues_cents=command.group_dues_cents,
            network_dues_cents=command.network_dues_cents,
            gift_cents=command.gift_cents,
            means=command.means,
            number=command.number,
            bank=command.bank,
        )
    ]


def _check_amounts(opened: DuesCampaignOpened, command: PayDues) -> None:
    """A fixed amount is that amount, the rest is a gift; a free one is anything from nothing on."""
    free = opened.group_dues_cents < 0
    if command.group_dues_cents < 0 or (not free and command.group_dues_cents != opened.group_dues_cents):
        raise Invalid(fields={"group_dues_cents": ["Not negative." if free else f"{opened.group_dues_cents}."]})
    if command.network_dues_cents not in (0, opened.network_dues_cents):
        raise Invalid(fields={"network_dues_cents": [f"{opened.network_dues_cents}, or nothing."]})
    if command.gift_cents < 0:
        raise Invalid(fields={"gift_cents": ["Not negative."]})
    if command.means not in ("cheque", "cash"):
        raise Invalid(fields={"means": ["cheque or cash."]})
    # Nothing is paid where nothing is asked: then there is no cheque either.
    nothing = not (command.group_dues_cents + command.network_dues_cents + command.gift_cents)
    if command.means == "cheque" and not command.number and not nothing:
        raise Invalid(fields={"number": ["The number that stands on the cheque."]})


def _opened(campaign: Campaign) -> DuesCampaignOpened:
    if campaign.opened is None:
        raise Rejected("campaign-missing")
    return campaign.opened


# -- evolve ------------------------------------------------------------------------------------------------------


def evolve(campaign: Campaign, event: Event) -> Campaign:
    match event:
        case DuesCampaignOpened():
            return Campaign(opened=event)
        case DuesCampaignClosed():
            return msgspec.structs.replace(campaign, closed=True)
        case DuesPaid():
            return msgspec.structs.replace(campaign, paid={**campaign.paid, event.household_id: event.membership_id})
        case _:
            assert_never(event)


decider: Decider[Campaign, Command, Event] = Decider("dues-campaign", Campaign(), decide, evolve)
