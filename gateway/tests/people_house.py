"""A gateway whose services of people are real: contracts, matching and orders in one process, with a small federation.

`python gateway/tests/people_house.py [port]` serves it, to look at the pages with a browser; /connexion lists who one can be.
"""

import sys
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from gateway_fakes import QUICK_HASHER

from gateway.app import create_app
from gateway.places import Places
from grenier.doors import dispatch
from grenier.errors import Unavailable, from_wire
from grenier.language import orders
from grenier.testing import House

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
DISTRIBUTION = datetime(2026, 12, 3, 17, tzinfo=UTC)
SERVICES = ("contracts", "matching", "orders")


class HouseRpc:
    """The road to the services, without wires; a service that is not in the house is away."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.lock = threading.RLock()

    def call(self, service: str, method: str, payload: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            if service not in self.house.rooms:
                raise Unavailable
            answer = dispatch(self.house.rooms[service].doors, method, payload, context)
            if "error" in answer:
                raise from_wire(answer["error"]["code"], answer["error"]["status"], answer["error"]["facts"])
            self.house.settle()
            return dict(answer["ok"])


class PeopleSite:
    """The federation of the tests: groups in Lyon and in Réunion, a dozen households, one distribution to come.

    `people` maps a first name to a person id, `homes` a last name to a household id.
    """

    def __init__(self, folder: Path, *, seeded: bool = True) -> None:
        self.house = House(folder, *SERVICES, "gateway", now=NOW)
        room = self.house.rooms["gateway"]
        self.people: dict[str, str] = {}
        self.homes: dict[str, str] = {}
        if seeded:
            self._seed()
        self.app = create_app(
            self.house.settings,
            rpc=HouseRpc(self.house),
            clock=self.house.clock,
            access_view=Places(room.runtime),
            log=self.house.log,
            defer=lambda work, *args: work(*args),
            password_hasher=QUICK_HASHER,
        )
        self.app.testing = True
        self.app.config["PROPAGATE_EXCEPTIONS"] = True

    def call(self, method: str, actor: str = "", service: str = "contracts", **payload: Any) -> dict[str, Any]:
        return self.house.call(service, method, payload, actor=actor)

    def client(self, who: str = ""):
        """A test client; `who` is a first name or a person id, or "" for nobody. Its forms need no token."""
        client = self.app.test_client()
        if who:
            secret = self.app.extensions["grenier"].tokens.issue(self.people.get(who, who), "test")[1]
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {secret}"
        return client

    def _seed(self) -> None:
        founder = {
            "first_name": "Nadia",
            "last_name": "Benali",
            "email": "nadia@vrac.example",
            "phone": "04 78 00 00 01",
        }
        self.people["Nadia"] = self.call("found_federation", name="VRAC Lyon Métropole", person=founder)["person_id"]
        centre = self.people["Nadia"]
        self.lyon = self.call(
            "found_group", centre, kind="buying_group", name="VRAC Mermoz", place="Maison des familles"
        )["id"]
        self.reunion = self.call(
            "found_group", centre, kind="third_place", name="La Raffinerie", place="Saint-Paul",
            time_zone="Indian/Reunion", phone_region="RE",
        )["id"]  # fmt: skip
        self.call("found_group", centre, kind="csa", name="AMAP des Confitures", place="Salle des fêtes")
        self.enrol(self.lyon, ("Marie", "Diallo", "organiser"), ("Karim", "Diallo", ""), tier="solidarity")
        self.enrol(self.lyon, ("Ali", "Bey", ""))
        self.enrol(self.lyon, ("Zoé", "Martin", "treasurer"))
        self.enrol(self.lyon, ("Éloïse", "D’Arc", ""), tier="boost")
        self.enrol(self.lyon, ("Paul", "Rossi", ""), valid_from="2025-11-01")
        for name in ("Nguyen", "Lopez", "Petit", "Moreau", "Haddad"):
            self.enrol(self.lyon, ("Camille", name, ""))
        self.enrol(self.reunion, ("Lise", "Payet", "organiser"))
        self.call("register_producer", centre, name="Laiterie des Monts", place="Ambert")
        for group_id in (self.lyon, self.reunion):
            self._schedule(group_id)
        for first, slot in (("Ali", "till"), ("Zoé", "till"), ("Marie", "set_up"), ("Éloïse", "stands")):
            self.call("sign_up", self.people[first], service="matching", activity_id=self.activity(), slot_id=slot)
        self.call("request_membership", group_id=self.lyon, first_name="Inès", last_name="Roy", email="ines@x.example",
                  message="Bonjour, j’habite juste à côté.", charter_accepted=True)  # fmt: skip

    def enrol(self, group_id: str, *persons: tuple[str, str, str], tier: str = "neighbourhood", **more: Any) -> None:
        asked = [
            {"first_name": first, "last_name": last, "email": f"{first}.{last}@x.example".lower().replace("’", ""),
             "phone": "", "roles": [role] if role else []}
            for first, last, role in persons
        ]  # fmt: skip
        done = self.call("enrol_household", self.people["Nadia"], group_id=group_id, persons=asked, tier=tier, **more)
        self.homes[persons[0][1]] = done["household_id"]
        for (first, _last, _role), person_id in zip(persons, done["person_ids"], strict=True):
            self.people.setdefault(first, person_id)

    def activity(self) -> str:
        found = self.call("activities", self.people["Nadia"], service="matching", group_id=self.lyon)["activities"]
        return str(found[0]["activity_id"])

    def _schedule(self, group_id: str) -> None:
        from uuid import uuid4

        cycle_id = str(uuid4())
        scheduled = orders.CycleScheduled(
            cycle_id=cycle_id, window_id="w", group_id=group_id, host_id="h", catalogue_id="c", month="2026-12",
            opens_at=NOW, closes_at=NOW + timedelta(days=5), distribution_starts_at=DISTRIBUTION,
            distribution_ends_at=DISTRIBUTION + timedelta(hours=2), place="Maison des familles", items=[],
            tier_rates_bp={"neighbourhood": 10_000},
        )  # fmt: skip
        self.house.record(f"cycle-{cycle_id}", scheduled)


def main() -> None:
    from werkzeug.serving import make_server

    site = PeopleSite(Path(tempfile.mkdtemp(prefix="grenier-people-")))
    server = make_server("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0, site.app, threaded=True)
    print(f"http://127.0.0.1:{server.port}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
