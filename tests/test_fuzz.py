"""The short forms of `make fuzz`: one lived month, attacked through its own description, its forms and its edges (T32-T34, T37).

The month is shared: what changes nothing comes first, what may change anything comes last.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.fuzz import described, faults, fields, forms, matrix
from tests.fuzz.cast import player
from tests.house_app import Site
from tests.isolation import World, world_of
from tests.lived_month import live

SEED = 32


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    logging.disable(logging.CRITICAL)  # a few hundred forced failures
    site = Site(tmp_path_factory.mktemp("fuzz"))
    try:
        yield world_of(live(site))
    finally:
        logging.disable(logging.NOTSET)


@pytest.mark.proof("T34")
def test_answers_hold_no_key_that_the_golden_file_does_not_allow_to_that_role(world: World) -> None:
    told = fields.answered(world, ("eater", "volunteer", "treasurer", "producer", "central_team"))
    assert len(told) > 60
    assert fields.extra(told) == []


@pytest.mark.proof("T34")
def test_people_s_addresses_and_numbers_are_for_those_who_manage_members(world: World) -> None:
    found = fields.personal(world, ("eater", "producer"))
    assert found.problems == []
    assert found.number > 200


@pytest.mark.proof("T34")
def test_no_object_of_any_body_takes_a_privileged_field(world: World) -> None:
    found = fields.assigned(world, ("role", "group_id", "actor", "version", "amount_cents", "command_id"))
    assert found.problems == []
    assert (found.routes, found.number) > (50, 200)


@pytest.mark.proof("T33")
def test_around_the_addresses_strangers_find_nothing_either(world: World) -> None:
    """HEAD, OPTIONS, stored ETags, exports, capitals: for an organiser of the group until a moment ago."""
    matrix.revoked(world)
    found = matrix.around(world, "revoked", formats=("csv",), every=2)
    assert found.problems == []
    assert len(found.routes) > 100


@pytest.mark.proof("T33")
@pytest.mark.parametrize("role", ["organiser", "treasurer"])
def test_things_of_another_group_in_bodies_and_queries_of_one_s_own_routes(world: World, role: str) -> None:
    bodies, queries = matrix.smuggled(world, role), matrix.asked(world, role)
    assert bodies.problems + queries.problems == []
    assert bodies.number > 100
    assert queries.number > 10


@pytest.mark.proof("T37")
def test_whatever_breaks_behind_an_answer_it_tells_a_number_and_nothing_else(world: World) -> None:
    seen = faults.forced(world)
    assert seen.problems == []
    assert seen.forced >= 50


@pytest.mark.proof("T37")
def test_every_way_to_be_refused_carries_the_headers_and_tells_nothing(world: World) -> None:
    seen = faults.headers(world)
    assert seen.problems == []
    assert len(seen.routes) > 200


@pytest.mark.proof("T33")
def test_a_former_member_keeps_the_own_account_and_nothing_else(world: World) -> None:
    found = matrix.former(world)
    assert found.problems == []
    assert found.number > 200


@pytest.mark.proof("T32")
def test_the_api_keeps_what_its_description_says(world: World) -> None:
    site = world.lived.site
    # Their ids are gathered before anybody's token or role can be taken away.
    players = [player(world.lived, role) for role in ("organiser", "central_team")]
    fitting = described.Findings()
    for who in players:
        open_to = described.may_enter(site, who.role)
        found = described.attack(site, who, ("examples", "fuzzing"), 1, SEED, only=open_to)
        fitting.add(found)
        edges = described.attack(site, who, ("coverage",), 1, SEED, only=open_to[:: len(open_to) // 6])
        assert found.wrong | edges.wrong == {}
    assert fitting.cases > 200
    assert fitting.past >= fitting.cases / 2, "void: too little got past 4xx"


@pytest.mark.proof("T32")
def test_forms_survive_what_nobody_should_send(world: World) -> None:
    group, federation = world.lived.groups[0], world.lived.federation
    drawn = forms.drawn_forms(world, [federation.central, group.organiser, group.households[4].person_id])
    sent = forms.submit(world, drawn + forms.undrawn(world, drawn, group.organiser), SEED, most=2)
    assert sent.problems == []
    assert len(sent.endpoints) > 60
