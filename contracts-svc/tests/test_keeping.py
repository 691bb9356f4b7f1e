"""Keepers of baskets and the numbers on them: what one day of a group allows (domain 1.5.1)."""

from datetime import date

import pytest

from contracts_svc.keeping.day import (
    Day,
    Entrust,
    FollowContract,
    ForgetKeeper,
    NumberBaskets,
    OfferKeeping,
    TakeBack,
    WithdrawKeeping,
    decide,
    evolve,
)
from grenier.errors import Invalid, Rejected

ON = date(2026, 11, 26)
WHERE = {"day_id": "d", "group_id": "g", "on": ON, "today": date(2026, 11, 20)}


def played(*commands):
    day = Day()
    for command in commands:
        for event in decide(day, command):
            day = evolve(day, event)
    return day


def offer(person_id="paul", most=1, **more):
    return OfferKeeping(**WHERE | more, person_id=person_id, most=most)


def entrust(home="home", keeper="paul", own=(), takes=True, **more):
    return Entrust(**WHERE | more, household_id=home, keeper_id=keeper, own_person_ids=own, takes=takes)


def test_a_household_leaves_its_baskets_to_a_keeper_and_takes_them_back() -> None:
    day = played(offer(), entrust())
    assert day.entrusted == {"home": "paul"}
    assert decide(day, entrust()) == [], "said twice, it is one fact"
    assert played(offer(), entrust(), TakeBack(**WHERE, household_id="home")).entrusted == {}


def test_another_keeper_takes_the_place_of_the_first() -> None:
    assert played(offer(), offer("zoe"), entrust(), entrust(keeper="zoe")).entrusted == {"home": "zoe"}


@pytest.mark.parametrize(
    ("before", "command", "code"),
    [
        ((), entrust(), "keeper-missing"),
        ((offer(), entrust("other")), entrust(), "keeper-full"),
        ((offer(),), entrust(takes=False), "nothing-that-day"),
        ((offer(), entrust()), WithdrawKeeping(**WHERE, person_id="paul"), "keeper-needed"),
        ((offer(most=2), entrust(), entrust("other")), offer(most=1), "keeper-needed"),
        ((), offer(today=date(2026, 11, 27)), "day-over"),
        ((), NumberBaskets(**WHERE | {"today": date(2026, 11, 27)}, lines=(("home",),)), "day-over"),
    ],
)
def test_what_is_refused(before, command, code: str) -> None:
    with pytest.raises(Rejected) as refusal:
        decide(played(*before), command)
    assert refusal.value.code == code


@pytest.mark.parametrize("command", [offer(most=0), offer(most=21), entrust(own=("paul",))])
def test_what_makes_no_sense(command) -> None:
    with pytest.raises(Invalid):
        decide(played(offer(most=3)), command)


def test_a_keeper_stands_down_while_nobody_counts_on_them() -> None:
    left = WithdrawKeeping(**WHERE, person_id="paul")
    assert played(offer(), left).keepers == {}
    assert decide(Day(), left) == []


def test_numbers_follow_the_sheet_and_stay() -> None:
    first = played(NumberBaskets(**WHERE, lines=(("a",), ("b", "c"))))
    assert first.numbers == {("a",): 1, ("b", "c"): 2}
    (event,) = decide(first, NumberBaskets(**WHERE, lines=(("0",), ("a",), ("b", "c"))))
    assert evolve(first, event).numbers == {("a",): 1, ("b", "c"): 2, ("0",): 3}, (
        "what was written on a box stays there"
    )
    assert decide(first, NumberBaskets(**WHERE, lines=(("b", "c"),))) == []


# -- what follows from a contract --------------------------------------------------------------------------------


def follow(reason="delivery-moved", empty=(), **more):
    return FollowContract(**WHERE | more, reason=reason, empty=empty)


def test_what_does_not_come_is_kept_by_nobody() -> None:
    day = played(offer(most=2), offer("zoe"), entrust(), entrust("other"))
    [off] = decide(day, follow(empty=("home",)))
    assert (off.household_id, off.keeper_id, off.reason) == ("home", "paul", "delivery-moved")
    assert decide(day, follow(today=date(2026, 11, 27), nothing=True)) == [], "a day that is over stays as it was"
    ends = decide(day, follow(nothing=True, moved_to=date(2026, 11, 27)))
    for event in ends:
        day = evolve(day, event)
    assert (day.keepers, day.entrusted) == ({}, {})
    assert [(event.person_id, event.households) for event in ends[2:]] == [("paul", 2), ("zoe", 0)]
    assert decide(day, follow(nothing=True)) == []


def test_who_is_erased_keeps_nothing() -> None:
    day = played(offer(), offer("zoe"), entrust(), entrust("other", "zoe"))
    gone = ForgetKeeper(**WHERE, person_id="zoe")
    events = decide(day, gone)
    assert [type(event).__name__ for event in events] == ["BasketsTakenBack", "KeepingWithdrawn"]
    for event in events:
        day = evolve(day, event)
    assert (day.keepers, day.entrusted) == ({"paul": 1}, {"home": "paul"})
    assert decide(day, gone) == []


@pytest.mark.parametrize(
    ("before", "kept", "numbers"),
    [
        ((), {("a",): 7, ("b",): 3}, {("a",): 7, ("b",): 3, ("c",): 8}),
        ((("x",), ("y",)), {("a",): 2, ("b",): 9}, {("x",): 1, ("y",): 2, ("a",): 10, ("b",): 9, ("c",): 11}),
    ],
)
def test_numbers_come_along_where_they_are_free(before, kept, numbers) -> None:
    first = NumberBaskets(**WHERE, lines=before)
    assert played(first, NumberBaskets(**WHERE, lines=(("a",), ("b",), ("c",)), kept=kept)).numbers == numbers
