"""The gate: access rules of every route, form tokens, origins, headers, errors without inside knowledge."""

import re
import sqlite3

import pytest
from flask import Blueprint
from gateway_fakes import make_gateway, token_of

from gateway.access import UndeclaredRoutes, access, rule, rules_of
from gateway.app import build, finish

UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
HEADERS = (
    "Content-Security-Policy",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "Referrer-Policy",
    "Cross-Origin-Opener-Policy",
    "X-Correlation-Id",
)


def routes(app):
    for found in app.url_map.iter_rules():
        choices = {name: getattr(found._converters[name], "items", ()) for name in found.arguments}
        arguments = {name: next(iter(values), "1") for name, values in choices.items()}
        with app.test_request_context():
            from flask import url_for

            yield found, url_for(found.endpoint, **arguments, _external=False)


def open_every_gate(app) -> None:
    """Only the protection against other sites stands between a request and its view."""
    gateway = app.extensions["grenier"]
    gateway.rules = dict.fromkeys(gateway.rules, rule("public"))


def test_every_route_declares_who_may_come_in(app):
    assert set(rules_of(app)) == set(app.view_functions)


def test_a_route_without_a_rule_stops_the_start(tmp_path):
    app = build(make_gateway(tmp_path).extensions["grenier"])
    app.register_blueprint(open_door())
    with pytest.raises(UndeclaredRoutes, match=r"forgotten\.door"):
        finish(app)


def open_door() -> Blueprint:
    bp = Blueprint("forgotten", __name__)
    bp.add_url_rule("/open", "door", lambda: "in")
    return bp


def test_unknown_permissions_and_kinds_are_mistakes():
    with pytest.raises(ValueError, match="permission"):
        rule(may="orders.fly")
    with pytest.raises(ValueError, match="unknown"):
        access("everybody")


def test_private_routes_answer_nobody(app, client):
    for found, path in routes(app):
        if app.extensions["grenier"].rules[found.endpoint].kind in ("public", "demo", "local"):
            continue
        for method in found.methods - {"HEAD", "OPTIONS"}:
            assert client.open(path, method=method).status_code == 401, (method, path)


def test_rules_follow_group_and_permission(tmp_path):
    app = gate_app(tmp_path)
    statuses = {
        (person, path): app.test_client().get(path, headers=bearer_of(app, person)).status_code
        for person in ("p-nadia", "p-paul", "p-lea", "p-tom")
        for path in ("/g/g-belleville/members", "/g/g-belleville/regulate", "/g/g-belleville/till", "/g/none/members")
    }
    assert statuses == {
        ("p-nadia", "/g/g-belleville/members"): 200,
        ("p-nadia", "/g/g-belleville/regulate"): 200,
        ("p-nadia", "/g/g-belleville/till"): 403,  # she is the treasurer of another group
        ("p-nadia", "/g/none/members"): 404,
        ("p-paul", "/g/g-belleville/members"): 200,
        ("p-paul", "/g/g-belleville/regulate"): 403,
        ("p-paul", "/g/g-belleville/till"): 403,
        ("p-paul", "/g/none/members"): 404,
        ("p-lea", "/g/g-belleville/members"): 200,
        ("p-lea", "/g/g-belleville/regulate"): 200,
        ("p-lea", "/g/g-belleville/till"): 403,
        ("p-lea", "/g/none/members"): 200,  # the federation sees all groups; the service says there is none
        ("p-tom", "/g/g-belleville/members"): 404,
        ("p-tom", "/g/g-belleville/regulate"): 404,
        ("p-tom", "/g/g-belleville/till"): 404,
        ("p-tom", "/g/none/members"): 404,
    }


def test_a_foreign_group_and_no_group_answer_the_same_bytes(tmp_path):
    app = gate_app(tmp_path)
    answers = [
        app.test_client().get(f"/g/{group}/members", headers=bearer_of(app, "p-tom"))
        for group in ("g-belleville", "none")
    ]
    first, second = (
        re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|content=\"\w{64}\"|value=\"[^\"]*\"", "", answer.text) for answer in answers
    )
    assert first == second


