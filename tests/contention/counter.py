"""The order counter of one group as several processes serve it at once, its views running behind: the stage of T18.

    counter = Counter(folder, processes=3)
    home = counter.household(balance_cents=5_000)
    with counter.views_following():
        counter.order(home, "w0", rice=12)        # "ok", or the code of the refusal

Real doors, handlers, views, policies and timers; only the wires are short. Each process has a handler of its own, so
that what they agree on is what the log says.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from grenier.doors import dispatch
from grenier.handling import Handler
from grenier.language import contracts as c
from grenier.language import ledger as money
from grenier.runtime import Runtime
from grenier.testing import House
from orders_svc import crediting
from orders_svc.views import credit
from orders_svc.window import cycle_id_of

OPENS = datetime(2026, 11, 2, 8, tzinfo=UTC)
CLOSES = datetime(2026, 11, 12, 19, tzinfo=UTC)
WINDOWS = ("w0", "w1", "w2")
RICE_CENTS = 100


class Counter:
    """A group `g` whose orders may take an account down to `floor_cents` (None: as far as they like)."""

    def __init__(
        self, folder: Path, processes: int = 3, floor_cents: int | None = 0, house: House | None = None
    ) -> None:
        self.house = house or House(folder, "orders", now=OPENS - timedelta(days=3))
        self.room = self.house.rooms["orders"]
        self._found(floor_cents)
        self._list_and_open()
        self.doors = [self._process() for _ in range(processes)]
        self._turn = 0

    def _process(self) -> Any:
        of = self.room.runtime
        runtime = Runtime(of.settings, of.service, of.log, of.clock, of.db)
        runtime.__dict__["handler"] = Handler(of.log, of.clock)
        return self.room.service.open_doors(runtime)

    # -- before anybody orders -----------------------------------------------------------------------------------

    def _found(self, floor_cents: int | None) -> None:
        record = self.house.record
        record("host-h", c.HostOrganisationRegistered(host_id="h", name="H"),
               c.TiersDefined(host_id="h", tiers=[c.Tier(code="t", name="T")]))  # fmt: skip
        record("group-g", c.GroupFounded(group_id="g", host_id="h", kind="buying_group", name="G"))
        if floor_cents is not None:
            record("group-g", c.GroupSettingsChanged(group_id="g", credit_floor_cents=floor_cents))
        record("producer-p", c.ProducerRegistered(producer_id="p", host_id="h", name="P"))
        team = c.RoleAssigned(assignment_id="r", person_id="team", role="central_team", scope_kind="federation",
                              scope_id="h", valid_from=date(2026, 1, 1))  # fmt: skip
        record("person-team", team)

    def _list_and_open(self) -> None:
        for product in ("rice", "flour"):
            facts = {"name": product, "category": "x", "producer_id": "p"}
            self._tell("list_product", product_id=product, host_id="h", facts=facts, price_cents=RICE_CENTS,
                       cost_cents=80, effective_from="2026-01-01")  # fmt: skip
        self._tell("release_catalogue", catalogue_id="k", host_id="h", month="2026-11",
                   items=[{"product_id": "rice"}, {"product_id": "flour", "stock_limit": 1}])  # fmt: skip
        starts = CLOSES + timedelta(days=9)
        day = {
            "distribution_starts_at": starts.isoformat(),
            "distribution_ends_at": (starts + timedelta(hours=2)).isoformat(),
        }
        for window in WINDOWS:
            groups = [{"group_id": "g", **day}]
            self._tell("schedule_window", window_id=window, catalogue_id="k", opens_at=OPENS.isoformat(),
                       closes_at=CLOSES.isoformat(), groups=groups)  # fmt: skip
        self.house.clock.set(OPENS)
        self.house.tick()

    def _tell(self, door: str, **payload: Any) -> None:
        self.house.call("orders", door, payload, actor="team")

    def household(self, balance_cents: int = 0) -> str:
        """A household of the group with money on its account; its person is called like it."""
        home = f"home-{uuid4().hex[:12]}"
        granted = c.MembershipGranted(membership_id=f"m-{home}", household_id=home, group_id="g", number=1, tier="t",
                                      valid_from=date(2026, 9, 1), valid_until=date(2027, 8, 31))  # fmt: skip
        formed = c.HouseholdFormed(household_id=home, group_id="g", person_ids=[home])
        self.house.record(f"household-{home}", formed, granted)
        self.credit(home, balance_cents)
        return home

    def credit(self, home: str, cents: int) -> None:
        """What the ledger says of the household's account: more (+) or less (−) on it."""
        sides = ((f"eater:{home}", cents), ("adjustment:g", -cents))
        self.house.record(f"account-{home}", money.AdjustmentPosted(
            entry_id=str(uuid4()), group_id="g", household_id=home, amount_cents=cents, reason="x",
            postings=[money.Posting(account=account, amount_cents=amount) for account, amount in sides]))  # fmt: skip

    # -- many at once --------------------------------------------------------------------------------------------

    def order(self, home: str, window: str, command_id: str = "", **quantities: int) -> str:
        """Confirm an order of these quantities (none: cancel it) at whichever process is next."""
        self._turn += 1
        payload: dict[str, Any] = {"cycle_id": cycle_id_of(window, "g"), "household_id": home}
        if quantities:
            payload["lines"] = [{"product_id": name, "quantity": many} for name, many in quantities.items()]
        context = {"actor": home, "command_id": command_id or str(uuid4()), "correlation_id": "x"}
        door = "confirm_order" if quantities else "cancel_order"
        answer = dispatch(self.doors[self._turn % len(self.doors)], door, payload, context)
        return str(answer["error"]["code"]) if "error" in answer else "ok"

    @contextmanager
    def views_following(self, hasty: bool = False) -> Iterator[None]:
        """Views and policies behind the log by a few thousandths of a second, as in an installation.

        `hasty`: holds are taken for forgotten at once, so that the timer releases what is still on its way.
        """
        stop = threading.Event()
        failed: list[BaseException] = []

        def follow() -> None:
            while not stop.wait(0.002):
                try:
                    self.house.settle()
                    for row in credit.waiting(self.room.runtime.db, "9") if hasty else ():
                        crediting.release(self.room.runtime, row)
                except Exception as error:
                    failed.append(error)
                    return

        thread = threading.Thread(target=follow)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
        if failed:
            raise failed[0]
        self.house.settle()
