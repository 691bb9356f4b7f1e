"""What stands on paper about contracts: parties with their contacts, terms, a subscription, the baskets of a day.

Everybody who may see a document gets the same facts, whoever they are, so that those who sign have seen the same bytes. Names
of the erased are "".
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import msgspec

from contracts_svc import group
from contracts_svc.contract.sight import seen
from contracts_svc.contract.state import Life
from contracts_svc.guards import today
from contracts_svc.keeping.shown import sheet_of
from contracts_svc.subscribing import (
    contract_of,
    eaters_of,
    require_manager,
    require_own_or_manager,
    shown,
    subscription_row,
)
from contracts_svc.texts import full_name
from contracts_svc.views import baskets, exchange_questions, federation, mandates, people
from contracts_svc.views import cheques as cheque_rows
from contracts_svc.views import contract_questions as seasons
from contracts_svc.views import subscription_questions as questions
from grenier import links
from grenier.doors import Context, door
from grenier.errors import Invalid, NotFound
from grenier.language import purposes
from grenier.readmodel import Row
from grenier.runtime import Runtime, read

MOST_CONTRACTS = 60
NEXT_DAYS, AHEAD = 2, timedelta(days=60)


class PrintedContract(msgspec.Struct, forbid_unknown_fields=True):
    """By id for those who may see it, or by the link that the producer's contact got."""

    contract_id: str = ""
    token: str = ""


class PrintedSubscription(msgspec.Struct, forbid_unknown_fields=True):
    subscription_id: str = ""
    token: str = ""


class PrintedDay(msgspec.Struct, forbid_unknown_fields=True):
    """Deliveries of one day (`on`), of one contract or of all; or of one contract from `on` until `until_on`."""

    group_id: str
    on: date
    until_on: date | None = None
    contract_id: str = ""