def gate_app(folder):
    app = make_gateway(folder)
    bp = Blueprint("gate", __name__)
    for name, declared in (
        ("members", access("member")),
        ("regulate", access(may="orders.regulate")),
        ("till", access(role="treasurer")),
    ):
        bp.add_url_rule(f"/g/<group_id>/{name}", name, declared(lambda group_id: group_id))
    app._got_first_request = False
    app.register_blueprint(bp)
    return finish(app)


def bearer_of(app, person_id: str) -> dict[str, str]:
    return {"Authorization": "Bearer " + app.extensions["grenier"].tokens.issue(person_id, "t")[1]}


@pytest.mark.proof("T36")
def test_unsafe_requests_with_a_session_need_the_form_token(app, sign_in):
    client, _token = sign_in("p-nadia")
    open_every_gate(app)
    for found, path in routes(app):
        for method in found.methods & UNSAFE:
            answer = client.open(path, method=method)
            assert answer.status_code == 400, (method, path)
            if path.startswith("/api/"):
                assert answer.json["code"] == "form-expired"


@pytest.mark.proof("T36")
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://localhost:9999"},
    ],
)
def test_unsafe_requests_from_elsewhere_are_refused_even_with_the_token(app, sign_in, headers):
    client, token = sign_in("p-nadia")
    open_every_gate(app)
    for found, path in routes(app):
        for method in found.methods & UNSAFE:
            answer = client.open(path, method=method, headers={**headers, "X-CSRF-Token": token})
            assert answer.status_code == 403, (method, path)


def test_our_own_pages_may_send_even_when_the_browser_hides_the_origin(sign_in):
    client, token = sign_in("p-nadia")
    headers = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
    answer = client.post("/langue", data={"language": "en", "csrf_token": token}, headers=headers)
    assert answer.status_code == 302


@pytest.mark.proof("T36")
def test_a_token_of_another_session_is_worth_nothing(sign_in):
    _paul, paul_token = sign_in("p-paul")
    nadia, _token = sign_in("p-nadia")
    assert nadia.post("/langue", data={"language": "en", "csrf_token": paul_token}).status_code == 400


@pytest.mark.proof("T36")
def test_the_api_takes_no_form_that_a_foreign_page_could_send(sign_in):
    client, token = sign_in("p-nadia")
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        answer = client.post("/api/v1/tokens", data='{"a": 1}', content_type=kind, headers={"X-CSRF-Token": token})
        assert answer.status_code == 415, kind


def test_an_expired_form_offers_to_send_the_same_again(sign_in):
    client, _token = sign_in("p-nadia")
    page = client.post("/compte/jetons", data={"label": "tableau <de> bord", "csrf_token": "old"})
    assert page.status_code == 400
    assert 'name="label" value="tableau &lt;de&gt; bord"' in page.text
    assert 'action="/compte/jetons"' in page.text


def test_a_form_sent_without_a_session_waits_for_the_login(app, client):
    app.extensions["grenier"].passwords.set("p-nadia", "une phrase assez longue")
    token = token_of(client)
    page = client.post("/compte/jetons", data={"label": "mon texte", "csrf_token": token})
    assert page.status_code == 401
    kept = page.text.split('name="kept" value="')[1].split('"')[0].replace("&#34;", '"')
    data = {"email": "nadia@example.org", "password": "une phrase assez longue", "kept": kept, "csrf_token": token}
    resumed = client.post("/connexion", data=data)
    assert 'name="label" value="mon texte"' in resumed.text
    assert 'action="/compte/jetons"' in resumed.text


