"""What the documents forbid of a contract's approval, a subscription and a cheque, said event by event.

The sequences of `test_contract_life` and `test_subscription_sequences` look at what a state has become; these look at
each fact in the instant at which it is stated, with a memory of their own: who was asked what, until when, and by whom.
"""

from datetime import date, timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from season_facts import FIRST, NOW, confirm, opened, register, terms, weekly

from contracts_svc import schedule
from contracts_svc.contract.approval import ApproveContract, RequestChanges, SubmitContract
from contracts_svc.contract.decider import decider
from contracts_svc.contract.life_commands import (
    AbandonContract,
    DraftContract,
    EndContract,
    OpenContract,
    ReviseContract,
)
from contracts_svc.contract.subscriptions import DeclineSubscription, EndSubscription, GivePlace, SignSubscription
from grenier.errors import GrenierError
from grenier.language import season
from grenier.language.season import PlannedCheque

# -- the producer's yes (S0:23) ----------------------------------------------------------------------------------

PRICES = {price: msgspec.structs.replace(terms(deliveries=weekly(3)), title=f"Légumes {price}") for price in (1, 2, 3)}
DRAFT = DraftContract(contract_id="c", group_id="g", producer_id="p", coordinator_id="x", terms=PRICES[1])
TIMES = st.sampled_from([0, 1, 2, 3, 4]).map(lambda days: NOW + timedelta(days=days))
DOCUMENTS = st.sampled_from(["a", "b"])
# Versions count from the newest one; most commands speak of that.
BESIDE = st.sampled_from([0, 0, 0, 0, -1, 1])
YESES = st.builds(ApproveContract, version=BESIDE, person_id=st.just("jean"), means=st.sampled_from(["link", "tick", "link", "paper"]),
                  document_sha256=DOCUMENTS, now=TIMES)  # fmt: skip
QUESTIONS = st.builds(
    SubmitContract, version=BESIDE, person_id=st.just("jean"), document_sha256=DOCUMENTS, answer_until=TIMES, now=TIMES
)
AGREEING = st.one_of(
    YESES, YESES, YESES, QUESTIONS, QUESTIONS,
    st.builds(RequestChanges, version=BESIDE, comment=st.sampled_from(["", "Plus cher"]), now=TIMES),
    st.builds(ReviseContract, terms=st.sampled_from(list(PRICES.values())), from_version=BESIDE),
    st.builds(OpenContract, version=BESIDE),
    st.one_of(
        st.just(OpenContract(version=0)), st.just(OpenContract(version=0)), st.just(AbandonContract(reason="x")),
        st.integers(-1, 30).map(lambda days: EndContract(today=FIRST + timedelta(days=days))),
    ),
)  # fmt: skip


def meant(command, newest: int):
    """The command with the version that it speaks of."""
    for name in ("version", "from_version"):
        if hasattr(command, name):
            return msgspec.structs.replace(command, **{name: newest + getattr(command, name)})
    return command


def sent(version: int, document: str = "a") -> SubmitContract:
    return SubmitContract(
        version=version, person_id="jean", document_sha256=document, answer_until=NOW + timedelta(days=2), now=NOW
    )


YES = ApproveContract(version=1, person_id="jean", means="link", document_sha256="a", now=NOW)
USUAL = st.sampled_from([[], [sent(1)], [sent(1), YES], [sent(1), RequestChanges(version=1, comment="Non", now=NOW)],
                         [sent(1), YES, OpenContract(version=1)], [sent(1)], [sent(1)],
                         [sent(1), YES, ReviseContract(terms=PRICES[2], from_version=1)]])  # fmt: skip


