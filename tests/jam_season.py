"""A jam contract in an AMAP, in one process: two order rounds, three subscribers, one who is not, a coordinator.

    season = JamSeason(tmp_path)
    season.api("amel").put(f"/cycles/{season.first}/orders/{season.home['amel']}", json=…)

What contracts-svc decides about contracts and subscriptions is put into the log as its facts.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from flask import Flask

from grenier.language import contracts as c
from grenier.language import season as words
from tests.house_app import Site

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
OPENS = datetime(2026, 11, 9, 7, tzinfo=UTC)
CLOSES = datetime(2026, 11, 16, 19, tzinfo=UTC)
DELIVERY = date(2026, 11, 26)
LATER = date(2026, 12, 10)
SERVICES = ("contracts", "orders", "ledger", "logistics")
PEOPLE = ("amel", "bruno", "carla", "dora")
SUBSCRIBERS = ("amel", "bruno", "carla")
OPTIONS = [
    words.BasketOption(option_id=key, title=title, price_cents=price, category="Confitures", net_weight_g=350)
    for key, title, price in (("fig", "Confiture de figues", 550), ("plum", "Confiture de prunes", 480),
                              ("orange", "Marmelade d’orange", 620))
]  # fmt: skip


def fixed(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"jam/{name}"))


class Api:
    """A person's client for the API: `put("/cycles/…", {...})` answers the parsed body; `status` tells how it went."""

    def __init__(self, site: Site, person_id: str) -> None:
        self._client = site.client(person_id)
        self.status = 0

    def __call__(self, method: str, path: str, body: Any = None, key: str = "") -> Any:
        headers = {"Idempotency-Key": key or str(uuid4())} if method != "get" else {}
        answer = self._client.open("/api/v1" + path, method=method.upper(), json=body, headers=headers)
        self.status = answer.status_code
        return answer.get_json()

    def get(self, path: str) -> Any:
        return self._checked("get", path)

    def put(self, path: str, body: Any = None) -> Any:
        return self._checked("put", path, body if body is not None else {})

    def post(self, path: str, body: Any = None, key: str = "") -> Any:
        return self._checked("post", path, body if body is not None else {}, key)

    def delete(self, path: str) -> Any:
        return self._checked("delete", path)

    def refused(self, method: str, path: str, body: Any = None) -> str:
        """The code with which this call must be refused."""
        found = self(method, path, body if body is not None or method == "get" else {})
        assert self.status >= 400, f"it was not refused: {found}"
        return str(found["code"])

    def _checked(self, *call: Any) -> Any:
        found = self(*call)
        assert self.status < 300, f"{call}: {self.status} {found}"
        return found


# The routes are the same for every season of a test process: they are made once.
_made: list[Flask] = []


