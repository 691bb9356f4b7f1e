"""A gateway over a real ledger, notify and contracts: the evening of a distribution, with money still to take.

`python gateway/tests/ledger_house.py [port]` serves it, to look at the pages with a browser.
"""

import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from gateway_fakes import QUICK_HASHER, RealClock

from gateway.app import create_app
from gateway.places import Places
from gateway.projections import Balances
from grenier.doors import dispatch
from grenier.errors import NotFound, from_wire
from grenier.language import logistics, orders
from grenier.testing import House

ORDERED = datetime(2026, 11, 9, 18, 12, tzinfo=UTC)
DISTRIBUTION = datetime(2026, 11, 26, 17, tzinfo=UTC)
ITEMS = [
    orders.CatalogueItem(
        product_id=product_id,
        facts=orders.ProductFacts(name=name, category="épicerie", producer_id="p", unit_label=label, **more),
        price_cents=price,
        cost_cents=price - 100,
    )
    for product_id, name, label, price, more in (
        ("comte", "Comté 12 mois", "part de 1 kg", 1590, {"sale": "weighed", "portion_g": 1000}),
        ("lentilles", "Lentilles vertes", "sachet 500 g", 325, {}),
        ("huile", "Huile d’olive", "bouteille 75 cl", 1250, {}),
    )
]