class Agreement:
    """`asked`: version, document and last instant of the question that awaits an answer."""

    def __init__(self):
        self.version, self.terms, self.asked, self.yes, self.phase = 1, PRICES[1], None, 0, "before"

    def hear(self, event, now):
        if isinstance(event, season.ContractEnded):
            assert self.phase == "opened"
            assert now.date() >= self.terms.deliveries[-1].on, "ended before the last delivery"
            self.phase = "over"
            return
        assert self.phase == "before", f"{type(event).__name__} when it is {self.phase}"
        match event:
            case season.ContractRevised():
                assert event.version == self.version + 1
                assert event.terms != self.terms
                self.version, self.terms, self.asked, self.yes = event.version, event.terms, None, 0
            case season.ContractSubmitted():
                assert event.version == self.version, "an old version is sent"
                assert not self.yes, "sent again after the yes"
                assert event.answer_until > now, "no time to answer"
                self.asked = (event.version, event.document_sha256, event.answer_until)
            case season.ContractApproved():
                assert event.version == self.version, "an old version is approved"
                if event.means != "paper":
                    assert self.asked is not None, "an answer to no question"
                    assert self.asked[:2] == (event.version, event.document_sha256), "another document"
                    assert now < self.asked[2], "too late"
                self.yes, self.asked = event.version, None
            case season.ContractChangesRequested():
                assert self.asked is not None, "an answer to no question"
                assert event.version == self.asked[0] == self.version
                assert now < self.asked[2], "too late"
                assert event.comment
                self.asked = None
            case season.ContractOpened():
                assert self.yes == self.version == event.version, "opened before exactly this was approved"
                assert event.terms == self.terms, "other terms than were approved"
                self.phase = "opened"
            case season.ContractAbandoned():
                self.phase = "over"


def instant(command):
    day = getattr(command, "today", None)
    return getattr(command, "now", NOW) if day is None else NOW.replace(year=day.year, month=day.month, day=day.day)


@settings(max_examples=300, deadline=None)
@given(USUAL, st.lists(AGREEING, min_size=5, max_size=25))
def test_nothing_is_opened_that_the_producer_did_not_say_yes_to_in_time(usual, commands):
    contract, told = decider.fold(decider.decide(decider.initial, DRAFT)), Agreement()
    for number, chosen in enumerate([*usual, *commands]):
        command = chosen if number < len(usual) else meant(chosen, contract.life.version)
        try:
            events = list(decider.decide(contract, command))
        except GrenierError:
            continue
        for event in events:
            told.hear(event, instant(command))
        contract = decider.fold(events, contract)
    assert (contract.life.version, contract.life.agreed) == (told.version, told.terms)


# -- subscriptions (S0:28) ---------------------------------------------------------------------------------------

NUMBERS = st.integers(1, 5)
SUBSCRIBING = st.one_of(
    st.builds(lambda n, q, old: register(n, quantity=q, replaces=f"s{old}" if old else ""), NUMBERS, st.integers(1, 2),
              st.sampled_from([0, 0, 0, 1, 2])),
    st.builds(lambda n, m: register(n, household=f"h{m}"), NUMBERS, NUMBERS),
    NUMBERS.map(confirm),
    st.deferred(lambda: NUMBERS.map(declined)),
    NUMBERS.map(lambda n: GivePlace(subscription_id=f"s{n}", now=NOW)),
    st.builds(lambda n, d: EndSubscription(subscription_id=f"s{n}", on=FIRST + timedelta(days=d), reason="x", now=NOW),
              NUMBERS, st.integers(-9, 40)),
    st.builds(lambda n, party, sha: SignSubscription(subscription_id=f"s{n}", party=party, person_id="p", means="tick",
                                                     document_sha256=sha),
              NUMBERS, st.sampled_from(["member", "group", "producer"]), st.sampled_from(["", "a", "b"])),
)  # fmt: skip
FULL = opened(terms(deliveries=weekly(4), max_households=2))


def declined(number: int) -> DeclineSubscription:
    return DeclineSubscription(subscription_id=f"s{number}", now=NOW)


