"""Dues campaigns: opened for a period, paid at a help desk, each payment a membership (S0:51-53)."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from contracts_svc import dues_campaign, host, membership
from contracts_svc.enrolment import give_number
from contracts_svc.guards import today, with_id
from contracts_svc.setup import HOST_ID
from contracts_svc.subscribing import require_in_group
from contracts_svc.views import dues, people, register, subscription_questions
from grenier.doors import Context, door
from grenier.errors import Invalid, NotFound, Rejected
from grenier.language.season import DuesCampaignOpened, PaymentMeans
from grenier.readmodel import Row
from grenier.runtime import Runtime, derived_id, read

SETTINGS = "contracts.settings"
MEMBERS = "contracts.manage-members"
READ = "contracts.read-members"


class OpenCampaign(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str
    title: str
    opens_on: date
    closes_on: date
    valid_from: date
    valid_until: date
    group_dues_cents: int
    network_dues_cents: int = 0
    activity_ids: list[str] = []
    campaign_id: str = ""


class OneCampaign(msgspec.Struct, forbid_unknown_fields=True):
    campaign_id: str


class OfGroup(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str


class Pay(msgspec.Struct, forbid_unknown_fields=True):
    """`tier` "" keeps the one the household has, or gives the first one."""

    campaign_id: str
    household_id: str
    group_dues_cents: int
    network_dues_cents: int = 0
    gift_cents: int = 0
    means: PaymentMeans = "cheque"
    number: str = ""
    bank: str = ""
    tier: str = ""


class DuesDoors:
    runtime: Runtime

    @door
    def open_dues_campaign(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask, context = read(OpenCampaign, payload), with_id(context)
        role = self.runtime.access.require(context, SETTINGS, group_id=ask.group_id)
        fields = msgspec.structs.asdict(ask)
        fields["campaign_id"] = ask.campaign_id or derived_id(context.command_id, "campaign")
        return self._tell_campaign(
            fields["campaign_id"], dues_campaign.OpenDuesCampaign(**fields), context, role, ask.group_id
        )

    @door
    def close_dues_campaign(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OneCampaign, payload)
        opened = self._campaign(ask.campaign_id)
        role = self.runtime.access.require(context, SETTINGS, group_id=opened.group_id)
        command = dues_campaign.CloseDuesCampaign(campaign_id=ask.campaign_id)
        return self._tell_campaign(ask.campaign_id, command, context, role, opened.group_id)

    @door
    def pay_dues(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """The payment, and the membership of the period that follows from it."""
        ask, context = read(Pay, payload), with_id(context)
        opened = self._campaign(ask.campaign_id)
        role = self.runtime.access.require(context, MEMBERS, group_id=opened.group_id)
        require_in_group(self.runtime, ask.household_id, opened.group_id)
        tier = self._tier_of_payer(ask)
        membership_id = derived_id(context.command_id, "membership")
        first, last = opened.valid_from.isoformat(), opened.valid_until.isoformat()
        command = dues_campaign.PayDues(
            household_id=ask.household_id, membership_id=membership_id, today=today(self.runtime, opened.group_id),
            group_dues_cents=ask.group_dues_cents, network_dues_cents=ask.network_dues_cents,
            gift_cents=ask.gift_cents, means=ask.means, number=ask.number.strip(), bank=ask.bank.strip(),
        )  # fmt: skip

        settled = self.runtime.handler.state(dues_campaign.decider, ask.campaign_id).paid

        def check() -> None:
            other = register.overlapping(self.runtime.db, ask.household_id, first, last, membership_id)
            if other and ask.household_id not in settled:
                raise Rejected("membership-overlaps", membership_id=other)

        paid = self.runtime.tell(
            dues_campaign.decider, ask.campaign_id, command, context, role=role, group_id=opened.group_id,
            on_behalf_of=ask.household_id, step="pay", check=check,
        )  # fmt: skip
        number = give_number(self.runtime, context, opened.group_id, ask.household_id, 0, role)
        grant = membership.GrantMembership(
            membership_id=membership_id, household_id=ask.household_id, group_id=opened.group_id, number=number,
            tier=tier, valid_from=opened.valid_from, valid_until=opened.valid_until,
            dues_cents=ask.group_dues_cents + ask.network_dues_cents + ask.gift_cents,
        )  # fmt: skip
        granted = self.runtime.tell(
            membership.decider, membership_id, grant, context, role=role, group_id=opened.group_id, step="grant"
        )
        position = max(paid["position"], granted["position"])
        return {**paid, "position": position, "membership_id": membership_id, "number": number}

    def _tier_of_payer(self, ask: Pay) -> str:
        tiers = [tier.code for tier in self.runtime.handler.state(host.decider, HOST_ID).tiers]
        household = self.runtime.access.household(ask.household_id)
        wanted = ask.tier or (household["tier"] if household else "") or next(iter(tiers), "")
        if wanted not in tiers:
            raise Invalid(fields={"tier": [f"One of {', '.join(tiers)}."]})
        return str(wanted)

    def _campaign(self, campaign_id: str) -> DuesCampaignOpened:
        opened = self.runtime.handler.state(dues_campaign.decider, campaign_id).opened
        if opened is None:
            raise NotFound
        return opened

    def _tell_campaign(
        self, key: str, command: dues_campaign.Command, context: Context, role: str, group_id: str
    ) -> dict[str, Any]:
        return self.runtime.tell(dues_campaign.decider, key, command, context, role=role, group_id=group_id)

    # -- questions -----------------------------------------------------------------------------------------------

    @door
    def dues_campaigns(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OfGroup, payload)
        self.runtime.access.require(context, READ, group_id=ask.group_id)
        day = today(self.runtime, ask.group_id).isoformat()
        return {"campaigns": [_shown(row, day) for row in dues.of_group(self.runtime.db, ask.group_id)]}

    @door
    def dues_campaign(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """Who has paid what, and who has not: the families of the register and all who have a membership."""
        row = dues.campaign(self.runtime.db, read(OneCampaign, payload).campaign_id)
        if row is None:
            raise NotFound
        self.runtime.access.require(context, READ, group_id=row["group_id"])
        day = today(self.runtime, row["group_id"]).isoformat()
        paid = dues.payments_of(self.runtime.db, row["campaign_id"])
        settled = {one["household_id"] for one in paid}
        asked = {one["household_id"] for one in register.active_on(self.runtime.db, row["group_id"], day)}
        asked |= set(subscription_questions.active_on(self.runtime.db, row["group_id"], day))
        labels = {
            one["household_id"]: one["label"]
            for one in people.households_known(self.runtime.db, sorted(asked | settled))
        }
        missing = [{"household_id": one, "label": labels.get(one, "")} for one in asked - settled]
        return {
            **_shown(row, day),
            "payments": [{**one, "label": labels.get(one["household_id"], "")} for one in paid],
            "missing": sorted(missing, key=lambda one: (one["label"].casefold(), one["household_id"])),
        }


def _shown(row: Row, day: str) -> dict[str, Any]:
    """`state`: coming, open, late (past its last day and not closed) or closed."""
    state = (
        "closed"
        if row["closed_at"]
        else "coming"
        if day < row["opens_on"]
        else "open"
        if day <= row["closes_on"]
        else "late"
    )
    return {**row, "state": state}
