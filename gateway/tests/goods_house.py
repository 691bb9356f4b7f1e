"""A gateway whose services of people and goods are real: one group with twelve orders on its distribution day."""

import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import msgspec
from gateway_fakes import QUICK_HASHER
from people_house import HouseRpc

from contracts_svc.setup import HOST_ID
from gateway.app import create_app
from gateway.places import Places
from grenier.testing import House
from logistics_svc import ids
from logistics_svc.examples import CYCLE, DELIVERY, DISTRIBUTION, frozen, order

NOW = datetime(2026, 11, 26, 16, 30, tzinfo=UTC)  # half an hour before the doors open
GROUP = "g-belleville"
FOYERS = [
    ("Marie", "Martin", ["organiser", "treasurer"]),
    ("Nam", "Nguyen", ["volunteer"]),
    ("Rosa", "Rossi", []),
    ("Samir", "Benali", []),
    ("Awa", "Traoré", []),
    ("Paul", "Lefèvre", []),
]


class GoodsSite:
    """`people` maps first names to person ids, `homes` last names to household ids. Lou is the logistician."""

    def __init__(self, folder: Path) -> None:
        self.house = House(folder, "contracts", "logistics", "gateway", now=NOW)
        self.people: dict[str, str] = {}
        self.homes: dict[str, str] = {}
        self._found()
        orders = [self._order(number, home) for number, home in enumerate(self.homes.values())]
        frozen_here = msgspec.structs.replace(frozen(*orders, group_id=GROUP), host_id=HOST_ID)
        self.house.record(f"cycle-{CYCLE}", frozen_here)
        self.app = create_app(
            self.house.settings,
            rpc=HouseRpc(self.house),
            clock=self.house.clock,
            access_view=Places(self.house.rooms["gateway"].runtime),
            log=self.house.log,
            defer=lambda work, *args: work(*args),
            password_hasher=QUICK_HASHER,
        )
        self.app.testing = True

    def _found(self) -> None:
        lou = {"first_name": "Lou", "last_name": "Peretti", "email": "lou@example.org"}
        self.people["Lou"] = self._tell("found_federation", name="VRAC Lyon", person=lou)["person_id"]
        self._tell("found_group", kind="buying_group", name="VRAC Belleville", place="Salle des fêtes", group_id=GROUP)
        self._tell("assign_role", person_id=self.people["Lou"], role="logistician", scope_kind="federation",
                   scope_id=HOST_ID)  # fmt: skip
        for number, (first, last, roles) in enumerate(FOYERS):
            person = {"first_name": first, "last_name": last, "phone": f"06 12 34 56 {number:02}", "roles": roles}
            tier = "neighbourhood" if number % 3 else "solidarity"
            told = self._tell("enrol_household", group_id=GROUP, tier=tier, persons=[person])
            self.homes[last], self.people[first] = told["household_id"], told["person_ids"][0]

    def _tell(self, method: str, **payload):
        return self.house.call("contracts", method, payload, actor=self.people.get("Lou", ""))

    @staticmethod
    def _order(number: int, household_id: str):
        tier = "neighbourhood" if number % 3 else "solidarity"
        lines = {"bread": 1 + number % 3}
        if number % 2:
            lines["comte"] = 1 + number % 4
        if number % 3 != 1:
            lines["lentils"] = 2
        return order(household_id, tier, **lines)

    def client(self, first_name: str):
        client = self.app.test_client()
        token = self.app.extensions["grenier"].tokens.issue(self.people[first_name], "test")[1]
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client

    def deliver(self, bread: int = 12) -> None:
        """Pallets picked and sent, and received by the group."""
        lou, marie = self.people["Lou"], self.people["Marie"]
        self.goods("prepare_pallet", lou, pallet_id=ids.pallet_id(DELIVERY, 1))
        self.goods("dispatch_delivery", lou, delivery_id=DELIVERY)
        lines = [{"product_id": "bread", "received": bread, "reason": ""}] if bread != 12 else []
        self.goods("receive_delivery", marie, delivery_id=DELIVERY, lines=lines)

    def goods(self, method: str, actor: str, **payload):
        return self.house.call("logistics", method, payload, actor=actor)

    @property
    def day(self) -> str:
        return f"/groupes/{GROUP}/distributions/{DISTRIBUTION}"