# Three came for two places; then one or two of them are gone.
CAME = st.sampled_from([[], [declined(1)], [declined(3), declined(1)], [confirm(1), confirm(2)],
                        [confirm(1), EndSubscription(subscription_id="s1", on=FIRST, reason="x", now=NOW), declined(2)]])  # fmt: skip


class Roll:
    """State and household of each subscription, and who waits, from the facts alone."""

    def __init__(self):
        self.state, self.home, self.queue = {}, {}, []

    def hear(self, event):
        key = event.subscription_id
        was = self.state.get(key, "")
        match event:
            case season.SubscriptionRegistered():
                assert was == "", "registered twice"
                self.state[key], self.home[key] = "waiting" if event.waiting else "to_confirm", event.household_id
                assert event.amount_cents > 0
                assert sum(cheque.amount_cents for cheque in event.cheques) in (0, event.amount_cents), "cheques add up"
                self.queue += [key] if event.waiting else []
            case season.SubscriptionPlaceGiven():
                assert was == "waiting", f"a place for what is {was}"
                self.state[key] = "to_confirm"
                self.queue.remove(key)
            case season.SubscriptionConfirmed():
                assert was == "to_confirm", f"confirmed what is {was}"
                self.state[key] = "confirmed"
            case season.SubscriptionDeclined():
                assert was in ("waiting", "to_confirm"), f"declined what is {was}"
                self.state[key] = "declined"
                self.queue = [each for each in self.queue if each != key]
            case season.SubscriptionEnded():
                assert was == "confirmed" or (was == "ended" and event.reason == "replaced"), f"ended what is {was}"
                assert event.amount_cents >= 0
                self.state[key] = "ended"
            case season.SubscriptionSigned():
                assert was in ("to_confirm", "confirmed"), f"signed what is {was}"
                assert event.document_sha256, "ticked without a document"


@settings(max_examples=300, deadline=None)
@given(CAME, st.lists(SUBSCRIBING, min_size=5, max_size=30))
def test_every_fact_of_a_subscription_follows_on_the_one_before(came, commands):
    contract, roll = decider.fold(FULL), Roll()
    for command in [register(1), register(2), register(3), *came, *commands]:
        waiting = list(roll.queue)
        try:
            events = list(decider.decide(contract, command))
        except GrenierError:
            continue
        for event in events:
            home = getattr(event, "household_id", "") or roll.home.get(event.subscription_id)
            assert home == roll.home.get(event.subscription_id, home), "somebody else's"
            roll.hear(event)
        given_ = [event.subscription_id for event in events if isinstance(event, season.SubscriptionPlaceGiven)]
        if not isinstance(command, GivePlace):
            assert given_ == [key for key in waiting if key in given_], "places are given in the order of asking"
        contract = decider.fold(events, contract)
        assert {key: held.state for key, held in contract.roster.subscriptions.items()} == roll.state


# -- cheques (S0:26-27) ------------------------------------------------------------------------------------------

DAY = date(2026, 11, 20)
MONTHS = (date(2026, 12, 5), date(2027, 3, 5), date(2027, 11, 5))
PLANS = [
    [PlannedCheque(cheque_id=f"q{n}", amount_cents=1000 * n, cash_on=MONTHS[n - 1]) for n in chosen]
    for chosen in ((1, 2, 3), (1,), (2, 3), ())
] + [[PlannedCheque(cheque_id="q1", amount_cents=0, cash_on=MONTHS[0])]]
WHICH, REASONS = st.sampled_from(["q1", "q1", "q1", "q2", "q3", "q9"]), st.sampled_from(["", " ", "impayé"])


def agreed(cheques: list[PlannedCheque]) -> schedule.AgreeSchedule:
    return schedule.AgreeSchedule(
        subscription_id="s", contract_id="c", group_id="g", household_id="h", producer_id="p", cheques=cheques
    )


def given_(cheque_id: str, number: str = "1", days: int = 0) -> schedule.ReceiveCheque:
    return schedule.ReceiveCheque(cheque_id=cheque_id, person_id="p", number=number, bank="CA",
                                  issued_on=DAY + timedelta(days=days), today=DAY)  # fmt: skip


