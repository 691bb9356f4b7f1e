"""A gateway over the real services of people and contracts: an AMAP with a coordinator, households and a producer.

`python gateway/tests/season_house.py [port]` serves it, to look at the pages with a browser; /connexion lists who one can be.
"""

import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from gateway_fakes import QUICK_HASHER
from people_house import HouseRpc

from gateway import access
from gateway.app import create_app, gather
from gateway.places import Places
from gateway.projections import Agenda
from grenier.testing import House

NOW = datetime(2026, 10, 5, 9, 30, tzinfo=UTC)
SERVICES = ("contracts", "matching", "orders", "ledger", "notify")
PEOPLE = (
    ("Camille", "Perrin", "coordinator"),
    ("Ali", "Bey", ""),
    ("Zoé", "Martin", "treasurer"),
    ("Éloïse", "D’Arc", ""),
    ("Paul", "Rossi", ""),
    ("Inès", "Nguyen-Lefèvre", ""),
)
BUILT: list[Any] = []


class Season:
    """`people`: first name → person id; `homes`: last name → household id; `vegetables`: an open contract, `draft`: the jam."""

    def __init__(self, folder: Path, app: Any = None) -> None:
        self.house = House(folder, *SERVICES, "gateway", now=NOW)
        self.people: dict[str, str] = {}
        self.homes: dict[str, str] = {}
        self._found()
        self.app = self._application()
        self.app.testing = True
        self.app.config["PROPAGATE_EXCEPTIONS"] = True

    def _application(self) -> Any:
        """The same routes for one season after the other: to build them takes longer than most tests."""
        collaborators: dict[str, Any] = {
            "rpc": HouseRpc(self.house),
            "clock": self.house.clock,
            "access_view": Places(self.house.rooms["gateway"].runtime),
            "agenda": Agenda(self.house.rooms["gateway"].runtime),
            "log": self.house.log,
            "defer": lambda work, *args: work(*args),
            "password_hasher": QUICK_HASHER,
        }
        if not BUILT:
            BUILT.append(create_app(self.house.settings, **collaborators))
        else:
            rules = access.rules_of(BUILT[0])
            BUILT[0].extensions["grenier"] = gather(self.house.settings, **collaborators)
            BUILT[0].extensions["grenier"].rules = dict(rules)
        return BUILT[0]

    def call(self, method: str, who: str = "", service: str = "contracts", **payload: Any) -> dict[str, Any]:
        return self.house.call(service, method, payload, actor=self.people.get(who, who))

    def client(self, who: str = ""):
        """A test client; `who` is a first name or a person id, or "" for nobody. Its forms need no token."""
        client = self.app.test_client()
        if who:
            secret = self.app.extensions["grenier"].tokens.issue(self.people.get(who, who), "test")[1]
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
        return client

    def _found(self) -> None:
        founder = {"first_name": "Nadia", "last_name": "Benali", "email": "nadia@amap.example"}
        self.people["Nadia"] = self.call("found_federation", name="Fédération des AMAP", person=founder)["person_id"]
        self.amap = self.call("found_group", "Nadia", kind="csa", name="AMAP des Confitures", place="Salle des fêtes")[
            "id"
        ]
        for first, last, role in PEOPLE:
            person = {
                "first_name": first,
                "last_name": last,
                "email": f"{len(self.people)}@x.example",
                "roles": [role] if role else [],
            }
            done = self.call("enrol_household", "Nadia", group_id=self.amap, persons=[person], tier="neighbourhood",
                             valid_from="2026-09-01", valid_until="2027-12-31")  # fmt: skip
            self.people[first], self.homes[last] = done["person_ids"][0], done["household_id"]
        self.producer = self.call(
            "register_producer", "Nadia", name="Ferme des Tilleuls", place="Ambert", group_id=self.amap
        )["id"]
        farmer = self.call(
            "register_person",
            "Nadia",
            group_id=self.amap,
            first_name="Jeanne",
            last_name="Tilleul",
            email="jeanne@ferme.example",
        )
        self.people["Jeanne"] = farmer["id"]
        self.call(
            "assign_role",
            "Nadia",
            person_id=farmer["id"],
            role="producer",
            scope_kind="producer",
            scope_id=self.producer,
        )

    # -- contracts -----------------------------------------------------------------------------------------------

    def draft(self, **changes: Any) -> str:
        done = self.call(
            "draft_contract", "Camille", group_id=self.amap, producer_id=self.producer, terms=vegetables() | changes
        )
        return str(done["id"])

    def opened(self, **changes: Any) -> str:
        """A contract that the producer approved on paper and that is open."""
        contract_id = self.draft(**changes)
        self.call("approve_contract", "Camille", contract_id=contract_id, version=1, person_id=self.people["Jeanne"])
        self.call("open_contract", "Camille", contract_id=contract_id, version=1)
        return contract_id

    def subscribed(self, contract_id: str, who: str, last: str, **more: Any) -> str:
        contract = self.call("contract", "Camille", contract_id=contract_id)
        line = {"option_id": contract["terms"]["options"][0]["option_id"], "quantity": 1}
        wish = {"contract_id": contract_id, "household_id": self.homes[last], "lines": [line], "cheque_count": 3} | more
        return str(self.call("register_subscription", who, **wish)["subscription_id"])

    def path(self, *parts: str) -> str:
        return "/".join(["", "groupes", self.amap, *parts])


def vegetables() -> dict[str, Any]:
    """Weekly baskets over a winter, in three cheques or one."""
    first = datetime(2026, 11, 5, tzinfo=UTC).date()
    days = [first + timedelta(days=7 * week) for week in range(12)]
    return {
        "title": "Légumes d’hiver",
        "starts_on": "2026-11-01",
        "ends_on": "2027-01-31",
        "basket_kind": "fixed_multiple",
        "description": "Un panier de cinq à sept légumes de saison.",
        "producer_note": "Deux hectares en bio depuis 2009, au pied du Livradois.",
        "options": [
            {"option_id": "panier", "title": "Panier", "price_cents": 1400, "code": "PAN", "content": "environ 4 kg"},
            {"option_id": "demi", "title": "Demi-panier", "price_cents": 800, "code": "DEMI", "share_bp": 5000},
        ],
        "deliveries": [{"delivery_id": f"d{place}", "on": day.isoformat(), "starts": "18:30", "ends": "19:30"} for place, day in enumerate(days)],
        "payment": {"payee": "Ferme des Tilleuls", "means": ["cheque"], "counts": [1, 3, 6],
                    "calendar": ["2026-11-15", "2026-12-15", "2027-01-15", "2027-02-15", "2027-03-15", "2027-04-15"]},
        "sign_up": {"opens_on": "2026-10-01", "closes_on": "2027-01-15", "absences_max": 2},
    }  # fmt: skip


def main() -> None:
    from werkzeug.serving import make_server

    site = Season(Path(tempfile.mkdtemp(prefix="grenier-season-")))
    contract = site.opened()
    site.subscribed(contract, "Ali", "Bey")
    site.subscribed(contract, "Zoé", "Martin")
    site.draft(title="Confitures", basket_kind="ordered")
    server = make_server("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0, site.app, threaded=True)
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
