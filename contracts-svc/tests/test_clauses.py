"""A group's own words in its documents: what is kept, what is given back, what is refused."""

from __future__ import annotations

import pytest

from contracts_svc.clauses import LONGEST, SetClauses
from contracts_svc.group import decider
from grenier.language.contracts import GroupFounded
from grenier.language.season import ClausesSet
from grenier.testing import given

FOUNDED = GroupFounded(group_id="g", host_id="h", kind="csa", name="AMAP")
OURS = ClausesSet(group_id="g", document="contract", clauses={"mention": "Bocaux consignés."})


def say(**clauses: str) -> SetClauses:
    return SetClauses(group_id="g", document="contract", clauses=clauses)


def test_a_group_writes_a_clause_in_its_own_words() -> None:
    given(decider, FOUNDED).when(say(mention=" Bocaux consignés. ")).then(OURS)


def test_the_same_words_once_more_are_nothing() -> None:
    given(decider, FOUNDED, OURS).when(say(mention="Bocaux consignés.", privacy="")).then()


def test_an_empty_clause_is_the_text_of_the_house_again() -> None:
    gone = ClausesSet(group_id="g", document="contract", clauses={"mention": ""})
    given(decider, FOUNDED, OURS).when(say(mention="")).then(gone)
    assert decider.evolve(decider.evolve(decider.initial, OURS), gone).clauses == {}


@pytest.mark.parametrize("clauses", [{"mention": "x" * (LONGEST + 1)}, {"Mention !": "x"}, {"": "x"}])
def test_what_no_document_could_print_is_refused(clauses: dict[str, str]) -> None:
    given(decider, FOUNDED).when(say(**clauses)).rejected("invalid")


def test_not_without_end() -> None:
    many = {f"clause_{chr(97 + at // 26)}{chr(97 + at % 26)}": "x" for at in range(30)}
    given(decider, FOUNDED).when(say(**many)).rejected("too-many-clauses")


def test_a_group_that_was_never_founded_has_no_words() -> None:
    given(decider).when(say(mention="x")).rejected("group-missing")
