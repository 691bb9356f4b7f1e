"""A month of the federation, step by step, through the public API: each function is what one person does.

The demonstration loads two months with these steps; tests play them and check every figure.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from gateway.demo.client import Api
from gateway.demo.federation import Federation, Group, Household

PATIENCE_S = 60.0
PAUSE_S = 0.3
FLOAT_CENTS = 5_000
COINS = (5000, 2000, 1000, 500, 200, 100, 50, 20, 10, 5, 2, 1)


@dataclass
class Stage:
    """Where a month is played. `pulse` lets time do its work: a pause, or in one process the timers themselves."""

    api: Api
    federation: Federation
    pulse: Callable[[], None] = lambda: time.sleep(0.15)

    def at(self, person_id: str) -> Api:
        return self.api.as_(person_id)

    @property
    def central(self) -> Api:
        return self.at(self.federation.central)

    def move_to(self, now: datetime) -> None:
        """Make this instant the present."""
        self.api.post("/demo/clock", now=now.isoformat())
        # Processes look at the clock's file four times a second.
        time.sleep(PAUSE_S)

    def until(self, what: str, check: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
        """Wait for what happens by itself; the value that `check` found."""
        deadline = time.monotonic() + patience_s
        while not (found := check()):
            if time.monotonic() > deadline:
                raise TimeoutError(f"did not happen: {what}")
            self.pulse()
        return found


@dataclass(frozen=True)
class Calendar:
    """The instants of a month (UTC)."""

    month: str
    opens_at: datetime
    closes_at: datetime
    distribution_starts_at: datetime
    distribution_ends_at: datetime
    tag: str = ""

    @property
    def window_id(self) -> str:
        return f"fenetre-{self.month}{self.tag and '-'}{self.tag}"

    @property
    def catalogue_id(self) -> str:
        return f"catalogue-{self.month}{self.tag and '-'}{self.tag}"


@dataclass
class Cycle:
    """A group's cycle with what was put into it."""

    group: Group
    cycle_id: str
    orders: dict[str, dict[str, int]] = field(default_factory=dict)
    drafts: dict[str, dict[str, int]] = field(default_factory=dict)


# -- before the window opens (central team) ----------------------------------------------------------------------


def import_products(stage: Stage, rows: Iterable[Mapping[str, Any]], since: str) -> None:
    """The catalogue as a spreadsheet would bring it; fills `federation.products` (name -> id)."""
    federation = stage.federation
    ready = []
    for row in rows:
        facts = {name: value for name, value in row.items() if name != "producer"}
        ready.append({**facts, "producer_id": federation.producers[row["producer"]], "cost_cents": row["price_cents"]})
    answer = stage.central.post(
        f"/hosts/{federation.host_id}/products/import", effective_from=since, rows=ready, dry_run=False
    )
    wrong = [row for row in answer["rows"] if row.get("errors")]
    if wrong:
        raise ValueError(f"products refused: {wrong[:3]}")
    known_products(stage)


def known_products(stage: Stage) -> None:
    """Fill `federation.products` with what the host organisation offers."""
    known = stage.central.get(f"/hosts/{stage.federation.host_id}/products", limit=500)
    stage.federation.products = {item["name"]: item["product_id"] for item in known["items"]}


def revise_price(stage: Stage, name: str, price_cents: int, since: str, reason: str) -> None:
    product_id = stage.federation.products[name]
    body = {"price_cents": price_cents, "cost_cents": price_cents, "effective_from": since, "reason": reason}
    stage.central.post(f"/products/{product_id}/prices", **body)


def release(stage: Stage, calendar: Calendar) -> None:
    path = f"/hosts/{stage.federation.host_id}/catalogues/{calendar.catalogue_id}"
    stage.central.put(path, month=calendar.month)


