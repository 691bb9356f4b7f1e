"""What people can take away about themselves is all of it, and nothing of others; nothing personal reaches a log (T38, T40)."""

from __future__ import annotations

import csv
import io
import json
import logging
from typing import Any

import pytest

from gateway.table_files import _csv, _xlsx
from gateway.tables import Column, Table
from grenier.logging import configure
from tests.canary import ADDRESS, EMAIL, FIRST, LAST, MESSAGE, PHONE_STORED, TRACES, Canary, settle_in, take_part
from tests.house_app import Site
from tests.lived_month import Lived, live

pytestmark = pytest.mark.proof("T40")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lived, Canary, str, str]:
    """A month with a canary in it, the logs that were written while the canary lived in it, and the metrics."""
    lived = live(Site(tmp_path_factory.mktemp("own")))
    root = logging.getLogger()
    handlers, level, stream = root.handlers[:], root.level, io.StringIO()
    configure("site", level="debug", stream=stream)
    try:
        group = lived.groups[0]
        canary = settle_in(lived.stage.api, group)
        product = lived.federation.products["Comté 12 mois"]
        take_part(lived.stage.api, group, canary, lived.current_cycles[0].cycle_id, product)
        lived.site.tick()
        _awkward(lived.site, canary)
        metrics = lived.site.app.test_client().get("/metrics").text
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    return lived, canary, stream.getvalue(), metrics


def _awkward(site: Site, canary: Canary) -> None:
    """The canary's data where people put them by mistake: addresses, headers, bodies that are refused, lines of a log."""
    me, nobody = site.client(canary.person_id), site.client()
    for client in (me, nobody):
        client.get(f"/api/v1/persons?email={EMAIL}")
        client.get(
            f"/nulle-part/{EMAIL}?phone={PHONE_STORED}", headers={"User-Agent": f"{EMAIL} {FIRST}", "Referer": EMAIL}
        )
        client.post("/api/v1/tokens", json={"email": EMAIL, "password": LAST, "label": 'x\r\n{"event": "forged"}'})
        client.patch(f"/api/v1/persons/{canary.person_id}", json={"address": [ADDRESS], "phone": MESSAGE})
    client.get("/nulle-part%0d%0a%7b%22event%22:%22forged%22%7d", headers={"X-Correlation-Id": "forged"})


def test_the_export_is_complete(told: tuple[Lived, Canary, str, str]) -> None:
    lived, canary, _, _ = told
    found = lived.site.client(canary.person_id).get("/api/v1/me/data").json
    text = json.dumps(found, ensure_ascii=False)
    assert all(datum in text for datum in (FIRST, LAST, EMAIL, PHONE_STORED, ADDRESS))
    orders = found["orders"][canary.household_id]
    assert len(orders) == 1
    assert len(orders[0]["facts"]) >= 2
    assert found["statements"][canary.household_id]["lines"]
    assert found["missing"] == []
    assert found["slots"]
    assert found["messages"]
    assert found["preferences"] == {"announcements": True}
    assert {row["what"] for row in found["sign_in"]["book"]} >= {"password-refused"}
    assert lived.site.client(canary.person_id).get("/compte/mes-donnees").json.keys() == found.keys()


def test_the_export_is_free_of_others(told: tuple[Lived, Canary, str, str]) -> None:
    lived, canary, _, _ = told
    text = lived.site.client(canary.person_id).get("/api/v1/me/data").text
    others = [
        (person["person_id"], person["email"], person["last_name"])
        for group in lived.groups
        for home in lived.as_(group.organiser).get(f"/groups/{group.group_id}/members")["households"]
        for person in home["persons"]
        if home["household_id"] != canary.household_id
    ]
    assert len(others) > 10
    leaks = [data for other in others for data in other[1:] if data and f'"{data}"' in text]
    assert leaks == []


def test_nothing_personal_stands_in_logs_and_metrics(told: tuple[Lived, Canary, str, str]) -> None:
    _lived, canary, logs, metrics = told
    lines = [json.loads(line) for line in logs.splitlines()]
    assert {"audit"} <= {line["event"] for line in lines}
    assert [line for line in logs.splitlines() if any(trace.decode() in line for trace in TRACES)] == []
    assert [trace for trace in TRACES if trace.decode() in metrics] == []
    assert canary.person_id not in metrics
    assert canary.household_id not in metrics
    assert [line for line in lines if line.get("event") == "forged"] == []


def test_every_change_of_a_role_says_who_when_and_for_whom(told: tuple[Lived, Canary, str, str]) -> None:
    lived = told[0]
    changes = [event for event in lived.site.house.log.read_all() if "role-" in event.type]
    assert len(changes) > 5
    for change in changes:
        meta, data = json.loads(change.metadata), json.loads(change.data)
        assert meta["actor"]
        assert meta["at"]
        assert data["person_id"]


@pytest.mark.proof("T38")
@pytest.mark.parametrize(
    "evil", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", '=HYPERLINK("http://x")']
)
def test_no_cell_of_an_exported_table_is_computed(evil: str, told: Any) -> None:
    app = told[0].site.app
    with app.test_request_context("/"):
        table = Table("t", "t", [Column("a", evil), Column("b", "b")], [{"a": evil, "b": evil}])
        rows = list(csv.reader(io.StringIO(_csv(table).get_data(as_text=True).removeprefix("\ufeff")), delimiter=";"))
        sheet = _xlsx(table).get_data()
    cells = [cell for row in rows for cell in row]
    assert cells == [f"'{evil}", "b", f"'{evil}", f"'{evil}"]
    import zipfile

    assert b"<f>" not in zipfile.ZipFile(io.BytesIO(sheet)).read("xl/worksheets/sheet1.xml")


@pytest.mark.proof("T38")
@pytest.mark.parametrize("kind", ["drafts", "orders"])
def test_an_order_of_ten_thousand_lines_is_refused_before_anything_is_done(kind: str, told: Any) -> None:
    lived, canary = told[0], told[1]
    product = lived.federation.products["Comté 12 mois"]
    path = f"/api/v1/cycles/{lived.current_cycles[0].cycle_id}/{kind}/{canary.household_id}"
    before = lived.site.house.log.head()
    body = {"lines": [{"product_id": product, "quantity": 1}] * 10_000}
    assert lived.site.client(canary.person_id).put(path, json=body).status_code == 422
    assert lived.site.house.log.head() == before
