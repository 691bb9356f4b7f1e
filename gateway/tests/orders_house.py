"""A gateway whose orders service is real: the doors, views, policies and timers of orders-svc in one process.

`python gateway/tests/orders_house.py [port]` serves a month in progress, to look at the pages with a browser.
"""

import sys
import tempfile
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from gateway_fakes import make_gateway

from gateway.places import Places
from grenier.errors import NotFound, Unavailable
from grenier.language import contracts as c
from grenier.testing import House

OPENS = datetime(2026, 11, 16, 7, tzinfo=UTC)
CLOSES = datetime(2026, 11, 26, 19, tzinfo=UTC)
DISTRIBUTION = datetime(2026, 12, 10, 17, tzinfo=UTC)
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)

GROUPS = {
    "belleville": ("VRAC Belleville", "Maison du Bas Belleville"),
    "menil": ("VRAC Ménilmontant", "Centre social Relais"),
    "charonne": ("VRAC Charonne", "La Maison des voisins"),
}
PRODUCERS = {"moulin": "Moulin de la Brévenne", "laiterie": "Laiterie des Monts", "epicerie": "Terre et Partage"}
NAMES = {
    "p-lea": "Léa Fontaine",
    "p-nadia": "Nadia Belkacem",
    "p-paul": "Paul Martin",
    "p-omar": "Omar Diallo",
    "p-ferme": "Claire Vallet",
    "h-nadia": "Belkacem",
    "h-paul": "Martin",
    "h-rossi": "Rossi",
    "h-nguyen": "Nguyen / Petit",
    "h-lopez": "Lopez",
    "h-omar": "Diallo",
}
HOUSEHOLDS = [
    ("nadia", "belleville", "neighbourhood"),
    ("paul", "belleville", "solidarity"),
    ("rossi", "belleville", "neighbourhood"),
    ("nguyen", "belleville", "neighbourhood"),
    ("lopez", "belleville", "solidarity"),
    ("omar", "menil", "neighbourhood"),
]
PRODUCTS: list[tuple[str, str, str, str, int, int, dict[str, Any]]] = [
    ("comte", "Comté 12 mois", "Fromages", "laiterie", 1590, 1380,
     {"sale": "weighed", "portion_g": 250, "unit_label": "part de 250 g", "whole_piece_g": 9000, "origin": "Jura"}),
    ("tomme", "Tomme de brebis", "Fromages", "laiterie", 2250, 1980,
     {"sale": "weighed", "portion_g": 200, "unit_label": "part de 200 g", "organic": True, "origin": "Ardèche"}),
    ("farine", "Farine de blé T65", "Farines", "moulin", 160, 140,
     {"unit_label": "sac 1 kg", "net_weight_g": 1000, "case_size": 10, "organic": True, "origin": "Loire"}),
    ("sarrasin", "Farine de sarrasin", "Farines", "moulin", 260, 225,
     {"unit_label": "sac 1 kg", "net_weight_g": 1000, "case_size": 10, "organic": True, "origin": "Haute-Loire"}),
    ("lentilles", "Lentilles vertes", "Légumineuses", "epicerie", 325, 290,
     {"unit_label": "500 g en vrac", "net_weight_g": 500, "case_size": 12, "container": True, "origin": "Haute-Loire"}),
    ("riz", "Riz long semi-complet", "Céréales et graines", "epicerie", 509, 460,
     {"unit_label": "sachet 1 kg", "net_weight_g": 1000, "case_size": 10, "organic": True, "origin": "Camargue"}),
    ("miel", "Miel de montagne", "Épicerie sucrée", "epicerie", 790, 690,
     {"unit_label": "pot 500 g", "net_weight_g": 500, "case_size": 6, "origin": "Ardèche"}),
    ("huile", "Huile d’olive", "Huiles", "epicerie", 1250, 1120,
     {"unit_label": "bouteille 75 cl", "net_weight_g": 700, "case_size": 6, "organic": True, "origin": "Espagne"}),
]  # fmt: skip


