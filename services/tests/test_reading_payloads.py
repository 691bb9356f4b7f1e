"""What a door reads: days that were mistyped are a fault of their field, and never of the service."""

from datetime import date, datetime

import msgspec
import pytest

from grenier.errors import Invalid
from grenier.runtime import read


class Line(msgspec.Struct):
    on: date


class Asked(msgspec.Struct):
    until: date | None = None
    at: datetime | None = None
    lines: list[Line] = []
    days: dict[str, date] = {}
    cents: int = 0
    shares: dict[str, int] = {}


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({"until": "9999-12-31"}, "until"),
        ({"until": "0026-11-26"}, "until"),
        ({"at": "9999-12-31T23:30:00Z"}, "at"),
        ({"lines": [{"on": "2026-11-26"}, {"on": "0001-01-01"}]}, "lines.1.on"),
        ({"days": {"first": "2200-01-01"}}, "days.first"),
        ({"until": "2026-02-30"}, "until"),
    ],
)
def test_a_mistyped_day_is_named_by_its_field(payload: dict, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(Asked, payload)
    assert refused.value.facts["fields"] == {field: ["Invalid RFC3339 encoded date"]}


@pytest.mark.parametrize(
    ("payload", "field"),
    [({"cents": 2**63}, "cents"), ({"cents": -(10**12) - 1}, "cents"), ({"shares": {"a": 1, "b": 10**30}}, "shares.b")],
)
def test_a_number_that_no_column_holds_is_named_by_its_field(payload: dict, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(Asked, payload)
    assert list(refused.value.facts["fields"]) == [field]
    assert read(Asked, {"cents": 10**12, "shares": {"a": -(10**12)}}).cents == 10**12


def test_days_that_people_mean_are_read() -> None:
    asked = read(Asked, {"until": "1900-01-01", "at": "2199-12-31T00:00:00Z", "lines": [{"on": "2026-11-26"}]})
    assert (asked.until, asked.lines[0].on) == (date(1900, 1, 1), date(2026, 11, 26))
