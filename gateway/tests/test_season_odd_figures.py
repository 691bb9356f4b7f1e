"""Figures and days that nobody means: typed by mistake or sent by a program, they are refused at their field, never a fault of ours."""

import pytest
from season_forms import words
from season_house import Season


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    site = Season(tmp_path_factory.mktemp("odd"))
    site.jam = site.draft(title="Confitures", basket_kind="ordered")
    return site


def post(built, *parts: str, **fields: str):
    return built.client("Camille").post(built.path("contrats", built.jam, *parts), data=fields)


@pytest.mark.parametrize("day", ["05/11/99999999999999999999", "05/11", "31/02/2026", "x"])
def test_a_cashing_day_that_is_none(built, day: str) -> None:
    page = post(built, "modifier", "paiements", act="save", payee="Ferme", means="cheque", calendar=day)
    assert page.status_code == 422
    assert f"« {day} » n’est pas une date" in words(page)


@pytest.mark.parametrize(("typed", "kept"), [("05/11/26", "2026-11-05"), ("5.11.2026", "2026-11-05")])
def test_a_cashing_day_is_read_as_people_write_it(built, typed: str, kept: str) -> None:
    contract = built.draft(title="Dates")
    page = built.client("Camille").post(
        built.path("contrats", contract, "modifier", "paiements"),
        data={"act": "save", "payee": "Ferme", "means": "cheque", "calendar": typed},
    )
    assert page.status_code == 302, words(page)[-800:]
    assert built.call("contract", "Camille", contract_id=contract)["terms"]["payment"]["calendar"] == [kept]


@pytest.mark.parametrize("at", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_an_order_round_at_the_end_of_the_calendar(built, at: str) -> None:
    first = built.call("contract", "Camille", contract_id=built.jam)["terms"]["deliveries"][0]["delivery_id"]
    fields = {f"rounds.{first}.held": "1", f"rounds.{first}.opens_at": at, f"rounds.{first}.closes_at": at}
    page = post(built, "modifier", "commandes", act="save", **fields)
    assert page.status_code == 422
    assert "Une date et une heure" in words(page)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_of_another_age_is_refused_at_its_field(built, day: str) -> None:
    page = post(built, "modifier", "general", act="save", title="Confitures", starts_on=day, ends_on=day)
    assert page.status_code == 422
    assert "Une date, par exemple" in words(page)
    pattern = {"pattern.first": day, "pattern.until": day, "pattern.every": "month"}
    assert post(built, "modifier", "calendrier", act="propose", **pattern).status_code == 422


def test_the_version_of_a_form_is_a_number(built) -> None:
    fields = {"title": "Autre", "starts_on": "2026-11-01", "ends_on": "2027-01-31", "version": "deux"}
    assert post(built, "modifier", "general", act="save", **fields).status_code == 422
