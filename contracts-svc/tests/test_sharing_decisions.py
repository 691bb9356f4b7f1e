"""Nobody shares a basket without having said yes: proposals, answers, leaving (S0:28)."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from season_facts import FIRST, NOW, changed, confirm, opened, register, terms

from contracts_svc.contract.decider import decider
from contracts_svc.contract.life_commands import EndContract
from contracts_svc.contract.sharing import MOST_SHARERS
from contracts_svc.contract.sharing_commands import (
    AnswerSharing,
    LapseSharing,
    LeaveSharing,
    ProposeSharing,
    SetSharers,
    WithdrawSharing,
)
from contracts_svc.contract.subscriptions import DeclineSubscription, EndSubscription
from contracts_svc.contract.turns import turn_of
from grenier.errors import GrenierError, Invalid, Rejected
from grenier.language.season import AbsencesSet, ContractEnded, DeliveryCancelled, SharersSet
from grenier.language.sharing import SharingAccepted, SharingDeclined, SharingLapsed, SharingProposed, SharingWithdrawn


def propose(to="h2", number=1, **more):
    told = {"subscription_id": "s1", "proposal_id": f"o{number}", "person_id": "p1", "to_household_id": to,
            "today": NOW.date()}  # fmt: skip
    return ProposeSharing(**{**told, **more})


def answer(accept=True, number=1, today=None):
    return AnswerSharing(
        subscription_id="s1", proposal_id=f"o{number}", person_id="p2", accept=accept, today=today or NOW.date()
    )


def withdraw(number=1):
    return WithdrawSharing(subscription_id="s1", proposal_id=f"o{number}")


def leave(household="h2"):
    return LeaveSharing(subscription_id="s1", household_id=household)


def after(*commands, facts=()):
    state = decider.fold([*opened(terms())])
    for command in [register(1), *commands]:
        state = decider.fold(decider.decide(state, command), state)
    return decider.fold(facts, state)


def told(state, command):
    return list(decider.decide(state, command))


def refused(state, command):
    with pytest.raises((Rejected, Invalid)) as why:
        decider.decide(state, command)
    return why.value.code if isinstance(why.value, Rejected) else next(iter(why.value.facts["fields"]))


def held(state):
    return state.roster.subscriptions["s1"]


def test_a_yes_makes_a_sharer_and_nothing_before_it():
    [asked] = told(after(), propose())
    assert isinstance(asked, SharingProposed)
    assert (asked.household_id, asked.to_household_id, asked.anchor_delivery_id) == ("h1", "h2", "d1")
    assert held(after(propose())).household_ids == []
    yes, shared = told(after(propose(anchor_delivery_id="d3")), answer())
    assert isinstance(yes, SharingAccepted)
    assert isinstance(shared, SharersSet)
    assert (shared.household_ids, shared.anchor_delivery_id, shared.joined) == (["h1", "h2"], "d3", ["h2"])
    third = after(propose(), answer(), propose("h3", 2), answer(number=2))
    assert held(third).household_ids == ["h1", "h2", "h3"]


def test_every_command_said_again_says_nothing():
    for before, command in (
        ([], propose()),
        ([propose()], answer()),
        ([propose()], answer(False)),
        ([propose()], withdraw()),
        ([propose(), answer()], leave()),
    ):
        assert told(after(*before, command), command) == []


def test_a_no_and_a_withdrawal_leave_everything_as_it_was():
    [no] = told(after(propose()), answer(False))
    assert isinstance(no, SharingDeclined)
    [gone] = told(after(propose()), withdraw())
    assert isinstance(gone, SharingWithdrawn)
    for last in (answer(False), withdraw()):
        state = after(propose(), last)
        assert held(state).household_ids == []
        assert refused(state, answer()) == "sharing-answered"
        assert isinstance(told(state, propose("h3", 2))[0], SharingProposed)


def test_what_is_refused():
    assert refused(after(propose()), propose("h3", 2)) == "sharing-open"
    # The same whether the first address was anybody's or not.
    assert refused(after(propose("")), propose("h3", 2)) == "sharing-open"
    assert refused(after(propose(), answer()), propose("h2", 2)) == "sharing-already"
    assert refused(after(), propose(anchor_delivery_id="d99")) == "anchor_delivery_id"
    assert refused(after(), answer()) == "sharing-missing"
    assert refused(after(propose()), answer(number=9)) == "sharing-missing"
    assert refused(after(propose("")), answer()) == "sharing-missing", "nobody was asked"
    assert refused(after(propose(), answer()), withdraw()) == "sharing-answered"
    assert refused(after(propose(), answer()), leave("h1")) == "sharing-signer"
    over = [ContractEnded(contract_id="c", group_id="g")]
    assert refused(after(facts=over), propose()) == "contract-ended"
    assert refused(after(propose(), facts=over), answer()) == "contract-ended"
    off = DeclineSubscription(subscription_id="s1", now=NOW)
    assert refused(after(propose(), off), answer()) == "subscription-declined"
    assert told(after(propose(), off), answer(False)) == [], "a no is always possible, and changes nothing now"
    many = ["h1", *(f"n{n}" for n in range(MOST_SHARERS))]
    crowd = SetSharers(subscription_id="s1", household_ids=many, anchor_delivery_id="d1", managed=True)
    assert refused(after(), crowd) == "household_ids"
    full = changed(crowd, household_ids=many[:-1])
    assert refused(after(full), propose("h9")) == "sharing-full"
    assert refused(after(propose("h9"), full), answer()) == "sharing-full", "the others were faster"


def test_who_signed_changes_the_turns_but_adds_nobody():
    state = after(propose(), answer(), propose("h3", 2), answer(number=2))
    turns = SetSharers(subscription_id="s1", household_ids=["h1", "h3", "h2"], anchor_delivery_id="d4")
    assert told(state, turns)[0].household_ids == ["h1", "h3", "h2"]
    fewer = told(state, changed(turns, household_ids=["h1", "h3"]))[0]
    assert (fewer.joined, fewer.left) == ([], ["h2"])
    more = changed(turns, household_ids=["h1", "h2", "h9"])
    assert refused(state, more) == "sharing-not-agreed"
    assert told(state, changed(more, agreeing=["h9"]))[0].joined == ["h9"], "whoever belongs to both agrees for both"
    assert told(state, changed(more, managed=True))[0].joined == ["h9"], "agreed on paper"


def test_the_last_one_who_leaves_ends_the_sharing():
    [alone] = told(after(propose(), answer()), leave())
    assert (alone.household_ids, alone.anchor_delivery_id, alone.left) == ([], "", ["h2"])
    [two] = told(after(propose(), answer(), propose("h3", 2), answer(number=2)), leave())
    assert (two.household_ids, two.anchor_delivery_id, two.left) == (["h1", "h3"], "d1", ["h2"])
    assert told(after(), leave("h7")) == []


def test_paper_that_comes_first_answers_the_proposal():
    paper = SetSharers(subscription_id="s1", household_ids=["h1", "h2"], anchor_delivery_id="d1", managed=True)
    state = after(propose(), paper)
    assert told(state, answer()) == []
    assert refused(state, answer(False)) == "sharing-answered"


# -- what holds when the answer comes ----------------------------------------------------------------------------


def week(number):
    return FIRST + timedelta(weeks=number - 1)


def turns(state, first, last):
    return [turn_of(state.life, held(state), state.life.delivery(f"d{n}")) for n in range(first, last + 1)]


def test_a_late_yes_begins_with_the_next_delivery_not_with_one_that_is_over():
    [_yes, shared] = told(after(propose()), answer(today=week(4)))
    assert shared.anchor_delivery_id == "d4"
    [_yes, shared] = told(after(propose(anchor_delivery_id="d6")), answer(today=week(4)))
    assert shared.anchor_delivery_id == "d6", "what was proposed is still to come"
    [_yes, shared] = told(after(propose(anchor_delivery_id="d6")), answer(today=week(7)))
    assert shared.anchor_delivery_id == "d7"


def test_an_anchor_that_was_cancelled_or_left_out_meanwhile_is_none_any_more():
    cancelled = DeliveryCancelled(contract_id="c", group_id="g", delivery_id="d3", on=week(3))
    state = after(propose(anchor_delivery_id="d3"), facts=[cancelled])
    assert told(state, answer(today=week(2)))[1].anchor_delivery_id == "d2"
    away = AbsencesSet(subscription_id="s1", contract_id="c", group_id="g", household_id="h1", delivery_ids=["d3"])
    state = after(propose(anchor_delivery_id="d3"), facts=[away])
    assert told(state, answer(today=week(3)))[1].anchor_delivery_id == "d4"


def test_turns_go_on_from_a_beginning_that_is_left_out_by_now():
    begun = SharersSet(subscription_id="s1", contract_id="c", group_id="g", household_ids=["h1", "h2"],
                       anchor_delivery_id="d2")  # fmt: skip
    away = AbsencesSet(subscription_id="s1", contract_id="c", group_id="g", household_id="h1", delivery_ids=["d2"])
    assert turns(after(facts=[begun]), 1, 4) == ["h2", "h1", "h2", "h1"]
    state = after(facts=[begun, away])
    assert [turns(state, 1, 1), turns(state, 3, 5)] == [["h2"], ["h1", "h2", "h1"]]


def test_one_more_stands_last_and_whoever_fetches_next_does_so_all_the_same():
    two = after(propose(), answer())
    assert turns(two, 1, 4) == ["h1", "h2", "h1", "h2"]
    three = decider.fold(told(two, propose("h3", 2, today=week(2))), two)
    three = decider.fold(told(three, answer(number=2, today=week(2))), three)
    assert turns(three, 2, 6) == ["h2", "h3", "h1", "h2", "h3"]


def test_who_came_by_paper_meanwhile_keeps_the_turns_that_were_noted():
    paper = SetSharers(subscription_id="s1", household_ids=["h1", "h9"], anchor_delivery_id="d2", managed=True)
    state = after(propose(anchor_delivery_id="d5"), paper)
    state = decider.fold(told(state, answer()), state)
    assert turns(state, 1, 4) == ["h9", "h2", "h1", "h9"]


def test_a_proposal_ends_with_what_there_was_to_share():
    end = EndSubscription(subscription_id="s1", on=week(3), reason="parti", now=NOW)
    confirmed = after(confirm(1), propose())
    assert isinstance(told(confirmed, end)[-1], SharingLapsed)
    assert isinstance(told(after(propose()), DeclineSubscription(subscription_id="s1", now=NOW))[-1], SharingLapsed)
    assert isinstance(told(confirmed, EndContract(today=week(11)))[-1], SharingLapsed)
    lapse = LapseSharing(subscription_id="s1", proposal_id="o1", today=week(10))
    assert told(confirmed, lapse) == [], "one delivery is left"
    late = changed(lapse, today=week(10) + timedelta(days=1))
    assert [type(event) for event in told(confirmed, late)] == [SharingLapsed]
    over = decider.fold(told(confirmed, late), confirmed)
    assert told(over, late) == []
    assert refused(over, answer()) == "sharing-over"
    assert refused(confirmed, answer(today=week(11))) == "sharing-over"
    assert refused(over, propose("h3", 2, today=week(11))) == "sharing-over"
    assert told(over, withdraw()) == told(over, answer(False)) == []


numbers = st.integers(1, 4)
homes = st.sampled_from(["h2", "h3", "h4", ""])
commands = st.one_of(
    st.builds(propose, homes, numbers),
    st.builds(answer, st.booleans(), numbers),
    st.builds(withdraw, numbers),
    st.builds(leave, st.sampled_from(["h1", "h2", "h3"])),
    st.lists(st.sampled_from(["h2", "h3", "h4"]), unique=True, max_size=3).map(
        lambda others: SetSharers(subscription_id="s1", household_ids=["h1", *others], anchor_delivery_id="d2")
    ),
    st.just(DeclineSubscription(subscription_id="s1", now=NOW)),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(commands, max_size=12))
def test_no_sequence_makes_a_sharer_of_somebody_who_did_not_agree(sequence):
    state, agreed = after(), set()
    for command in sequence:
        try:
            events = told(state, command)
        except GrenierError:
            continue
        agreed |= {event.to_household_id for event in events if isinstance(event, SharingAccepted)}
        state = decider.fold(events, state)
        assert told(state, command) == [], "a repetition says nothing"
        others = set(held(state).household_ids) - {"h1"}
        assert others <= agreed
        assert "" not in others
