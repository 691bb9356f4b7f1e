"""Places of a contract, delivery by delivery: households, shares, units of an option; the last one and the one too many."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from contracts_svc.contract.capacity import Full, full, limits, overfull, taken_at_most
from contracts_svc.contract.state import Life
from contracts_svc.contract.subscriptions import Held, Roster
from grenier.language.season import BasketOption, PlannedDelivery, SignUpTerms, SubscribedLine, Terms

FIRST = date(2026, 11, 5)


def on(place: int) -> date:
    return FIRST + timedelta(days=7 * place)


def delivery(place: int, **more: Any) -> PlannedDelivery:
    return PlannedDelivery(delivery_id=f"d{place}", on=on(place), **more)


WEEKS = [delivery(0), delivery(1), delivery(2)]


def life(
    deliveries: list[PlannedDelivery] = WEEKS, *, households: int = 0, shares: int = 0, eggs: int = 0, honey: int = 0
) -> Life:
    """Two options: eggs (half a share each) and honey (none), of which the second is delivered on d1 only."""
    return Life(
        terms=Terms(
            title="C", basket_kind="modular", starts_on=FIRST, ends_on=on(9), deliveries=deliveries,
            sign_up=SignUpTerms(max_households=households, max_shares_bp=shares),
            options=[
                BasketOption(option_id="eggs", title="Œufs", price_cents=100, share_bp=5_000, limit=eggs),
                BasketOption(option_id="honey", title="Miel", price_cents=100, share_bp=0, limit=honey, delivery_ids=["d1"]),
            ],
        )
    )  # fmt: skip


def held(name: str, eggs: int = 1, household: str = "", **more: Any) -> Held:
    usual: dict[str, Any] = {"state": "confirmed", "starts_on": FIRST}
    lines = more.pop("lines", [SubscribedLine(option_id="eggs", quantity=eggs)])
    return Held(
        subscription_id=name, household_id=household or name, person_id="p", lines=lines, amount_cents=0,
        **{**usual, **more},
    )  # fmt: skip


def roster(*every: Held) -> Roster:
    return Roster(subscriptions={one.subscription_id: one for one in every})


def asked(life_: Life, there: Roster, one: Held, *, behind: bool = False) -> Full | None:
    return full(life_, there, one, behind_those_who_wait=behind)


def test_what_is_limited() -> None:
    assert limits(life()) == {}
    assert limits(life(households=1, shares=2, eggs=3)) == {"households": 1, "shares": 2, "option/eggs": 3}
    assert limits(life(honey=1)) == {"option/honey": 1}


def test_without_limits_there_is_always_room() -> None:
    assert asked(life(), roster(held("a"), held("b")), held("c", 1_000)) is None


def test_the_last_household_and_the_one_too_many() -> None:
    two = life(households=2)
    assert asked(two, roster(held("a")), held("b")) is None
    assert asked(two, roster(held("a"), held("b")), held("c")) == Full(
        what="households", limit=2, taken=2, delivery_id="d0"
    )


def test_the_last_units_of_an_option_and_one_too_many() -> None:
    five = life(eggs=5)
    assert asked(five, roster(held("a", 3)), held("b", 2)) is None
    assert asked(five, roster(held("a", 3)), held("b", 3)) == Full(
        what="option/eggs", limit=5, taken=3, delivery_id="d0"
    )


def test_the_last_share_and_half_of_one_too_many() -> None:
    two = life(shares=20_000)
    assert asked(two, roster(held("a", 3)), held("b", 1)) is None
    assert asked(two, roster(held("a", 3)), held("b", 2)) == Full(
        what="shares", limit=20_000, taken=15_000, delivery_id="d0"
    )


def test_what_somebody_does_not_take_stands_in_nobodys_way() -> None:
    honey = [SubscribedLine(option_id="honey", quantity=1)]
    crowded = roster(held("a", 9), held("b", 9))
    assert asked(life(eggs=5, honey=1), crowded, held("c", lines=honey)) is None


def test_an_option_counts_on_the_days_when_it_is_delivered() -> None:
    honey = [SubscribedLine(option_id="honey", quantity=1)]
    there = roster(held("a", lines=honey))
    assert asked(life(honey=1), there, held("b", lines=honey)) == Full(
        what="option/honey", limit=1, taken=1, delivery_id="d1"
    )
    assert asked(life(honey=1), there, held("b", lines=honey, starts_on=on(2))) is None


def test_each_delivery_has_the_quantity_chosen_for_it() -> None:
    one = held("a", lines=[SubscribedLine(option_id="eggs", quantity=1, per_delivery={"d1": 4})])
    assert asked(life(eggs=5), roster(one), held("b", 1)) is None
    assert asked(life(eggs=5), roster(one), held("b", 2)) == Full(
        what="option/eggs", limit=5, taken=4, delivery_id="d1"
    )


def test_a_place_is_free_before_somebody_comes_and_after_they_go() -> None:
    early, late = held("a", ended_on=on(1), state="ended"), held("b", starts_on=on(2))
    one = life(households=1)
    assert asked(one, roster(early, late), held("c", starts_on=on(1), ended_on=on(2))) is None
    assert asked(one, roster(early, late), held("c", starts_on=on(1))) == Full(
        what="households", limit=1, taken=1, delivery_id="d2"
    )


def test_a_cancelled_delivery_has_no_places() -> None:
    weeks = [delivery(0, cancelled=True), delivery(1)]
    assert asked(life(weeks, households=1), roster(held("a", ended_on=on(1))), held("b")) is None


@pytest.mark.parametrize(
    ("state", "has_a_place"),
    [("to_confirm", True), ("confirmed", True), ("ended", True), ("waiting", False), ("declined", False)],
)
def test_who_has_a_place(state: Any, has_a_place: bool) -> None:
    there = roster(held("a", state=state))
    assert (asked(life(households=1), there, held("b")) is not None) == has_a_place
    assert taken_at_most(life(households=1), there) == {"households": int(has_a_place), "shares": 5_000 * has_a_place}


def test_a_newcomer_does_not_pass_those_who_wait() -> None:
    waiting = roster(held("a", state="waiting"))
    one = life(households=1)
    assert asked(one, waiting, held("b")) is None
    assert asked(one, waiting, held("b"), behind=True) == Full(what="households", limit=1, taken=1, delivery_id="d0")
    assert asked(one, roster(held("a", state="declined")), held("b"), behind=True) is None


def test_one_is_not_in_ones_own_way() -> None:
    one = held("a", 3, state="waiting")
    assert asked(life(households=1, eggs=3), roster(one), one, behind=True) is None


def test_of_a_household_that_changes_its_basket_the_larger_counts() -> None:
    there = roster(held("old", 3, household="h"))
    assert asked(life(households=1, eggs=4), there, held("new", 4, household="h")) is None
    assert asked(life(eggs=4), there, held("new", 2, household="h")) is None
    assert asked(life(eggs=4), there, held("new", 5, household="h")) == Full(
        what="option/eggs", limit=4, taken=0, delivery_id="d0"
    )
    honey = [SubscribedLine(option_id="honey", quantity=2)]
    both = roster(held("old", 3, household="h"), held("new", lines=honey, household="h"))
    assert taken_at_most(life(eggs=9, honey=9), both) == {
        "households": 1, "shares": 15_000, "option/eggs": 3, "option/honey": 2,
    }  # fmt: skip


def test_who_comes_in_turn_is_a_household_each_week_and_takes_its_share_in_its_own() -> None:
    weeks = [delivery(0, series="A"), delivery(1, series="B"), delivery(2)]
    a, b = held("a", series="A"), held("b", series="B")
    assert asked(life(weeks, shares=10_000, eggs=2), roster(a), b) is None
    assert asked(life(weeks, eggs=1), roster(a), b) == Full(what="option/eggs", limit=1, taken=1, delivery_id="d2")
    assert asked(life(weeks, shares=5_000), roster(a), b) == Full(
        what="shares", limit=5_000, taken=5_000, delivery_id="d2"
    )
    assert asked(life(weeks, households=1), roster(a), b) == Full(what="households", limit=1, taken=1, delivery_id="d0")


def test_the_same_choice_of_many_households_is_theirs_each() -> None:
    many = roster(*[held(f"h{n}", 2) for n in range(5)], held("other", 3), held("turn", 2, series="A"))
    weeks = [delivery(0, series="B")]
    assert taken_at_most(life(weeks, eggs=99), many) == {"households": 7, "shares": 65_000, "option/eggs": 13}


def test_a_date_left_out_keeps_its_place() -> None:
    assert asked(life(households=1, eggs=1), roster(held("a", absences=["d0", "d1", "d2"])), held("b")) is not None


def test_a_delivery_that_holds_more_than_it_may() -> None:
    there = roster(held("a", 3), held("b", 2), held("c", 4, state="waiting"), held("d", 4, starts_on=on(2)))
    assert overfull(life(households=2, eggs=5), there, WEEKS[0]) is None
    assert overfull(life(households=1), there, WEEKS[0]) == Full(what="households", limit=1, taken=2, delivery_id="d0")
    assert overfull(life(eggs=8), there, WEEKS[1]) is None
    assert overfull(life(eggs=8), there, WEEKS[2]) == Full(what="option/eggs", limit=8, taken=9, delivery_id="d2")
    assert overfull(life(), there, WEEKS[2]) is None


def test_the_most_that_is_taken_at_any_one_delivery() -> None:
    there = roster(held("a", 3, ended_on=on(1)), held("b", 1, starts_on=on(1)), held("c", 1, starts_on=on(2)))
    assert taken_at_most(life(eggs=9), there) == {"households": 2, "shares": 15_000, "option/eggs": 3}
    assert taken_at_most(life(), roster()) == {"households": 0, "shares": 0}