class Printed:
    runtime: Runtime

    @door
    def printed_contract(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """The newest version with its three parties; who has approved it, and when."""
        ask = read(PrintedContract, payload)
        self.runtime.wait(context)
        if ask.token:
            facts = self._linked(purposes.PRODUCER_ANSWER, ask.token)
            life = contract_of(self.runtime, facts["contract"]).life
            if facts["version"] != str(life.version):
                raise NotFound
        else:
            seen(self.runtime, context, ask.contract_id)
            life = contract_of(self.runtime, ask.contract_id).life
        return {**self._parties(life), "signatures": self._approval(life)}

    @door
    def printed_subscription(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """A subscription with the contract it belongs to, its people, cheques and signatures."""
        ask = read(PrintedSubscription, payload)
        self.runtime.wait(context)
        if ask.token:
            linked = self._linked(purposes.SUBSCRIPTION_SIGNATURE, ask.token)
            row = subscription_row(self.runtime, linked["subscription"])
        else:
            row = subscription_row(self.runtime, ask.subscription_id)
            require_own_or_manager(self.runtime, context, eaters_of(row), row["group_id"], row["contract_id"])
        life = contract_of(self.runtime, row["contract_id"]).life
        return {
            **self._parties(life),
            "subscription": self._subscription(row),
            "signatures": self._signatures(questions.signatures_of(self.runtime.db, row["subscription_id"])),
        }

    @door
    def printed_day(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """Each contract that delivers in the group, with baskets, exchanges and the households in full (S4:57)."""
        ask = read(PrintedDay, payload)
        self.runtime.wait(context)
        until = ask.until_on or ask.on
        if until < ask.on or (ask.until_on and not ask.contract_id):
            raise Invalid(fields={"until_on": ["After `on`, for one contract."]})
        if not self.runtime.access.may(context.actor, "logistics.read", group_id=ask.group_id):
            require_manager(self.runtime, context, ask.group_id, ask.contract_id)
        found = [self._delivered(row) for row in self._deliveries(ask, until)]
        eaters = {one for told in found for basket in told["baskets"] for one in basket["household_ids"]}
        day = sheet_of(self.runtime, ask.group_id, ask.on)
        for basket in (basket for told in found for basket in told["baskets"] if not ask.until_on):
            basket["number"] = day["numbers"].get(tuple(basket["household_ids"]), 0)
        return {
            "group": self._group(ask.group_id),
            "clauses": self._clauses(ask.group_id),
            "deliveries": found,
            "households": self._households(ask.group_id, eaters),
            "kept": day["kept"] if not ask.until_on else [],
            "next": self._next(ask.group_id, until),
        }

    # -- who may see ---------------------------------------------------------------------------------------------

    def _linked(self, purpose: str, token: str) -> dict[str, str]:
        return links.read(self.runtime.settings.session_secret, purpose, token, self.runtime.clock.now())

    # -- the parts -----------------------------------------------------------------------------------------------

    def _parties(self, life: Life) -> dict[str, Any]:
        version = next(
            (row for row in seasons.versions_of(self.runtime.db, life.contract_id) if row["version"] == life.version),
            None,
        )
        return {
            "contract_id": life.contract_id,
            "version": life.version,
            "status": life.status,
            "at": version["at"] if version else "",
            "terms": msgspec.to_builtins(life.agreed),
            "group": self._group(life.group_id),
            "clauses": self._clauses(life.group_id),
            "producer": self._producer(life.producer_id),
            "referents": [_contact(row) for row in self._persons([life.coordinator_id])],
        }

    def _group(self, group_id: str) -> dict[str, Any]:
        found = federation.group(self.runtime.db, group_id)
        if found is None:
            raise NotFound
        kept = ("group_id", "name", "kind", "place", "time_zone", "inclusive_language")
        return {name: found[name] for name in kept}

    def _clauses(self, group_id: str) -> dict[str, dict[str, str]]:
        return self.runtime.handler.state(group.decider, group_id).clauses

    def _producer(self, producer_id: str) -> dict[str, Any]:
        """The farm, and the first of those who answer for it."""
        row = seasons.producer(self.runtime.db, producer_id) or {"name": "", "place": ""}
        held = mandates.in_scopes(self.runtime.db, [producer_id], today(self.runtime).isoformat())
        people_of = self._persons([role["person_id"] for role in held])
        contact = _contact(people_of[0]) if people_of else {"name": "", "phone": "", "email": ""}
        told = {"contact_name": contact["name"], "phone": contact["phone"], "email": contact["email"]}
        return {"name": row["name"], "place": row["place"], **told}

    def _persons(self, person_ids: Iterable[str]) -> list[Row]:
        ids = [one for one in dict.fromkeys(person_ids) if one]
        known = {row["person_id"]: row for row in people.persons_known(self.runtime.db, ids)}
        return [known[one] for one in ids if one in known]

    def _subscription(self, row: Row) -> dict[str, Any]:
        household = people.household(
            self.runtime.db, row["household_id"], today(self.runtime, row["group_id"]).isoformat()
        )
        persons = self._persons([row["person_id"], *row["co_person_ids"]])
        own = {one["person_id"] for one in household["persons"]} if household else set()
        signer = next(
            (one for one in persons if one["person_id"] == row["person_id"] and one["person_id"] in own), None
        )
        first = household["persons"][0] if household and household["persons"] else None
        told = signer or first
        member = _contact(told) if told else {"name": "", "phone": "", "email": "", "address": ""}
        co_names = [_contact(one)["name"] for one in persons if one["person_id"] in row["co_person_ids"]]
        sharing = [one for one in row["household_ids"] if one != row["household_id"]]
        labels = [one["label"] for one in people.households_known(self.runtime.db, sharing)]
        return {
            **shown(row),
            "member": {**member, "number": household["number"] if household else 0},
            "co_names": [*co_names, *labels],
            "cheques": self._cheques(row["subscription_id"]),
        }

    def _cheques(self, subscription_id: str) -> list[dict[str, Any]]:
        found = []
        for row in cheque_rows.of_subscription(self.runtime.db, subscription_id):
            sealed = self.runtime.keys.open(row["payer_id"], row["sealed"]) if row["sealed"] else {}
            kept = ("cheque_id", "amount_cents", "cash_on", "state", "number", "bank")
            found.append({**{name: row[name] for name in kept}, "issuer": sealed.get("issuer", "")})
        return found

    def _signatures(self, rows: list[Row]) -> list[dict[str, Any]]:
        names = {row["person_id"]: _contact(row)["name"] for row in self._persons([row["person_id"] for row in rows])}
        kept = ("party", "means", "document_sha256", "at")
        return [{**{name: row[name] for name in kept}, "name": names.get(row["person_id"], "")} for row in rows]

    def _approval(self, life: Life) -> list[dict[str, Any]]:
        """The producer's yes to the newest version, as a signature."""
        approved = [
            row
            for row in seasons.steps_of(self.runtime.db, life.contract_id)
            if row["what"] == "contract-approved" and row["version"] == life.version == life.approved_version
        ]
        if not approved:
            return []
        version = next(
            row for row in seasons.versions_of(self.runtime.db, life.contract_id) if row["version"] == life.version
        )
        step = approved[-1]
        told = self._persons([step["on_behalf_of"] or step["actor"]])
        return [
            {
                "party": "producer",
                "means": "link" if version["document_sha256"] else "paper",
                "document_sha256": version["document_sha256"],
                "at": step["at"],
                "name": _contact(told[0])["name"] if told else "",
            }
        ]

    # -- a day ---------------------------------------------------------------------------------------------------

    def _deliveries(self, ask: PrintedDay, until: date) -> list[Row]:
        rows = seasons.deliveries_on(self.runtime.db, ask.group_id, ask.on.isoformat(), until.isoformat())
        wanted = [row for row in rows if not row["cancelled"] and ask.contract_id in ("", row["contract_id"])]
        if len(wanted) > MOST_CONTRACTS:
            raise Invalid(fields={"until_on": [f"At most {MOST_CONTRACTS} deliveries on one sheet."]})
        return wanted

    def _next(self, group_id: str, after: date) -> list[str]:
        """The days after this one on which something is handed out, for which people sign up on the sheet."""
        since, until = after + timedelta(days=1), after + AHEAD
        rows = seasons.deliveries_on(self.runtime.db, group_id, since.isoformat(), until.isoformat())
        return sorted({row["on"] for row in rows if not row["cancelled"]})[:NEXT_DAYS]

    def _delivered(self, row: Row) -> dict[str, Any]:
        state = contract_of(self.runtime, row["contract_id"])
        terms = state.life.agreed
        told = msgspec.to_builtins(baskets.baskets_of(state.life, state.roster, row["delivery_id"]))
        given = self._exchanges(row["delivery_id"])
        for basket in told["baskets"]:
            basket["exchange"] = given.get(basket["subscription_id"])
        kept = {name: row[name] for name in ("contract_id", "delivery_id", "on", "starts", "ends", "place")}
        return {
            **kept,
            "title": " ".join(filter(None, (terms.title, terms.complement))),
            "basket_kind": terms.basket_kind,
            "instructions": terms.instructions,
            "producer": self._producer(state.life.producer_id),
            "options": msgspec.to_builtins(terms.options),
            "baskets": told["baskets"],
            "totals": told["totals"],
            "shares_bp": told["shares_bp"],
        }

    def _exchanges(self, delivery_id: str) -> dict[str, dict[str, str]]:
        rows = exchange_questions.given_away(self.runtime.db, delivery_id)
        names = {row["person_id"]: _contact(row)["name"] for row in self._persons(row["taker_id"] for row in rows)}
        return {
            row["subscription_id"]: {"taker": names.get(row["taker_id"], ""), "state": row["phase"]} for row in rows
        }

    def _households(self, group_id: str, household_ids: set[str]) -> list[dict[str, Any]]:
        """Last name first, as on a sheet that is sorted by it: « Martin Zoé / Diallo Ali »."""
        day = today(self.runtime, group_id).isoformat()
        found = people.households_by_id(self.runtime.db, sorted(household_ids), day)
        return [_on_sheet(row) for row in found]


def _contact(row: Row) -> dict[str, str]:
    name = full_name(row["first_name"], row["last_name"])
    return {"name": name, "phone": row["phone"], "email": row["email"], "address": row["address"]}


def _on_sheet(row: Row) -> dict[str, Any]:
    persons = row["persons"]
    names = [" ".join(filter(None, (one["last_name"], one["first_name"]))) for one in persons]
    first = persons[0] if persons else {"phone": "", "email": "", "address": ""}
    told = {name: first[name] for name in ("phone", "email", "address")}
    return {
        "household_id": row["household_id"],
        "number": row["number"],
        "name": " / ".join(names) or row["label"],
        **told,
    }
