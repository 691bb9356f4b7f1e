"""The section of order rounds, read from its form: known rounds keep their name, new ones are named by contracts-svc."""

from types import SimpleNamespace

from werkzeug.datastructures import MultiDict

from gateway.season import rounds
from gateway.season.typed import Typed

DELIVERIES = [
    {"delivery_id": key, "on": on, "starts": "18:30"} for key, on in (("a", "2026-11-26"), ("b", "2026-12-10"))
]


def typed(*delivery_ids):
    answers = MultiDict()
    for key in delivery_ids:
        answers[f"rounds.{key}.held"] = "1"
        answers[f"rounds.{key}.opens_at"] = "2026-11-09T08:00"
        answers[f"rounds.{key}.closes_at"] = "2026-11-16T20:00"
    return Typed(SimpleNamespace(typed=answers, errors={}))


def test_a_new_round_is_not_named_after_its_delivery_alone():
    known = {"round_id": "r-a", "delivery_id": "a", "opens_at": "", "closes_at": ""}
    terms = {"deliveries": DELIVERIES, "rounds": [known]}
    found = rounds.read(typed("a", "b"), terms, "Europe/Paris")["rounds"]
    assert [(row["delivery_id"], row["round_id"]) for row in found] == [("a", "r-a"), ("b", "")]
    assert [row["opens_at"] for row in found] == ["2026-11-09T07:00:00Z"] * 2


def test_a_delivery_without_its_tick_has_no_round():
    found = rounds.read(typed("b"), {"deliveries": DELIVERIES, "rounds": []}, "Europe/Paris")["rounds"]
    assert [row["delivery_id"] for row in found] == ["b"]
