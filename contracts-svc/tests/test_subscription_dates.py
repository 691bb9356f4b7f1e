"""Deliveries that are added or moved while people are subscribed: who takes them, what they cost (S0:22)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from season_facts import FIRST, NOW, confirm, opened, register, terms

from contracts_svc.contract.adding import AddDelivery
from contracts_svc.contract.decider import decider
from contracts_svc.contract.deliveries import CancelDelivery, MoveDelivery
from contracts_svc.contract.subscriptions import ComposeBasket, EndSubscription, SetAbsences
from contracts_svc.views.baskets import baskets_of
from grenier.decider import Rejected
from grenier.errors import GrenierError, Invalid
from grenier.language.season import BasketOption, SubscribedLine, SubscriptionEnded
from grenier.testing import refused

TODAY = FIRST - timedelta(days=5)
LAST = FIRST + timedelta(weeks=9)


def after(*commands, **agreed):
    """A contract of ten weeks of 14 € baskets, d1 to d10, after these commands."""
    state = decider.fold(opened(terms(**agreed)))
    for command in commands:
        state = decider.fold(decider.decide(state, command), state)
    return state


def then(state, *commands):
    for command in commands:
        state = decider.fold(decider.decide(state, command), state)
    return state


def day(week):
    """The day of the delivery d<week>."""
    return FIRST + timedelta(weeks=week - 1)


def added(on=None, **more):
    """Two days after d3, where nothing else is said."""
    return AddDelivery(
        **{"delivery_id": "new", "on": on or day(3) + timedelta(days=2), "reason": "Gel", "today": TODAY} | more
    )


def cancelled(week):
    return CancelDelivery(delivery_id=f"d{week}", reason="Gel")


def moved(week, on):
    return MoveDelivery(delivery_id=f"d{week}", on=on, reason="Salle prise", today=TODAY)


def takers(state, delivery_id):
    return [basket.subscription_id for basket in baskets_of(state.life, state.roster, delivery_id).baskets]


def held(state, number):
    return state.roster.subscriptions[f"s{number}"]


# -- added -------------------------------------------------------------------------------------------------------


def test_who_had_subscribed_takes_an_added_date_for_what_was_signed():
    state = after(register(1), confirm(1), added())
    assert takers(state, "new") == ["s1"]
    assert held(state, 1).amount_cents == 10 * 1400
    later = then(state, register(2, household="h2"), confirm(2))
    assert held(later, 2).amount_cents == 11 * 1400
    assert takers(later, "new") == ["s1", "s2"]


@pytest.mark.parametrize(
    ("commands", "due"),
    [
        # A gift is not counted when it ends earlier.
        ((added(),), 5),
        # The date that makes up for a cancelled one counts as that one did.
        ((cancelled(2), added(replaces_delivery_id="d2")), 5),
        ((cancelled(2), added(replaces_delivery_id="d2", factor_percent=200)), 5),
        # Cancelled without another: one less.
        ((cancelled(2),), 4),
        # Made up for, cancelled again, made up for at last.
        ((cancelled(2), added(replaces_delivery_id="d2"), CancelDelivery(delivery_id="new", reason="Gel"),
          added(on=day(4) + timedelta(days=1), delivery_id="again", replaces_delivery_id="d2")), 5),
    ],
)  # fmt: skip
def test_what_is_due_when_it_ends_after_five_weeks(commands, due):
    state = after(register(1), confirm(1), *commands)
    assert held(state, 1).amount_cents == 10 * 1400
    [ended] = decider.decide(state, EndSubscription(subscription_id="s1", on=day(6), reason="x", now=NOW))
    assert isinstance(ended, SubscriptionEnded)
    assert ended.amount_cents == due * 1400


def test_a_date_added_is_no_absence_in_place_of_one_that_was_paid():
    state = after(register(1, absences=["d3"]), confirm(1), added(), absences_max=1)
    swap = SetAbsences(subscription_id="s1", delivery_ids=["new"], now=NOW)
    assert refused(decider.decide, state, swap).code == "absences-change-amount"


def test_what_is_composed_for_an_added_date_is_paid():
    option = BasketOption(option_id="jam", title="Confiture", price_cents=500)
    chosen = SubscribedLine(option_id="jam", per_delivery={"d1": 2})
    state = after(
        register(1, lines=[chosen]), confirm(1), added(), kind="modular", options=[option],
    )  # fmt: skip
    assert takers(state, "new") == []
    assert held(state, 1).amount_cents == 1000
    compose = ComposeBasket(subscription_id="s1", delivery_id="new", quantities={"jam": 1}, now=NOW)
    state = then(state, compose)
    assert (takers(state, "new"), held(state, 1).amount_cents) == (["s1"], 1500)


def test_options_with_dates_of_their_own_come_with_the_date_that_makes_up_for_theirs():
    options = [BasketOption(option_id="large", title="Grand", price_cents=1400, delivery_ids=["d2", "d4"])]
    gift, instead = added(), added(delivery_id="other", on=day(4) + timedelta(days=1), replaces_delivery_id="d2")
    state = after(register(1), confirm(1), cancelled(2), gift, instead, options=options)
    assert takers(state, "new") == []
    assert takers(state, "other") == ["s1"]


def test_what_an_added_date_may_not_be():
    state = after()
    for wrong, field in (
        (added(reason=""), "reason"), (added(on=TODAY - timedelta(days=1)), "on"),
        (added(on=state.life.agreed.ends_on + timedelta(days=93)), "on"), (added(starts="25:00"), "starts"),
        (added(factor_percent=0), "factor_percent"), (added(series="C"), "series"),
    ):  # fmt: skip
        error = refused(decider.decide, state, wrong)
        assert isinstance(error, Invalid), wrong
        assert field in error.facts["fields"]
    for wrong, code in (
        (added(replaces_delivery_id="d2"), "delivery-not-cancelled"), (added(replaces_delivery_id="d99"), "delivery-missing"),
        (added(on=day(2)), "delivery-planned-then"), (added(delivery_id="d2"), "delivery-exists"),
    ):  # fmt: skip
        error = refused(decider.decide, state, wrong)
        assert isinstance(error, Rejected)
        assert error.code == code
    made_up = then(state, cancelled(2), added(replaces_delivery_id="d2"))
    again = added(delivery_id="other", on=day(5) + timedelta(days=1), replaces_delivery_id="d2")
    assert refused(decider.decide, made_up, again).code == "delivery-made-up"
    rounds = after(kind="ordered")
    assert refused(decider.decide, rounds, added()).code == "delivery-needs-round"
    assert isinstance(refused(decider.decide, decider.initial, added()), Rejected)


def window(**more):
    """Ordering for the 13th of November at half past six in Paris, from the 4th to the 10th."""
    told = {"round_id": "r", "opens_at": datetime(2026, 11, 4, 7, tzinfo=UTC), "closes_at": datetime(2026, 11, 10, 19, tzinfo=UTC),
            "now": datetime(2026, 11, 3, 12, tzinfo=UTC), "zone": "Europe/Paris", "on": day(2) + timedelta(days=1)}  # fmt: skip
    return added(**{**told, **more})


@pytest.mark.behaviour("S0:32")
def test_where_goods_are_ordered_a_date_comes_with_its_round():
    options = [BasketOption(option_id="fig", title="Figues", price_cents=550),
               BasketOption(option_id="quince", title="Coings", price_cents=600, delivery_ids=["d2"])]  # fmt: skip
    state = after(kind="ordered", options=options)
    [event] = decider.decide(state, window())
    assert (event.round.round_id, event.round.closes_at) == ("r", window().closes_at)
    assert [option.option_id for option in event.round.options] == ["fig"]
    terms_after = then(state, window()).life.agreed
    assert [(plan.round_id, plan.delivery_id) for plan in terms_after.rounds] == [("r", "new")]
    assert decider.decide(then(state, window()), window()) == []
    missed = then(state, cancelled(2))
    [instead] = decider.decide(missed, window(replaces_delivery_id="d2"))
    assert [option.option_id for option in instead.round.options] == ["fig", "quince"]
    for wrong, field in (
        (window(closes_at=None), "closes_at"), (window(opens_at=None), "opens_at"),
        (window(closes_at=window().opens_at), "closes_at"), (window(now=window().closes_at), "closes_at"),
        # 18:30 in Paris.
        (window(closes_at=datetime(2026, 11, 13, 17, 30, tzinfo=UTC)), "closes_at"),
    ):  # fmt: skip
        assert field in refused(decider.decide, state, wrong).facts["fields"], wrong
    assert decider.decide(state, window(closes_at=datetime(2026, 11, 13, 17, 29, tzinfo=UTC)))
    assert "opens_at" in refused(decider.decide, after(), window()).facts["fields"], "nothing is ordered there"


def test_one_place_is_not_taken_twice_on_a_date_between_two():
    """The first one's time ends a day before d6; the second one's begins a few days before that."""
    state = after(register(1), confirm(1), max_households=1)
    state = then(state, EndSubscription(subscription_id="s1", on=day(6) - timedelta(days=1), reason="x", now=NOW))
    second = register(2, household="h2", starts_on=day(5) + timedelta(days=1), managed=True)
    state = then(state, second, confirm(2))
    assert refused(decider.decide, state, added(on=day(5) + timedelta(days=3))).code == "no-place-left"


# -- moved across a first or last day ----------------------------------------------------------------------------


def test_who_was_subscribed_for_a_delivery_keeps_it_before_the_first_day():
    state = after(register(1, starts_on=day(3)), confirm(1), moved(3, day(2) + timedelta(days=1)))
    assert takers(state, "d3") == ["s1"]
    assert takers(state, "d2") == []
    back = then(state, moved(3, day(3)))
    assert takers(back, "d3") == ["s1"]


def test_nobody_comes_to_a_delivery_that_is_moved_into_their_time():
    state = after(register(1, starts_on=day(3)), confirm(1), moved(2, day(4) + timedelta(days=1)))
    assert takers(state, "d2") == []
    [ended] = decider.decide(state, EndSubscription(subscription_id="s1", on=day(6), reason="x", now=NOW))
    assert ended.amount_cents == 3 * 1400


def test_of_a_household_that_changed_its_basket_each_delivery_is_in_one_of_the_two():
    first = (register(1), confirm(1))
    change = register(2, household="h1", replaces="s1", starts_on=day(5))
    for sequence in (
        (*first, change, confirm(2), moved(5, day(4) + timedelta(days=1)), moved(4, day(6) + timedelta(days=1))),
        # Moved while the change waits for the coordinator.
        (*first, change, moved(5, day(4) + timedelta(days=1)), moved(4, day(6) + timedelta(days=1)), confirm(2)),
    ):
        state = after(*sequence)
        assert (takers(state, "d5"), takers(state, "d4")) == (["s2"], ["s1"])
        assert held(state, 1).amount_cents == 4 * 1400
        assert all(len(takers(state, f"d{week}")) == 1 for week in range(1, 11))


def test_a_new_subscription_does_not_take_what_stayed_with_the_one_that_ended():
    state = after(register(1), confirm(1))
    state = then(state, EndSubscription(subscription_id="s1", on=day(5), reason="x", now=NOW))
    state = then(state, moved(4, day(6) + timedelta(days=1)))
    state = then(state, register(2, household="h1", starts_on=day(5)), confirm(2))
    assert takers(state, "d4") == ["s1"]
    assert takers(state, "d6") == ["s2"]


def test_who_subscribes_after_a_move_takes_the_delivery_on_its_new_day():
    state = after(moved(2, day(4) + timedelta(days=1)), register(1, starts_on=day(3)), confirm(1))
    assert takers(state, "d2") == ["s1"]
    assert held(state, 1).amount_cents == 9 * 1400


WEEKS = st.integers(1, 10)
DAYS = st.integers(0, 75).map(lambda days: FIRST + timedelta(days=days))
NUMBERS = st.integers(1, 4)
COMMANDS = st.one_of(
    st.builds(lambda n, on: register(n, household="h1" if n < 4 else "h4", starts_on=on), NUMBERS, DAYS),
    st.builds(lambda n, on: register(n, household="h1", starts_on=on, replaces=f"s{n - 1}"), st.integers(2, 3), DAYS),
    NUMBERS.map(confirm),
    st.builds(moved, WEEKS, DAYS),
    st.builds(moved, WEEKS, DAYS),
    WEEKS.map(cancelled),
    st.builds(added, DAYS, delivery_id=st.sampled_from(["n1", "n2"])),
    st.builds(lambda n, on: EndSubscription(subscription_id=f"s{n}", on=on, reason="x", now=NOW), NUMBERS, DAYS),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(COMMANDS, max_size=20))
def test_moving_takes_a_delivery_from_nobody_and_no_household_has_two(sequence):
    state = after(register(1), confirm(1))
    for command in sequence:
        before = {one.delivery_id: takers(state, one.delivery_id) for one in state.life.deliveries_held}
        owed = {key: one.amount_cents for key, one in state.roster.subscriptions.items()}
        try:
            state = then(state, command)
        except GrenierError:
            continue
        now = {one.delivery_id: takers(state, one.delivery_id) for one in state.life.deliveries_held}
        if isinstance(command, MoveDelivery):
            assert now == before
        if isinstance(command, MoveDelivery | CancelDelivery | AddDelivery):
            assert {key: one.amount_cents for key, one in state.roster.subscriptions.items()} == owed
        for taking in now.values():
            assert len({held_by(state, one) for one in taking}) == len(taking), command


def held_by(state, subscription_id):
    return state.roster.subscriptions[subscription_id].household_id
