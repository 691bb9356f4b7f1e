"""The doors of a contract's life: drafting and revising, opening, signing up, ending, renewing (S0:17-25)."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import msgspec

from contracts_svc.contract import life_commands
from contracts_svc.contract.decider import decider
from contracts_svc.contract.sight import MANAGE, festive_days, managed
from contracts_svc.contract.telling import tell_life, tell_managed
from contracts_svc.guards import today, with_id
from contracts_svc.rules.naming import named
from contracts_svc.rules.renewal import renewed
from contracts_svc.rules.saying import in_full
from contracts_svc.rules.strange import of_terms
from contracts_svc.views import contract_questions, people
from grenier.doors import Context, door
from grenier.errors import Invalid, Rejected
from grenier.language.season import Terms
from grenier.runtime import Runtime, derived_id, read

TEXTS = {
    "title": 200,
    "complement": 200,
    "description": 5000,
    "producer_note": 5000,
    "instructions": 5000,
    "mention": 2000,
}


class Draft(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str
    producer_id: str
    terms: Terms
    coordinator_id: str = ""
    contract_id: str = ""


class Revise(msgspec.Struct, forbid_unknown_fields=True):
    contract_id: str
    terms: Terms
    from_version: int


class Renew(msgspec.Struct, forbid_unknown_fields=True):
    """`contract_id`: last season's. The new one begins the day after it, when nothing is said."""

    contract_id: str
    starts_on: date | None = None
    ends_on: date | None = None
    title: str = ""
    new_contract_id: str = ""


class OfContract(msgspec.Struct, forbid_unknown_fields=True):
    contract_id: str


class OfVersion(msgspec.Struct, forbid_unknown_fields=True):
    contract_id: str
    version: int


class Reopen(msgspec.Struct, forbid_unknown_fields=True):
    contract_id: str
    closes_on: date


class Abandon(msgspec.Struct, forbid_unknown_fields=True):
    contract_id: str
    reason: str = ""


