"""Subscriptions in their contract's stream: places, waiting list, changes, signatures, endings (S0:28-30)."""

from datetime import date, datetime, timedelta

import pytest
from season_facts import FIRST, NOW, changed, confirm, opened, register, terms, weekly

from contracts_svc.contract.decider import decider
from contracts_svc.contract.sharing_commands import SetSharers
from contracts_svc.contract.subscriptions import (
    ComposeBasket,
    DeclineSubscription,
    EndSubscription,
    GivePlace,
    SetAbsences,
    SignSubscription,
)
from contracts_svc.views.baskets import baskets_of
from grenier.errors import Invalid, Rejected
from grenier.language.season import (
    BasketOption,
    ContractEnded,
    DeliveryCancelled,
    PaymentTerms,
    SignUpsClosed,
    SubscribedLine,
    SubscriptionConfirmed,
    SubscriptionDeclined,
    SubscriptionEnded,
    SubscriptionPlaceGiven,
    SubscriptionRegistered,
)


class Stream:
    """A contract as it goes on: each command is decided on what came before."""

    def __init__(self, agreed, *more):
        self.state = decider.fold([*opened(agreed), *more])

    def do(self, *commands):
        said = []
        for command in commands:
            events = list(decider.decide(self.state, command))
            self.state = decider.fold(events, self.state)
            said += events
        return said

    def held(self, number):
        return self.state.roster.subscriptions[f"s{number}"]

    def refuses(self, command):
        with pytest.raises((Rejected, Invalid)) as why:
            decider.decide(self.state, command)
        return why.value.code if isinstance(why.value, Rejected) else next(iter(why.value.facts["fields"]))


def end(number, on, **more):
    return EndSubscription(**{"subscription_id": f"s{number}", "on": on, "reason": "déménagement", "now": NOW, **more})


def decline(number):
    return DeclineSubscription(subscription_id=f"s{number}", now=NOW)


# -- registering -------------------------------------------------------------------------------------------------


def test_a_household_subscribes_with_amount_and_cheques():
    said = Stream(terms()).do(register(1, quantity=2, cheque_count=2))
    registered = said[0]
    assert isinstance(registered, SubscriptionRegistered)
    assert (registered.amount_cents, registered.waiting, registered.starts_on) == (28000, False, date(2026, 11, 1))
    assert [(one.cheque_id, one.amount_cents, one.cash_on) for one in registered.cheques] == [
        ("s1.1", 14000, date(2026, 11, 5)),
        ("s1.2", 14000, date(2026, 12, 5)),
    ]


def test_repeating_a_registration_says_nothing_and_another_one_under_its_id_is_refused():
    stream = Stream(terms())
    stream.do(register(1))
    assert stream.do(register(1)) == []
    assert stream.refuses(register(1, quantity=3)) == "subscription-exists"


@pytest.mark.parametrize(
    ("now", "starts", "amount"),
    [
        # The first delivery is on Thursday the 5th at 18:30; people join until 24 hours before.
        (datetime(2026, 11, 4, 18, 30), date(2026, 11, 1), 14000),
        (datetime(2026, 11, 4, 18, 31), date(2026, 11, 6), 12600),
        (datetime(2026, 12, 1, 9, 0), date(2026, 11, 27), 8400),
    ],
)
def test_whoever_comes_later_starts_with_the_next_open_delivery_and_pays_what_remains(now, starts, amount):
    registered = Stream(terms()).do(register(1, now=now, means="cheque", cheque_count=1))[0]
    assert (registered.starts_on, registered.amount_cents) == (starts, amount)


def test_a_paper_contract_is_entered_with_its_own_beginning():
    late = datetime(2026, 12, 1, 9, 0)
    registered = Stream(terms()).do(register(1, now=late, starts_on=FIRST, managed=True, cheque_count=1))[0]
    assert registered.amount_cents == 14000


def test_nothing_is_left_after_the_last_delivery():
    assert Stream(terms()).refuses(register(1, now=datetime(2027, 2, 1))) == "no-delivery-left"


