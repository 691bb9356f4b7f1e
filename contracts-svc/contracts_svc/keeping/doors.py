"""Doors of a day on which baskets are handed out: offering to keep, entrusting, numbering, and who sees what of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import msgspec

from contracts_svc.guards import today
from contracts_svc.keeping import day as days
from contracts_svc.keeping.shown import contacts_of, day_id, homes_of, lines_of, takes_on
from contracts_svc.subscribing import require_in_group, require_manager
from contracts_svc.views import contract_questions as seasons
from contracts_svc.views import people
from grenier.doors import Context, door
from grenier.errors import NotFound, Rejected
from grenier.runtime import Runtime, read

KEEPING = "contracts.exchange"
AHEAD = timedelta(days=60)
DEFAULT_MOST = 3


class OnDay(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str
    on: date


class Offer(msgspec.Struct, forbid_unknown_fields=True):
    """`person_id` "": oneself."""

    group_id: str
    on: date
    most: int = DEFAULT_MOST
    person_id: str = ""


class Withdraw(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str
    on: date
    person_id: str = ""


class EntrustTo(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str
    on: date
    household_id: str
    keeper_id: str


class OfHousehold(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str
    on: date
    household_id: str


class OfGroup(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str


class KeepingDoors:
    runtime: Runtime

    # -- commands ------------------------------------------------------------------------------------------------

    @door
    def offer_keeping(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """I keep the baskets of up to so many households that cannot come."""
        ask = read(Offer, payload)
        person_id, role = self._keeper(ask.group_id, ask.person_id, context)
        command = days.OfferKeeping(**self._of(ask.group_id, ask.on), person_id=person_id, most=ask.most)
        return self._tell_day(command, context, role, person_id)

    @door
    def withdraw_keeping(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(Withdraw, payload)
        person_id, role = self._keeper(ask.group_id, ask.person_id, context)
        command = days.WithdrawKeeping(**self._of(ask.group_id, ask.on), person_id=person_id)
        return self._tell_day(command, context, role, person_id)

    @door
    def entrust_baskets(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """A household that cannot come leaves all its baskets of the day to a keeper."""
        ask = read(EntrustTo, payload)
        role = self._of_home(ask.group_id, ask.household_id, context)
        where = self._of(ask.group_id, ask.on)
        found = people.household(self.runtime.db, ask.household_id, ask.on.isoformat())
        own = tuple(one["person_id"] for one in found["persons"]) if found else ()
        command = days.Entrust(
            **where, household_id=ask.household_id, keeper_id=ask.keeper_id, own_person_ids=own,
            takes=takes_on(self.runtime, ask.household_id, ask.on),
        )  # fmt: skip
        return self._tell_day(command, context, role, ask.household_id, lambda: self._must_be_here(ask))

    @door
    def take_back_baskets(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OfHousehold, payload)
        role = self._of_home(ask.group_id, ask.household_id, context)
        command = days.TakeBack(**self._of(ask.group_id, ask.on), household_id=ask.household_id)
        return self._tell_day(command, context, role, ask.household_id)

    @door
    def number_baskets(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """A number for each line of the day's sheet, in its order; those given before stay."""
        ask = read(OnDay, payload)
        role = self.runtime.access.require(context, KEEPING, group_id=ask.group_id)
        command = days.NumberBaskets(
            **self._of(ask.group_id, ask.on), lines=lines_of(self.runtime, ask.group_id, ask.on)
        )
        return self._tell_day(command, context, role)

    # -- questions -----------------------------------------------------------------------------------------------

    @door
    def keeping_days(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """The coming days of a group on which something is handed out."""
        ask = read(OfGroup, payload)
        self.runtime.access.require_member(context, ask.group_id)
        return {"days": self._coming(ask.group_id)}

    @door
    def keeping_day(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """Keepers by name for all members; whose baskets they keep for themselves, the household and who looks after it."""
        ask = read(OnDay, payload)
        self.runtime.wait(context)
        self.runtime.access.require_member(context, ask.group_id)
        where = self._of(ask.group_id, ask.on)
        state = self.runtime.handler.state(days.decider, where["day_id"])
        manages = self.runtime.access.may(context.actor, KEEPING, group_id=ask.group_id)
        mine = {row["household_id"] for row in self.runtime.access.households_of(context.actor)}
        seen = {
            home: keeper
            for home, keeper in state.entrusted.items()
            if manages or home in mine or keeper == context.actor
        }
        phones = {*seen.values(), context.actor} if not manages else set(state.keepers)
        contacts, homes = contacts_of(self.runtime, state.keepers), homes_of(self.runtime, seen, ask.on)
        return {
            "on": ask.on.isoformat(),
            "over": ask.on < where["today"],
            "keepers": [
                {
                    "person_id": one, "name": contacts[one]["name"], "phone": contacts[one]["phone"] if one in phones else "",
                    "most": most, "left": most - state.kept_by(one), "mine": one == context.actor,
                }
                for one, most in sorted(state.keepers.items(), key=lambda held: contacts[held[0]]["name"].casefold())
                if state.kept_by(one) or self._here(one, ask.group_id)
            ],
            "entrusted": [{**homes[home], "keeper_id": keeper, "mine": home in mine} for home, keeper in seen.items()],
            "numbered": len(state.numbers),
            "may_manage": manages,
        }  # fmt: skip

    # -- who and when --------------------------------------------------------------------------------------------

    def _keeper(self, group_id: str, person_id: str, context: Context) -> tuple[str, str]:
        """Oneself as a member, or somebody of the group, noted by who looks after the exchange."""
        role = self.runtime.access.require_member(context, group_id)
        if person_id in ("", context.actor):
            return context.actor, role
        role = self.runtime.access.require(context, KEEPING, group_id=group_id)
        self.runtime.access.require_member(Context(actor=person_id), group_id)
        return person_id, role

    def _must_be_here(self, ask: EntrustTo) -> None:
        """Who has left the group since offering keeps nothing more."""
        if not self._here(ask.keeper_id, ask.group_id):
            raise Rejected("keeper-missing")

    def _here(self, person_id: str, group_id: str) -> bool:
        try:
            return bool(self.runtime.access.require_member(Context(actor=person_id), group_id))
        except NotFound:
            return False

    def _of_home(self, group_id: str, household_id: str, context: Context) -> str:
        self.runtime.access.require_member(context, group_id)
        role = self._role_in_home(group_id, household_id, context)
        require_in_group(self.runtime, household_id, group_id)
        return role

    def _role_in_home(self, group_id: str, household_id: str, context: Context) -> str:
        if any(row["household_id"] == household_id for row in self.runtime.access.households_of(context.actor)):
            return "eater"
        return require_manager(self.runtime, context, group_id, "", KEEPING)

    def _of(self, group_id: str, on: date) -> dict[str, Any]:
        """What each command says of the day; NotFound where nothing is handed out."""
        told = seasons.deliveries_on(self.runtime.db, group_id, on.isoformat(), on.isoformat())
        if not any(not row["cancelled"] for row in told):
            raise NotFound
        return {"day_id": day_id(group_id, on), "group_id": group_id, "on": on, "today": today(self.runtime, group_id)}

    def _coming(self, group_id: str) -> list[str]:
        first = today(self.runtime, group_id)
        rows = seasons.deliveries_on(self.runtime.db, group_id, first.isoformat(), (first + AHEAD).isoformat())
        return sorted({row["on"] for row in rows if not row["cancelled"]})

    def _tell_day(
        self,
        command: days.Command,
        context: Context,
        role: str,
        about: str = "",
        check: Callable[[], None] | None = None,
    ) -> dict[str, Any]:
        other = about if role != "eater" and about != context.actor else ""
        return self.runtime.tell(
            days.decider, command.day_id, command, context, role=role, group_id=command.group_id, on_behalf_of=other,
            check=check,
        )  # fmt: skip
