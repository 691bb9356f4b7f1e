"""The feed and the event stream: order, resuming, own groups only, bounded places, the end with the session."""

import json
import socket
import threading
import time
from uuid import uuid4

import pytest
from gateway_fakes import FakePlaces, FakeRpc, RealClock, make_gateway
from werkzeug.serving import make_server

from gateway.stream import PER_PERSON, Hub, create_app
from grenier.clock import SystemClock
from grenier.config import Settings
from grenier.log.memory import MemoryLog
from grenier.log.protocol import NO_STREAM, NewEvent


def convert(recorded):
    """What the vocabulary would publish: everything but events that are called secret."""
    if "secret" in recorded.type:
        return None
    return {"specversion": "1.0", "id": str(recorded.id), "type": recorded.type, "subject": recorded.stream, "data": {}}


def happen(log, name="orders.cycle-opened", group="g-belleville") -> int:
    metadata = json.dumps({"group": group} if group else {}).encode()
    return log.append(f"cycle-{uuid4()}", [NewEvent(uuid4(), name, b"{}", metadata)], expected=NO_STREAM).position


@pytest.fixture
def log():
    log = MemoryLog()
    yield log
    log.close()


@pytest.fixture
def app(tmp_path, log):
    return make_gateway(tmp_path / "data", log=log, to_cloudevent=convert)


def bearer_of(app, person):
    return {"Authorization": "Bearer " + app.extensions["grenier"].tokens.issue(person, "t")[1]}


def get(app, query="", person="p-paul"):
    return app.test_client().get(f"/api/v1/events?{query}", headers=bearer_of(app, person))


def types(answer):
    return [event["type"] for event in answer.json or json.loads(answer.data)]


def test_the_feed_answers_in_the_order_of_the_log_and_links_on(app, log):
    for number in range(5):
        happen(log, f"orders.step-{number}")
    first = get(app, "limit=3")
    assert first.mimetype == "application/cloudevents-batch+json"
    assert types(first) == ["orders.step-0", "orders.step-1", "orders.step-2"]
    link = first.headers["Link"]
    assert link.endswith('rel="next"')
    rest = app.test_client().get(link[1 : link.index(">")], headers=bearer_of(app, "p-paul"))
    assert types(rest) == ["orders.step-3", "orders.step-4"]
    assert types(get(app, f"after={rest.headers['Grenier-Position']}")) == []


def test_the_feed_shows_own_groups_public_events_and_what_was_asked(app, log):
    happen(log, "orders.own")
    happen(log, "orders.foreign", group="g-confitures")
    happen(log, "orders.secret-own")
    happen(log, "contracts.tiers-defined", group="")
    assert types(get(app)) == ["orders.own", "contracts.tiers-defined"]
    assert types(get(app, person="p-tom")) == ["orders.foreign", "contracts.tiers-defined"]
    assert types(get(app, person="p-lea")) == ["orders.own", "orders.foreign", "contracts.tiers-defined"]
    assert types(get(app, "type=orders.", person="p-lea")) == ["orders.own", "orders.foreign"]
    assert types(get(app, "group=g-confitures", person="p-lea")) == ["orders.foreign"]
    assert types(get(app, "group=g-confitures")) == []
    assert app.test_client().get("/api/v1/events").status_code == 401


def test_the_feed_waits_for_the_first_event(app, log):
    after = happen(log)
    threading.Timer(0.4, happen, [log, "orders.later"]).start()
    started = time.monotonic()
    assert types(get(app, f"after={after}&wait=10")) == ["orders.later"]
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "after=-1", "wait=99", "colour=red"])
def test_senseless_questions_are_refused(app, query):
    assert get(app, query).status_code == 422


def test_the_gateway_points_to_the_stream_process(app):
    answer = app.test_client().get(
        "/api/v1/stream?after=3", headers=bearer_of(app, "p-paul"), base_url="http://localhost:8400"
    )
    assert (answer.status_code, answer.headers["Location"]) == (307, "http://localhost:8401/api/v1/stream?after=3")