class Evening:
    """One group, five households, orders of the month signed off; `app` is the gateway over it."""

    def __init__(self, folder: Path, kind: str = "buying_group") -> None:
        self.house = House(folder, "contracts", "ledger", "notify", "gateway", now=ORDERED - timedelta(days=9))
        self.lock = threading.RLock()
        room = self.house.rooms["gateway"].runtime
        self.app = create_app(
            self.house.settings,
            rpc=self,
            clock=self.house.clock,
            access_view=Places(room),
            balances=Balances(room),
            log=self.house.log,
            now=RealClock(time.time()),
            defer=lambda function, *args: function(*args),
            password_hasher=QUICK_HASHER,
        )
        self._found(kind)

    def call(self, service: str, method: str, payload: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
        """The road to the services; those that are not in this house are unknown."""
        with self.lock:
            if service not in self.house.rooms:
                raise NotFound("unknown-service")
            answer = dispatch(self.house.rooms[service].doors, method, payload, context)
            if "error" in answer:
                raise from_wire(answer["error"]["code"], answer["error"]["status"], answer["error"]["facts"])
            self.house.settle()
            return answer["ok"]

    def tell(self, method: str, actor: str = "", service: str = "contracts", **payload: Any) -> dict[str, Any]:
        return self.house.call(service, method, payload, actor=actor)

    def _found(self, kind: str) -> None:
        lea = {"first_name": "Léa", "last_name": "Fontaine", "email": "lea@example.org"}
        self.lea = self.tell("found_federation", name="VRAC", person=lea)["person_id"]
        self.group = self.tell("found_group", self.lea, kind=kind, name="VRAC Belleville", place="Paris 20e")["id"]
        self.persons: dict[str, str] = {}
        self.households: dict[str, str] = {}
        for first, last, digital, roles in (
            ("Nadia", "Belkacem", True, ["organiser"]),
            ("Tom", "Rossi", True, ["treasurer"]),
            ("Paul", "Martin", True, []),
            ("Odette", "Nguyen", False, []),
            ("Inès", "Lopez-Delacroix", True, []),
        ):
            person = {
                "first_name": first,
                "last_name": last,
                "phone": "06 12 34 56 78",
                "digital": digital,
                "roles": roles,
            }
            if digital:
                person["email"] = f"{first.lower()}@example.org".encode("ascii", "ignore").decode()
            done = self.tell("enrol_household", self.lea, group_id=self.group, persons=[person], tier="neighbourhood")
            self.persons[first], self.households[first] = done["person_ids"][0], done["household_id"]

    def order_all(self) -> None:
        """Everybody orders some comté and lentils; Odette on paper, through Nadia."""
        self.house.record(
            "cycle-c1",
            orders.CycleScheduled(
                cycle_id="c1", window_id="w", group_id=self.group, host_id="h", catalogue_id="k", month="2026-11",
                opens_at=ORDERED - timedelta(days=5), closes_at=ORDERED + timedelta(days=3),
                distribution_starts_at=DISTRIBUTION, distribution_ends_at=DISTRIBUTION + timedelta(hours=2),
                place="Maison du Bas Belleville", items=ITEMS, tier_rates_bp={}),
        )  # fmt: skip
        self.house.clock.set(ORDERED)
        for index, first in enumerate(self.households):
            lines = [
                orders.OrderLine(product_id="comte", quantity=1, unit_price_cents=1590, amount_cents=1590),
                orders.OrderLine(product_id="lentilles", quantity=2 + index, unit_price_cents=325,
                                 amount_cents=325 * (2 + index)),
            ]  # fmt: skip
            household = self.households[first]
            confirmed = orders.OrderConfirmed(
                cycle_id="c1", group_id=self.group, order_id=f"o-{first}", household_id=household, tier="neighbourhood",
                lines=lines, total_cents=sum(line.amount_cents for line in lines),
                channel="paper" if first == "Odette" else "web")  # fmt: skip
            actor = self.persons["Nadia" if first == "Odette" else first]
            self.house.record("cycle-c1", confirmed, actor=actor)

    def sign_off(self, *names: str) -> None:
        """The distribution: comté weighed a little heavier than ordered."""
        if not self.house.events("logistics.distribution-planned"):
            self.house.record(
                "distribution-d1",
                logistics.DistributionPlanned(
                    distribution_id="d1", cycle_id="c1", window_id="w", group_id=self.group, host_id="h",
                    month="2026-11", starts_at=DISTRIBUTION, ends_at=DISTRIBUTION + timedelta(hours=2),
                    place="Maison du Bas Belleville", slots=[], assignments=[], items=ITEMS, orders=[]),
            )  # fmt: skip
        for index, first in enumerate(names):
            self.house.clock.set(DISTRIBUTION + timedelta(minutes=4 * index))
            household, grams = self.households[first], 1050 + 10 * index
            comte = (grams * 1590 + 500) // 1000
            weighed = logistics.LineWeighed(distribution_id="d1", group_id=self.group, household_id=household,
                                            product_id="comte", weight_g=grams, amount_cents=comte)  # fmt: skip
            lines = [
                logistics.ServedLine(product_id="comte", name="Comté 12 mois", quantity=1, weight_g=grams,
                                     unit_price_cents=1590, amount_cents=comte),
                logistics.ServedLine(product_id="lentilles", name="Lentilles vertes", quantity=2, weight_g=0,
                                     unit_price_cents=325, amount_cents=650),
            ]  # fmt: skip
            signed = logistics.SignedOff(
                sign_off_id=f"s-{first}", distribution_id="d1", group_id=self.group, household_id=household,
                order_id=f"o-{first}", lines=lines, total_cents=comte + 650, movements=[])  # fmt: skip
            self.house.record("distribution-d1", weighed, signed, actor=self.persons["Nadia"])

    def client(self, first: str = "") -> Any:
        """A browser of this person, without the form tokens of pages (a program's bearer token stands for them)."""
        client = self.app.test_client()
        if first:
            person = self.lea if first == "Léa" else self.persons[first]
            token = self.app.extensions["grenier"].tokens.issue(person, "test")[1]
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return client


def main() -> None:
    from werkzeug.serving import make_server

    evening = Evening(Path(tempfile.mkdtemp(prefix="grenier-evening-")))
    evening.order_all()
    evening.sign_off("Nadia", "Paul", "Odette", "Inès")
    server = make_server("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0, evening.app, threaded=True)
    print(f"http://127.0.0.1:{server.port}/ {evening.group} {evening.households}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
