"""The season of the demonstration's AMAP, up to its middle: one round delivered, the next one open, much to look after.

`load.py` calls these chapters between those of the month, as the clock goes on.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

from gateway.demo import season_acts as acts
from gateway.demo.client import Api
from gateway.demo.federation import Group, Household, Progress, silent
from gateway.demo.month import Stage
from gateway.demo.season import KINDS, ZONE, Contract, Dates, Season

SEED = 2026
THURSDAY = 3
BEGAN_DAYS_AGO = 34
LATE = 3
DELIVERED, OPEN = 0, 1
ROUND_WEEKS, OPENS_DAYS_BEFORE = (2, 6, 8, 10, 12), 16
NEXT_BASKETS = 6
CHOICE = {
    "vegetables": ({"PAN": 1}, {"PAN": 1}, {"DEMI": 1}),
    "bread": ({"SEMI": 1}, {"SEMI": 2, "BRIO": 1}, {"NOIX": 1, "CAMP": 1}),
    "jam": ({},),
}
JARS = ("FRAI", "FRAM", "ABRI", "FIGU", "COIN", "GROS", "CHAT", "CARA")


def dates_of(today: date) -> Dates:
    """The first Thursday lies four to five weeks back: the first round is long delivered, the second open now."""
    back = today - timedelta(days=BEGAN_DAYS_AGO)
    first = back + timedelta(days=(THURSDAY - back.weekday()) % 7)
    return Dates(first, ROUND_WEEKS, OPENS_DAYS_BEFORE)


def guest_of(stage: Stage, group: Group) -> Household:
    """The household of whom the login page offers as a member of this group; the first ones have roles."""
    accounts = stage.api.get("/demo")["accounts"]
    offered = {each["person_id"] for each in accounts if (each["role"], each["group"]) == ("eater", group.name)}
    plain = group.households[4]
    return next((each for each in group.households if each.digital and offered & set(each.person_ids)), plain)


def takers_of(season: Season, kind: str) -> list[Household]:
    """Who subscribes to what, the guest first: in all three."""
    every, number = season.group.households, len(season.group.households)
    wanting = {
        "vegetables": every[: number * 3 // 5],
        "bread": every[6 : 6 + number // 3],
        "jam": [*every[4 : 4 + number // 3], *every[-3:]],
    }[kind]
    guest = season.guest
    return [guest, *(each for each in wanting if each != guest)] if guest else wanting


# -- before the first delivery -----------------------------------------------------------------------------------


def begin(stage: Stage, group: Group, today: date, progress: Progress = silent) -> Season:
    """Contracts agreed and opened, subscriptions confirmed, most cheques in."""
    season = Season(group, dates_of(today), guest=guest_of(stage, group))
    side_by_side(lambda kind: _contract(stage, season, kind))
    progress(f"{group.name} : {len(season.contracts)} contrats ouverts")
    side_by_side(lambda kind: _subscribe(stage, season, season.contracts[kind]))
    total = sum(len(contract.subscriptions) for contract in season.contracts.values())
    progress(f"{group.name} : {total} souscriptions, chèques reçus")
    return season


def side_by_side(work: Callable[[str], None]) -> None:
    """Contracts are streams of their own: what is done in one waits for no other."""
    with ThreadPoolExecutor(len(KINDS)) as pool:
        list(pool.map(work, KINDS))


def _contract(stage: Stage, season: Season, kind: str) -> None:
    group = season.group
    producer = acts.register_producer(stage, group, kind)
    places = len(takers_of(season, kind)) if kind == "vegetables" else 0
    contract = acts.draft(stage, group, kind, season.dates, producer, places)
    acts.answer_by_link(stage, acts.submit(stage, group, contract), "approve")
    acts.open_contract(stage, group, contract)
    season.contracts[kind] = contract


def _subscribe(stage: Stage, season: Season, contract: Contract) -> None:
    group, choice = season.group, CHOICE[contract.kind]
    for number, household in enumerate(takers_of(season, contract.kind)):
        channel = "web" if household.digital and number % 4 else "desk"
        more = {"cheque_count": 1 + number % 3} if contract.kind == "vegetables" else {}
        acts.subscribe(stage, group, contract, household, choice[number % len(choice)], channel, **more)
        acts.confirm(stage, group, contract, household.household_id)
        if number % 2:
            acts.sign(stage, group, contract, household)
    _receive_cheques(stage, season, contract)


def _receive_cheques(stage: Stage, season: Season, contract: Contract) -> None:
    """All but those of the last households: they are still expected."""
    group = season.group

    def agreed() -> list[dict[str, object]] | None:
        rows = acts.cheques(stage, group, contract)["cheques"]
        return rows if {row["household_id"] for row in rows} == set(contract.subscriptions) else None

    expected = stage.until("the cheques are agreed", agreed)
    late = list(contract.subscriptions)[-LATE:]
    came = [row for row in expected if row["household_id"] not in late]
    on = season.dates.first - timedelta(days=9)
    acts.receive(stage, group, came, min(on, stage_day(stage)))


def stage_day(stage: Stage) -> date:
    now = datetime.fromisoformat(stage.api.get("/demo/clock")["now"])
    return now.astimezone(ZONE).date()


# -- the round that is delivered already -------------------------------------------------------------------------


def order_round(stage: Stage, season: Season, number: int, share: float) -> None:
    """So many of the subscribers, the last ones, order one to three kinds of jam."""
    cycle_id = season.jam.round_id(number)
    acts.wait_for(stage, season.group, cycle_id, "open")
    households = takers_of(season, "jam")
    for household in households[len(households) - int(len(households) * share) :]:
        rng = random.Random(f"{SEED}/{number}/{household.label}")
        codes = rng.sample(JARS, rng.randint(1, 3))
        quantities = {season.jam.option(code): rng.choice((1, 1, 2)) for code in codes}
        acts.order(stage, season.group, cycle_id, household, quantities)


def deliver_round(stage: Stage, season: Season, number: int) -> None:
    """Frozen by itself at noon after its closing; parcels received, all but one handed over, statements sent."""
    group, cycle_id = season.group, season.jam.round_id(number)
    rows = stage.until("the parcels are known", lambda: acts.parcels(stage, group, cycle_id))
    acts.coordinator(stage, group).post(f"/cycles/{cycle_id}/parcels/received")
    for row in rows[:-1]:
        acts.hand_out(stage, group, cycle_id, row["household_id"])
    acts.close_delivery(stage, group, cycle_id)


# -- now ---------------------------------------------------------------------------------------------------------


def middle(stage: Stage, season: Season, progress: Progress = silent) -> None:
    """What a coordinator finds on an ordinary evening: things to confirm, to receive, to answer, to exchange."""
    group = season.group
    for contract in season.contracts.values():
        acts.hand_over(stage, group, contract, season.dates.cashing()[0])
    order_round(stage, season, OPEN, 0.5)
    _newcomers(stage, season)
    _changed_dates(stage, season)
    _questions(stage, season)
    _exchange(stage, season)
    progress(f"{group.name} : une commande ouverte, des paniers à échanger")


def _newcomers(stage: Stage, season: Season) -> None:
    """Three to confirm, two on the waiting list."""
    group = season.group
    for kind, number in (("jam", LATE), ("vegetables", 2)):
        contract = season.contracts[kind]
        free = [each for each in group.households if each.digital and each.household_id not in contract.subscriptions]
        for household in free[-number:]:
            acts.subscribe(stage, group, contract, household, CHOICE[kind][0])


def _changed_dates(stage: Stage, season: Season) -> None:
    """A basket is cancelled, the one after it counts double."""
    number = NEXT_BASKETS + 2
    acts.on_delivery(stage, season.group, season.vegetables, number, "cancel", reason="Gel sur les serres froides.")
    doubled = {"factor_percent": 200, "reason": "Rattrapage du panier annulé."}
    acts.on_delivery(stage, season.group, season.vegetables, number + 1, "count", **doubled)


def _questions(stage: Stage, season: Season) -> None:
    """One that waits, one that was answered for everybody."""
    asker, other = takers_of(season, "bread")[1:3]
    bread, jam = season.bread, season.jam
    open_one = "Le pain de campagne contient-il du seigle complet ?"
    _ask(stage.at(asker.person_id), bread, open_one)
    answered = _ask(stage.at(other.person_id), jam, "Reprenez-vous les pots vides ?")
    reply = {"text": "Oui, propres et sans étiquette, à chaque livraison."}
    stage.at(jam.contact).post(f"/questions/{answered}/answers", **reply)
    acts.coordinator(stage, season.group).post(f"/questions/{answered}/publication")


def _ask(eater: Api, contract: Contract, text: str) -> str:
    return str(eater.post(f"/contracts/{contract.contract_id}/questions", text=text)["id"])


def _exchange(stage: Stage, season: Season) -> None:
    """Two baskets on offer: the guest's own with two who ask, and one that the guest may still ask for."""
    group, contract = season.group, season.vegetables
    space = f"/groups/{group.group_id}/exchange"
    first, second = takers_of(season, "vegetables")[:2]
    asking = [each for each in reversed(group.households) if each.digital and each not in (first, second)][:2]
    referent = next(each for each in group.households[5:] if each.digital and each != season.guest)
    settings = {"enabled": True, "cutoff_hours": 24, "referent_id": referent.person_id}
    acts.coordinator(stage, group).patch(f"{space}/settings", **settings)
    for each in (first, *asking):
        stage.at(each.person_id).put(f"{space}/takers/me")
    baskets = []
    for number, holder in enumerate((first, second)):
        body = {"contract_id": contract.contract_id, "subscription_id": contract.subscriptions[holder.household_id],
                "delivery_id": contract.delivery(NEXT_BASKETS + number)["delivery_id"]}  # fmt: skip
        baskets.append(str(stage.at(holder.person_id).post(f"{space}/baskets", **body)["id"]))
    for basket_id, who in ((baskets[0], asking), (baskets[1], asking[:1])):
        for each in who:
            stage.at(each.person_id).post(f"/baskets/{basket_id}/request")


def delivered_at(season: Season, number: int) -> datetime:
    day = season.dates.deliveries("jam")[number]
    return datetime(day.year, day.month, day.day, 18, 35, tzinfo=ZONE).astimezone(UTC)
