"""While the log is away: what was there is shown and says its age, changes are refused at once (T7)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from gateway_fakes import cookie, make_gateway

from gateway.staleness import Freshness
from grenier.errors import Unavailable
from grenier.log import LogUnavailable
from grenier.pulse import Pulse, Watch


def now_and_again(ask: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    until = time.monotonic() + 10
    while not wanted(found := ask()):
        assert time.monotonic() < until
        time.sleep(0.02)
    return found


class Frozen:
    """A freshness whose log can be made to hang."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.open.set()
        self.fresh_at = time.monotonic()

    def look(self) -> None:
        self.open.wait(30)
        self.fresh_at = time.monotonic()

    def due(self) -> bool:
        return True

    def age_s(self, log_away: bool) -> float | None:
        return time.monotonic() - self.fresh_at if log_away else None

    def position(self) -> int:
        return 4711


@pytest.fixture
def frozen(tmp_path):
    found = Frozen()
    watch = Watch(Pulse("broker", lambda: None), Pulse("log", found.look, patience_s=0.05))
    app = make_gateway(tmp_path / "data", freshness=found, watch=watch)
    yield app, found
    found.open.set()


def test_pages_and_answers_say_how_old_they_are_while_the_log_is_away(frozen) -> None:
    app, log = frozen
    client = app.test_client()
    well = client.get("/connexion")
    assert "Grenier-Data-Age" not in well.headers
    assert "peuvent être anciens" not in well.text
    log.open.clear()
    page = now_and_again(lambda: client.get("/connexion"), lambda found: "Grenier-Data-Age" in found.headers)
    assert page.status_code == 200
    assert page.headers["Grenier-Data-Position"] == "4711"
    assert "peuvent être anciens" in page.text
    assert "le journal ne répond pas" in page.text
    assert "the log does not answer" in client.get("/connexion", headers={"Accept-Language": "en"}).text
    log.open.set()
    now_and_again(lambda: client.get("/connexion"), lambda found: "Grenier-Data-Age" not in found.headers)


def test_a_question_that_cannot_wait_for_the_own_last_write_answers_what_was_there(app, rpc, sign_in) -> None:
    client, _ = sign_in("p-nadia")
    rpc.answers["contracts", "household"] = lambda **_: {}
    gateway = app.extensions["grenier"]
    asked: list[int | None] = []
    answer = rpc.call

    def call(service, method, payload, context):
        asked.append(context.get("after"))
        if context.get("after"):
            raise Unavailable("view-behind")
        return answer(service, method, payload, context)

    session = gateway.sessions.find(client.get_cookie(cookie(app)).value)
    gateway.sessions.wrote(session, 17)
    rpc.call = call
    assert client.get("/api/v1/households/h-1").status_code == 200
    assert asked[:2] == [17, None]
    strict = client.get("/api/v1/households/h-1?after=17")
    assert strict.status_code == 503, "whoever names a position gets it, or nothing"


class Views:
    """A view database at a position, and a log with something behind it."""

    def __init__(self) -> None:
        self.at, self.upcoming, self.away = 5, None, False
        self.time = 0.0
        self.service = type("S", (), {"all_views": ()})()
        self.db = self

    def rows(self, _statement):
        return []

    def next_position(self, **_):
        if self.away:
            raise LogUnavailable("gone")
        return self.upcoming


def test_views_are_old_when_they_stand_before_something_not_while_they_move() -> None:
    views = Views()
    freshness = Freshness(views, views, now=lambda: views.time)
    freshness.position = lambda: views.at

    def look_at(moment: float) -> float | None:
        views.time = moment
        freshness.look()
        return freshness.age_s(log_away=False)

    assert look_at(3) is None
    views.upcoming = 9
    views.at = 6
    assert look_at(6) is None, "moving"
    assert look_at(9) is None, "standing for three seconds is no delay"
    assert look_at(15) == 9.0
    views.at, views.upcoming = 9, None
    assert look_at(18) is None


def test_the_age_counts_from_the_last_look_that_found_all_complete() -> None:
    views = Views()
    freshness = Freshness(views, views, now=lambda: views.time)
    freshness.position = lambda: 5
    views.time = 3
    freshness.look()
    views.away, views.time = True, 63
    with pytest.raises(LogUnavailable):
        freshness.look()
    assert freshness.age_s(log_away=True) == 60