def schedule(stage: Stage, calendar: Calendar, limits: Mapping[str, int]) -> list[Cycle]:
    """One window for all groups; `limits`: the most that a group may take of a product, by name."""
    products = stage.federation.products
    groups = [
        {
            "group_id": group.group_id,
            "distribution_starts_at": calendar.distribution_starts_at.isoformat(),
            "distribution_ends_at": calendar.distribution_ends_at.isoformat(),
            "place": group.place,
            "max_per_group": {products[name]: limit for name, limit in limits.items()},
        }
        for group in stage.federation.groups
    ]
    stage.central.put(
        f"/windows/{calendar.window_id}",
        catalogue_id=calendar.catalogue_id,
        opens_at=calendar.opens_at.isoformat(),
        closes_at=calendar.closes_at.isoformat(),
        groups=groups,
    )

    def scheduled() -> dict[str, str] | None:
        rows = stage.central.get(f"/windows/{calendar.window_id}")["groups"]
        found = {row["group_id"]: row["cycle_id"] for row in rows}
        return found if len(found) == len(groups) else None

    by_group = stage.until("a cycle for every group", scheduled)
    return [Cycle(group, by_group[group.group_id]) for group in stage.federation.groups]


def statuses(stage: Stage, calendar: Calendar) -> list[str]:
    return [row["status"] for row in stage.central.get(f"/windows/{calendar.window_id}")["groups"]]


def wait_for(stage: Stage, calendar: Calendar, status: str) -> None:
    stage.until(f"every cycle is {status}", lambda: set(statuses(stage, calendar)) == {status})


# -- ordering ----------------------------------------------------------------------------------------------------


def draw_lines(stage: Stage, rng: random.Random, always: Iterable[str] = ()) -> dict[str, int]:
    """product_id -> quantity, as a household might choose."""
    names = [*always, *rng.sample(sorted(stage.federation.products), rng.randint(4, 9))]
    return {stage.federation.products[name]: rng.choice((1, 1, 1, 2, 2, 3)) for name in dict.fromkeys(names)}


def as_lines(quantities: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{"product_id": product_id, "quantity": quantity} for product_id, quantity in quantities.items()]


def order_path(cycle: Cycle, household: Household, what: str = "orders") -> str:
    return f"/cycles/{cycle.cycle_id}/{what}/{household.household_id}"


def confirm(stage: Stage, cycle: Cycle, household: Household, quantities: Mapping[str, int]) -> Any:
    """A member confirms their own order."""
    answer = stage.at(household.person_id).put(order_path(cycle, household), lines=as_lines(quantities))
    cycle.orders[household.household_id] = dict(quantities)
    return answer


def confirm_on_paper(stage: Stage, cycle: Cycle, household: Household, quantities: Mapping[str, int]) -> Any:
    """The organiser types in the paper form of somebody without a screen."""
    organiser = stage.at(cycle.group.organiser)
    answer = organiser.put(order_path(cycle, household), lines=as_lines(quantities), channel="paper")
    cycle.orders[household.household_id] = dict(quantities)
    return answer


def leave_draft(stage: Stage, cycle: Cycle, household: Household, quantities: Mapping[str, int]) -> Any:
    answer = stage.at(household.person_id).put(order_path(cycle, household, "drafts"), lines=as_lines(quantities))
    cycle.drafts[household.household_id] = dict(quantities)
    return answer


# -- after closing -----------------------------------------------------------------------------------------------


def over_asked(stage: Stage, cycle: Cycle) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = stage.at(cycle.group.organiser).get(f"/cycles/{cycle.cycle_id}/over-asked")["items"]
    return items


def regulate_all(stage: Stage, cycle: Cycle, rule: str) -> int:
    """Apply one rule to every over-asked product; how many there were."""
    asked = over_asked(stage, cycle)
    for item in asked:
        path = f"/cycles/{cycle.cycle_id}/regulation/{item['product_id']}"
        stage.at(cycle.group.organiser).post(path, rule=rule)
    return len(asked)


def freeze(stage: Stage, cycle: Cycle) -> None:
    stage.at(cycle.group.organiser).post(f"/cycles/{cycle.cycle_id}/freeze")