CUSTODY = st.one_of(
    st.sampled_from(PLANS).map(agreed),
    st.integers(-100, 7000).map(lambda due: schedule.TrimSchedule(due_cents=due)),
    st.builds(given_, WHICH, st.sampled_from(["1", "1", "2", "2", "3", ""]), st.sampled_from([0, 0, 0, 0, 1, -400])),
    st.builds(lambda q, b: schedule.HandOverCheque(cheque_id=q, bundle_id=f"b{b}"), WHICH, st.integers(1, 2)),
    st.builds(lambda q, why: schedule.ReturnCheque(cheque_id=q, reason=why), WHICH, REASONS),
)


# Where the first cheque has got to before anything else happens.
RECEIVED, GIVEN_AWAY = given_("q1"), schedule.HandOverCheque(cheque_id="q1", bundle_id="b1")
ALONG = st.sampled_from(
    [[], [RECEIVED], [RECEIVED, GIVEN_AWAY], [RECEIVED, schedule.ReturnCheque(cheque_id="q1", reason="impayé")]]
)


class Custody:
    """Where each cheque is, and what stands on it: (place, cents, number, bank)."""

    def __init__(self):
        self.held, self.cash_on = {}, {}

    def hear(self, event, command):
        if isinstance(event, season.ScheduleAgreed):
            assert all(cheque.amount_cents > 0 for cheque in event.cheques)
            came = {key: one for key, one in self.held.items() if one[0] != "expected"}
            assert not came.keys() & {cheque.cheque_id for cheque in event.cheques}, "what has come is agreed anew"
            self.held = came | {one.cheque_id: ("expected", one.amount_cents, "", "") for one in event.cheques}
            self.cash_on |= {cheque.cheque_id: cheque.cash_on for cheque in event.cheques}
            return
        place, cents, number, bank = self.held[event.cheque_id]
        match event:
            case season.ChequeReceived():
                assert place == "expected", f"received when it is {place}"
                assert event.number
                assert (event.number, event.bank) not in {one[2:] for one in self.held.values()}, (
                    "one paper, two cheques"
                )
                assert event.issued_on <= DAY, "issued in the future"
                last = event.issued_on.replace(year=event.issued_on.year + 1) + timedelta(days=8)
                assert self.cash_on[event.cheque_id] <= last, "nobody cashes it any more"
                self.held[event.cheque_id] = ("received", cents, event.number, event.bank)
            case season.ChequeHandedOver():
                assert place == "received", f"handed over when it is {place}"
                assert event.bundle_id == command.bundle_id
                self.held[event.cheque_id] = ("handed_over", cents, number, bank)
            case season.ChequeReturned():
                assert place in ("received", "handed_over"), f"returned when it is {place}"
                assert event.reason.strip()
                self.held[event.cheque_id] = ("returned", cents, number, bank)


@settings(max_examples=300, deadline=None)
@given(ALONG, st.lists(CUSTODY, min_size=5, max_size=30))
def test_every_cheque_is_in_one_place_and_goes_one_way(along, commands):
    state, told = schedule.Schedule(), Custody()
    for command in [agreed(PLANS[0]), *along, *commands]:
        try:
            events = schedule.decider.decide(state, command)
        except GrenierError:
            continue
        for event in events:
            told.hear(event, command)
        state = schedule.decider.fold(events, state)
        assert {
            key: (one.state, one.planned.amount_cents, one.number, one.bank) for key, one in state.cheques.items()
        } == told.held
        if isinstance(command, schedule.TrimSchedule):
            came = state.sum_of("received", "handed_over")
            assert state.sum_of("expected") <= max(command.due_cents - came, 0), "more is expected than is due"
        assert list(schedule.decider.decide(state, command)) == [], "a repetition says nothing"