class HouseRpc:
    """The road to the services, without wires: calls go to the rooms of the house, and names are invented here."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.lock = threading.RLock()

    def call(self, service: str, method: str, payload: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
        if service == "contracts":
            return self._contracts(method, payload)
        if service not in self.house.rooms:
            raise Unavailable
        more = {key: value for key, value in context.items() if key not in ("actor", "command_id", "correlation_id")}
        with self.lock:
            return self.house.call(
                service, method, payload, actor=context["actor"], command_id=context.get("command_id", ""), **more
            )

    @staticmethod
    def _contracts(method: str, payload: dict[str, Any]) -> dict[str, Any]:
        if method == "names":
            ids = [each for found in payload.values() for each in found or ()]
            return {each: NAMES[each] for each in ids if each in NAMES}
        if method == "members":
            mine = [name for name, group, _ in HOUSEHOLDS if group == payload["group_id"]]
            rows = [
                {"household_id": f"h-{name}", "label": NAMES[f"h-{name}"], "tier": "", "number": at, "state": "active"}
                for at, name in enumerate(mine, 1)
            ]
            return {"households": rows, "total": len(rows), "page": 1, "pages": 1}
        if method == "demo_accounts":
            return {"accounts": [{"person_id": key, "label": name} for key, name in NAMES.items() if key[0] == "p"]}
        raise NotFound("unknown-method")


class Month:
    """A federation with a window that is open; the tests and the preview move on from here."""

    def __init__(self, folder: Path) -> None:
        self.house = House(folder / "house", "orders", now=OPENS - timedelta(days=4))
        self._found()
        self._catalogue()
        self.window()
        self.at(NOW)
        self.rpc = HouseRpc(self.house)
        runtime = self.house.rooms["orders"].runtime
        places = Places(runtime)
        self.app = make_gateway(folder / "gateway", rpc=self.rpc, access_view=places, clock=self.house.clock)

    def at(self, now: datetime) -> None:
        self.house.clock.set(now)
        self.house.tick()

    def call(self, method: str, payload: dict[str, Any], actor: str = "p-lea") -> dict[str, Any]:
        return self.house.call("orders", method, payload, actor=actor)

    def order(
        self, name: str, door: str = "confirm_order", actor: str = "", group: str = "belleville", **wanted: int
    ) -> None:
        lines = [{"product_id": product, "quantity": quantity} for product, quantity in wanted.items()]
        payload = {"cycle_id": self.cycle(group), "household_id": f"h-{name}", "lines": lines}
        self.call(door, payload, actor or f"p-{name}")

    @staticmethod
    def cycle(group: str = "belleville") -> str:
        from orders_svc.window import cycle_id_of

        return cycle_id_of("w-nov", group)

    def _found(self) -> None:
        record = self.house.record
        tiers = [
            c.Tier(code="neighbourhood", name="Quartier", dues_cents=100),
            c.Tier(code="solidarity", name="Solidaire", rate_bp=11_500, dues_cents=2000),
        ]
        record("host-vrac", c.HostOrganisationRegistered(host_id="vrac", name="VRAC Est"),
               c.TiersDefined(host_id="vrac", tiers=tiers))  # fmt: skip
        for key, (name, place) in GROUPS.items():
            record(
                f"group-{key}",
                c.GroupFounded(group_id=key, host_id="vrac", kind="buying_group", name=name, place=place),
            )
        for key, name in PRODUCERS.items():
            record(f"producer-{key}", c.ProducerRegistered(producer_id=key, host_id="vrac", name=name))
        for number, (name, group, tier) in enumerate(HOUSEHOLDS, 1):
            record(
                f"household-h-{name}",
                c.HouseholdFormed(household_id=f"h-{name}", group_id=group, person_ids=[f"p-{name}"]),
                c.MembershipGranted(membership_id=f"m-{name}", household_id=f"h-{name}", group_id=group, number=number,
                                    tier=tier, valid_from=date(2026, 9, 1), valid_until=date(2027, 8, 31)),
            )  # fmt: skip
        for person, role, kind, scope in (
            ("p-lea", "central_team", "federation", "vrac"),
            ("p-nadia", "organiser", "group", "belleville"),
            ("p-omar", "organiser", "group", "menil"),
            ("p-ferme", "producer", "producer", "laiterie"),
        ):
            assigned = c.RoleAssigned(assignment_id=f"r-{person}", person_id=person, role=role, scope_kind=kind,
                                      scope_id=scope, valid_from=date(2026, 1, 1))  # fmt: skip
            record(f"person-{person}", assigned)

    def _catalogue(self) -> None:
        for key, name, category, producer, price, cost, facts in PRODUCTS:
            whole = {"name": name, "category": category, "producer_id": producer, **facts}
            self.call("list_product", {"product_id": key, "host_id": "vrac", "facts": whole, "price_cents": price,
                                       "cost_cents": cost, "effective_from": "2026-01-01"})  # fmt: skip
        limits = {"comte": {"max_per_group": 20}, "miel": {"stock_limit": 6}, "huile": {"max_per_household": 4}}
        items = [{"product_id": product[0], **limits.get(product[0], {})} for product in PRODUCTS]
        self.call(
            "release_catalogue", {"catalogue_id": "cat-nov", "host_id": "vrac", "month": "2026-11", "items": items}
        )

    def window(self) -> None:
        day = {
            "distribution_starts_at": DISTRIBUTION.isoformat(),
            "distribution_ends_at": (DISTRIBUTION + timedelta(hours=3)).isoformat(),
        }
        groups = [{"group_id": key, **day} for key in GROUPS]
        self.call("schedule_window", {"window_id": "w-nov", "catalogue_id": "cat-nov", "opens_at": OPENS.isoformat(),
                                      "closes_at": CLOSES.isoformat(), "groups": groups})  # fmt: skip

    def orders(self) -> None:
        """Nadia and three others have ordered, Paul has a draft."""
        self.order("nadia", comte=8, farine=2, lentilles=1)
        self.house.clock.advance(minutes=7)
        self.order("rossi", comte=9, riz=2, actor="p-rossi")
        self.house.clock.advance(minutes=12)
        self.order("nguyen", comte=6, tomme=2, miel=1, actor="p-nguyen")
        self.order("omar", group="menil", farine=12, huile=2)
        self.order("paul", "save_draft", comte=2, miel=1, huile=1)


def main() -> None:
    from werkzeug.serving import make_server

    month = Month(Path(tempfile.mkdtemp(prefix="grenier-orders-")))
    month.orders()
    if "--closed" in sys.argv:
        month.at(CLOSES + timedelta(hours=1))
    if "--frozen" in sys.argv:
        month.at(CLOSES + timedelta(days=2))
    port = next((int(arg) for arg in sys.argv[1:] if arg.isdigit()), 0)
    server = make_server("127.0.0.1", port, month.app, threaded=True)
    print(f"http://127.0.0.1:{server.port}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
