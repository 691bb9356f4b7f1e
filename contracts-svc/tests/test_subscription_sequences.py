"""No sequence of commands, in any order and with repeats, leads where a subscription or a cheque must not be."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st
from season_facts import NOW, confirm, opened, register, terms, weekly

from contracts_svc import schedule
from contracts_svc.contract.adding import AddDelivery
from contracts_svc.contract.decider import decider
from contracts_svc.contract.subscriptions import (
    ConfirmSubscription,
    DeclineSubscription,
    EndSubscription,
    GivePlace,
    RegisterSubscription,
    SetAbsences,
    SignSubscription,
)
from grenier.clock import FixedClock
from grenier.errors import GrenierError
from grenier.handling import Handler, Trace, _new_event
from grenier.language.season import BasketOption, PlannedCheque, SubscribedLine
from grenier.log.memory import MemoryLog

HOUSEHOLDS = 4
LIMITED = [
    BasketOption(option_id="large", title="Grand", price_cents=1400, limit=3),
    BasketOption(option_id="half", title="Demi", price_cents=700, share_bp=5000),
]
AGREED = terms(
    options=LIMITED, deliveries=weekly(6, series=("A", "B")), max_households=3, max_shares_bp=35_000, absences_max=1
)
# What may follow what; nothing follows on a refusal or an end.
MOVES = {
    "": {"waiting", "to_confirm"},
    "waiting": {"to_confirm", "declined"},
    "to_confirm": {"confirmed", "declined"},
    "confirmed": {"ended"},
}
START = decider.fold(opened(AGREED))

numbers = st.integers(1, 6)
days = st.integers(0, 45).map(lambda days: date(2026, 11, 1) + timedelta(days=days))
choices = st.tuples(
    st.integers(1, HOUSEHOLDS), st.sampled_from(["large", "half"]), st.integers(1, 3), st.none() | days,
    st.sampled_from(["", "", "A", "B"]), st.sampled_from([0, 0, 0, 1, 2, 3]), st.booleans(),
)  # fmt: skip


def registration(number, chosen):
    household, option, quantity, starts_on, series, replaces, managed = chosen
    return register(
        number, household=f"h{household}", starts_on=starts_on, series=series, managed=managed, cheque_count=1,
        lines=[SubscribedLine(option_id=option, quantity=quantity)], replaces=f"s{replaces}" if replaces else "",
    )  # fmt: skip


registrations = st.builds(registration, numbers, choices)
# Several have come before anything else happens.
beginnings = st.lists(choices, max_size=8).map(
    lambda all_: [registration(n, one) for n, one in enumerate(all_, start=1)]
)
commands = st.one_of(
    registrations,
    registrations,
    numbers.map(confirm),
    numbers.map(lambda n: DeclineSubscription(subscription_id=f"s{n}", now=NOW)),
    numbers.map(lambda n: GivePlace(subscription_id=f"s{n}", now=NOW)),
    st.builds(lambda n, on: EndSubscription(subscription_id=f"s{n}", on=on, reason="x", now=NOW), numbers, days),
    st.builds(lambda n, d: SetAbsences(subscription_id=f"s{n}", delivery_ids=[f"d{d}"], now=NOW), numbers, numbers),
    st.builds(
        lambda n, on: AddDelivery(delivery_id=f"n{n}", on=on, reason="x", today=date(2026, 11, 1)), numbers, days
    ),
    numbers.map(lambda n: SignSubscription(subscription_id=f"s{n}", party="member", person_id="p", means="paper")),
)


@settings(max_examples=300, deadline=None)
@given(beginnings, st.lists(commands, max_size=25))
def test_no_sequence_reaches_a_state_that_must_not_be(beginning, sequence):
    state = START
    for command in [*beginning, *sequence, *sequence[-3:]]:
        before = state.roster.subscriptions
        try:
            events = list(decider.decide(state, command))
        except GrenierError:
            continue
        state = decider.fold(events, state)
        for key, held in state.roster.subscriptions.items():
            was = before[key].state if key in before else ""
            assert held.state == was or _leads(was, held.state), (was, held.state)
            if was == "declined":
                assert held == before[key], "nothing happens to what was declined"
        _check_places(state)
        _check_alone(state)
        if isinstance(command, RegisterSubscription | ConfirmSubscription | DeclineSubscription | GivePlace):
            assert list(decider.decide(state, command)) == [], "a repetition says nothing"


def _leads(was, becomes):
    return becomes in MOVES.get(was, ()) or any(becomes in MOVES.get(between, ()) for between in MOVES.get(was, ()))


def _on(held, delivery):
    return (
        held.state in ("to_confirm", "confirmed", "ended")
        and held.starts_on <= delivery.on
        and (held.ended_on is None or delivery.on < held.ended_on)
    )


def _check_places(state):
    """Counted here in its own way: of what is in force at a delivery, not of what might still become so."""
    for delivery in state.life.agreed.deliveries:
        held = [one for one in state.roster.subscriptions.values() if _on(one, delivery)]
        held = [one for one in held if one.state != "to_confirm" or not one.replaces]
        assert len({one.household_id for one in held}) <= 3
        takes = [one for one in held if one.series in ("", delivery.series) or not delivery.series]
        assert sum(line.quantity for one in takes for line in one.lines if line.option_id == "large") <= 3
        weights = {"large": 10_000, "half": 5000}
        assert sum(line.quantity * weights[line.option_id] for one in takes for line in one.lines) <= 35_000


def _check_alone(state):
    for household in {held.household_id for held in state.roster.subscriptions.values()}:
        current = [
            held
            for held in state.roster.of_household(household)
            if held.state in ("waiting", "to_confirm", "confirmed") and not held.replaces
        ]
        later = [held for held in current if held.state != "confirmed"]
        assert len(later) <= 1
        for delivery in AGREED.deliveries:
            sure = [
                one for one in state.roster.of_household(household) if one.state != "to_confirm" and _on(one, delivery)
            ]
            assert len(sure) <= 1, "two baskets of one household at one delivery"


def test_of_many_who_want_the_last_place_one_gets_it():
    """Two processes with pictures of their own of the same stream, sixteen households, one place."""
    log, clock = MemoryLog(), FixedClock(datetime(2026, 10, 20, 12, tzinfo=UTC))
    trace = Trace(command_id=str(uuid4()), actor="test")
    facts = opened(terms(max_households=1))
    log.append(
        "contract-c", [_new_event(one, n, trace, "2026-10-20T12:00:00Z") for n, one in enumerate(facts)], expected=-1
    )
    handlers = [Handler(log, clock), Handler(log, clock)]

    def ask(number):
        trace = Trace(command_id=str(uuid4()), actor=f"p{number}")
        return handlers[number % 2].execute(decider, "c", register(number), trace)

    with ThreadPoolExecutor(8) as threads:
        assert len(list(threads.map(ask, range(1, 17)))) == 16
    states = [held.state for held in Handler(log, clock).state(decider, "c").roster.subscriptions.values()]
    assert sorted(states) == ["to_confirm"] + ["waiting"] * 15
    assert states[0] == "to_confirm"


# -- cheques -----------------------------------------------------------------------------------------------------

TODAY = date(2026, 11, 20)
CHEQUES = [PlannedCheque(cheque_id=f"q{n}", amount_cents=1000 * n, cash_on=date(2026, 12, n)) for n in (1, 2, 3)]
AGREE = schedule.AgreeSchedule(
    subscription_id="s", contract_id="c", group_id="g", household_id="h", producer_id="p", cheques=CHEQUES
)
CHEQUE_MOVES = {"expected": {"received"}, "received": {"handed_over", "returned"}, "handed_over": {"returned"}}

which = st.sampled_from(["q1", "q2", "q3"])
cheque_commands = st.one_of(
    st.just(AGREE),
    st.integers(0, 7000).map(lambda due: schedule.TrimSchedule(due_cents=due)),
    st.builds(
        lambda q, number: schedule.ReceiveCheque(
            cheque_id=q, person_id="p", number=str(number), bank="CA", issued_on=TODAY, today=TODAY
        ),
        which, st.integers(1, 3),
    ),
    st.builds(lambda q, b: schedule.HandOverCheque(cheque_id=q, bundle_id=f"b{b}"), which, st.integers(1, 2)),
    which.map(lambda q: schedule.ReturnCheque(cheque_id=q, reason="impayé")),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(cheque_commands, max_size=25))
def test_a_cheque_never_goes_back_a_step(sequence):
    state = schedule.decider.fold(schedule.decider.decide(schedule.Schedule(), AGREE))
    for command in sequence:
        before = state.cheques
        try:
            events = schedule.decider.decide(state, command)
        except GrenierError:
            continue
        state = schedule.decider.fold(events, state)
        assert schedule.decider.decide(state, command) == [], "a repetition says nothing"
        for key, cheque in state.cheques.items():
            was = before[key].state if key in before else "expected"
            assert cheque.state == was or cheque.state in CHEQUE_MOVES.get(was, ()), (was, cheque.state)
        gone = before.keys() - state.cheques.keys()
        assert all(before[key].state == "expected" for key in gone)
        numbers = [(one.number, one.bank) for one in state.cheques.values() if one.number]
        assert len(set(numbers)) == len(numbers)
        if isinstance(command, schedule.TrimSchedule):
            came = state.sum_of("received", "handed_over")
            assert state.sum_of("expected") <= max(command.due_cents - came, 0)
