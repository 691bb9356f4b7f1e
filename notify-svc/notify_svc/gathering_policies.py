"""Mails of order rounds, activities and questions (S0:13, S0:26, S0:38, S0:54-56). The table is at the bottom."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from grenier.clock import iso
from grenier.language import matching, notify, orders
from grenier.language.notify import Recipient
from grenier.readmodel import Fact
from grenier.runtime import Policy, Runtime
from notify_svc.audience import recipients, today
from notify_svc.policies import say
from notify_svc.season_policies import group_households, persons
from notify_svc.tokens import QUESTION_DAYS
from notify_svc.views import occasions, season

# -- order rounds (S0:38) ------------------------------------------------------------------------------------------


def call_round(runtime: Runtime, fact: Fact) -> None:
    """All subscribers are called when the round opens; who has not ordered is reminded before it closes, and at will."""
    match fact.event:
        case orders.CycleOpened() as e if e.contract_id:
            _tell_round(runtime, fact, "round-opened", e, season.subscribers(runtime.db, e.contract_id, today(runtime)))
        case orders.ClosingAnnounced() as e if e.contract_id:
            # Who has a draft has a mail of their own.
            drafts = set(e.draft_household_ids)
            without = [home for home in e.missing_household_ids if home not in drafts]
            _tell_round(runtime, fact, "round-reminder", e, without)
        case orders.OrdersReminded() as e:
            _tell_round(runtime, fact, "round-reminder", e, e.household_ids)
        case orders.CycleCancelled() as e:
            households = season.subscribers(runtime.db, e.contract_id, today(runtime))
            _tell_round(runtime, fact, "round-cancelled", e, households, reason=e.reason)


def _tell_round(runtime: Runtime, fact: Fact, template: str, event: Any, household_ids: list[str], **more: Any) -> None:
    params = {"cycle_id": event.cycle_id, "contract_id": event.contract_id, **more}
    say(runtime, fact, template, recipients(runtime.db, household_ids), event.group_id, params)


# -- activities ----------------------------------------------------------------------------------------------------


def invite(runtime: Runtime, fact: Fact) -> None:
    """S0:26: a help desk says when and where; S0:56: a meeting comes with its agenda."""
    match fact.event:
        case matching.ActivityAnnounced() as e:
            found = occasions.activity(runtime.db, e.activity_id)
            template = "help-desk" if found and found["kind"] == "help_desk" else "activity-invitation"
            say(runtime, fact, template, _invited(runtime, e), e.group_id, {"activity_id": e.activity_id})


def _invited(runtime: Runtime, event: matching.ActivityAnnounced | matching.MinutesPublished) -> list[Recipient]:
    if event.invited == "collective":
        return persons(*event.person_ids)
    return group_households(runtime, event.group_id)


def _touched(runtime: Runtime, event: matching.ActivityChanged | matching.ActivityCancelled) -> list[Recipient]:
    everybody = group_households(runtime, event.group_id) if event.everybody else []
    there = {recipient.person_id for recipient in everybody}
    return [*everybody, *persons(*(person_id for person_id in event.person_ids if person_id not in there))]


def tell_changed(runtime: Runtime, fact: Fact) -> None:
    """Told to who comes and helps, and to everybody when everybody was invited."""
    match fact.event:
        case matching.ActivityChanged() as e:
            before = {"before_at": iso(e.from_starts_at), "before_place": e.from_place, "reason": e.reason}
            params = {"activity_id": e.activity_id, **before}
            say(runtime, fact, "activity-changed", _touched(runtime, e), e.group_id, params)
        case matching.ActivityCancelled() as e:
            params = {"activity_id": e.activity_id, "reason": e.reason}
            say(runtime, fact, "activity-cancelled", _touched(runtime, e), e.group_id, params)
        case matching.MinutesPublished() as e if e.version == 1:
            say(runtime, fact, "minutes-published", _invited(runtime, e), e.group_id, {"activity_id": e.activity_id})


# -- questions (S0:13) ---------------------------------------------------------------------------------------------


def relay_question(runtime: Runtime, fact: Fact) -> None:
    match fact.event:
        case notify.QuestionAsked() | notify.QuestionRelayed() as e:
            until = iso(datetime.fromisoformat(fact.at) + QUESTION_DAYS)
            params = {"question_id": e.question_id, "until": until}
            say(runtime, fact, "question-asked", persons(*e.contact_ids), e.group_id, params)
        case notify.QuestionAnswered() as e:
            say(runtime, fact, "question-answered", persons(e.asker_id), e.group_id, {"question_id": e.question_id})
        case notify.QuestionPublished() as e:
            told = recipients(runtime.db, season.subscribers(runtime.db, e.contract_id, today(runtime)))
            say(runtime, fact, "question-published", told, e.group_id, {"question_id": e.question_id})


POLICIES = (
    Policy(
        "call-round",
        ("orders.cycle-opened", "orders.closing-announced", "orders.orders-reminded", "orders.cycle-cancelled"),
        call_round,
    ),
    Policy("invite", ("matching.activity-announced",), invite),
    Policy(
        "tell-changed",
        ("matching.activity-changed", "matching.activity-cancelled", "matching.minutes-published"),
        tell_changed,
    ),
    Policy("relay-question", ("notify.question-",), relay_question),
)
