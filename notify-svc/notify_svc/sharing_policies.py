"""Mails about sharing a basket: the question to the other household, its answer, who takes turns now (S0:28)."""

from __future__ import annotations

from grenier.language import season, sharing
from grenier.readmodel import Fact
from grenier.runtime import Policy, Runtime
from notify_svc.audience import recipients
from notify_svc.policies import say
from notify_svc.season_policies import REPLACED
from notify_svc.views import season as view


def tell_proposal(runtime: Runtime, fact: Fact) -> None:
    """The household that is asked reads who asks; the one that asked reads a no, both that nothing came of it. Of a yes all hear below."""
    match fact.event:
        case sharing.SharingProposed() as e if e.to_household_id:
            _say(runtime, fact, "sharing-proposed", [e.to_household_id], e, other_id=e.person_id)
        case sharing.SharingWithdrawn() as e if e.to_household_id:
            _say(runtime, fact, "sharing-withdrawn", [e.to_household_id], e)
        case sharing.SharingDeclined() as e:
            _say(runtime, fact, "sharing-declined", [e.household_id], e)
        case sharing.SharingLapsed() as e:
            _say(runtime, fact, "sharing-lapsed", [e.household_id, *filter(None, [e.to_household_id])], e)


def tell_sharers(runtime: Runtime, fact: Fact) -> None:
    """Everybody at the basket hears of it, and whoever is not there any more."""
    match fact.event:
        case season.SharersSet() as e:
            params = {"contract_id": e.contract_id, "subscription_id": e.subscription_id}
            told = recipients(runtime.db, e.household_ids)
            count = {"count": len(e.household_ids)}
            say(runtime, fact, "sharing-agreed", told, e.group_id, params | count)
            held = None if e.household_ids else view.subscription(runtime.db, e.subscription_id)
            apart = [*e.left, *([held["household_id"]] if held else [])]
            say(runtime, fact, "sharing-ended", recipients(runtime.db, apart), e.group_id, params)


def tell_left_out(runtime: Runtime, fact: Fact) -> None:
    """Another basket of the same household takes its place: whoever shared the old one and not the new one hears of it."""
    match fact.event:
        case season.SubscriptionEnded() as e if e.reason == REPLACED:
            rows = view.subscriptions_of(runtime.db, [e.contract_id])
            before = [
                home for row in rows if row["subscription_id"] == e.subscription_id for home in row["household_ids"]
            ]
            still = {home for row in rows if row["household_id"] == e.household_id and not row["until"] for home in row["household_ids"]}  # fmt: skip
            apart = [home for home in before if home not in still and home != e.household_id]
            params = {"contract_id": e.contract_id, "subscription_id": e.subscription_id}
            say(runtime, fact, "sharing-ended", recipients(runtime.db, apart), e.group_id, params)


def _say(
    runtime: Runtime,
    fact: Fact,
    template: str,
    household_ids: list[str],
    event: sharing.SharingProposed | sharing.SharingWithdrawn | sharing.SharingDeclined | sharing.SharingLapsed,
    **more: str,
) -> None:
    params = {"contract_id": event.contract_id, "subscription_id": event.subscription_id,
              "proposal_id": event.proposal_id, **more}  # fmt: skip
    say(runtime, fact, template, recipients(runtime.db, household_ids), event.group_id, params)


POLICIES = (
    Policy("tell-proposal", ("contracts.sharing-",), tell_proposal),
    Policy("tell-sharers", ("contracts.sharers-set",), tell_sharers),
    Policy("tell-left-out", ("contracts.subscription-ended",), tell_left_out),
)