class ContractDoors:
    runtime: Runtime

    @door
    def draft_contract(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask, context = read(Draft, payload), with_id(context)
        role = self.runtime.access.require(context, MANAGE, group_id=ask.group_id)
        contract_id = a_uuid(ask.contract_id, "contract_id") or derived_id(context.command_id, "contract")
        command = life_commands.DraftContract(
            contract_id=contract_id, group_id=ask.group_id, producer_id=ask.producer_id,
            coordinator_id=ask.coordinator_id or context.actor, terms=named(plain(ask.terms), contract_id),
        )  # fmt: skip
        return self._begin(command, context, role)

    @door
    def renew_contract(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask, context = read(Renew, payload), with_id(context)
        before, role = managed(self.runtime, context, ask.contract_id)
        row = contract_questions.contract(self.runtime.db, ask.contract_id)
        if row is None or row["status"] not in ("opened", "ended"):
            raise Rejected("contract-not-opened", status=before.status)
        contract_id = a_uuid(ask.new_contract_id, "new_contract_id") or derived_id(context.command_id, "contract")
        command = life_commands.DraftContract(
            contract_id=contract_id, group_id=before.group_id, producer_id=before.producer_id,
            coordinator_id=before.coordinator_id, renews=ask.contract_id,
            terms=self._next_season(row, ask, contract_id),
        )  # fmt: skip
        return self._begin(command, context, role, lambda: self._must_not_be_renewed(ask.contract_id, contract_id))

    def _next_season(self, row: dict[str, Any], ask: Renew, contract_id: str) -> Terms:
        """From the terms as they were opened: what happened to single deliveries since then stays behind."""
        terms = msgspec.convert(row["terms"], Terms)
        starts_on = ask.starts_on or date.fromordinal(terms.ends_on.toordinal() + 1)
        zone = (self.runtime.access.group(row["group_id"]) or {}).get("time_zone") or self.runtime.settings.time_zone
        fresh = renewed(terms, starts_on, zone, ask.ends_on)
        return named(_other_ids(msgspec.structs.replace(fresh, title=ask.title.strip() or fresh.title)), contract_id)

    def _must_not_be_renewed(self, contract_id: str, new_id: str) -> None:
        row = contract_questions.contract(self.runtime.db, contract_id)
        if row and row["renewed_by"] not in ("", new_id):
            raise Rejected("contract-renewed", contract_id=row["renewed_by"])

    def _begin(
        self, command: life_commands.DraftContract, context: Context, role: str, check: Any = None
    ) -> dict[str, Any]:
        self._check_people(command)
        answer = self.runtime.tell(decider, command.contract_id, command, context, role=role,
                                   group_id=command.group_id, check=check)  # fmt: skip
        return {**answer, **self._shown(command.group_id, command.terms)}

    def _check_people(self, command: life_commands.DraftContract) -> None:
        producer = contract_questions.producer(self.runtime.db, command.producer_id)
        if producer is None or producer["group_id"] not in ("", command.group_id):
            raise Invalid(fields={"producer_id": ["No producer of the federation or of this group."]})
        if command.group_id not in people.places_of(self.runtime.db, [command.coordinator_id]).get(
            command.coordinator_id, set()
        ) and not self.runtime.access.may(command.coordinator_id, MANAGE, group_id=command.group_id):
            raise Invalid(fields={"coordinator_id": ["Nobody of this group."]})

    def _shown(self, group_id: str, terms: Terms) -> dict[str, Any]:
        festive = festive_days(self.runtime, group_id, [delivery.on for delivery in terms.deliveries])
        return {"terms": in_full(terms), "warnings": of_terms(terms, festive)}

    @door
    def revise_contract(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(Revise, payload)
        now, role = managed(self.runtime, context, ask.contract_id)
        terms = named(plain(ask.terms), ask.contract_id)
        command = life_commands.ReviseContract(terms=terms, from_version=ask.from_version)
        answer = tell_life(self.runtime, now, command, context, role)
        return {**answer, **self._shown(now.group_id, terms)}

    @door
    def open_contract(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OfVersion, payload)
        return tell_managed(
            self.runtime, ask.contract_id, context, lambda _now: life_commands.OpenContract(version=ask.version)
        )

    @door
    def close_sign_ups(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OfContract, payload)
        return tell_managed(self.runtime, ask.contract_id, context, lambda _now: life_commands.CloseSignUps())

    @door
    def reopen_sign_ups(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(Reopen, payload)
        return tell_managed(
            self.runtime, ask.contract_id, context,
            lambda now: life_commands.ReopenSignUps(closes_on=ask.closes_on, today=today(self.runtime, now.group_id)),
        )  # fmt: skip

    @door
    def end_contract(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OfContract, payload)
        return tell_managed(
            self.runtime, ask.contract_id, context,
            lambda now: life_commands.EndContract(today=today(self.runtime, now.group_id)),
        )  # fmt: skip

    @door
    def abandon_contract(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(Abandon, payload)
        return tell_managed(
            self.runtime, ask.contract_id, context,
            lambda _now: life_commands.AbandonContract(reason=ask.reason.strip()),
        )  # fmt: skip


def plain(terms: Terms) -> Terms:
    """Texts without the space around them. Invalid when one of them is a book."""
    texts = {name: getattr(terms, name).strip() for name in TEXTS}
    if long := {f"terms.{name}": ["Too long."] for name, text in texts.items() if len(text) > TEXTS[name]}:
        raise Invalid(fields=long)
    return msgspec.structs.replace(terms, **texts)


def a_uuid(text: str, field: str) -> str:
    """The id in its usual form; "" stays "". Invalid for anything else: ids name streams."""
    try:
        return str(UUID(text)) if text else ""
    except ValueError as error:
        raise Invalid(fields={field: ["A UUID."]}) from error


def _other_ids(terms: Terms) -> Terms:
    """Last season's ids as names inside the new contract, where they become ids of its own."""

    def other(given: str) -> str:
        return f"renewed:{given}"

    replace = msgspec.structs.replace
    return replace(
        terms,
        deliveries=[replace(each, delivery_id=other(each.delivery_id)) for each in terms.deliveries],
        options=[
            replace(each, option_id=other(each.option_id), delivery_ids=[other(on) for on in each.delivery_ids])
            for each in terms.options
        ],
        rounds=[
            replace(each, round_id=other(each.round_id), delivery_id=other(each.delivery_id)) for each in terms.rounds
        ],
    )  # fmt: skip