class Listener:
    """Reads a stream over a real socket, in a thread, and keeps what came."""

    def __init__(self, port: int, headers: dict[str, str], query: str = "") -> None:
        import http.client

        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self.connection.request("GET", f"/api/v1/stream{query}", headers=headers)
        self.socket = self.connection.sock
        self.answer = self.connection.getresponse()
        self.lines: list[str] = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        try:
            while line := self.answer.readline():
                self.lines.append(line.decode().rstrip("\n"))
        except OSError:
            pass  # closed by the test
        self.ended.set()

    def wait(self, condition, seconds=5.0) -> None:
        until = time.monotonic() + seconds
        while not condition(self) and time.monotonic() < until:
            time.sleep(0.02)
        assert condition(self), self.lines

    def events(self) -> list[str]:
        return [json.loads(line[6:])["type"] for line in self.lines if line.startswith("data: ")]

    def positions(self) -> list[int]:
        return [int(line[4:]) for line in self.lines if line.startswith("id: ")]

    def close(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def stream(tmp_path, log):
    """(application, port) of a running stream process."""
    settings = Settings(data_dir=tmp_path, session_secret="s" * 40, stream_threads=12)
    fakes = {"rpc": FakeRpc(), "access_view": FakePlaces(), "clock": SystemClock(), "now": RealClock()}
    app = create_app(settings, heartbeat_s=0.2, log=log, to_cloudevent=convert, **fakes)
    app.fakes = fakes
    server = make_server("127.0.0.1", 0, app, threaded=True)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield app, server.port
    server.shutdown()


def test_what_happens_arrives_once_and_in_order(stream, log):
    app, port = stream
    happen(log, "orders.before")
    listener = Listener(port, bearer_of(app, "p-paul"))
    listener.wait(lambda heard: heard.lines)
    assert listener.answer.headers["Content-Type"].startswith("text/event-stream")
    assert listener.answer.headers["X-Accel-Buffering"] == "no"
    positions = [happen(log, f"orders.step-{number}") for number in range(4)]
    happen(log, "orders.foreign", group="g-confitures")
    happen(log, "orders.secret")
    last = happen(log, "orders.last")
    listener.wait(lambda heard: "orders.last" in heard.events())
    assert listener.events() == ["orders.step-0", "orders.step-1", "orders.step-2", "orders.step-3", "orders.last"]
    assert listener.positions() == [*positions, last]
    assert "retry: 3000" in listener.lines
    listener.close()


def test_a_stream_resumes_behind_the_last_event_seen(stream, log):
    app, port = stream
    positions = [happen(log, f"orders.step-{number}") for number in range(4)]
    headers = {**bearer_of(app, "p-paul"), "Last-Event-ID": str(positions[1])}
    listener = Listener(port, headers)
    listener.wait(lambda heard: len(heard.events()) == 2)
    happen(log, "orders.new")
    listener.wait(lambda heard: len(heard.events()) == 3)
    assert listener.events() == ["orders.step-2", "orders.step-3", "orders.new"]
    listener.close()


def test_a_comment_keeps_the_line_open(stream):
    app, port = stream
    listener = Listener(port, bearer_of(app, "p-paul"))
    listener.wait(lambda heard: heard.lines.count(":") >= 2)
    listener.close()


def test_a_stream_ends_with_the_session(stream):
    app, port = stream
    sessions = app.extensions["grenier"].sessions
    secret = sessions.open("p-paul")
    listener = Listener(port, {"Cookie": f"grenier-8400={secret}"})
    listener.wait(lambda heard: heard.lines)
    sessions.close_all("p-paul")
    assert listener.ended.wait(5)
    again = Listener(port, {"Cookie": f"grenier-8400={secret}"})
    assert again.answer.status == 204  # do not come back


def test_nobody_listens_without_signing_in(stream):
    _app, port = stream
    assert Listener(port, {}).answer.status == 401
    assert Listener(port, {"Authorization": "Bearer grn_nonsense"}).answer.status == 401


def test_places_are_bounded_per_person_and_process_and_freed(stream, log):
    app, port = stream
    headers = bearer_of(app, "p-paul")
    mine = [Listener(port, headers) for _ in range(PER_PERSON)]
    assert {listener.answer.status for listener in mine} == {200}
    refused = Listener(port, headers)
    assert refused.answer.status == 503
    assert refused.answer.headers["Retry-After"]
    others = [Listener(port, bearer_of(app, "p-nadia")).answer.status for _ in range(3)]
    assert others == [200, 200, 503]  # 12 threads, 4 of them kept free
    mine[0].close()
    until = time.monotonic() + 5
    while Listener(port, headers).answer.status != 200 and time.monotonic() < until:
        time.sleep(0.2)
    assert time.monotonic() < until


def test_who_turns_pages_quickly_is_not_kept_out_by_the_screens_left_behind(stream, log):
    app, port = stream
    app.config["HEARTBEAT_S"] = 60.0
    headers = bearer_of(app, "p-paul")
    for _ in range(3 * PER_PERSON):
        screen = Listener(port, headers)
        assert screen.answer.status == 200
        screen.wait(lambda heard: heard.lines)
        screen.close()
    last = Listener(port, headers)
    happen(log, "orders.later")
    last.wait(lambda heard: heard.events() == ["orders.later"])
    last.close()


def test_a_reader_that_falls_behind_is_cut_off_and_others_go_on(log):
    hub = Hub(log, 10)
    slow, quick = hub.join("a"), hub.join("b")
    slow.maxsize = 3
    for number in range(6):
        happen(log, f"orders.step-{number}")
    until = time.monotonic() + 5
    while quick.qsize() < 6 and time.monotonic() < until:
        time.sleep(0.01)
    assert quick.qsize() == 6
    assert [slow.get_nowait() for _ in range(slow.qsize())][-1] is None


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://127.0.0.1:8400", True),
        ("http://localhost:8400", True),
        ("http://evil.example", False),
        ("http://127.0.0.1:9999", False),
    ],
)
def test_only_our_pages_may_listen(stream, origin, allowed):
    app, _port = stream
    answer = app.test_client().get("/health/live", base_url="http://127.0.0.1:8401", headers={"Origin": origin})
    assert (answer.headers.get("Access-Control-Allow-Origin") == origin) is allowed


def test_the_stream_process_refuses_in_json(stream):
    app, _port = stream
    answer = app.test_client().get("/nope")
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    assert answer.headers["Content-Security-Policy"]
