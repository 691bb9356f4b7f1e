"""No sequence of commands, in any order and with repeats, brings a contract where it must never be (S0:22-25)."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st

from contracts_svc.contract.adding import AddDelivery
from contracts_svc.contract.approval import ApproveContract, RequestChanges, SubmitContract
from contracts_svc.contract.decider import Contract, decider
from contracts_svc.contract.deliveries import CancelDelivery, CountDelivery, MoveDelivery
from contracts_svc.contract.life_commands import (
    AbandonContract,
    CloseSignUps,
    DraftContract,
    EndContract,
    OpenContract,
    ReopenSignUps,
    ReviseContract,
)
from grenier.errors import GrenierError, Invalid, Rejected
from grenier.language import season
from grenier.language.season import BasketOption, PlannedDelivery, SignUpTerms, Terms
from grenier.testing import given, refused

START = date(2026, 11, 5)
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def terms(price: int = 290) -> Terms:
    return Terms(
        title="Pain", starts_on=START, ends_on=START + timedelta(days=60), basket_kind="fixed_single",
        options=[BasketOption(option_id="o1", title="Levain", price_cents=price)],
        deliveries=[PlannedDelivery(delivery_id=f"d{n}", on=START + timedelta(days=14 * n)) for n in range(3)],
        sign_up=SignUpTerms(closes_on=START + timedelta(days=7)),
    )  # fmt: skip


DRAFT = DraftContract(contract_id="c1", group_id="g1", producer_id="p1", coordinator_id="anna", terms=terms())
IDS = {"contract_id": "c1", "group_id": "g1"}
DRAFTED = season.ContractDrafted(**IDS, producer_id="p1", coordinator_id="anna", terms=terms())
SUBMIT = SubmitContract(
    version=1, person_id="jean", document_sha256="a", answer_until=NOON + timedelta(days=9), now=NOON
)
SUBMITTED = season.ContractSubmitted(**IDS, version=1, person_id="jean", document_sha256="a",
                                     answer_until=NOON + timedelta(days=9))  # fmt: skip
APPROVE = ApproveContract(version=1, person_id="jean", means="link", document_sha256="a", now=NOON)
APPROVED = season.ContractApproved(**IDS, version=1, person_id="jean", means="link", document_sha256="a")
OPENED = season.ContractOpened(**IDS, producer_id="p1", coordinator_id="anna", version=1, terms=terms())
ENDED = season.ContractEnded(**IDS)


# -- sentences ---------------------------------------------------------------------------------------------------


def test_a_version_is_opened_when_exactly_it_was_approved():
    given(decider, DRAFTED, SUBMITTED).when(OpenContract(version=1)).rejected("contract-not-approved")
    given(decider, DRAFTED, SUBMITTED, APPROVED).when(OpenContract(version=1)).then(OPENED)
    revised = season.ContractRevised(**IDS, version=2, terms=terms(300))
    given(decider, DRAFTED, SUBMITTED, APPROVED, revised).when(OpenContract(version=2)).rejected(
        "contract-not-approved"
    )
    given(decider, DRAFTED, SUBMITTED, APPROVED, revised).when(OpenContract(version=1)).rejected(
        "contract-version-changed"
    )


def test_every_command_carried_out_before_is_no_event_again():
    done = (DRAFTED, SUBMITTED, APPROVED)
    for command, events in (
        (DRAFT, (DRAFTED,)), (SUBMIT, done), (APPROVE, done), (OpenContract(version=1), (*done, OPENED)),
        (ReviseContract(terms=terms(), from_version=1), done), (EndContract(today=date.max), (*done, OPENED, ENDED)),
        (CloseSignUps(), (*done, OPENED, season.SignUpsClosed(**IDS))),
        (CloseSignUps(after=START), (*done, OPENED)),
        (AbandonContract(reason="x"), (DRAFTED, season.ContractAbandoned(**IDS, reason="y"))),
        (CancelDelivery(delivery_id="d1", reason="x"),
         (*done, OPENED, season.DeliveryCancelled(**IDS, delivery_id="d1", on=START, reason="gel"))),
    ):  # fmt: skip
        given(decider, *events).when(command).nothing()


def test_an_answer_is_awaited_from_whom_it_was_asked_until_its_day_about_its_document():
    late = msgspec.structs.replace(APPROVE, now=NOON + timedelta(days=9))
    given(decider, DRAFTED, SUBMITTED).when(late).rejected("answer-too-late")
    other = msgspec.structs.replace(APPROVE, document_sha256="b")
    given(decider, DRAFTED, SUBMITTED).when(other).rejected("document-differs")
    given(decider, DRAFTED).when(APPROVE).rejected("answer-not-awaited")
    paper = msgspec.structs.replace(APPROVE, means="paper", document_sha256="")
    given(decider, DRAFTED).when(paper).then(msgspec.structs.replace(APPROVED, means="paper", document_sha256=""))
    wanted = RequestChanges(version=1, comment="Plus cher", now=NOON)
    given(decider, DRAFTED, SUBMITTED, APPROVED).when(wanted).rejected("answer-not-awaited")


def test_terms_stay_as_they_were_agreed_once_opened():
    opened = (DRAFTED, SUBMITTED, APPROVED, OPENED)
    given(decider, *opened).when(ReviseContract(terms=terms(1), from_version=1)).rejected("contract-opened")
    given(decider, *opened).when(AbandonContract(reason="")).rejected("contract-opened")
    move = MoveDelivery(delivery_id="d1", on=START, reason="Férié", today=START)
    given(decider, DRAFTED).when(move).rejected("contract-not-opened")
    given(decider, *opened, ENDED).when(move).rejected("contract-ended")
    given(decider, *opened).when(EndContract(today=START)).rejected("deliveries-left")


def test_a_date_that_is_moved_twice_remembers_where_it_was_planned_and_may_come_back():
    opened = (DRAFTED, SUBMITTED, APPROVED, OPENED)
    planned = START + timedelta(days=14)

    def moved(contract: Contract, on: date) -> Contract:
        [event] = decider.decide(contract, MoveDelivery(delivery_id="d1", on=on, reason="Salle prise", today=START))
        return decider.evolve(contract, event)

    once = moved(decider.fold(opened), planned + timedelta(days=1))
    twice = moved(once, planned + timedelta(days=2))
    assert twice.life.delivery("d1").moved_from == planned
    assert moved(twice, planned).life.delivery("d1").moved_from is None


SERIES = tuple(
    msgspec.structs.replace(one, series=week) for one, week in zip(terms().deliveries, ("A", "B", ""), strict=True)
)
WEEKS = msgspec.structs.replace(terms(), deliveries=[*SERIES])
LATEST = terms().ends_on + timedelta(days=92)


@pytest.mark.behaviour("S0:22")
@pytest.mark.parametrize(
    ("delivery_id", "day", "starts", "refusal"),
    [
        ("d1", 28, None, ("delivery-planned-then", {"delivery_id": "d2", "on": "2026-12-03"})),
        ("d1", 28, "17:00", None),
        ("d0", 14, None, None),  # baskets of week A and of week B, each for other households
        ("d2", 14, None, ("delivery-planned-then", {"delivery_id": "d1", "on": "2026-11-19"})),
        ("d1", -1, None, "Too far from the season."),
        ("d1", (LATEST - START).days, None, None),
        ("d1", (LATEST - START).days + 1, None, "Too far from the season."),
    ],
)
def test_a_delivery_is_moved_near_its_season_where_there_is_no_other_one(delivery_id, day, starts, refusal):
    contract = decider.fold((DRAFTED, msgspec.structs.replace(OPENED, terms=WEEKS)))
    today = START - timedelta(days=5)
    move = MoveDelivery(
        delivery_id=delivery_id, on=START + timedelta(days=day), starts=starts, reason="Gel", today=today
    )
    if refusal is None:
        [event] = decider.decide(contract, move)
        assert decider.decide(decider.evolve(contract, event), move) == []
        return
    with pytest.raises((Rejected, Invalid)) as why:
        decider.decide(contract, move)
    told = why.value
    assert refusal == ((told.code, told.facts) if isinstance(told, Rejected) else told.facts["fields"]["on"][0])


def test_a_delivery_outside_of_the_season_may_still_get_another_place():
    late = msgspec.structs.replace(terms().deliveries[2], on=LATEST + timedelta(days=9))
    far = msgspec.structs.replace(terms(), deliveries=[*terms().deliveries[:2], late])
    contract = decider.fold((DRAFTED, msgspec.structs.replace(OPENED, terms=far)))
    [event] = decider.decide(
        contract, MoveDelivery(delivery_id="d2", on=late.on, place="Préau", reason="Gel", today=START)
    )
    assert event.delivery.place == "Préau"


# -- any sequence ------------------------------------------------------------------------------------------------

DAYS = st.sampled_from([START - timedelta(days=10), START, START + timedelta(days=20), START + timedelta(days=90)])
INSTANTS = st.sampled_from([NOON, NOON + timedelta(days=5), NOON + timedelta(days=30)])
VERSIONS = st.integers(1, 3)
WHICH = st.sampled_from(["d0", "d1", "d2", "d9"])
WHY = st.sampled_from(["", "Gel"])
DOCUMENTS = st.sampled_from(["a", "b"])
COMMANDS = st.one_of(
    st.just(DRAFT),
    st.builds(ReviseContract, terms=st.sampled_from([terms(), terms(300)]), from_version=VERSIONS),
    st.builds(SubmitContract, version=VERSIONS, person_id=st.sampled_from(["jean", "paul"]), document_sha256=DOCUMENTS,
              answer_until=INSTANTS, now=INSTANTS),
    st.builds(ApproveContract, version=VERSIONS, person_id=st.just("jean"), means=st.sampled_from(["link", "paper", "tick"]),
              document_sha256=DOCUMENTS, now=INSTANTS),
    st.builds(RequestChanges, version=VERSIONS, comment=WHY, now=INSTANTS),
    st.builds(OpenContract, version=VERSIONS),
    st.builds(CloseSignUps, after=st.one_of(st.none(), DAYS)),
    st.builds(ReopenSignUps, closes_on=DAYS, today=DAYS),
    st.builds(MoveDelivery, delivery_id=WHICH, on=DAYS, reason=WHY, today=DAYS, starts=st.sampled_from([None, "17:00", "20:00"])),
    st.builds(CancelDelivery, delivery_id=WHICH, reason=WHY),
    st.builds(CountDelivery, delivery_id=WHICH, factor_percent=st.sampled_from([0, 100, 150, 200]), reason=WHY),
    st.builds(AddDelivery, delivery_id=st.sampled_from(["d1", "n1", "n2"]), on=DAYS, reason=WHY, today=DAYS,
              factor_percent=st.sampled_from([0, 100, 200]), replaces_delivery_id=st.sampled_from(["", "", "d1", "n1", "d9"])),
    st.builds(EndContract, today=DAYS),
    st.builds(AbandonContract, reason=WHY),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given_any(st.lists(COMMANDS, max_size=30))
def test_no_sequence_of_commands_leads_where_a_contract_must_not_be(commands):
    contract, past = decider.initial, []
    for command in [DRAFT, *commands]:
        try:
            events = decider.decide(contract, command)
        except GrenierError:
            continue
        for event in events:
            allowed(contract, event, past)
            contract = decider.evolve(contract, event)
            past.append(event)
        # Said again at once, it is done already.
        assert list(decider.decide(contract, command)) == []
    assert contract == decider.fold(past)


def allowed(contract, event, past):
    """Whether the documents let this follow on what has happened."""
    life, kinds = contract.life, [type(each) for each in past]
    over = {season.ContractEnded, season.ContractAbandoned}
    assert not over & set(kinds), f"{event} after the end"
    opened = season.ContractOpened in kinds
    match event:
        case season.ContractOpened():
            assert life.approved_version == life.version == event.version
            yes = [each for each in past if isinstance(each, season.ContractApproved)]
            assert yes[-1].version == event.version
            assert event.terms == life.terms
            assert not opened
        case season.ContractApproved() if event.means != "paper":
            asked = [each for each in past if isinstance(each, season.ContractSubmitted)]
            assert (asked[-1].version, asked[-1].document_sha256) == (event.version, event.document_sha256)
        case season.ContractRevised():
            assert event.version == life.version + 1
    before = (season.ContractDrafted, season.ContractRevised, season.ContractSubmitted, season.ContractApproved,
              season.ContractChangesRequested, season.ContractAbandoned)  # fmt: skip
    if not isinstance(event, season.ContractOpened):
        assert isinstance(event, before) != opened, f"{event} while {life.status}"
    if isinstance(event, season.DeliveryAdded):
        ids = [each.delivery_id for each in life.terms.deliveries]
        assert event.delivery.delivery_id not in ids
        assert event.reason
        assert event.delivery.on <= life.terms.ends_on + timedelta(days=92)
        if event.replaces_delivery_id:
            assert life.delivery(event.replaces_delivery_id).cancelled
            before_it = [each for each in past if isinstance(each, season.DeliveryAdded)
                         and each.replaces_delivery_id == event.replaces_delivery_id]  # fmt: skip
            assert all(life.delivery(each.delivery.delivery_id).cancelled for each in before_it), "made up for once"
    if isinstance(event, season.DeliveryMoved | season.DeliveryCountedAnew):
        assert not life.delivery(event.delivery_id).cancelled
        assert event.reason


def test_only_drafting_begins_a_contract():
    for command in (OpenContract(version=0), EndContract(today=START), AbandonContract(reason=""),
                    ReviseContract(terms=terms(), from_version=0), CloseSignUps()):  # fmt: skip
        assert refused(decider.decide, decider.initial, command).code in ("contract-missing",)