# -- pallets and deliveries --------------------------------------------------------------------------------------


def prepare_and_dispatch(stage: Stage, calendar: Calendar) -> dict[str, dict[str, Any]]:
    """The logistician prepares every pallet and sends them off; delivery of each group."""
    logistician = stage.at(stage.federation.logistician)
    expected = len(stage.federation.groups)

    def planned() -> list[dict[str, Any]]:
        found = logistician.get("/deliveries", window_id=calendar.window_id, limit=100)["items"]
        return found if len(found) == expected else []

    deliveries = stage.until("deliveries planned", planned)
    for pallet in logistician.get("/pallets", window_id=calendar.window_id, limit=200)["items"]:
        logistician.put(f"/pallets/{pallet['pallet_id']}/prepared", lines=[])
    for delivery in deliveries:
        logistician.put(f"/deliveries/{delivery['delivery_id']}/dispatched")
    return {delivery["group_id"]: delivery for delivery in deliveries}


def receive(stage: Stage, group: Group, delivery: Mapping[str, Any], missing: Mapping[str, int] | None = None) -> None:
    """Receive; `missing`: product_id -> units that did not come."""
    organiser = stage.at(group.organiser)
    lines = []
    if missing:
        known = {line["product_id"]: line for line in organiser.get(f"/deliveries/{delivery['delivery_id']}")["lines"]}
        for product_id, units in missing.items():
            received = known[product_id]["expected"] - units
            lines.append({"product_id": product_id, "received": received, "reason": "carton manquant"})
    organiser.put(f"/deliveries/{delivery['delivery_id']}/received", lines=lines)


# -- distribution day --------------------------------------------------------------------------------------------


def day_path(group: Group, distribution_id: str) -> str:
    return f"/groups/{group.group_id}/distributions/{distribution_id}"


def distribution_of(stage: Stage, group: Group, calendar: Calendar) -> dict[str, Any]:
    found = stage.at(group.organiser).get(f"/groups/{group.group_id}/distributions", limit=100)["items"]
    # An AMAP has the deliveries of its contracts in the same month.
    return next(row for row in found if datetime.fromisoformat(row["starts_at"]) == calendar.distribution_starts_at)


def check_in(stage: Stage, group: Group, distribution_id: str, household_id: str) -> None:
    stage.at(group.volunteer).put(f"{day_path(group, distribution_id)}/households/{household_id}/check-in")


def served(stage: Stage, group: Group, distribution_id: str, household_id: str) -> dict[str, Any]:
    found: dict[str, Any] = stage.at(group.organiser).get(
        f"{day_path(group, distribution_id)}/households/{household_id}"
    )
    return found


def weigh(stage: Stage, group: Group, distribution_id: str, rng: random.Random) -> int:
    """The cutting sheets: every portion on the scale, a little more or less than asked. How many were weighed."""
    path = f"{day_path(group, distribution_id)}/cutting-sheets"
    organiser, weighed = stage.at(group.organiser), 0
    for product in organiser.get(path)["products"]:
        sheet = organiser.get(f"{path}/{product['product_id']}")
        weights = [
            {"household_id": line["household_id"], "weight_g": line["weight_g"] + rng.randint(-15, 20)}
            for line in sheet["lines"]
            if line["quantity"] > 0
        ]
        if weights:
            organiser.put(f"{path}/{product['product_id']}/weights", weights=weights)
            weighed += len(weights)
    return weighed


def sign_off(stage: Stage, group: Group, distribution_id: str, household_id: str) -> Any:
    return stage.at(group.volunteer).put(f"{day_path(group, distribution_id)}/households/{household_id}/sign-off")


# -- money -------------------------------------------------------------------------------------------------------


def balance(stage: Stage, person_id: str, household_id: str) -> dict[str, Any]:
    found: dict[str, Any] = stage.at(person_id).get(f"/households/{household_id}/balance")
    return found


