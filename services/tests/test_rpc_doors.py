"""What a door answers, whatever happens behind it."""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from prometheus_client import REGISTRY

from grenier.doors import Context, dispatch, door, door_names
from grenier.errors import Forbidden, Invalid, NotFound, Rejected, Unavailable
from grenier.log import LogUnavailable, WrongVersion


class Pantry:
    name = "pantry"

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.called: list[tuple[dict[str, Any], Context]] = []

    @door
    def put(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        self.called.append((payload, context))
        if self.error:
            raise self.error
        return {"id": payload.get("id")}

    @door
    def look(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        return {"day": date(2026, 11, 21), "at": datetime(2026, 1, 2, tzinfo=UTC), "id": UUID(int=7), "pair": (1, 2)}

    def hidden(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        raise AssertionError("not a door")


def test_only_marked_methods_are_doors() -> None:
    assert door_names(Pantry()) == door_names(Pantry) == ["look", "put"]


def test_an_answer_is_ok_and_the_context_is_typed() -> None:
    pantry = Pantry()
    answer = dispatch(pantry, "put", {"id": 1}, {"actor": "p1", "after": 12, "something_new": True})
    assert answer == {"ok": {"id": 1}}
    assert pantry.called == [({"id": 1}, Context(actor="p1", after=12))]


def test_answers_consist_of_json_values() -> None:
    assert json.loads(json.dumps(dispatch(Pantry(), "look", {}, {}))) == {
        "ok": {
            "day": "2026-11-21",
            "at": "2026-01-02T00:00:00Z",
            "id": "00000000-0000-0000-0000-000000000007",
            "pair": [1, 2],
        }
    }


@pytest.mark.parametrize(
    ("error", "code", "status", "facts"),
    [
        (Rejected("cycle-not-open", cycle_id="c1"), "cycle-not-open", 409, {"cycle_id": "c1"}),
        (Rejected("late", at=datetime(2026, 1, 2, tzinfo=UTC)), "late", 409, {"at": "2026-01-02T00:00:00Z"}),
        (Rejected("odd", thing=object), "odd", 409, {"thing": "<class 'object'>"}),
        (NotFound(), "not-found", 404, {}),
        (Forbidden(), "forbidden", 403, {}),
        (Invalid(fields={"a": ["missing"]}), "invalid", 422, {"fields": {"a": ["missing"]}}),
        (Unavailable("db-away", retry_after=5), "db-away", 503, {"retry_after": 5}),
        (WrongVersion("cycle-1", 3, 4), "conflict-retry", 503, {"stream": "cycle-1", "retry_after": 1}),
        (LogUnavailable("no route"), "log-unavailable", 503, {"retry_after": 2}),
        (KeyError("secret"), "internal", 500, {}),
    ],
)
def test_an_error_becomes_code_status_and_facts(error: Exception, code: str, status: int, facts: dict) -> None:
    assert dispatch(Pantry(error), "put", {}, {}) == {"error": {"code": code, "status": status, "facts": facts}}


def test_a_database_that_is_locked_is_away_and_one_without_the_table_is_a_fault(tmp_path: Path) -> None:
    def code_of(raised: Exception) -> str:
        return str(dispatch(Pantry(raised), "put", {}, {})["error"]["code"])

    url = f"sqlite:///{tmp_path / 'views.sqlite'}"
    narrow, other = (
        sa.create_engine(url, connect_args={"timeout": 0}, pool_size=1, max_overflow=0, pool_timeout=0)
        for _ in range(2)
    )
    first, second = narrow.connect(), other.connect()
    first.exec_driver_sql("BEGIN IMMEDIATE")
    with pytest.raises(sa.exc.OperationalError) as locked:
        second.exec_driver_sql("BEGIN IMMEDIATE")
    with pytest.raises(sa.exc.OperationalError) as absent:
        second.exec_driver_sql("SELECT * FROM people")
    with pytest.raises(sa.exc.TimeoutError) as crowded:
        narrow.connect()
    assert [code_of(found.value) for found in (locked, absent, crowded)] == ["unavailable", "internal", "unavailable"]
    for connection in (first, second):
        connection.close()


def test_what_nobody_foresaw_is_logged_but_not_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        answer = dispatch(Pantry(ValueError("a secret")), "put", {}, {})
    assert "secret" not in str(answer)
    assert "pantry.put failed" in caplog.text
    assert "a secret" in caplog.text


def test_a_call_whose_deadline_has_passed_is_not_executed() -> None:
    pantry = Pantry()
    answer = dispatch(pantry, "put", {}, {"deadline": time.time() - 0.1})
    assert (answer["error"]["code"], answer["error"]["status"]) == ("deadline-passed", 503)
    assert pantry.called == []
    assert "ok" in dispatch(pantry, "put", {}, {"deadline": time.time() + 5})


@pytest.mark.parametrize("method", ["hidden", "missing", "name", "__init__"])
def test_what_is_not_a_door_cannot_be_called(method: str) -> None:
    assert dispatch(Pantry(), method, {}, {})["error"]["code"] == "unknown-method"


@pytest.mark.parametrize(
    ("payload", "context", "code"),
    [
        ([], {}, "payload-invalid"),
        (None, {}, "payload-invalid"),
        ({}, {"after": "x"}, "context-invalid"),
        ({}, None, "context-invalid"),
    ],
)
def test_a_call_of_the_wrong_shape_is_invalid(payload: Any, context: Any, code: str) -> None:
    answer = dispatch(Pantry(), "put", payload, context)
    assert (answer["error"]["code"], answer["error"]["status"]) == (code, 422)


def test_calls_are_measured_and_unknown_names_make_no_series() -> None:
    def count(method: str, outcome: str) -> float:
        labels = {"service": "pantry", "method": method, "outcome": outcome}
        return REGISTRY.get_sample_value("grenier_rpc_seconds_count", labels) or 0.0

    before = count("put", "ok"), count("put", "refused"), count("unknown", "unavailable")
    dispatch(Pantry(), "put", {}, {})
    dispatch(Pantry(Rejected("no")), "put", {}, {})
    dispatch(Pantry(), "made-up", {}, {})
    after = count("put", "ok"), count("put", "refused"), count("unknown", "unavailable")
    assert [now - then for now, then in zip(after, before, strict=True)] == [1, 1, 1]
    assert count("made-up", "unavailable") == 0
