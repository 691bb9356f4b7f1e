"""Somebody whose name stands nowhere else, who does everything that people do, and the search for what is left of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gateway.demo.client import Api
from gateway.demo.federation import Group

FIRST, LAST = "Zorblaquine", "Xyvernitch"
EMAIL = "zorblaquine@canari.example"
PHONE, PHONE_STORED = "04 65 71 99 01", "465719901"
ADDRESS = "77 impasse du Quokkatier"
MESSAGE = "Je viens du jardin des Pimprenoldes"
TRACES = tuple(text.encode() for text in (FIRST, LAST, EMAIL, PHONE, PHONE_STORED, "Quokkatier", "Pimprenoldes"))


@dataclass(frozen=True)
class Canary:
    person_id: str
    household_id: str


def settle_in(api: Api, group: Group) -> Canary:
    """Through the door that everybody takes: a request to join, accepted; then an address of one's own."""
    join = {"first_name": FIRST, "last_name": LAST, "email": EMAIL, "phone": PHONE, "message": MESSAGE}
    path = f"/groups/{group.group_id}/applications"
    application_id = api.post(path, charter_accepted=True, **join)["id"]
    organiser = api.as_(group.organiser)
    organiser.post(f"{path}/{application_id}/decision", decision="accept", tier="solidarity")
    people = organiser.get(f"/groups/{group.group_id}/members")["households"]
    home = next(household for household in people if household["persons"][0]["email"] == EMAIL)
    canary = Canary(home["persons"][0]["person_id"], home["household_id"])
    api.as_(canary.person_id).patch(f"/persons/{canary.person_id}", address=ADDRESS)
    return canary


def take_part(api: Api, group: Group, canary: Canary, cycle_id: str, product_id: str) -> None:
    """An order, a change of it, a slot, money, a letter to everybody, a token of one's own."""
    me = api.as_(canary.person_id)
    path = f"/cycles/{cycle_id}/orders/{canary.household_id}"
    me.put(f"/cycles/{cycle_id}/drafts/{canary.household_id}", lines=[{"product_id": product_id, "quantity": 1}])
    me.put(path, lines=[{"product_id": product_id, "quantity": 2}])
    api.as_(group.organiser).put(path, lines=[{"product_id": product_id, "quantity": 1}], reason="au téléphone")
    activity = me.get(f"/groups/{group.group_id}/activities")["activities"][0]["activity_id"]
    slot = me.get(f"/activities/{activity}")["slots"][0]["slot_id"]
    me.put(f"/activities/{activity}/slots/{slot}/volunteers/{canary.person_id}")
    prepaid = f"/groups/{group.group_id}/households/{canary.household_id}/prepayments"
    api.as_(group.coordinator).post(prepaid, amount_cents=4_000, number="9900001", bank="Crédit coopératif")
    letter = {"audience": "all", "subject": "Samedi", "body": "Nous cherchons des bras."}
    api.as_(group.organiser).post(f"/groups/{group.group_id}/announcements", **letter)
    me.get("/me/data")


def traces_in(folder: Path, besides: Iterable[tuple[str, bytes]] = ()) -> list[str]:
    """Where a trace of the canary stands: every file of the folder, byte by byte, and what else is given."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        found += [f"{path.relative_to(folder)}: {_word(trace)}" for trace in TRACES if trace in path.read_bytes()]
    for name, content in besides:
        found += [f"{name}: {_word(trace)}" for trace in TRACES if trace in content]
    return found


def _word(trace: bytes) -> str:
    return trace.decode()
