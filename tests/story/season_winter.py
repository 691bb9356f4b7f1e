"""January and February: help desks with their material, dues of a free amount; and who came to help in the season."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.story.play import step
from tests.story.scene import refused
from tests.story.season_gatherings import instant, slot
from tests.story.season_scene import SeasonScene, euros

DESKS = 3
MATERIAL = ["reçus", "stylos", "bulletins d’adhésion"]
# What households give: group's dues as much as they like, the network's as fixed, a gift on top.
GIVEN = ((1_200, 300), (0, 0), (2_500, 0))
NETWORK_CENTS = 500


@step("Qui est venu aider à la distribution festive est noté", "S0:54")
def helped(scene: SeasonScene) -> str:
    id_, slot_id, helper = scene.notes["festive"]
    path = f"/activities/{id_}/slots/{slot_id}/volunteers/{helper.person_id}/attendance"
    scene.coordinator.put(path, present=True)
    (mine,) = [
        each
        for each in scene.stage.at(helper.person_id).get("/me/slots", past="true")["slots"]
        if each["slot_id"] == slot_id and each["activity_id"] == id_
    ]
    assert mine["present"] is True
    return f"{helper.label}, {mine['task']}"


@step(
    "Trois permanences de cotisation sont annoncées pour janvier, avec leur matériel ; des bénévoles les tiennent",
    "S0:26",
    "S0:51-53",
)
def desks(scene: SeasonScene) -> str:
    day = _january(scene)
    body = {
        "kind": "help_desk", "title": "Permanence cotisations", "place": scene.group.place, "starts_at": instant(day, 18),
        "ends_at": instant(day, 20), "material": MATERIAL, "agenda": "Apportez votre chèque.", "every": "week",
        "times": DESKS, "slots": [slot(day, 18, "accueil")],
    }  # fmt: skip
    ids = scene.coordinator.post(f"/groups/{scene.group.group_id}/activities", **body)["ids"]
    held = [scene.coordinator.get(f"/activities/{each}") for each in ids]
    assert [each["starts_at"][:10] for each in held] == [
        (day + timedelta(weeks=week)).isoformat() for week in range(DESKS)
    ]
    assert all(each["material"] == MATERIAL for each in held)
    scene.coordinator.post(f"/activities/{ids[0]}/announce")
    members = scene.persons(*(each.household_id for each in scene.group.households))

    def announced() -> set[str] | None:
        who = {message["person_id"] for message in scene.messages("help-desk")}
        return who if who >= members else None

    who = scene.stage.until("the help desk is announced", announced)
    assert len(scene.messages("help-desk")) == len(who), "it was said twice"
    helper = next(each for each in scene.group.households if each.digital)
    path = f"/activities/{ids[0]}/slots/{held[0]['slots'][0]['slot_id']}/volunteers"
    scene.stage.at(helper.person_id).put(f"{path}/me")
    scene.notes["desks"] = (ids, f"{path}/{helper.person_id}/attendance", day)
    return f"{DESKS} jeudis de {day:%m/%Y}, {len(who)} personnes prévenues, {helper.label} à l’accueil"


@step(
    "À la permanence, les cotisations libres sont reçues : chacune est une adhésion, les comptes le savent", "S0:51-53"
)
def dues(scene: SeasonScene) -> str:
    ids, attendance, day = scene.notes["desks"]
    campaign = {
        "title": f"Adhésions {day.year + 1}", "opens_on": date(day.year, 1, 1).isoformat(),
        "closes_on": date(day.year, 2, 28).isoformat(), "valid_from": date(day.year + 2, 1, 1).isoformat(),
        "valid_until": date(day.year + 2, 12, 31).isoformat(), "group_dues_cents": -1,
        "network_dues_cents": NETWORK_CENTS, "activity_ids": ids,
    }  # fmt: skip
    made = scene.stage.central.post(f"/groups/{scene.group.group_id}/dues-campaigns", **campaign)["id"]
    where, payers = f"/dues-campaigns/{made}", scene.group.households[: len(GIVEN)]
    refused(lambda: _pay(scene, where, 0, payers[0].household_id), "campaign-not-open")
    scene.go(day, 0, 18, 30)
    paid = [_pay(scene, where, place, each.household_id) for place, each in enumerate(payers)]
    refused(lambda: _pay(scene, where, 0, payers[0].household_id), "dues-paid-already")
    scene.coordinator.put(attendance, present=True)
    total = sum(group + gift + NETWORK_CENTS for group, gift in GIVEN)
    told = scene.coordinator.get(where)
    assert (told["paid"], told["total_cents"]) == (len(payers), total)
    assert not {row["household_id"] for row in told["missing"]} & {each.household_id for each in payers}
    for each, answer in zip(payers, paid, strict=True):
        memberships = scene.coordinator.get(f"/households/{each.household_id}")["memberships"]
        (granted,) = [one for one in memberships if one["membership_id"] == answer["membership_id"]]
        assert granted["valid_until"] == campaign["valid_until"]
    return f"{len(payers)} foyers, {euros(total)}, de {euros(min(group for group, _ in GIVEN))} à {euros(max(group for group, _ in GIVEN))}"


def _pay(scene: SeasonScene, where: str, place: int, household_id: str) -> dict[str, Any]:
    group, gift = GIVEN[place]
    answer: dict[str, Any] = scene.coordinator.post(
        f"{where}/payments", household_id=household_id, group_dues_cents=group, network_dues_cents=NETWORK_CENTS,
        gift_cents=gift, means="cheque", number=f"77{place}", bank="Crédit coopératif",
    )  # fmt: skip
    return answer


def _january(scene: SeasonScene) -> date:
    """The first Thursday after the tenth of the January that comes."""
    today = scene.now.date()
    day = date(today.year + (today >= date(today.year, 1, 10)), 1, 11)
    return day + timedelta(days=(3 - day.weekday()) % 7)
