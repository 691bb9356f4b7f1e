"""Property tests: whatever people do at tills and accounts, in whatever order, the books stay books."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grenier.apportion import split_by_weights, split_evenly
from grenier.language.ledger import GoodsCharged, Posting
from tests.contention.ledger_machine import Books, changeable, inexact

Books.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestBooks = pytest.mark.proof("T21")(Books.TestCase)


@pytest.mark.proof("T21")
def test_no_ledger_event_can_hold_anything_but_whole_cents():
    assert inexact() == []
    assert inexact("orders.order-") == []


@pytest.mark.proof("T21")
def test_nothing_written_can_be_changed():
    assert changeable() == []
    event = GoodsCharged(entry_id="e", group_id="g", household_id="h", distribution_id="d", order_id="o", amount_cents=1,
                         lines=[], postings=[Posting(account="a", amount_cents=1)])  # fmt: skip
    with pytest.raises(AttributeError):
        event.amount_cents = 2
    with pytest.raises(AttributeError):
        event.postings[0].amount_cents = 2


@given(st.integers(min_value=-10_000_000, max_value=10_000_000), st.integers(min_value=1, max_value=200))
def test_an_amount_over_n_members_adds_up_and_differs_by_one_cent_at_most(total, members):
    shares = split_evenly(total, members)
    assert sum(shares) == total
    assert max(shares) - min(shares) <= 1
    assert shares == split_evenly(total, members)


@given(
    st.integers(min_value=0, max_value=10_000_000),
    st.lists(st.integers(min_value=0, max_value=10_000), min_size=1, max_size=50).filter(any),
)
def test_shares_by_weight_add_up_and_stay_within_a_cent_of_the_exact_share(total, weights):
    shares = split_by_weights(total, weights)
    assert sum(shares) == total
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share * sum(weights) - total * weight) < sum(weights)
