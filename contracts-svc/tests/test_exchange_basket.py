"""One basket of one date: offered, asked for, given to one (S4:35-61)."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from contracts_svc.exchange import basket, taker
from contracts_svc.exchange.basket import decider
from contracts_svc.exchange.basket_commands import (
    AcceptTaker,
    BasketFacts,
    CancelOffer,
    CollectBasket,
    DeclineTaker,
    ExpireOffer,
    OfferBasket,
    RequestBasket,
    SettleExchange,
    WithdrawRequest,
)
from contracts_svc.exchange.settings import ChangeExchangeSettings, change_exchange, settings_of
from contracts_svc.exchange.taker import ConfirmTaker, EnrolTaker, LeaveExchange
from grenier.errors import GrenierError, Invalid
from grenier.language.exchange import (
    BasketCollected,
    BasketOfferCancelled,
    BasketOffered,
    BasketOfferExpired,
    BasketPart,
    BasketRequested,
    BasketRequestWithdrawn,
    ExchangeSettled,
    TakerAccepted,
    TakerConfirmed,
    TakerDeclined,
    TakerEnrolled,
    TakerLeft,
)
from grenier.testing import given

STARTS = datetime(2026, 11, 26, 17, 30, tzinfo=UTC)
EARLY = STARTS - timedelta(days=3)
FACTS = BasketFacts(
    group_id="g", contract_id="c", subscription_id="s", delivery_id="d", household_id="home", on=date(2026, 11, 26),
    starts_at=STARTS, ends_at=STARTS + timedelta(hours=1), place="Salle des fêtes",
    parts=(BasketPart(option_id="o", title="Grand panier", quantity=1),), value_cents=1400,
)  # fmt: skip


def offer(now=EARLY, hours=24, **more):
    return OfferBasket(facts=FACTS, person_id="ann", audience="takers", cutoff_hours=hours, now=now) if not more else (
        msgspec.structs.replace(offer(now, hours), **more)
    )  # fmt: skip


def ask(who, now=EARLY, own=False):
    return RequestBasket(person_id=who, of_household=own, now=now)


def events_of(*commands):
    """What a stream holds after these commands."""
    events = []
    for command in commands:
        events += decider.decide(decider.fold(events), command)
    return events


ASKED = events_of(offer(), ask("bob"), ask("cat"))
ACCEPTED = [*ASKED, *events_of(offer(), ask("bob"), ask("cat"), AcceptTaker(person_id="bob", now=EARLY))[3:]]


def test_an_offer_says_exactly_what_where_when_and_until_when():
    [offered] = events_of(offer())
    assert offered.closes_at == STARTS - timedelta(hours=24)
    assert (offered.place, offered.value_cents, offered.parts[0].title) == ("Salle des fêtes", 1400, "Grand panier")
    given(decider, offered).when(offer()).nothing()
    given(decider, offered).when(offer(audience="federation")).rejected("basket-offered")


@pytest.mark.behaviour("S4:40-42")
@pytest.mark.parametrize("hours", [1, 24, 48])
def test_nothing_is_offered_or_asked_from_the_cut_off_on(hours):
    closes = STARTS - timedelta(hours=hours)
    given(decider, *events_of(offer(hours=hours))).when(ask("bob", closes - timedelta(seconds=1))).then(
        BasketRequested(basket_id=FACTS.basket_id, group_id="g", person_id="bob")
    )
    given(decider, *events_of(offer(hours=hours))).when(ask("bob", closes)).rejected("exchange-too-late")
    given(decider).when(offer(closes, hours)).rejected("exchange-too-late")


@pytest.mark.behaviour("S4:44-45", "S4:47")
def test_several_ask_and_one_is_accepted_and_the_others_are_told_once():
    accepted = TakerAccepted(
        basket_id=FACTS.basket_id, group_id="g", contract_id="c", delivery_id="d", household_id="home", holder_id="ann",
        person_id="bob", declined_person_ids=["cat"],
    )  # fmt: skip
    given(decider, *ASKED).when(AcceptTaker(person_id="bob", now=EARLY)).then(accepted)
    given(decider, *ACCEPTED).when(AcceptTaker(person_id="bob", now=EARLY)).nothing()
    given(decider, *ACCEPTED).when(AcceptTaker(person_id="cat", now=EARLY)).rejected("basket-taken")
    given(decider, *ACCEPTED).when(ask("dan")).rejected("basket-taken")


def test_a_yes_after_the_start_is_too_late():
    given(decider, *ASKED).when(AcceptTaker(person_id="bob", now=STARTS)).rejected("exchange-too-late")


def test_only_who_asked_is_accepted():
    given(decider, *ASKED).when(AcceptTaker(person_id="dan", now=EARLY)).rejected("request-missing")


def test_nobody_asks_for_the_own_basket():
    given(decider, *events_of(offer())).when(ask("ann")).rejected("own-basket")
    given(decider, *events_of(offer())).when(ask("son", own=True)).rejected("own-basket")


def test_who_was_declined_does_not_ask_again():
    declined = TakerDeclined(basket_id=FACTS.basket_id, group_id="g", person_id="bob")
    given(decider, *ASKED).when(DeclineTaker(person_id="bob")).then(declined)
    given(decider, *ASKED, declined).when(DeclineTaker(person_id="bob")).nothing()
    given(decider, *ASKED, declined).when(ask("bob")).rejected("request-declined")


def test_when_the_taker_withdraws_the_basket_is_on_offer_again_and_earlier_askers_may_ask_again():
    withdrawn = BasketRequestWithdrawn(
        basket_id=FACTS.basket_id, group_id="g", person_id="bob", was_taker=True, earlier_person_ids=["cat"]
    )
    given(decider, *ACCEPTED).when(WithdrawRequest(person_id="bob", now=EARLY)).then(withdrawn)
    given(decider, *ACCEPTED, withdrawn).when(ask("cat")).then(
        BasketRequested(basket_id=FACTS.basket_id, group_id="g", person_id="cat")
    )
    given(decider, *ACCEPTED).when(WithdrawRequest(person_id="bob", now=STARTS)).rejected("exchange-too-late")
    given(decider, *ACCEPTED).when(WithdrawRequest(person_id="dan", now=EARLY)).nothing()


def test_the_holder_cancels_and_may_offer_again():
    cancelled = BasketOfferCancelled(
        basket_id=FACTS.basket_id, group_id="g", person_ids=[], taker_id="bob", sealed={"message": "x"}
    )
    given(decider, *ACCEPTED).when(CancelOffer(now=EARLY, sealed={"message": "x"})).then(cancelled)
    given(decider, *ACCEPTED, cancelled).when(CancelOffer(now=EARLY)).nothing()
    given(decider, *ACCEPTED, cancelled).when(ask("bob")).rejected("basket-not-offered")
    given(decider, *ACCEPTED, cancelled).when(offer()).then(*events_of(offer()))
    given(decider, *ACCEPTED).when(CancelOffer(now=STARTS)).rejected("exchange-too-late")


@pytest.mark.behaviour("S4:47")
def test_an_offer_that_nobody_was_accepted_for_expires_at_the_cut_off():
    closes = STARTS - timedelta(hours=24)
    expired = BasketOfferExpired(basket_id=FACTS.basket_id, group_id="g", person_ids=["bob", "cat"])
    given(decider, *ASKED).when(ExpireOffer(now=closes - timedelta(seconds=1))).nothing()
    given(decider, *ASKED).when(ExpireOffer(now=closes)).then(expired)
    given(decider, *ASKED, expired).when(ExpireOffer(now=closes)).nothing()
    given(decider, *ACCEPTED).when(ExpireOffer(now=closes)).nothing()


@pytest.mark.behaviour("S4:37-38")
def test_a_basket_for_one_person_is_theirs_with_their_yes():
    named = events_of(offer(audience="named", named_person_id="flo"))
    given(decider, *named).when(ask("bob")).rejected("basket-for-another")
    asked, accepted = decider.decide(decider.fold(named), ask("flo"))
    assert (asked.person_id, accepted.person_id, accepted.declined_person_ids) == ("flo", "flo", [])
    arranged = events_of(offer(audience="named", named_person_id="flo", arranged=True))
    assert decider.fold(arranged).phase == "accepted"
    given(decider).when(offer(audience="named")).rejected("invalid")


@pytest.mark.behaviour("S4:61")
def test_a_basket_is_collected_on_the_day_by_its_taker():
    collected = BasketCollected(basket_id=FACTS.basket_id, group_id="g", person_id="bob")
    given(decider, *ACCEPTED).when(CollectBasket(now=EARLY)).rejected("exchange-too-early")
    given(decider, *ACCEPTED).when(CollectBasket(now=STARTS)).then(collected)
    given(decider, *ACCEPTED, collected).when(CollectBasket(now=STARTS)).nothing()
    given(decider, *ASKED).when(CollectBasket(now=STARTS)).rejected("basket-without-taker")
    given(decider, *ACCEPTED, collected).when(CancelOffer(now=STARTS)).rejected("basket-collected")
    given(decider, *ACCEPTED, collected).when(CancelOffer(now=STARTS, reason="person-erased")).nothing()
    given(decider, *ACCEPTED, collected).when(offer()).nothing()


@pytest.mark.behaviour("S4:48")
@pytest.mark.parametrize(("means", "amount", "wrong"), [("free", 0, False), ("cash", 1400, False), ("other", 0, False),
                                                        ("free", 100, True), ("cash", -1, True)])  # fmt: skip
def test_how_the_two_settled_it(means, amount, wrong):
    said = given(decider, *ACCEPTED).when(SettleExchange(means=means, amount_cents=amount))
    if wrong:
        said.rejected("invalid")
        return
    settled = ExchangeSettled(basket_id=FACTS.basket_id, group_id="g", means=means, amount_cents=amount)
    said.then(settled)
    given(decider, *ACCEPTED, settled).when(SettleExchange(means=means, amount_cents=amount)).nothing()


def test_a_basket_that_is_not_there_is_not_offered():
    given(decider).when(offer(facts=msgspec.structs.replace(FACTS, cancelled=True))).rejected("delivery-cancelled")
    given(decider).when(offer(facts=msgspec.structs.replace(FACTS, parts=()))).rejected("basket-empty")


# -- any order of commands ---------------------------------------------------------------------------------------

CLOSES = STARTS - timedelta(hours=24)
PEOPLE = st.sampled_from(["ann", "bob", "cat", "dan"])
NOW = st.sampled_from(
    [EARLY, CLOSES - timedelta(seconds=1), CLOSES, STARTS - timedelta(hours=7), STARTS, STARTS + timedelta(hours=1)]
)
SETTLED = st.tuples(st.sampled_from(["free", "cash"]), st.sampled_from([-1, 0, 500, 100_001]))
COMMANDS = st.one_of(
    st.builds(offer, NOW),
    st.builds(
        offer, NOW, audience=st.just("named"), named_person_id=st.sampled_from(["", "bob"]), arranged=st.booleans()
    ),
    st.builds(ask, PEOPLE, NOW, st.sampled_from([False, False, False, True])),
    st.builds(AcceptTaker, person_id=PEOPLE, now=NOW),
    st.builds(DeclineTaker, person_id=PEOPLE),
    st.builds(WithdrawRequest, person_id=PEOPLE, now=NOW, erased=st.sampled_from([False, False, True])),
    st.builds(CancelOffer, now=NOW, reason=st.sampled_from(["", "", "delivery-cancelled"])),
    st.builds(ExpireOffer, now=NOW),
    st.builds(CollectBasket, now=NOW),
    SETTLED.map(lambda said: SettleExchange(means=said[0], amount_cents=said[1])),
)
# Most of a life happens before the cut-off: each example also plays a part that gets somewhere.
USUAL = st.sampled_from([
    [], [offer(CLOSES)], [offer(audience="named", named_person_id="bob")], [offer()], [offer(), ask("bob")], [offer(), ask("bob"), ask("cat"), ask("dan")],
    [offer(), ask("bob"), ask("cat"), AcceptTaker(person_id="cat", now=EARLY)],
    [offer(), ask("bob"), ask("cat"), DeclineTaker(person_id="bob")],
])  # fmt: skip


class Told:
    """What the documents know of a basket, counted from what was said alone; every forbidden step is an assertion."""

    def __init__(self):
        self.phase, self.holds, self.named = "none", "", ""
        self.waiting, self.refused = set(), set()

    def hear(self, event, now):
        match event:
            case BasketOffered():
                assert self.phase in ("none", "cancelled", "expired"), "offered twice"
                assert now < CLOSES, "offered after the cut-off"
                assert (event.audience == "named") == bool(event.named_person_id)
                self.__init__()
                self.phase, self.named = "offered", event.named_person_id
            case BasketRequested():
                assert self.phase == "offered", f"asked for a basket that is {self.phase}"
                assert now < CLOSES, "asked after the cut-off"
                assert event.person_id not in self.waiting, "asked twice"
                assert event.person_id != "ann", "asked for the own basket"
                assert event.person_id not in self.refused, "asked again after a no"
                assert event.person_id == (self.named or event.person_id), "it was meant for somebody else"
                self.waiting.add(event.person_id)
            case TakerAccepted():
                assert self.phase == "offered", "two takers"
                assert now < CLOSES, "accepted after the cut-off"
                assert event.holder_id == "ann"
                assert event.person_id in self.waiting or event.person_id == self.named
                assert set(event.declined_person_ids) == self.waiting - {event.person_id}, "somebody was not told"
                assert len(set(event.declined_person_ids)) == len(event.declined_person_ids), "somebody was told twice"
                self.phase, self.holds, self.waiting = "accepted", event.person_id, set()
            case TakerDeclined():
                self.waiting.remove(event.person_id)
                self.refused.add(event.person_id)
            case BasketRequestWithdrawn(was_taker=True):
                assert self.phase == "accepted"
                assert event.person_id == self.holds
                self.phase, self.holds = "offered", ""
            case BasketRequestWithdrawn():
                self.waiting.remove(event.person_id)
            case BasketOfferCancelled() | BasketOfferExpired():
                assert self.phase == "offered" or (self.phase == "accepted" and isinstance(event, BasketOfferCancelled))
                assert set(event.person_ids) == self.waiting, "an asker hears nothing"
                assert getattr(event, "taker_id", "") == self.holds
                expired = isinstance(event, BasketOfferExpired)
                assert not expired or now >= CLOSES, "expired before the cut-off"
                self.phase, self.holds, self.waiting = "expired" if expired else "cancelled", "", set()
            case BasketCollected():
                assert self.phase == "accepted"
                assert event.person_id == self.holds
                assert now >= STARTS - timedelta(hours=6), "fetched long before the distribution"
                self.phase = "collected"
            case ExchangeSettled():
                assert self.phase in ("accepted", "collected"), "settled with nobody"
                assert 0 <= event.amount_cents <= 100_000
                assert event.means != "free" or event.amount_cents == 0


def too_late(command):
    """What the two do not undo any more once the distribution has begun; others may (a date falls, a person is erased)."""
    undo = isinstance(command, WithdrawRequest) and not command.erased
    return (undo or (isinstance(command, CancelOffer) and not command.reason)) and command.now >= STARTS


@settings(max_examples=300, deadline=None)
@for_all(USUAL, st.lists(COMMANDS, max_size=40))
def test_whatever_is_asked_there_is_one_taker_at_most_and_everybody_gets_one_answer(usual, commands):
    events, told = [], Told()
    for command in [*usual, *commands]:
        held = told.holds
        try:
            new = list(decider.decide(decider.fold(events), command))
        except GrenierError:
            continue
        for event in new:
            told.hear(event, getattr(command, "now", EARLY))
        assert not (too_late(command) and held) or not new, "undone after the beginning"
        assert not (new and isinstance(command, RequestBasket) and command.of_household), "asked for by the household"
        events += new
        # What was carried out is not carried out again.
        if not isinstance(command, WithdrawRequest | OfferBasket):
            assert list(decider.decide(decider.fold(events), command)) == []
        state = decider.fold(events)
        assert state.phase == told.phase
        assert set(state.requests) == told.waiting
        assert (state.taker_id if state.phase in ("accepted", "collected") else "") == told.holds
    assert basket.Basket() == decider.initial


# -- takers ------------------------------------------------------------------------------------------------------


def enrolled(by, confirmed):
    return TakerEnrolled(taker_id=taker.taker_id("g", "bob"), group_id="g", person_id="bob", by=by, confirmed=confirmed)


@pytest.mark.behaviour("S4:22-28", "S4:33")
def test_one_enrols_at_once_and_is_enrolled_by_a_sponsor_with_ones_own_yes():
    confirmed = TakerConfirmed(taker_id=taker.taker_id("g", "bob"), group_id="g", person_id="bob")
    mine, theirs = (EnrolTaker(group_id="g", person_id="bob", by=by) for by in ("self", "sponsor"))
    given(taker.decider).when(mine).then(enrolled("self", True))
    given(taker.decider, enrolled("self", True)).when(mine).nothing()
    given(taker.decider).when(theirs).then(enrolled("sponsor", False))
    given(taker.decider, enrolled("sponsor", False)).when(theirs).nothing()
    given(taker.decider, enrolled("sponsor", False)).when(ConfirmTaker()).then(confirmed)
    given(taker.decider, enrolled("sponsor", False)).when(mine).then(confirmed)
    given(taker.decider, enrolled("sponsor", False), confirmed).when(ConfirmTaker()).nothing()


def test_who_left_is_no_taker_and_may_come_back():
    left = TakerLeft(taker_id=taker.taker_id("g", "bob"), group_id="g", person_id="bob", by="link")
    given(taker.decider, enrolled("self", True)).when(LeaveExchange(by="link")).then(left)
    given(taker.decider, enrolled("self", True), left).when(LeaveExchange(by="site")).nothing()
    given(taker.decider).when(LeaveExchange(by="site")).nothing()
    given(taker.decider, enrolled("self", True), left).when(ConfirmTaker()).rejected("taker-missing")
    again = EnrolTaker(group_id="g", person_id="bob", by="referent")
    given(taker.decider, enrolled("self", True), left).when(again).then(enrolled("referent", True))


# -- settings ----------------------------------------------------------------------------------------------------


def test_the_space_is_open_in_an_amap_and_nowhere_else_until_it_is_wanted():
    assert settings_of("csa", {}).enabled
    assert not settings_of("buying_group", {}).enabled
    assert settings_of("buying_group", {"enabled": True, "cutoff_hours": 2}).cutoff_hours == 2


@pytest.mark.parametrize(("name", "value"), [("cutoff_hours", 0), ("purge_months", 5), ("note", "x" * 2001)])
def test_settings_have_bounds(name, value):
    with pytest.raises(Invalid) as wrong:
        change_exchange("csa", {}, ChangeExchangeSettings(group_id="g", **{name: value}))
    assert list(wrong.value.facts["fields"]) == [name]


def test_only_what_changes_is_said():
    command = ChangeExchangeSettings(group_id="g", cutoff_hours=24, federated=True)
    [changed] = change_exchange("csa", {}, command)
    assert (changed.cutoff_hours, changed.federated) == (None, True)
    assert change_exchange("csa", {"federated": True}, command) == []
