"""Pallets, the delivery with a missing case, and the hands for the day."""

from __future__ import annotations

from datetime import timedelta

from gateway.demo import month
from tests.story.play import step
from tests.story.scene import FACTS, Scene, refused


def weight_g(scene: Scene, product_id: str, quantity: int) -> int:
    facts = FACTS[scene.name_of(product_id)]
    return int(facts["portion_g"] or facts["net_weight_g"]) * quantity


@step("Les palettes sont préparées : ce qui va à chaque groupe, et combien il pèse", "S1:135")
def pallets(scene: Scene) -> str:
    logistician = scene.stage.at(scene.stage.federation.logistician)
    scene.stage.until("pallets of three groups", lambda: len(
        logistician.get("/deliveries", window_id=scene.calendar.window_id, limit=100)["items"]) == 3)  # fmt: skip
    planned = logistician.get("/pallets", window_id=scene.calendar.window_id, limit=200)["items"]
    found: dict[str, dict[str, int]] = {}
    for pallet in planned:
        for line in pallet["lines"]:
            assert line["weight_g"] == weight_g(scene, line["product_id"], line["quantity"])
            cell = found.setdefault(line["product_id"], {})
            cell[pallet["group_id"]] = cell.get(pallet["group_id"], 0) + line["quantity"]
        assert pallet["weight_g"] == sum(line["weight_g"] for line in pallet["lines"])
    assert found == scene.notes["expected"]
    delivery = next(p["delivery_id"] for p in planned if p["group_id"] == scene.group.group_id)
    refused(lambda: logistician.put(f"/deliveries/{delivery}/dispatched"), "pallets-not-prepared")
    return f"{len(planned)} palettes, {sum(p['weight_g'] for p in planned) / 1000:.1f} kg"


@step("Livraison : un carton manque, ceux qu'il touche sont prévenus", "S1:136", "S1:52-54")
def delivery(scene: Scene) -> str:
    scene.stage.move_to(scene.calendar.distribution_starts_at - timedelta(days=3))
    deliveries = month.prepare_and_dispatch(scene.stage, scene.calendar)
    group_id = scene.group.group_id
    path = f"/deliveries/{deliveries[group_id]['delivery_id']}"
    lines = scene.organiser.get(path)["lines"]
    # The case that hurts most: a product of the piece that several households ordered.
    short = max((line for line in lines if FACTS[line["name"]]["sale"] == "piece"), key=lambda line: line["expected"])
    missing = max(1, short["expected"] - 1)
    body = {"lines": [{"product_id": short["product_id"], "received": short["expected"] - missing, "reason": "carton"}]}
    ordered = {h: o[short["product_id"]] for h, o in scene.cycle.orders.items() if o.get(short["product_id"])}
    preview = scene.organiser.post(f"{path}/receipt-preview", **body)
    assert [row["product_id"] for row in preview["shortages"]] == [short["product_id"]]
    month.receive(scene.stage, scene.group, deliveries[group_id], {short["product_id"]: missing})
    for cycle in scene.cycles[1:]:
        month.receive(scene.stage, cycle.group, deliveries[cycle.group.group_id])
    day = month.distribution_of(scene.stage, scene.group, scene.calendar)["distribution_id"]
    declared = scene.organiser.get(f"{month.day_path(scene.group, day)}/shortages")["shortages"]
    shares = {share["household_id"]: share for share in declared[0]["shares"]}
    assert {h: share["ordered"] for h, share in shares.items()} == ordered
    assert sum(share["allotted"] for share in shares.values()) == short["expected"] - missing
    touched = {h for h, share in shares.items() if share["allotted"] < share["ordered"]}
    assert set(preview["households"]) == touched
    scene.told("shortage-notice", touched)
    scene.notes |= {"day": day, "short": short["product_id"], "shares": shares}
    return f"{missing} × {short['name']} ; {len(touched)} foyers prévenus"


@step("Des bénévoles s'inscrivent sur les créneaux ; un créneau complet le dit", "S1:18-21", "S1:38-39")
def volunteers(scene: Scene) -> str:
    found = scene.organiser.get(f"/groups/{scene.group.group_id}/activities")["activities"]
    activity = next(row for row in found if row["subject_id"] == scene.cycle.cycle_id)
    path = f"/activities/{activity['activity_id']}"
    slot = scene.organiser.get(path)["slots"][0]
    helpers = [household.person_id for household in scene.group.households if household.digital]
    for person in helpers[: slot["needed"]]:
        scene.stage.at(person).put(f"{path}/slots/{slot['slot_id']}/volunteers/{person}")
    late = helpers[slot["needed"]]
    refused(lambda: scene.stage.at(late).put(f"{path}/slots/{slot['slot_id']}/volunteers/{late}"), "slot-full")
    after = scene.organiser.get(path)
    assert after["slots"][0]["missing"] == 0
    assert after["missing"] == activity["needed"] - slot["needed"]
    # Two days before, hands are still missing: those who could come are asked by themselves.
    scene.stage.move_to(scene.calendar.distribution_starts_at - timedelta(hours=40))
    asked = scene.stage.until("volunteers called", lambda: scene.messages("volunteers-needed"))
    assert not {message["person_id"] for message in asked} & set(helpers[: slot["needed"]])
    return f"{slot['needed']} inscrits, il manque {after['missing']} personnes, {len(asked)} appelées à l'aide"
