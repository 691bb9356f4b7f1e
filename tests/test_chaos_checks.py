"""The checks after a storm find what they look for, and the killer's measures are right (T1)."""

from __future__ import annotations

import importlib
from dataclasses import replace

import pytest

from grenier.log.protocol import Recorded
from tests.chaos import __main__ as chaos_program
from tests.chaos import checks, t01_kills
from tests.chaos.acts import Act
from tests.chaos.clients import Crowd
from tests.chaos.killer import Death, silences
from tests.lived_month import Lived
from tests.proof import PROOFS


@pytest.fixture
def events(lived: Lived) -> list[Recorded]:
    return list(lived.site.house.log.read_all())


@pytest.fixture
def acts(events: list[Recorded]) -> list[Act]:
    """As if every order and every payment of the month had been acknowledged to a client of ours."""
    found = []
    for event, placed in checks.placed(events):
        facts = {"cycle_id": placed.cycle_id, "household_id": placed.household_id, "quantities": checks.quantities(placed)}  # fmt: skip
        found.append(Act("order", "PUT", "", "", str(event.id), {}, facts, event.position))
    for event, taken in checks.taken(events):
        household_id, amount_cents, number = checks.money_of(taken)
        facts = {"household_id": household_id, "amount_cents": amount_cents}
        found.append(Act("payment", "POST", "", "", str(event.id), {"number": number}, facts, event.position))
    assert len(checks.orders_of(found)) > 20
    assert len(checks.money_acts(found)) > 5
    return found


def problems(acts: list[Act], events: list[Recorded]) -> list[str]:
    return [*checks.identities(events), *checks.orders_kept(acts, events), *checks.money_kept(acts, events),
            *checks.books(events)]  # fmt: skip


def test_a_quiet_month_has_no_problems(acts: list[Act], events: list[Recorded]) -> None:
    assert problems(acts, events) == []
    assert checks.lost(acts, events) == checks.duplicates(acts, events) == 0


@pytest.mark.parametrize(
    ("kind", "words"), [("order", "acknowledged but not in the log"), ("payment", "money acknowledged")]
)
def test_what_is_lost_is_found(acts: list[Act], events: list[Recorded], kind: str, words: str) -> None:
    gone = next(act for act in acts if act.kind == kind)
    without = [event for event in events if event.position != gone.position]
    assert any(words in problem for problem in problems(acts, without))
    assert any("with gaps" in problem for problem in checks.identities(without))
    assert checks.lost(acts, without) == 1


@pytest.mark.parametrize("kind", ["order", "payment"])
def test_what_is_carried_out_twice_is_found(acts: list[Act], events: list[Recorded], kind: str) -> None:
    act = next(act for act in acts if act.kind == kind)
    twice = [*events, next(event for event in events if event.position == act.position)]
    found = problems(acts, twice)
    assert any("carried out twice" in problem for problem in found)
    assert any("event id twice" in problem for problem in found)
    assert checks.duplicates(acts, twice) == (kind == "payment")


def test_a_payment_taken_again_by_another_command_is_found(acts: list[Act], events: list[Recorded]) -> None:
    """What a retry with a new key does: other event id, other revision, the same money."""
    act = next(act for act in acts if act.kind == "payment")
    event = next(event for event in events if event.position == act.position)
    again = Recorded(event.id, "till-other", 0, event.type, event.data, b"", events[-1].position + 10, event.created)
    assert "1 payments taken twice" in problems(acts, [*events, again])


def test_another_content_is_found(acts: list[Act], events: list[Recorded]) -> None:
    at = next(place for place, act in enumerate(acts) if act.kind == "order")
    acts[at] = replace(acts[at], facts=acts[at].facts | {"quantities": {"something-else": 1}})
    assert any("acknowledged but not in the log" in problem for problem in problems(acts, events))


def test_another_amount_is_found(acts: list[Act], events: list[Recorded]) -> None:
    at = next(place for place, act in enumerate(acts) if act.kind == "payment")
    acts[at] = replace(acts[at], facts=acts[at].facts | {"amount_cents": 1})
    assert any("money acknowledged but not in the log" in problem for problem in problems(acts, events))


