"""The federation every run begins with: two groups, two producers, six products, two windows on their way.

It is founded once per process through the very doors, with nothing going wrong, and copied for every run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from orders_svc.window import cycle_id_of

if TYPE_CHECKING:
    from tests.sim.world import World

START = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
TIERS = [
    {"code": "neighbourhood", "name": "Quartier", "rate_bp": 10_000, "dues_cents": 100},
    {"code": "solidarity", "name": "Solidaire", "rate_bp": 11_500, "dues_cents": 2_000},
]
# opens, closes, distribution: days after START; the second window's day lies behind the first one's.
WINDOWS = {"w1": (1, 3, 8), "w2": (4, 6, 12)}
ROLES = ("organiser", "coordinator", "treasurer", "volunteer")
# The season's contract: fewer places than households; its deliveries, days after START.
PLACES, DELIVERY_DAYS = 2, (3, 7, 10, 14, 17)


@dataclass(frozen=True)
class Household:
    household_id: str
    persons: tuple[str, ...]


@dataclass
class Group:
    group_id: str
    kind: str
    households: list[Household] = field(default_factory=list)
    holders: dict[str, str] = field(default_factory=dict)

    def holder(self, role: str) -> str:
        return self.holders[role]


@dataclass
class Cast:
    """Everybody and everything by what it is called."""

    central: str = ""
    logistician: str = ""
    host_id: str = ""
    groups: list[Group] = field(default_factory=list)
    products: list[str] = field(default_factory=list)
    producers: list[str] = field(default_factory=list)
    contract_id: str = ""
    options: list[str] = field(default_factory=list)
    deliveries: list[str] = field(default_factory=list)

    @property
    def season_group(self) -> Group:
        """The one that has a contract with a producer."""
        return next(group for group in self.groups if group.kind == "csa")

    def cycle(self, window_id: str, group: Group) -> str:
        return cycle_id_of(window_id, group.group_id)

    def cycles(self) -> list[tuple[Group, str]]:
        return [(group, self.cycle(window_id, group)) for window_id in WINDOWS for group in self.groups]


class Founder:
    def __init__(self, world: World) -> None:
        self._world = world
        self.cast = Cast()

    def ask(self, service: str, method: str, actor: str, **payload: Any) -> dict[str, Any]:
        told = self._world.clients.say(service, method, payload, actor)
        if told.answer is None:
            raise AssertionError(
                f"the federation cannot be founded: {method} {told.refused} {self._world.last_surprise}"
            )
        self._world.settle()
        return told.answer

    def found(self) -> Cast:
        cast = self.cast
        founded = self.ask("contracts", "found_federation", "", name="VRAC", person=_person("Claire"), tiers=TIERS)
        cast.central, cast.host_id = founded["person_id"], founded["id"]
        for name, kind, zone, size in (
            ("Nord", "buying_group", "Europe/Paris", 4),
            ("Sud", "csa", "Indian/Reunion", 3),
        ):
            self._group(name, kind, zone, size)
        self._products()
        self._windows()
        self._season()
        return cast

    def _group(self, name: str, kind: str, zone: str, size: int) -> None:
        cast = self.cast
        group_id = self.ask("contracts", "found_group", cast.central, name=name, kind=kind, place=name,
                            time_zone=zone)["id"]  # fmt: skip
        group = Group(group_id, kind)
        for number in range(size):
            digital = number < size - 1
            persons = [_person(f"{name} {number} {place}", digital) for place in range(2 if number % 2 else 1)]
            tier = TIERS[number % 2]["code"]
            enrolled = self.ask("contracts", "enrol_household", cast.central, group_id=group_id, persons=persons,
                                tier=tier)  # fmt: skip
            group.households.append(Household(enrolled["household_id"], tuple(enrolled["person_ids"])))
        for number, role in enumerate(ROLES):
            person = group.households[number % size].persons[-1 if number >= size else 0]
            self.ask("contracts", "assign_role", cast.central, person_id=person, role=role, scope_kind="group",
                     scope_id=group_id)  # fmt: skip
            group.holders[role] = person
        cast.groups.append(group)

    def _products(self) -> None:
        cast = self.cast
        registered = self.ask("contracts", "register_person", cast.central, group_id=cast.groups[0].group_id,
                              **_person("Lucien"))  # fmt: skip
        cast.logistician = registered["id"]
        self.ask("contracts", "assign_role", cast.central, person_id=cast.logistician, role="logistician",
                 scope_kind="federation", scope_id=cast.host_id)  # fmt: skip
        for name in ("Ferme", "Moulin"):
            cast.producers.append(self.ask("contracts", "register_producer", cast.central, name=name)["id"])
        for number, sale in enumerate(("piece", "weighed", "piece", "piece", "weighed", "piece")):
            facts = {"name": f"Produit {number}", "category": "sec", "producer_id": cast.producers[number % 2],
                     "sale": sale, "portion_g": 250 if sale == "weighed" else 0,
                     "net_weight_g": 500 if sale == "piece" else 0, "case_size": 6}  # fmt: skip
            product_id = f"product-{number}"
            self.ask("orders", "list_product", cast.central, product_id=product_id, host_id=cast.host_id, facts=facts,
                     price_cents=333 + 117 * number, cost_cents=300, effective_from="2026-10-01")  # fmt: skip
            cast.products.append(product_id)

    def _windows(self) -> None:
        cast = self.cast
        # One product with a hard cap per group, one that will be over-asked, one with a household maximum.
        limits = {0: {"stock_limit": 5}, 1: {"max_per_group": 6}, 2: {"max_per_household": 4}}
        items = [{"product_id": product, **limits.get(number, {})} for number, product in enumerate(cast.products)]
        self.ask("orders", "release_catalogue", cast.central, catalogue_id="catalogue", host_id=cast.host_id,
                 month="2026-11", items=items)  # fmt: skip
        for window_id, days in WINDOWS.items():
            opens, closes, day = (START + timedelta(days=each) for each in days)
            groups = [
                {
                    "group_id": group.group_id,
                    "distribution_starts_at": (day + timedelta(hours=5)).isoformat(),
                    "distribution_ends_at": (day + timedelta(hours=8)).isoformat(),
                }
                for group in cast.groups
            ]
            self.ask("orders", "schedule_window", cast.central, window_id=window_id, catalogue_id="catalogue",
                     opens_at=opens.isoformat(), closes_at=closes.isoformat(), groups=groups)  # fmt: skip

    def _season(self) -> None:
        """A contract of five deliveries in the AMAP, opened; one that is wanted by more than it has room for."""
        cast, group = self.cast, self.cast.season_group
        coordinator = group.holder("coordinator")
        days = [(START + timedelta(days=each)).date() for each in DELIVERY_DAYS]
        terms = {
            "title": "Paniers", "starts_on": days[0].isoformat(), "ends_on": days[-1].isoformat(),
            "basket_kind": "free_quantity_single",
            "options": [{"option_id": name, "title": name, "price_cents": price}
                        for name, price in (("grand", 1_690), ("petit", 995))],
            "deliveries": [{"delivery_id": f"d{number}", "on": day.isoformat()} for number, day in enumerate(days)],
            "payment": {"payee": "Ferme", "calendar": ["2026-11-05", "2026-12-05"], "counts": [1, 2]},
            "sign_up": {"max_households": PLACES, "absences_max": 2, "closes_hours_before": 12},
        }  # fmt: skip
        drafted = self.ask("contracts", "draft_contract", coordinator, group_id=group.group_id,
                           producer_id=cast.producers[0], terms=terms)  # fmt: skip
        cast.contract_id = drafted["id"]
        cast.options = [option["option_id"] for option in drafted["terms"]["options"]]
        cast.deliveries = [delivery["delivery_id"] for delivery in drafted["terms"]["deliveries"]]
        self.ask("contracts", "approve_contract", coordinator, contract_id=cast.contract_id, version=1)
        self.ask("contracts", "open_contract", coordinator, contract_id=cast.contract_id, version=1)
        self.ask("contracts", "change_exchange_settings", group.holder("organiser"), group_id=group.group_id,
                 enabled=True, cutoff_hours=12)  # fmt: skip


def _person(name: str, digital: bool = True) -> dict[str, Any]:
    email = f"{name.replace(' ', '.').lower()}@exemple.fr" if digital else ""
    return {"first_name": name, "last_name": "Test", "email": email, "phone": "" if digital else "0477123456"}