@pytest.mark.parametrize(
    ("facts", "more", "code"),
    [
        ([ContractEnded(contract_id="c", group_id="g")], {}, "contract-ended"),
        ([SignUpsClosed(contract_id="c", group_id="g")], {}, "sign-ups-closed"),
        ([], {"means": "cash"}, "means"),
        ([], {"means": "on_delivery"}, "no-money-at-csa-distribution"),
        ([], {"co_person_ids": list("abcd")}, "co_person_ids"),
        ([], {"series": "A"}, "series"),
        ([], {"household_ids": ["h2", "h1"], "anchor_delivery_id": "d1"}, "household_ids"),
        ([], {"household_ids": ["h1", "h2"], "anchor_delivery_id": "d99"}, "anchor_delivery_id"),
        ([], {"absences": ["d1"]}, "absences"),
        ([], {"replaces": "s9"}, "nothing-to-replace"),
        ([], {"quantity": 0}, "lines.0.quantity"),
        ([], {"cheque_count": 6}, "calendar-too-short"),
        ([], {"cheque_count": 4}, "cheque-count-not-offered"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(facts, more, code):
    assert Stream(terms(), *facts).refuses(register(1, **more)) == code


def test_the_coordinator_may_register_when_sign_ups_are_closed():
    stream = Stream(terms(), SignUpsClosed(contract_id="c", group_id="g"))
    assert stream.do(register(1, managed=True, channel="coordinator"))


def test_the_minimum_holds_in_proportion_to_what_remains():
    stream = Stream(terms(minimum_cents=15000))
    assert stream.refuses(register(1)) == "below-minimum"
    late = datetime(2026, 12, 1, 9, 0)  # six of ten deliveries: 90 €
    assert stream.refuses(register(1, now=late, cheque_count=1)) == "below-minimum"
    assert Stream(terms(minimum_cents=14000)).do(register(1, now=late, cheque_count=1))


def test_a_contract_ordered_round_by_round_asks_for_its_deposit_only():
    agreed = terms("ordered", payment=PaymentTerms(counts=[1], prepayment_cents=6000))
    registered = Stream(agreed).do(register(1, lines=[]))[0]
    assert registered.amount_cents == 0
    assert [one.amount_cents for one in registered.cheques] == [6000]


# -- places ------------------------------------------------------------------------------------------------------


def test_the_third_of_two_places_waits_and_moves_up_when_one_leaves():
    stream = Stream(terms(max_households=2))
    stream.do(register(1), register(2), register(3), register(4))
    assert [stream.held(n).state for n in (1, 2, 3, 4)] == ["to_confirm", "to_confirm", "waiting", "waiting"]
    said = stream.do(decline(1))
    assert [type(one) for one in said] == [SubscriptionDeclined, SubscriptionPlaceGiven]
    assert said[1].subscription_id == "s3"
    assert [stream.held(n).state for n in (1, 2, 3, 4)] == ["declined", "to_confirm", "to_confirm", "waiting"]


def test_a_place_from_the_waiting_list_is_counted_anew_from_the_next_delivery():
    stream = Stream(terms(max_households=1))
    stream.do(register(1), confirm(1), register(2, cheque_count=1))
    later = datetime(2026, 12, 1, 9, 0)
    given = stream.do(end(1, date(2026, 12, 1), now=later))[-1]
    assert (given.subscription_id, given.starts_on, given.amount_cents) == ("s2", date(2026, 11, 27), 6 * 1400)
    assert [one.amount_cents for one in given.cheques] == [8400]
    assert given.cheques[0].cheque_id == "s2.2"


def test_nobody_passes_those_who_wait():
    stream = Stream(terms(max_shares_bp=20_000))
    stream.do(register(1), register(2, quantity=2), register(3, option="half"))
    assert [stream.held(n).state for n in (1, 2, 3)] == ["to_confirm", "waiting", "waiting"]
    # Who fits gets the place once something has moved: the large wish of the second still does not fit.
    stream.do(register(4, option="half"), decline(4))
    assert stream.held(3).state == "to_confirm"
    assert stream.held(2).state == "waiting"


def test_a_limit_of_one_option_holds_at_each_delivery():
    limited = [
        BasketOption(option_id="large", title="Grand", price_cents=1400, limit=3),
        BasketOption(option_id="half", title="Demi", price_cents=700),
    ]
    stream = Stream(terms(options=limited))
    stream.do(register(1, quantity=2), register(2, quantity=2), register(3, option="half"), register(4))
    assert [stream.held(n).state for n in (1, 2, 3, 4)] == ["to_confirm", "waiting", "to_confirm", "waiting"]


def test_two_weeks_in_turns_share_a_limit_of_an_option():
    limited = [BasketOption(option_id="large", title="Grand", price_cents=1400, limit=1)]
    stream = Stream(terms(options=limited, deliveries=weekly(series=("A", "B"))))
    stream.do(register(1, series="A"), register(2, series="B"), register(3, series="A"))
    assert [stream.held(n).state for n in (1, 2, 3)] == ["to_confirm", "to_confirm", "waiting"]
    assert stream.held(1).amount_cents == 5 * 1400


def test_a_place_is_free_from_the_day_on_which_somebody_leaves():
    stream = Stream(terms(max_households=1))
    stream.do(register(1), confirm(1), end(1, date(2026, 12, 1)))
    stream.do(register(2), register(3, starts_on=date(2026, 12, 1), cheque_count=1))
    assert stream.held(2).state == "waiting"
    assert stream.held(3).state == "waiting"  # behind the second, who would take that place too
    stream.do(decline(2))
    assert stream.held(3).state == "to_confirm"


def test_a_place_is_given_out_of_order_only_where_there_is_room():
    stream = Stream(terms(max_shares_bp=15_000))
    stream.do(register(1), register(2), register(3, option="half"))
    assert stream.refuses(GivePlace(subscription_id="s2", now=NOW)) == "no-place-left"
    assert [type(one) for one in stream.do(GivePlace(subscription_id="s3", now=NOW))] == [SubscriptionPlaceGiven]
    assert stream.do(GivePlace(subscription_id="s3", now=NOW)) == []


# -- states ------------------------------------------------------------------------------------------------------


def test_confirmed_once_and_never_after_a_refusal():
    stream = Stream(terms(max_households=1))
    stream.do(register(1), register(2))
    assert stream.refuses(confirm(2)) == "subscription-waiting"
    assert [type(one) for one in stream.do(confirm(1))] == [SubscriptionConfirmed]
    assert stream.do(confirm(1)) == []
    assert stream.refuses(decline(1)) == "subscription-confirmed"
    stream.do(decline(2))
    assert stream.do(decline(2)) == []
    for command in (confirm(2), GivePlace(subscription_id="s2", now=NOW), end(2, FIRST), sign(2)):
        assert stream.refuses(command) == "subscription-declined"


def sign(number, party="member", means="tick", sha="a" * 64):
    return SignSubscription(subscription_id=f"s{number}", party=party, person_id="p1", means=means, document_sha256=sha)


def test_each_party_signs_the_document_it_saw_once():
    stream = Stream(terms())
    stream.do(register(1), sign(1), sign(1, "producer", "link"), sign(1, "group"))
    assert stream.do(sign(1)) == []
    assert stream.held(1).signed == {"member": "a" * 64, "producer": "a" * 64, "group": "a" * 64}
    assert len(stream.do(sign(1, sha="b" * 64))) == 1
    assert stream.refuses(sign(1, sha="")) == "document_sha256"


def test_on_paper_no_document_is_named():
    stream = Stream(terms())
    stream.do(register(1), sign(1, means="paper", sha=""))
    assert stream.held(1).signed == {"member": ""}
    assert stream.do(sign(1, means="paper", sha="")) == []


def test_one_household_has_one_subscription_at_a_time():
    stream = Stream(terms())
    stream.do(register(1), confirm(1))
    assert stream.refuses(register(2, household="h1")) == "already-subscribed"
    stream.do(end(1, date(2026, 12, 1)))
    assert stream.refuses(register(2, household="h1")) == "already-subscribed"
    assert stream.do(register(2, household="h1", starts_on=date(2026, 12, 1), cheque_count=1))


# -- changes in mid-season ---------------------------------------------------------------------------------------


def test_another_basket_from_a_date_on_ends_the_first_one_with_its_amount():
    stream = Stream(terms())
    stream.do(register(1), confirm(1))
    december = date(2026, 12, 1)
    change = register(2, household="h1", option="half", starts_on=december, replaces="s1", cheque_count=1)
    assert stream.do(change)[0].amount_cents == 6 * 700
    assert stream.held(1).state == "confirmed"
    said = stream.do(confirm(2))
    assert [type(one) for one in said] == [SubscriptionConfirmed, SubscriptionEnded]
    assert (said[1].subscription_id, said[1].on, said[1].amount_cents) == ("s1", december, 4 * 1400)
    assert stream.held(1).amount_cents + stream.held(2).amount_cents == 4 * 1400 + 6 * 700


def test_a_change_that_is_declined_leaves_the_first_basket_its_place():
    stream = Stream(terms(max_shares_bp=20_000))
    stream.do(register(1, quantity=2), confirm(1))
    stream.do(register(2, household="h1", option="half", starts_on=date(2026, 12, 1), replaces="s1", cheque_count=1))
    stream.do(register(3, starts_on=date(2026, 12, 1), cheque_count=1))
    assert stream.held(3).state == "waiting"
    assert [type(one) for one in stream.do(decline(2))] == [SubscriptionDeclined]
    assert stream.held(1).state == "confirmed"


def test_a_smaller_basket_makes_room_once_it_is_confirmed():
    stream = Stream(terms(max_shares_bp=20_000))
    stream.do(register(1, quantity=2), confirm(1))
    stream.do(register(2, household="h1", starts_on=date(2026, 12, 1), replaces="s1", cheque_count=1))
    stream.do(register(3, starts_on=date(2026, 12, 1), cheque_count=1))
    said = stream.do(confirm(2))
    assert [type(one) for one in said] == [SubscriptionConfirmed, SubscriptionEnded, SubscriptionPlaceGiven]


def test_only_one_change_at_a_time_and_only_of_what_is_confirmed():
    stream = Stream(terms())
    stream.do(register(1))
    change = register(2, household="h1", starts_on=date(2026, 12, 1), replaces="s1", cheque_count=1)
    assert stream.refuses(change) == "nothing-to-replace"
    stream.do(confirm(1), change)
    assert stream.refuses(changed(change, subscription_id="s3")) == "already-subscribed"
    assert stream.refuses(changed(change, subscription_id="s3", household_id="h2")) == "nothing-to-replace"


def test_leaving_early_costs_what_was_delivered_or_what_was_signed():
    stream = Stream(terms())
    stream.do(register(1), confirm(1), register(2), confirm(2))
    assert stream.do(end(1, date(2026, 11, 26)))[0].amount_cents == 3 * 1400
    assert stream.do(end(2, date(2026, 11, 26), recompute=False))[0].amount_cents == 14000
    assert stream.do(end(1, date(2026, 11, 26))) == []
    assert stream.refuses(end(1, date(2026, 12, 3))) == "subscription-ended"


# -- what is taken -----------------------------------------------------------------------------------------------


def absences(*delivery_ids, **more):
    return SetAbsences(**{"subscription_id": "s1", "delivery_ids": list(delivery_ids), "now": NOW, **more})


def test_dates_left_out_may_be_others_while_they_are_ahead_and_the_amount_stays():
    stream = Stream(terms(absences_max=2))
    assert stream.do(register(1, absences=["d9", "d10"], cheque_count=1))[0].amount_cents == 8 * 1400
    stream.do(confirm(1), absences("d3", "d10"))
    assert stream.held(1).absences == ["d10", "d3"]
    assert stream.do(absences("d10", "d3")) == []
    assert stream.refuses(absences("d3")) == "absences-change-amount"
    assert stream.refuses(absences("d1", "d2", "d3")) == "absences"
    december = datetime(2026, 12, 1, 9, 0)
    assert stream.refuses(absences("d4", "d10", now=december)) == "delivery-closed"
    assert stream.do(absences("d4", "d10", now=december, managed=True))


def compose(delivery_id, now=NOW, **quantities):
    return ComposeBasket(subscription_id="s1", delivery_id=delivery_id, quantities=quantities, now=now)


def test_a_basket_is_composed_until_the_cut_off_and_paid_as_composed():
    stream = Stream(terms("modular", minimum_cents=5000))
    first = SubscribedLine(option_id="large", per_delivery={f"d{n}": 1 for n in range(1, 11)})
    stream.do(register(1, lines=[first]), confirm(1))
    said = stream.do(compose("d2", half=3))
    assert said[0].amount_cents == 14000 - 1400 + 2100
    assert stream.held(1).amount_cents == 14700
    assert stream.do(compose("d2", half=3, large=0)) == []
    assert stream.refuses(compose("d2", now=datetime(2026, 11, 11, 19, 0), half=1)) == "delivery-closed"
    assert stream.refuses(compose("d99", half=1)) == "delivery_id"
    assert stream.refuses(compose("d2", nothing=1)) == "lines.1.option_id"


def test_only_modular_contracts_are_composed():
    stream = Stream(terms())
    stream.do(register(1), confirm(1))
    assert stream.refuses(compose("d1", half=1)) == "basket-not-composed"


def test_what_is_taken_at_a_delivery_with_turns_absences_and_double_dates():
    stream = Stream(terms(absences_max=1, deliveries=weekly(4, factors=[(3, 200)])))
    shared = {"household_ids": ["h1", "h8", "h9"], "anchor_delivery_id": "d2"}
    stream.do(register(1, **shared), confirm(1), register(2, option="half", absences=["d1"]), confirm(2), register(3))
    found = [baskets_of(stream.state.life, stream.state.roster, f"d{n}") for n in (1, 2, 3, 4)]
    assert [one.baskets[0].picker_household_id for one in found] == ["h9", "h1", "h8", "h9"]
    assert [(one.subscription_id, one.absent) for one in found[0].baskets] == [("s1", False), ("s2", True)]
    assert [(one.code, one.units_percent, one.baskets) for one in found[2].totals] == [("G", 200, 1), ("D", 200, 1)]
    assert [one.shares_bp for one in found] == [10_000, 15_000, 30_000, 15_000]


def test_a_household_that_has_left_takes_what_came_before():
    stream = Stream(terms())
    stream.do(register(1), confirm(1), end(1, date(2026, 11, 12)))
    taken = [len(baskets_of(stream.state.life, stream.state.roster, f"d{n}").baskets) for n in (1, 2)]
    assert taken == [1, 0]


def test_sharers_are_set_later_too():
    stream = Stream(terms())
    stream.do(register(1))
    command = SetSharers(subscription_id="s1", household_ids=["h1", "h2"], anchor_delivery_id="d3", managed=True)
    assert len(stream.do(command)) == 1
    assert stream.do(command) == []
    assert stream.refuses(changed(command, household_ids=["h2"])) == "household_ids"
    assert len(stream.do(changed(command, household_ids=[], anchor_delivery_id=""))) == 1


def test_a_cancelled_delivery_is_not_paid_by_whoever_comes_later():
    cancelled = DeliveryCancelled(contract_id="c", group_id="g", delivery_id="d10", on=FIRST + timedelta(weeks=9))
    assert Stream(terms(), cancelled).do(register(1, cheque_count=1))[0].amount_cents == 9 * 1400
