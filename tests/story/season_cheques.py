"""Cheques: expected, received at the help desk, credited, handed over, acknowledged."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from gateway.demo import season_acts as acts
from gateway.demo.season import DEPOSIT_CENTS, Contract
from tests.story.play import step
from tests.story.scene import refused
from tests.story.season_scene import SeasonScene, euros


def due(contract: Contract) -> int:
    """What all confirmed households sign cheques for, counted here."""
    if contract.kind == "jam":
        return DEPOSIT_CENTS * len(contract.amounts)
    return sum(contract.amounts.values())


def split(total_cents: int, count: int) -> list[int]:
    """Equal cheques when they are a multiple of 50 cents, else whole euros and the rest on the last."""
    if total_cents % (50 * count) == 0:
        return [total_cents // count] * count
    each = total_cents // (100 * count) * 100
    return [each] * (count - 1) + [total_cents - each * (count - 1)]


@step("Chaque souscription attend ses chèques, au centime", "S0:26")
def schedules(scene: SeasonScene) -> str:
    number = 0
    for contract in scene.season.contracts.values():
        wanted = due(contract)

        def agreed(contract: Contract = contract, wanted: int = wanted) -> dict[str, Any] | None:
            found = acts.cheques(scene.stage, scene.group, contract)
            return found if found["total_cents"] == wanted else None

        found = scene.stage.until(f"cheques of {contract.terms['title']}", agreed)
        assert set(found["by_state"]) == {"expected"}
        by_household: dict[str, list[int]] = {}
        for row in sorted(found["cheques"], key=lambda row: row["cash_on"]):
            by_household.setdefault(row["household_id"], []).append(row["amount_cents"])
        for household_id, amounts in by_household.items():
            total = DEPOSIT_CENTS if contract.kind == "jam" else contract.amounts[household_id]
            assert amounts == split(total, len(amounts)), amounts
        number += len(found["cheques"])
    return f"{number} chèques, {euros(sum(due(each) for each in scene.season.contracts.values()))}"


@step("À la permanence, les chèques sont reçus ; à une distribution d'AMAP, c'est refusé", "S0:26")
def received(scene: SeasonScene) -> str:
    scene.go(scene.season.dates.first, -5)
    today, number = scene.season.dates.first - timedelta(days=5), 0
    for contract in scene.season.contracts.values():
        expected = acts.cheques(scene.stage, scene.group, contract)["cheques"]
        at_once = partial(acts.receive, scene.stage, scene.group, expected[:1], today, "distribution")
        refused(at_once, "no-money-at-csa-distribution")
        for place in range(0, len(expected), 200):
            answer = acts.receive(scene.stage, scene.group, expected[place : place + 200], today)
            assert answer["errors"] == []
            number += answer["received"]
        assert set(acts.cheques(scene.stage, scene.group, contract)["by_state"]) == {"received"}
    return f"{number} chèques reçus"


@step("Un chèque de provision reçu est crédité sur le compte des confitures, sans autre saisie", "S0:48")
def deposits(scene: SeasonScene) -> str:
    wanted = due(scene.season.jam)

    def credited() -> dict[str, Any] | None:
        found = acts.accounts(scene.stage, scene.group, scene.season.jam)
        return found if found["sum_cents"] == wanted else None

    found = scene.stage.until("the deposits are credited", credited)
    scene.paid |= dict.fromkeys(scene.season.jam.amounts, DEPOSIT_CENTS)
    assert found["paid_cents"] == wanted
    assert all(row["prepaid"] for row in found["items"])
    return f"{found['households']} comptes, {euros(found['sum_cents'])}"


@step("Contrats signés et chèques sont remis aux producteurs, qui en accusent réception par lien", "S0:27")
def first_bundle(scene: SeasonScene) -> str:
    scene.go(scene.season.dates.first)
    return hand_over(scene, signed=True)


def hand_over(scene: SeasonScene, signed: bool = False) -> str:
    """All that may be cashed until now plus a week; what was handed over is added up in `notes`."""
    until = min((day for day in scene.season.dates.cashing() if day >= scene.notes.get("cashed", day)), default=None)
    assert until is not None
    told = []
    for contract in scene.season.contracts.values():
        listed = scene.coordinator.get(
            f"/contracts/{contract.contract_id}/hand-over-list", cash_until=until.isoformat()
        )
        if not listed["count"]:
            continue
        who = [row["subscription_id"] for row in listed["subscriptions"]] if signed else []
        if signed:
            assert set(who) == {contract.subscriptions[household_id] for household_id in contract.amounts}
        assert listed["total_cents"] == sum(row["amount_cents"] for row in listed["cheques"])
        assert listed["missing"] == []
        answer = acts.hand_over(scene.stage, scene.group, contract, until, who)
        assert (answer["total_cents"], answer["cheques"]) == (listed["total_cents"], listed["count"])
        acts.acknowledge_by_link(scene.stage, scene.group, answer["bundle_id"], contract.contact)
        bundle = scene.coordinator.get(f"/bundles/{answer['bundle_id']}")
        assert bundle["received_means"] == "link"
        handed = scene.notes.setdefault("handed", {})
        handed[contract.kind] = handed.get(contract.kind, 0) + answer["total_cents"]
        told.append(f"{answer['cheques']} chèques de {contract.terms['title']} ({euros(answer['total_cents'])})")
    scene.notes["cashed"] = until + timedelta(days=1)
    return ", ".join(told)