class JamSeason:
    def __init__(
        self,
        folder: Path,
        *,
        floor_cents: int | None = None,
        scope: str = "contract",
        services: tuple[str, ...] = SERVICES,
    ) -> None:
        self.site = Site(folder, now=NOW, services=services, app=_made[0] if _made else None)
        _made[:] = [self.site.app]
        self.house = self.site.house
        self.contract, self.following = fixed("contract"), fixed("next")
        self.first, self.second = fixed("round-1"), fixed("round-2")
        self.deliveries = {self.first: "d1", self.second: "d2"}
        self.person: dict[str, str] = {}
        self.home: dict[str, str] = {}
        self._found(scope)
        if floor_cents is not None:
            changed = c.GroupSettingsChanged(group_id=self.group, credit_floor_cents=floor_cents)
            self.house.record(f"group-{self.group}", changed)
        self.open_contract(self.contract)
        for name in SUBSCRIBERS:
            self.subscribe(name, self.contract)

    # -- founding --------------------------------------------------------------------------------------------------

    def _found(self, scope: str) -> None:
        lea = {"first_name": "Léa", "last_name": "Fontaine", "email": "lea@example.org"}
        self.central = self._tell("found_federation", name="Réseau", person=lea)["person_id"]
        self.group = self._tell("found_group", self.central, kind="csa", name="AMAP des Lilas", place="Halle")["id"]
        for name in PEOPLE:
            one = {"first_name": name.title(), "last_name": f"{name.title()}son", "email": f"{name}@example.org"}
            done = self._tell("enrol_household", self.central, group_id=self.group, persons=[one], tier="neighbourhood")
            self.person[name], self.home[name] = done["person_ids"][0], done["household_id"]
        for name, role in (("coline", "coordinator"), ("tom", "treasurer")):
            one = {"first_name": name.title(), "last_name": "Petit", "email": f"{name}@example.org"}
            done = self._tell("enrol_household", self.central, group_id=self.group, persons=[one], tier="neighbourhood")
            self.person[name], self.home[name] = done["person_ids"][0], done["household_id"]
            kind, where = (
                ("contract", self.contract) if (role, scope) == ("coordinator", "contract") else ("group", self.group)
            )
            assigned = c.RoleAssigned(assignment_id=fixed(name), person_id=self.person[name], role=role,
                                      scope_kind=kind, scope_id=where, valid_from=date(2026, 1, 1))  # fmt: skip
            self.house.record(f"role-{name}", assigned)

    def _tell(self, method: str, actor: str = "", **payload: Any) -> dict[str, Any]:
        return self.house.call("contracts", method, payload, actor=actor)

    def terms(self, title: str = "Confitures de l’Ardèche") -> words.Terms:
        deliveries = [
            words.PlannedDelivery(delivery_id="d1", on=DELIVERY, place="Halle"),
            words.PlannedDelivery(delivery_id="d2", on=LATER, place="Halle"),
        ]
        rounds = [
            words.RoundPlan(round_id=self.first, delivery_id="d1", opens_at=OPENS, closes_at=CLOSES),
            words.RoundPlan(round_id=self.second, delivery_id="d2", opens_at=OPENS + timedelta(days=14),
                            closes_at=CLOSES + timedelta(days=14)),
        ]  # fmt: skip
        return words.Terms(title=title, starts_on=date(2026, 11, 1), ends_on=date(2026, 12, 31), basket_kind="ordered",
                           options=OPTIONS, deliveries=deliveries, rounds=rounds,
                           payment=words.PaymentTerms(payee="Les Confitures", prepayment_cents=3000))  # fmt: skip

    def open_contract(self, contract_id: str, *, renews: str = "", rounds: bool = True) -> None:
        terms = self.terms() if rounds else words.Terms(
            title="Confitures, printemps", starts_on=date(2027, 1, 1), ends_on=date(2027, 6, 30), basket_kind="ordered"
        )  # fmt: skip
        common = {"contract_id": contract_id, "group_id": self.group, "producer_id": "farm",
                  "coordinator_id": self.person["coline"], "terms": terms}  # fmt: skip
        self.house.record(f"contract-{contract_id}", words.ContractDrafted(**common, renews=renews),
                          words.ContractOpened(**common, version=1))  # fmt: skip

    def subscribe(self, name: str, contract_id: str, starts_on: date = date(2026, 11, 1)) -> None:
        ids = {"subscription_id": fixed(f"{contract_id}/{name}"), "contract_id": contract_id, "group_id": self.group,
               "household_id": self.home[name]}  # fmt: skip
        registered = words.SubscriptionRegistered(
            **ids, person_id=self.person[name], lines=[], starts_on=starts_on, amount_cents=0, channel="web"
        )
        self.house.record(f"contract-{contract_id}", registered, words.SubscriptionConfirmed(**ids))

    # -- acting ----------------------------------------------------------------------------------------------------

    def api(self, name: str) -> Api:
        return Api(self.site, self.person[name])

    def at(self, now: datetime) -> None:
        self.site.clock.set(now)
        self.site.tick()

    def order_path(self, name: str, cycle_id: str = "") -> str:
        return f"/cycles/{cycle_id or self.first}/orders/{self.home[name]}"

    def order(self, name: str, cycle_id: str = "", **wanted: int) -> Any:
        return self.api(name).put(self.order_path(name, cycle_id), lines(**wanted))

    def deposit(self, name: str, amount_cents: int, number: str = "0001") -> Any:
        path = f"/contracts/{self.contract}/accounts/{self.home[name]}/prepayments"
        return self.api("coline").post(path, {"amount_cents": amount_cents, "number": number, "bank": "Crédit Mutuel"})

    def ordered(self) -> None:
        """The first round: Amel takes 3 figs and 1 plum (21,30), Bruno 2 oranges (12,40); Carla nothing."""
        self.at(OPENS)
        self.order("amel", fig=3, plum=1)
        self.order("bruno", orange=2)

    def frozen(self) -> None:
        self.ordered()
        self.at(CLOSES)
        self.api("coline").post(f"/cycles/{self.first}/freeze")
        self.at(datetime(2026, 11, 26, 17, tzinfo=UTC))

    def delivered(self) -> None:
        """Both parcels are handed over, one fig is missing in Amel's; the delivery is closed and told."""
        self.frozen()
        coline = self.api("coline")
        gap = {"missing": [{"product_id": "fig", "missing": 1}]}
        coline.put(f"/cycles/{self.first}/parcels/{self.home['amel']}", gap)
        for name in ("amel", "bruno"):
            coline.post(f"/cycles/{self.first}/parcels/{self.home[name]}/hand-over")

    def balance(self, name: str, contract_id: str = "") -> int:
        path = f"/contracts/{contract_id or self.contract}/accounts/{self.home[name]}"
        return int(self.api(name).get(path)["closing_cents"])


def lines(**wanted: int) -> dict[str, Any]:
    return {"lines": [{"product_id": key, "quantity": quantity} for key, quantity in wanted.items()]}