def open_till(stage: Stage, group: Group, distribution_id: str, float_cents: int = FLOAT_CENTS) -> str:
    body = {"float_cents": float_cents, "distribution_id": distribution_id}
    return str(stage.at(group.treasurer).post(f"/groups/{group.group_id}/tills", **body)["id"])


def charged(stage: Stage, group: Group, household_id: str) -> int:
    """What the household owes once the charge of its sign-off has been posted (cents, positive)."""

    def posted() -> dict[str, Any] | None:
        found = balance(stage, group.treasurer, household_id)
        return found if found["committed_cents"] == 0 else None

    return -int(stage.until("the sign-off is charged", posted)["balance_cents"])


def pay(stage: Stage, group: Group, till_id: str, household_id: str, amount_cents: int, cheque: str = "") -> Any:
    body: dict[str, Any] = {"household_id": household_id, "amount_cents": amount_cents, "means": "cash"}
    if cheque:
        body |= {"means": "cheque", "cheque": {"number": cheque, "bank": "Banque postale"}}
    return stage.at(group.treasurer).post(f"/groups/{group.group_id}/tills/{till_id}/payments", **body)


def prepay(stage: Stage, group: Group, household_id: str, amount_cents: int, number: str) -> Any:
    path = f"/groups/{group.group_id}/households/{household_id}/prepayments"
    return stage.at(group.coordinator).post(path, amount_cents=amount_cents, number=number, bank="Crédit coopératif")


def count_and_close(
    stage: Stage, group: Group, till_id: str, difference_cents: int = 0, why: str = ""
) -> dict[str, Any]:
    """Count what lies in the till (`difference_cents` more or less than expected), explain, close; the closed till."""
    treasurer, path = stage.at(group.treasurer), f"/groups/{group.group_id}/tills/{till_id}"
    till = treasurer.get(path)
    cheques = [row["entry_id"] for row in treasurer.get(f"{path}/payments")["items"]
               if row["means"] == "cheque" and not row["reversed_by"]]  # fmt: skip
    treasurer.put(f"{path}/count", coins=coins(till["cash_cents"] + difference_cents), cheque_entry_ids=cheques)
    if difference_cents:
        treasurer.put(f"{path}/explanation", explanation=why)
    treasurer.put(f"{path}/closed")
    closed: dict[str, Any] = treasurer.get(path)
    return closed


def coins(amount_cents: int) -> dict[str, int]:
    """The amount in the largest pieces."""
    counted: dict[str, int] = {}
    for coin in COINS:
        pieces, amount_cents = divmod(amount_cents, coin)
        if pieces:
            counted[str(coin)] = pieces
    return counted


def count_stock(stage: Stage, group: Group, distribution_id: str, lost: Mapping[str, int] | None = None) -> None:
    """Count what is left, as expected but for what is `lost` (product_id -> units)."""
    organiser, path = stage.at(group.organiser), day_path(group, distribution_id)
    lines = [
        {"product_id": line["product_id"], "counted": line["on_hand"] - (lost or {}).get(line["product_id"], 0)}
        for line in organiser.get(f"{path}/inventory")["lines"]
    ]
    organiser.put(f"{path}/count", lines=lines)


def local(day: datetime, hour: int, minute: int = 0) -> datetime:
    """That hour of that day in the time zone of `day`."""
    return day.replace(hour=hour, minute=minute, second=0, microsecond=0)


def calendar_of(today: datetime, opens_in_days: int, closes_in_days: int, distribution_in_days: int) -> Calendar:
    """A month around a day; `today` carries the federation's time zone."""
    distribution = local(today + timedelta(days=distribution_in_days), 17)
    return Calendar(
        month=distribution.strftime("%Y-%m"),
        opens_at=local(today + timedelta(days=opens_in_days), 8),
        closes_at=local(today + timedelta(days=closes_in_days), 20),
        distribution_starts_at=distribution,
        distribution_ends_at=distribution + timedelta(hours=3),
    )