def test_what_never_came_through_is_found(acts: list[Act], events: list[Recorded]) -> None:
    acts.append(Act("order", "PUT", "", "", "key", {}, {"cycle_id": "c", "household_id": "h", "quantities": {}}))
    assert "never acknowledged: key" in problems(acts, events)


def test_an_entry_out_of_balance_is_found(events: list[Recorded]) -> None:
    event = next(event for event in events if event.type == "ledger.payment-taken")
    tilted = Recorded(event.id, event.stream, event.revision, event.type,
                      event.data.replace(b'"amount_cents":-', b'"amount_cents":-1', 1), event.metadata, event.position, event.created)  # fmt: skip
    assert tilted.data != event.data
    found = checks.books([tilted if event is old else old for old in events])
    assert any("an entry sums to" in problem for problem in found)
    assert any("the accounts of group" in problem for problem in found)
    assert any("all accounts sum to" in problem for problem in found)


def crowd_of(*acts: Act) -> Crowd:
    crowd = Crowd.__new__(Crowd)
    crowd.acts = list(acts)
    return crowd


def told(kind: str, begun: float, told_at: float, asked: float = 0.0) -> Act:
    return Act(kind, "", "", "", "", {}, {}, 1, begun=begun, told_at=told_at, last_asked=asked or begun)


def test_silence_is_measured_by_kind_of_command() -> None:
    """Orders were away for four seconds; that payments went on does not shorten it."""
    crowd = crowd_of(told("order", 9.0, 9.5), told("order", 10.5, 14.0), told("payment", 10.1, 10.2))
    assert silences(crowd, [Death("serve-orders", 10.0, overlapping=False)]) == {"serve-orders": [3.5]}


def test_who_waited_already_when_it_died_has_waited_since_then() -> None:
    """One hung and was asked again; one was answered in passing, which says nothing; the third found it back."""
    crowd = crowd_of(told("order", 9.0, 14.5, asked=13.0), told("order", 9.9, 10.1), told("order", 13.5, 14.0))
    assert silences(crowd, [Death("serve-orders", 10.0, overlapping=False)]) == {"serve-orders": [4.0]}


def test_what_nobody_asked_for_was_not_away() -> None:
    crowd = crowd_of(told("order", 10.1, 10.2), told("season", 9.9, 10.1), told("season", 15.0, 15.2))
    assert silences(crowd, [Death("mailer", 10.0, overlapping=False)]) == {"mailer": [pytest.approx(0.2)]}


def test_deaths_that_fall_together_say_nothing_about_one() -> None:
    crowd = crowd_of(told("order", 10.5, 14.0), told("payment", 12.5, 13.0), told("order", 12.5, 14.1), told("order", 20.1, 20.2), told("payment", 20.1, 20.3))  # fmt: skip
    deaths = [Death("broker", 10.0, overlapping=False), Death("relay", 12.0, overlapping=True), Death("mailer", 20.0, overlapping=False)]  # fmt: skip
    assert silences(crowd, deaths) == {"mailer": [pytest.approx(0.2)]}


def test_a_death_while_another_process_was_not_back_says_nothing_about_its_victim() -> None:
    crowd = crowd_of(told("order", 20.1, 24.2))
    assert silences(crowd, [Death("mailer", 20.0, overlapping=False, whole=False)]) == {}


def test_a_late_return_is_a_miss() -> None:
    assert t01_kills.late({"broker": 9.9, "gateway": 1.9, "relay": 0.1}) == []
    assert len(t01_kills.late({"broker": 10.1, "gateway": 2.1})) == 2


@pytest.mark.parametrize("test", sorted(chaos_program.SCENARIOS))
def test_every_proof_of_the_long_form_can_be_played(test: str) -> None:
    module = chaos_program.SCENARIOS[test].args[0]  # type: ignore[attr-defined]
    proof = importlib.import_module(f"tests.chaos.{module}")
    assert callable(proof.run)
    assert test == proof.TEST
    assert test in PROOFS
