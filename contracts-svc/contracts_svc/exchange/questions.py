"""Queries of the exchange: the space itself, what is on offer, what is mine, who takes, what the sign-off sheet needs."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec

from contracts_svc.exchange import desk, shown
from contracts_svc.exchange.holdings import holdings
from contracts_svc.guards import today
from contracts_svc.texts import full_name
from contracts_svc.views import exchange_questions as questions
from contracts_svc.views import federation, people
from grenier.clock import iso
from grenier.doors import Context, door
from grenier.errors import Invalid, NotFound
from grenier.language import purposes
from grenier.runtime import Runtime, read

SHEET = ("contracts.exchange", "contracts.manage-contracts", "logistics.read")


class OfGroup(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str


class OfBasket(msgspec.Struct, forbid_unknown_fields=True):
    basket_id: str


class Takers(msgspec.Struct, forbid_unknown_fields=True):
    """Both days included; left out: the last twelve months."""

    group_id: str
    from_on: date | None = None
    until_on: date | None = None


class Exchanged(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str
    delivery_id: str = ""
    on: date | None = None


class WithToken(msgspec.Struct, forbid_unknown_fields=True):
    token: str


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    pass


class ExchangeQuestions:
    runtime: Runtime

    @door
    def exchange(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """The space of a group: how it is run, what I am in it."""
        ask = read(OfGroup, payload)
        if not desk.belongs(self.runtime, context.actor, ask.group_id):
            raise NotFound
        its = questions.settings(self.runtime.db, ask.group_id)
        if its is None:
            raise NotFound
        standing = desk.standing(self.runtime, ask.group_id, context.actor).standing
        referent = desk.contact_of(self.runtime, its.referent_id)["name"] if its.referent_id else ""
        return {
            "group_id": ask.group_id, "group": self._group_name(ask.group_id), "settings": its, "referent": referent,
            "standing": standing, "member": self.runtime.access.belongs_to(context.actor, ask.group_id),
            "may_manage": bool(desk.manages(self.runtime, context.actor, ask.group_id)),
            "pooled": bool(desk.pool(self.runtime, ask.group_id)),
        }  # fmt: skip

    def _group_name(self, group_id: str) -> str:
        return str((self.runtime.access.group(group_id) or {}).get("name", ""))

    @door
    def my_exchanges(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """S4:49-50: baskets of my household that I offered, those I asked for, where I am a taker."""
        read(Nothing, payload)
        if not context.actor:
            raise NotFound
        homes = [row["household_id"] for row in self.runtime.access.households_of(context.actor)]
        places = questions.taker_of(self.runtime.db, context.actor)
        names = {row["group_id"]: row["name"] for row in federation.all_groups(self.runtime.db)}
        return {
            "offered": shown.as_holder(self.runtime, questions.offered_by(self.runtime.db, homes)),
            "asked": shown.as_taker(self.runtime, questions.asked_by(self.runtime.db, context.actor), context.actor),
            "takes_in": [
                {"group_id": row["group_id"], "group": names.get(row["group_id"], ""), "standing": row["standing"]}
                for row in places
            ],
        }

    @door
    def exchange_offers(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """S4:7-8: what may be asked for, by date; of the whole federation where the group shares."""
        ask = read(OfGroup, payload)
        if not desk.belongs(self.runtime, context.actor, ask.group_id):
            raise NotFound
        takes = desk.takes_in(self.runtime, ask.group_id, context.actor)
        rows = questions.on_offer(
            self.runtime.db, [ask.group_id], desk.pool(self.runtime, ask.group_id), context.actor,
            iso(self.runtime.clock.now()),
        )  # fmt: skip
        mine = {home["household_id"] for home in self.runtime.access.households_of(context.actor)}
        asked = questions.requests_for(self.runtime.db, [row["basket_id"] for row in rows])
        offers = shown.basket_rows(self.runtime, rows)
        for row, offer in zip(rows, offers, strict=True):
            requests = asked.get(row["basket_id"], [])
            states = {request["person_id"]: request["state"] for request in requests}
            offer["own"] = row["household_id"] in mine
            offer["my_request"] = states.get(context.actor, "")
            offer["waiting"] = sum(state == "waiting" for state in states.values())
        return {"offers": offers, "takes": takes, "total": len(offers)}

    @door
    def my_baskets(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """S4:40-42: my household's baskets to come, that may still be offered or are."""
        ask = read(OfGroup, payload)
        if not desk.belongs(self.runtime, context.actor, ask.group_id):
            raise NotFound
        its = questions.settings(self.runtime.db, ask.group_id)
        homes = [
            row["household_id"]
            for row in self.runtime.access.households_of(context.actor)
            if row["group_id"] == ask.group_id
        ]
        now, cutoff = self.runtime.clock.now(), timedelta(hours=its.cutoff_hours if its else 24)
        coming = [facts for facts in holdings(self.runtime, homes) if facts.starts_at > now]
        found = []
        for facts in coming:
            offer = shown.offer_of(
                facts, questions.basket(self.runtime.db, facts.basket_id), iso(facts.starts_at - cutoff)
            )
            found.append({**offer, "too_late": now >= facts.starts_at - cutoff})
        return {"baskets": shown.with_contracts(self.runtime, found), "cutoff_hours": its.cutoff_hours if its else 24}

    @door
    def basket(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """One basket as holder, taker or somebody who may ask sees it."""
        ask = read(OfBasket, payload)
        row = questions.basket(self.runtime.db, ask.basket_id)
        if row is None or not context.actor:
            raise NotFound
        if context.actor in self.runtime.access.persons_of(row["household_id"]):
            return {**shown.as_holder(self.runtime, [row])[0], "as": "holder"}
        return self._as_taker(row, context.actor)

    def _as_taker(self, row: dict[str, Any], person_id: str) -> dict[str, Any]:
        found = desk.offered(self.runtime, row["basket_id"])
        asked = [one for one in questions.asked_by(self.runtime.db, person_id) if one["basket_id"] == row["basket_id"]]
        if not asked and not desk.may_take(self.runtime, person_id, found):
            raise NotFound
        one = shown.as_taker(self.runtime, asked or [row], person_id)[0]
        return {**one, "as": "taker"}

    # -- by the links of mails -----------------------------------------------------------------------------------

    @door
    def basket_by_link(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        facts = desk.read_link(self.runtime, purposes.EXCHANGE_BASKET, read(WithToken, payload).token)
        row = questions.basket(self.runtime.db, facts["basket"])
        if row is None:
            raise NotFound
        return self._as_taker(row, facts["person"])

    @door
    def taker_by_link(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """What the links for leaving and for saying yes are about: the group and where the person stands."""
        token = read(WithToken, payload).token
        try:
            facts, kind = desk.read_link(self.runtime, purposes.EXCHANGE_LEAVE, token), "leave"
        except NotFound:
            facts, kind = desk.read_link(self.runtime, purposes.EXCHANGE_CONFIRM, token), "confirm"
        standing = desk.standing(self.runtime, facts["group"], facts["person"]).standing
        group = self._group_name(facts["group"])
        return {"kind": kind, "group_id": facts["group"], "group": group, "standing": standing}

    @door
    def public_exchange(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """S4:15-20: for who is no member: whether there is such a space, and the mailbox to write to."""
        ask = read(OfGroup, payload)
        its = questions.settings(self.runtime.db, ask.group_id)
        if its is None or not its.enabled:
            raise NotFound
        return {"group_id": ask.group_id, "group": self._group_name(ask.group_id), "mailbox": its.mailbox,
                "members_only": its.members_only}  # fmt: skip

    # -- for the referent and the table --------------------------------------------------------------------------

    @door
    def exchange_takers(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """Who takes, how often, and the figures of a period."""
        ask = read(Takers, payload)
        desk.require_manager(self.runtime, context, ask.group_id)
        until = ask.until_on or today(self.runtime, ask.group_id)
        start = ask.from_on or until - timedelta(days=365)
        if start > until:
            raise Invalid(fields={"until_on": ["Not before from_on."]})
        rows = questions.takers_in(self.runtime.db, ask.group_id)
        counts = questions.taken_counts(self.runtime.db, ask.group_id, start.isoformat(), until.isoformat())
        known = {row["person_id"]: row for row in people.persons_known(self.runtime.db, [r["person_id"] for r in rows])}
        takers = [self._taker(row, known.get(row["person_id"]), counts.get(row["person_id"], 0)) for row in rows]
        figures = questions.figures(self.runtime.db, ask.group_id, start.isoformat()[:7], until.isoformat()[:7])
        active = sum(taker["standing"] == "active" for taker in takers)
        return {"takers": takers, "from_on": start, "until_on": until, "figures": figures, "active": active}

    @staticmethod
    def _taker(row: dict[str, Any], person: dict[str, Any] | None, baskets: int) -> dict[str, Any]:
        kept = ("person_id", "standing", "by", "enrolled_at", "left_at")
        name = full_name(person["first_name"], person["last_name"]) if person else ""
        reach = {"email": person["email"], "phone": person["phone"]} if person else {"email": "", "phone": ""}
        return {**{key: row[key] for key in kept}, "name": name, **reach, "baskets": baskets}

    @door
    def exchanged(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """S4:57: holder and taker of each basket that somebody else fetches, for the sign-off sheet."""
        ask = read(Exchanged, payload)
        access = self.runtime.access
        if not any(access.role_for(context.actor, permission, group_id=ask.group_id) for permission in SHEET):
            desk.require_manager(self.runtime, context, ask.group_id)
        rows = questions.exchanged(
            self.runtime.db, group_id=ask.group_id, delivery_id=ask.delivery_id, on=ask.on.isoformat() if ask.on else ""
        )
        kept = (
            "basket_id",
            "contract_id",
            "delivery_id",
            "subscription_id",
            "household_id",
            "on",
            "starts_at",
            "parts",
        )
        return {
            "baskets": [
                {**{name: row[name] for name in kept}, "holder": shown.household_label(self.runtime, row["household_id"]),
                 "taker_id": row["taker_id"], "taker": desk.contact_of(self.runtime, row["taker_id"])["name"],
                 "collected": row["phase"] == "collected"}
                for row in rows
            ]
        }  # fmt: skip
