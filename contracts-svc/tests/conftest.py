"""A federation with two groups, as people would have founded it."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from contracts_svc.setup import HOST_ID
from grenier.testing import House


class Town:
    """The house with the contracts service, its founder, a group in Lyon (`lyon`) and one in Réunion (`reunion`)."""

    def __init__(self, tmp_path):
        self.house = House(tmp_path, "contracts")
        founded = self.call(
            "found_federation", name="VRAC", person={"first_name": "Nadia", "last_name": "Benali", "email": "nadia@vrac.example"}
        )  # fmt: skip
        self.centre = founded["person_id"]
        self.host = HOST_ID
        self.lyon = self.call("found_group", actor=self.centre, kind="buying_group", name="Mermoz", place="Lyon 8e")[
            "id"
        ]
        self.reunion = self.call(
            "found_group", actor=self.centre, kind="third_place", name="La Raffinerie", place="Saint-Paul",
            time_zone="Indian/Reunion", phone_region="RE",
        )["id"]  # fmt: skip

    def call(self, method, *, actor="", command_id="", **payload):
        return self.house.call("contracts", method, payload, actor=actor, command_id=command_id)

    def enrol(self, group_id, *persons, tier="neighbourhood", actor="", command_id="", **more):
        """`persons`: "Marie Diallo marie@x.example organiser" – first name, last name, e-mail or -, roles."""
        asked = []
        for text in persons:
            first, last, email, *roles = text.split()
            asked.append(
                {"first_name": first, "last_name": last, "email": "" if email == "-" else email, "roles": roles}
            )
        return self.call(
            "enrol_household", actor=actor or self.centre, command_id=command_id, group_id=group_id, persons=asked,
            tier=tier, **more,
        )  # fmt: skip


@pytest.fixture
def town(tmp_path):
    return Town(tmp_path)
