"""Questions about cheques and bundles: where is each, what goes to the producer, what is missing (S0:26-27)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec

from contracts_svc import bundle as bundles
from contracts_svc.guards import today
from contracts_svc.rules.cheques import latest_cashing
from contracts_svc.subscribing import CHEQUES, MANAGE, contract_of, require_manager
from contracts_svc.views import cheques, subscription_questions
from grenier import links
from grenier.doors import Context, door
from grenier.errors import Invalid, NotFound
from grenier.language import purposes
from grenier.readmodel import Row
from grenier.runtime import Runtime, read

LINK_DAYS = 60
# A cheque that has not come so long after its subscription was confirmed is missed.
LATE_AFTER_DAYS = 14


class Cheques(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str
    contract_id: str = ""
    household_id: str = ""
    state: str = ""
    cash_on: date | None = None
    cash_until: date | None = None


class HandOverList(msgspec.Struct, forbid_unknown_fields=True):
    contract_id: str
    cash_until: date | None = None


class OfContract(msgspec.Struct, forbid_unknown_fields=True):
    contract_id: str


class BundleLink(msgspec.Struct, forbid_unknown_fields=True):
    bundle_id: str
    person_id: str


class OneBundle(msgspec.Struct, forbid_unknown_fields=True):
    bundle_id: str


class WithToken(msgspec.Struct, forbid_unknown_fields=True):
    token: str


class Anomalies(msgspec.Struct, forbid_unknown_fields=True):
    group_id: str
    contract_id: str = ""


class ChequeQuestions:
    runtime: Runtime

    @door
    def cheques(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """By cashing date, with sums by state; a household sees its own."""
        ask = read(Cheques, payload)
        if ask.state and ask.state not in cheques.STATES:
            raise Invalid(fields={"state": [f"One of {', '.join(cheques.STATES)}."]})
        if ask.household_id:
            household = self.runtime.access.require_household(context, ask.household_id, CHEQUES)
            if household["group_id"] != ask.group_id:
                raise NotFound
        else:
            require_manager(self.runtime, context, ask.group_id, ask.contract_id, CHEQUES)
        rows = cheques.found(
            self.runtime.db, ask.group_id, contract_id=ask.contract_id, household_id=ask.household_id, state=ask.state,
            cash_on=_text(ask.cash_on), cash_until=_text(ask.cash_until),
        )  # fmt: skip
        total = sum(row["amount_cents"] for row in rows)
        return {"cheques": self._shown_cheques(rows), "total_cents": total, "by_state": cheques.by_state(rows)}

    @door
    def hand_over_list(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """What may go to the producer now: cheques that have come, signed contracts, and what is missing."""
        ask = read(HandOverList, payload)
        life = contract_of(self.runtime, ask.contract_id).life
        require_manager(self.runtime, context, life.group_id, ask.contract_id, CHEQUES)
        until = _text(ask.cash_until)
        every = cheques.found(self.runtime.db, life.group_id, contract_id=ask.contract_id, cash_until=until)
        ready = [row for row in every if row["state"] == "received"]
        gone = cheques.handed_over_contracts(self.runtime.db, ask.contract_id)
        rows, _ = subscription_questions.of_contract(self.runtime.db, ask.contract_id, ("confirmed",))
        signed = [
            row for row in rows if {"member", "group"} <= set(row["signed"]) and row["subscription_id"] not in gone
        ]
        return {
            "contract_id": ask.contract_id,
            "cheques": self._shown_cheques(ready),
            "count": len(ready),
            "total_cents": sum(row["amount_cents"] for row in ready),
            "subscriptions": [
                {"subscription_id": row["subscription_id"], "household_id": row["household_id"]} for row in signed
            ],
            "missing": self._shown_cheques([row for row in every if row["state"] == "expected"]),
        }

    @door
    def bundles(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(OfContract, payload)
        life = contract_of(self.runtime, ask.contract_id).life
        self._require_party_of_bundle(context, life.group_id, ask.contract_id, life.producer_id)
        return {"bundles": cheques.bundles_of(self.runtime.db, ask.contract_id)}

    @door
    def bundle(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """One bundle with what stands on each of its cheques."""
        ask = read(OneBundle, payload)
        row = cheques.bundle(self.runtime.db, ask.bundle_id)
        if row is None:
            raise NotFound
        self._require_party_of_bundle(context, row["group_id"], row["contract_id"], row["producer_id"])
        return {**row, "cheques": self._shown_cheques(cheques.in_bundle(self.runtime.db, ask.bundle_id))}

    def _require_party_of_bundle(self, context: Context, group_id: str, contract_id: str, producer_id: str) -> None:
        if not self.runtime.access.may(context.actor, "orders.supplier-orders", scope_id=producer_id):
            require_manager(self.runtime, context, group_id, contract_id, CHEQUES)

    @door
    def bundle_link(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """A link by which the producer's contact says that the bundle has come."""
        ask = read(BundleLink, payload)
        handed = self.runtime.handler.state(bundles.decider, ask.bundle_id).handed
        if handed is None:
            raise NotFound
        if context.actor != "system:notify":
            require_manager(self.runtime, context, handed.group_id, handed.contract_id, CHEQUES)
        until = self.runtime.clock.now() + timedelta(days=LINK_DAYS)
        facts = purposes.bundle_receipt(ask.bundle_id, ask.person_id)
        token = links.sign(self.runtime.settings.session_secret, purposes.BUNDLE_RECEIPT, facts, until)
        return {"token": token, "expires_at": until.isoformat()}

    @door
    def bundle_by_link(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """What the producer's contact looks at before saying that it has come."""
        ask = read(WithToken, payload)
        facts = links.read(
            self.runtime.settings.session_secret, purposes.BUNDLE_RECEIPT, ask.token, self.runtime.clock.now()
        )
        state = self.runtime.handler.state(bundles.decider, facts["bundle"])
        if state.handed is None:
            raise NotFound
        handed = state.handed
        contract = subscription_questions.contract(self.runtime.db, handed.contract_id)
        return {
            "bundle_id": handed.bundle_id, "group_id": handed.group_id, "contract_id": handed.contract_id,
            "contract_title": contract["title"] if contract else "", "on": handed.on.isoformat(),
            "total_cents": handed.total_cents, "cheques": len(handed.cheques), "contracts": len(handed.subscription_ids),
            "received": state.received is not None,
        }  # fmt: skip

    @door
    def anomalies(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """What a coordinator has to look after, each as a list of subscriptions or cheques."""
        ask = read(Anomalies, payload)
        require_manager(self.runtime, context, ask.group_id, ask.contract_id, MANAGE)
        db = self.runtime.db
        rows = subscription_questions.in_group(
            db, ask.group_id, ("waiting", "to_confirm", "confirmed", "ended"), ask.contract_id
        )
        planned = cheques.found(db, ask.group_id, contract_id=ask.contract_id)
        day = today(self.runtime, ask.group_id)
        soon = (day + timedelta(days=LATE_AFTER_DAYS)).isoformat()
        confirmed = [row for row in rows if row["state"] == "confirmed"]
        expected, written = [row for row in planned if row["state"] == "expected"], _written(planned)
        return {
            "to_confirm": [_named(row) for row in rows if row["state"] == "to_confirm"],
            "waiting": [_named(row) for row in rows if row["state"] == "waiting"],
            "unsigned": [
                {**_named(row), "missing": sorted({"member", "producer", "group"} - set(row["signed"]))}
                for row in confirmed
                if len(row["signed"]) < 3
            ],
            "cheques_missing": self._shown_cheques(expected),
            "cheques_late": self._shown_cheques([row for row in expected if row["cash_on"] <= day.isoformat()]),
            "to_hand_over": self._shown_cheques(
                [row for row in planned if row["state"] == "received" and row["cash_on"] <= soon]
            ),
            "amounts_differ": [
                one
                for row in rows
                if row["state"] in ("confirmed", "ended") and self._has_amount(row)
                if (one := _difference(row, written)) is not None
            ],
        }

    def _has_amount(self, row: Row) -> bool:
        """Where goods are ordered nothing is due beforehand; who stopped before the first basket owes nothing, and all comes back."""
        if row["amount_cents"] or row["state"] != "ended":
            return bool(row["amount_cents"])
        return contract_of(self.runtime, row["contract_id"]).life.agreed.basket_kind != "ordered"

    def _shown_cheques(self, rows: list[Row]) -> list[dict[str, Any]]:
        shown = []
        for row in rows:
            issuer = self.runtime.keys.open(row["payer_id"], row["sealed"]).get("issuer", "") if row["sealed"] else ""
            latest = latest_cashing(date.fromisoformat(row["issued_on"])).isoformat() if row["issued_on"] else ""
            kept = {name: value for name, value in row.items() if name not in ("sealed", "payer_id", "producer_id")}
            shown.append({**kept, "issuer": issuer, "latest_on": latest})
        return shown


def _named(row: Row) -> dict[str, Any]:
    kept = ("subscription_id", "contract_id", "contract_title", "household_id", "amount_cents", "registered_at")
    return {name: row[name] for name in kept}


def _written(planned: list[Row]) -> dict[str, int]:
    """Subscription → cents of its cheques that were not given back; one without cheques is not among them."""
    cents: dict[str, int] = {}
    for one in planned:
        kept = 0 if one["state"] == "returned" else one["amount_cents"]
        cents[one["subscription_id"]] = cents.get(one["subscription_id"], 0) + kept
    return cents


def _difference(row: Row, written: dict[str, int]) -> dict[str, Any] | None:
    """The cheques of a subscription do not add up to what it costs: a basket was composed anew, a cheque given back, an early end."""
    cents = written.get(row["subscription_id"])
    if row["means"] != "cheque" or cents is None or cents == row["amount_cents"]:
        return None
    return {**_named(row), "cheques_cents": cents}


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""
