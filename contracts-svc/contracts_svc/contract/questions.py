"""Questions about contracts: lists, one in full, its versions, the public page, days of delivery, dates to propose."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Any

import msgspec

from contracts_svc.contract import sight
from contracts_svc.contract.proposals import Propose, proposal
from contracts_svc.rules.changes import changes
from contracts_svc.rules.saying import in_full
from contracts_svc.rules.strange import of_terms
from contracts_svc.views import contract_questions
from grenier.doors import Context, door
from grenier.errors import Forbidden, Invalid, NotFound
from grenier.language.season import PlannedDelivery, Terms
from grenier.readmodel import Row
from grenier.runtime import Runtime, read

SHORT = ("contract_id", "group_id", "producer_id", "coordinator_id", "title", "complement", "basket_kind", "status",
         "version", "approved_version", "starts_on", "ends_on", "renews", "renewed_by")  # fmt: skip
# What a member sees of what happened; the talk with the producer before the opening is not for them.
PUBLIC_STEPS = frozenset({"contract-opened", "sign-ups-closed", "sign-ups-reopened", "delivery-moved",
                          "delivery-cancelled", "delivery-counted-anew", "delivery-added", "contract-ended"})  # fmt: skip
RENEW_WITHIN_DAYS = 60
LONGEST_STRETCH_DAYS = 400


class GroupContracts(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str
    status: list[str] = []
    producer_id: str = ""


class OfContract(msgspec.Struct, forbid_unknown_fields=True):
    contract_id: str


class OfVersion(msgspec.Struct, forbid_unknown_fields=True):
    contract_id: str
    version: int


class OfGroup(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str


class OfProducer(msgspec.Struct, forbid_unknown_fields=True):
    producer_id: str


class Stretch(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str
    from_on: date | None = None
    until_on: date | None = None
    contract_id: str = ""


class ToRenew(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str
    within_days: int = RENEW_WITHIN_DAYS


class ContractQuestions:
    runtime: Runtime

    @door
    def group_contracts(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """All of them for who manages contracts here; a coordinator of one contract sees it, too, before it is opened."""
        ask = read(GroupContracts, payload)
        access, of = self.runtime.access, contract_questions.of_group
        rows = of(self.runtime.db, ask.group_id, ask.status, ask.producer_id)
        all_of_them = access.may(context.actor, sight.MANAGE, group_id=ask.group_id)
        own = {row["contract_id"] for row in rows
               if all_of_them or access.may(context.actor, sight.MANAGE, scope_id=row["contract_id"])}  # fmt: skip
        if not own:
            access.require_member(context, ask.group_id)
        shown = [row for row in rows if row["contract_id"] in own or row["status"] in sight.PUBLISHED]
        return {"contracts": self._summaries(shown, own)}

    @door
    def producer_contracts(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OfProducer, payload)
        if not sight.is_producer(self.runtime, context, ask.producer_id):
            raise NotFound
        rows = contract_questions.of_producer(self.runtime.db, ask.producer_id)
        return {"contracts": self._summaries(rows, {row["contract_id"] for row in rows})}

    @door
    def contracts_to_renew(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(ToRenew, payload)
        self.runtime.access.require(context, sight.MANAGE, group_id=ask.group_id)
        until = sight.day_of(self.runtime, ask.group_id, min(max(ask.within_days, 0), LONGEST_STRETCH_DAYS))
        rows = contract_questions.ending(self.runtime.db, ask.group_id, until)
        return {"contracts": self._summaries(rows, {row["contract_id"] for row in rows})}

    def _summaries(self, rows: Sequence[Row], inside: set[str]) -> list[dict[str, Any]]:
        """`inside`: contracts whose figures the person may see."""
        db, ids = self.runtime.db, [row["contract_id"] for row in rows]
        figures, days = contract_questions.figures(db, ids), contract_questions.deliveries_of(db, ids)
        producers = contract_questions.producer_names(db, [row["producer_id"] for row in rows])
        today = {row["group_id"]: sight.day_of(self.runtime, row["group_id"]) for row in rows}
        return [
            {
                **summary(row, days[row["contract_id"]], today[row["group_id"]]),
                "producer": producers.get(row["producer_id"], ""),
                **(figures[row["contract_id"]] if row["contract_id"] in inside else {}),
            }
            for row in rows
        ]

    # -- one contract --------------------------------------------------------------------------------------------

    @door
    def contract(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OfContract, payload)
        seen = sight.seen(self.runtime, context, ask.contract_id)
        row, db = seen.row, self.runtime.db
        own = {row["contract_id"]} if seen.inside else set()
        told = self._summaries([row], own)[0]
        days = contract_questions.deliveries_of(db, [row["contract_id"]])[row["contract_id"]]
        steps = [step for step in contract_questions.steps_of(db, row["contract_id"])
                 if seen.inside or step["what"] in PUBLIC_STEPS]  # fmt: skip
        between = {
            "submission": row["submission"], "changes_wanted": row["changes_wanted"], "drafted_at": row["drafted_at"],
            "warnings": self._warnings(row, days),
        } if seen.inside else {}  # fmt: skip
        place = (contract_questions.producer(db, row["producer_id"]) or {}).get("place", "")
        return {
            **told, **between, "terms": in_full(row["terms"]), "producer_place": place, "months": by_month(days), "steps": steps,
            "may": {"manage": seen.manages, "answer": seen.producer and row["status"] == "submitted"},
        }  # fmt: skip

    def _warnings(self, row: Row, days: Sequence[Row]) -> list[dict[str, Any]]:
        """About the calendar as it stands now, not as it was agreed."""
        terms = msgspec.convert(row["terms"], Terms)
        now = {day["delivery_id"]: msgspec.convert(day, PlannedDelivery) for day in days}
        deliveries = [now.get(each.delivery_id, each) for each in terms.deliveries]
        festive = sight.festive_days(self.runtime, row["group_id"], [each.on for each in deliveries])
        return of_terms(msgspec.structs.replace(terms, deliveries=deliveries), festive)

    @door
    def contract_versions(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """Newest first, each with what it changed."""
        ask = read(OfContract, payload)
        sight.inside(self.runtime, context, ask.contract_id)
        rows = contract_questions.versions_of(self.runtime.db, ask.contract_id)
        before: dict[str, Any] | None = None
        found = []
        for row in rows:
            terms = in_full(row.pop("terms"))
            found.append({**row, "changes": changes(before, terms) if before is not None else []})
            before = terms
        return {"versions": found[::-1]}

    @door
    def contract_version(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OfVersion, payload)
        sight.inside(self.runtime, context, ask.contract_id)
        for row in contract_questions.versions_of(self.runtime.db, ask.contract_id):
            if row["version"] == ask.version:
                return {**row, "terms": in_full(row["terms"])}
        raise NotFound

    # -- for everybody -------------------------------------------------------------------------------------------

    @door
    def public_contracts(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """S0:24: what is opened is published, without another step."""
        ask = read(OfGroup, payload)
        if self.runtime.access.group(ask.group_id) is None:
            raise NotFound
        rows, db = contract_questions.published(self.runtime.db, ask.group_id), self.runtime.db
        days = contract_questions.deliveries_of(db, [row["contract_id"] for row in rows])
        producers = contract_questions.producer_names(db, [row["producer_id"] for row in rows])
        today = sight.day_of(self.runtime, ask.group_id)
        return {
            "contracts": [
                published(row, days[row["contract_id"]], today, producers.get(row["producer_id"], "")) for row in rows
            ]
        }

    @door
    def deliveries(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """Days of delivery of a group, from today on when nothing is said."""
        ask = read(Stretch, payload)
        self.runtime.access.require_member(context, ask.group_id)
        first = ask.from_on or date.fromisoformat(sight.day_of(self.runtime, ask.group_id))
        last = ask.until_on or date.fromordinal(min(first.toordinal() + LONGEST_STRETCH_DAYS, date.max.toordinal()))
        if not 0 <= (last - first).days <= LONGEST_STRETCH_DAYS:
            raise Invalid(fields={"until_on": [f"Not before from_on, and at most {LONGEST_STRETCH_DAYS} days later."]})
        rows = contract_questions.deliveries_on(self.runtime.db, ask.group_id, first.isoformat(), last.isoformat())
        names = contract_questions.producer_names(self.runtime.db, [row["producer_id"] for row in rows])
        told = [{**row, "producer": names.get(row["producer_id"], "")} for row in rows
                if not ask.contract_id or row["contract_id"] == ask.contract_id]  # fmt: skip
        return {
            "dates": [{"on": on, "deliveries": list(found)} for on, found in groupby(told, key=lambda row: row["on"])]
        }

    @door
    def proposed_dates(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """Dates from a rhythm, with what looks strange about them; nothing is recorded."""
        ask = read(Propose, payload)
        if not context.actor:
            raise Forbidden
        if ask.group_id:
            self.runtime.access.require_member(context, ask.group_id)
        return proposal(self.runtime, ask)


def summary(row: Row, days: Sequence[Row], today: str) -> dict[str, Any]:
    held = [day for day in days if not day["cancelled"]]
    left = [day for day in held if day["on"] >= today]
    sign_ups = {"state": sight.sign_up_state(row, today), "opens_on": row["signing_opens_on"],
                "closes_on": row["signing_closes_on"]}  # fmt: skip
    return {
        **{name: row[name] for name in SHORT}, "sign_ups": sign_ups, "deliveries": len(held),
        "deliveries_left": len(left), "next_on": left[0]["on"] if left else None,
    }  # fmt: skip


def published(row: Row, days: Sequence[Row], today: str, producer: str) -> dict[str, Any]:
    terms = in_full(row["terms"])
    shown = ("title", "unit", "price_cents", "net_weight_g", "content", "category", "sale", "portion_g")
    short = summary(row, days, today)
    return {
        **{name: short[name] for name in ("contract_id", "producer_id", "title", "complement", "basket_kind",
                                          "starts_on", "ends_on", "sign_ups", "next_on")},
        "producer": producer, "description": terms["description"],
        "producer_note": terms["producer_note"],
        "options": [{name: option[name] for name in shown} for option in terms["options"]],
        "deliveries": list(days),
    }  # fmt: skip


def by_month(days: Sequence[Row]) -> list[dict[str, Any]]:
    """As contracts print them; those cancelled stay in, struck out."""
    months = groupby(days, key=lambda day: day["on"][:7])
    return [{"month": month, "deliveries": list(found)} for month, found in months]
