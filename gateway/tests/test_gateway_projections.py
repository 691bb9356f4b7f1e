"""The gateway's own balances, over facts of the other services."""

from datetime import UTC, datetime

import pytest

from gateway.projections import Balances, balance, open_views
from grenier.config import Settings
from grenier.doors import Context
from grenier.errors import Forbidden, NotFound
from grenier.language import contracts, ledger, logistics, orders
from grenier.language.ledger import Posting
from grenier.testing import House

AT = datetime(2026, 11, 26, 17, tzinfo=UTC)


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path, "gateway")
    house.record("group-g1", contracts.GroupFounded(group_id="g1", host_id="f", kind="buying_group", name="G"))
    for household, person in (("h1", "ann"), ("h2", "bob")):
        formed = contracts.HouseholdFormed(household_id=household, group_id="g1", person_ids=[person])
        house.record(f"household-{household}", formed)
    return house


def db_of(house):
    return house.rooms["gateway"].runtime.db


def order(cents, kind=orders.OrderConfirmed):
    return kind(cycle_id="c1", group_id="g1", order_id="o1", household_id="h1", tier="t", lines=[], total_cents=cents)


def charge(cents):
    postings = [Posting(account="eater:h1", amount_cents=-cents), Posting(account="sales:g1", amount_cents=cents)]
    return ledger.GoodsCharged(entry_id="e1", group_id="g1", household_id="h1", distribution_id="d1", order_id="o1",
                               amount_cents=cents, lines=[], postings=postings)  # fmt: skip


def figures(house):
    row = balance(db_of(house), "h1")
    return row["balance_cents"], row["committed_cents"]


def test_an_order_is_committed_until_it_is_charged_and_again_when_the_charge_is_reversed(house):
    house.record("cycle-c1", order(1500))
    house.record("cycle-c1", order(1800, orders.OrderAmended))
    assert figures(house) == (0, 1800)
    reduced = orders.LineReduced(household_id="h1", order_id="o1", product_id="p", from_quantity=2, to_quantity=1,
                                 from_amount_cents=600, to_amount_cents=300)  # fmt: skip
    house.record("cycle-c1", orders.OrdersRegulated(cycle_id="c1", group_id="g1", product_id="p", rule="r", limit=1,
                                                    changes=[reduced]))  # fmt: skip
    assert figures(house) == (0, 1500)
    house.record("account-h1", charge(1520))
    assert figures(house) == (-1520, 0)
    assert balance(db_of(house), "h1")["position"] == house.log.head()
    back = [Posting(account="eater:h1", amount_cents=1520), Posting(account="sales:g1", amount_cents=-1520)]
    house.record("account-h1", ledger.EntryReversed(entry_id="r1", reverses="e1", group_id="g1", household_id="h1",
                                                    reason="x", postings=back))  # fmt: skip
    assert figures(house) == (0, 1500)
    house.record("distribution-d1", logistics.DistributionPlanned(
        distribution_id="d1", cycle_id="c1", window_id="w", group_id="g1", host_id="f", month="2026-11", starts_at=AT,
        ends_at=AT, place="", slots=[], assignments=[], items=[], orders=[]))  # fmt: skip
    house.record(
        "distribution-d1", logistics.DistributionClosed(distribution_id="d1", group_id="g1", served=0, absent=1)
    )
    assert figures(house) == (0, 0)
    assert house.dump("gateway") == house.rebuilt_dump("gateway")


def test_a_balance_is_read_by_its_household_and_by_nobody_else(house):
    house.record("account-h1", charge(1520))
    mine = Balances(house.rooms["gateway"].runtime)
    answer = mine.of("h1", Context(actor="ann", after=house.log.head()))
    assert (answer["balance_cents"], answer["group_id"]) == (-1520, "g1")
    assert mine.of("h2", Context(actor="bob"))["balance_cents"] == 0
    with pytest.raises(Forbidden):
        mine.of("h1", Context(actor="bob"))
    for stranger in ("", "zoe"):
        with pytest.raises(NotFound):
            mine.of("h1", Context(actor=stranger))
    with pytest.raises(NotFound):
        mine.of("no-such", Context(actor="ann"))


def test_empty_views_can_be_read_before_any_worker_ran(tmp_path):
    db = open_views(Settings(data_dir=tmp_path, kek=bytes(32), session_secret="s" * 32))
    assert balance(db, "h1")["balance_cents"] == 0