def test_every_answer_carries_the_security_headers(app, client):
    samples = [
        "/",
        "/nope",
        "/connexion",
        "/api/v1/me",
        "/api/v1/nope",
        "/static/grenier.css",
        "/health/live",
        "/compte",
    ]
    answers = [client.get(path) for path in samples]
    answers += [
        client.post("/"),
        client.put("/connexion"),
        client.post("/api/v1/tokens", data=b"{", content_type="application/json"),
    ]
    answers += [client.post("/api/v1/tokens", data=b"x" * 3_000_000, content_type="application/json")]
    for answer in answers:
        for header in HEADERS:
            assert answer.headers.get(header), (answer.request.path, answer.status_code, header)
        policy = answer.headers["Content-Security-Policy"]
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_https_installations_insist_on_it(tmp_path):
    app = make_gateway(tmp_path, url="https://grenier.example.org")
    assert "max-age" in app.test_client().get("/").headers["Strict-Transport-Security"]


def test_private_pages_are_not_kept_by_browsers(sign_in):
    client, _token = sign_in("p-nadia")
    assert client.get("/compte").headers["Cache-Control"] == "no-store"
    assert "max-age=31536000" in client.get("/static/grenier.css").headers["Cache-Control"]


def test_a_fault_of_ours_tells_a_number_and_nothing_else(tmp_path):
    class Broken:
        def call(self, *_args):
            raise RuntimeError("SELECT secret FROM /srv/table")

    app = make_gateway(tmp_path, rpc=Broken())
    client = app.test_client()
    headers = bearer_of(app, "p-nadia")
    page = client.get("/compte/mes-donnees", headers=headers)
    assert page.status_code == 500
    assert page.headers["X-Correlation-Id"] in page.text
    for leak in ("RuntimeError", "SELECT", "Traceback", "/work", "werkzeug", "site-packages"):
        assert leak not in page.text


def test_an_own_database_that_does_not_answer_is_told_as_away(app, monkeypatch):
    def locked(*_args):
        raise sqlite3.OperationalError("database is locked")

    headers = bearer_of(app, "p-nadia")
    monkeypatch.setattr(app.extensions["grenier"].tokens, "person_of", locked)
    answer = app.test_client().get("/api/v1/me", headers=headers)
    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (503, "unavailable", "2")


def test_a_refusal_whose_page_cannot_be_drawn_is_told_in_bare_words(app, client, monkeypatch):
    def broken(*_args, **_more):
        raise RuntimeError("SELECT secret FROM /srv/table")

    monkeypatch.setattr(app.jinja_env, "get_or_select_template", broken)
    page = client.get("/nulle-part")
    assert page.status_code == 404
    assert "Page introuvable" in page.text
    assert page.headers["X-Correlation-Id"] in page.text
    assert "SELECT" not in page.text


@pytest.mark.parametrize("path", ["/api/v1/tokens", "/api/v1/demo/loaded"])
def test_json_nested_too_deeply_is_malformed_and_no_fault(client, path):
    for body in (b"[" * 100_000, b'{"a":' * 100_000):
        answer = client.open(
            path, method="PUT" if "loaded" in path else "POST", data=body, content_type="application/json"
        )
        assert answer.status_code in (200, 400), answer.status_code


def test_what_is_not_there_among_the_files_is_not_kept(client):
    assert client.get("/static/nulle-part.css").headers["Cache-Control"] == "no-store"


def test_metrics_are_for_the_same_machine(client):
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "127.0.0.1"}).status_code == 200
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "10.0.0.8"}).status_code == 404
    assert client.get("/metrics", headers={"X-Forwarded-For": "10.0.0.8"}).status_code == 404


def test_pages_hold_no_inline_script_or_style(client):
    for path in ("/", "/connexion", "/composants", "/api/v1/docs", "/accessibilite"):
        page = client.get(path).text
        assert not re.search(r"<script(?![^>]*\bsrc=)", page), path
        assert not re.search(r"\sstyle=|<style|\son\w+=\"", page), path
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page), path
