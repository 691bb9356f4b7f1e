"""Signing in and out: links, passwords, tokens, and what happens to sessions."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from gateway_fakes import PEOPLE, cookie, make_gateway, token_of

from gateway.auth_db import forget_person, open_auth_db
from gateway.projections import service
from grenier.language.contracts import PersonErased
from grenier.testing_postgres import PROGRAMS, running_postgres


def link_secret(rpc) -> str:
    payload, _context = rpc.named("notify", "send_login_link")[-1]
    return payload["link"].rsplit("/", 1)[1]


def ask_link(client, email: str):
    return client.post("/connexion/lien", data={"email": email, "csrf_token": token_of(client)})


def press(client, secret: str):
    return client.post(f"/connexion/lien/{secret}", data={"csrf_token": token_of(client)})


def signed_in(client) -> bool:
    return client.get("/api/v1/me").status_code == 200


@pytest.mark.proof("T35")
def test_a_link_by_mail_signs_in_once(client, app, rpc):
    assert ask_link(client, "nadia@example.org").status_code == 303
    payload, context = rpc.named("notify", "send_login_link")[0]
    assert payload["person_id"] == "p-nadia"
    assert payload["link"].startswith("http://localhost:8400/connexion/lien/")
    assert context["actor"] == "system:gateway"
    secret = link_secret(rpc)
    assert press(client, secret).status_code == 302
    assert client.get("/api/v1/me").json["person_id"] == "p-nadia"
    assert press(app.test_client(), secret).status_code == 410


@pytest.mark.proof("T35")
def test_opening_a_link_never_uses_it_up(client, rpc):
    ask_link(client, "nadia@example.org")
    for _ in range(10):
        assert client.get(f"/connexion/lien/{link_secret(rpc)}").status_code == 200
    assert press(client, link_secret(rpc)).status_code == 302


@pytest.mark.proof("T35")
def test_a_link_works_in_another_browser_and_dies_after_ten_minutes(app, client, rpc):
    ask_link(client, "nadia@example.org")
    secret = link_secret(rpc)
    app.fakes["now"].at += 601
    assert press(app.test_client(), secret).status_code == 410


@pytest.mark.proof("T35")
def test_a_newer_link_replaces_the_older(app, client, rpc):
    ask_link(client, "nadia@example.org")
    older = link_secret(rpc)
    ask_link(client, "nadia@example.org")
    assert press(app.test_client(), older).status_code == 410
    assert press(app.test_client(), link_secret(rpc)).status_code == 302


@pytest.mark.proof("T35")
def test_links_are_stored_as_hashes_of_at_least_128_random_bits(app, client, rpc, tmp_path):
    ask_link(client, "nadia@example.org")
    secret = link_secret(rpc)
    assert len(secret) >= 43
    stored = b"".join(path.read_bytes() for path in (tmp_path / "data").glob("auth.sqlite*"))
    assert b"p-nadia" in stored
    assert secret.encode() not in stored
    assert b"nadia@example.org" not in stored


@pytest.mark.proof("T35")
def test_fifty_at_once_get_one_session(app, client, rpc):
    ask_link(client, "nadia@example.org")
    secret, found = link_secret(rpc), []
    links = app.extensions["grenier"].links
    threads = [threading.Thread(target=lambda: found.append(links.redeem(secret))) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [person for person in found if person] == [("p-nadia", "/")]


@pytest.mark.proof("T35")
def test_known_and_unknown_addresses_look_the_same(client, rpc):
    known, unknown = ask_link(client, "nadia@example.org"), ask_link(client, "nobody@example.org")
    assert (known.status_code, known.data, known.headers["Location"]) == (
        unknown.status_code,
        unknown.data,
        unknown.headers["Location"],
    )
    assert len(rpc.named("notify", "send_login_link")) == 1


@pytest.mark.proof("T35")
def test_at_most_five_mails_an_hour_go_to_one_address(app, client, rpc):
    answers = {ask_link(client, "nadia@example.org").status_code for _ in range(8)}
    assert answers == {303}
    assert len(rpc.named("notify", "send_login_link")) == 5
    app.fakes["now"].at += 3600
    ask_link(client, "nadia@example.org")
    assert len(rpc.named("notify", "send_login_link")) == 6


def test_a_link_leads_back_to_where_one_was_going_but_never_elsewhere(app, client, rpc):
    for wanted, led in (
        ("/compte", "/compte"),
        ("https://evil.example/", "/"),
        ("//evil.example", "/"),
        ("/\\evil", "/"),
    ):
        client.post(
            "/connexion/lien", data={"email": "paul@example.org", "next": wanted, "csrf_token": token_of(client)}
        )
        assert press(app.test_client(), link_secret(rpc)).headers["Location"] == led


def test_a_password_signs_in_and_a_wrong_one_does_not(app, client):
    app.extensions["grenier"].passwords.set("p-nadia", "une phrase assez longue")
    wrong = client.post(
        "/connexion", data={"email": "nadia@example.org", "password": "non", "csrf_token": token_of(client)}
    )
    assert wrong.status_code == 403
    assert not signed_in(client)
    right = client.post(
        "/connexion",
        data={"email": "nadia@example.org", "password": "une phrase assez longue", "csrf_token": token_of(client)},
    )
    assert right.status_code == 302
    assert signed_in(client)


def test_guessing_passwords_is_limited(app, client):
    data = {"email": "nadia@example.org", "password": "x", "csrf_token": token_of(client)}
    statuses = [client.post("/connexion", data=data).status_code for _ in range(10)]
    assert statuses == [403] * 8 + [429] * 2
    assert int(client.post("/connexion", data=data).headers["Retry-After"]) > 0


@pytest.mark.proof("T36")
def test_the_session_secret_changes_at_login(app, client, sign_in):
    old, _token = sign_in("p-paul")
    before = old.get_cookie(cookie(app)).value
    old.post("/demo/connexion", data={"person_id": "p-nadia", "csrf_token": token_of(old)})
    assert old.get_cookie(cookie(app)).value != before
    assert app.extensions["grenier"].sessions.find(before) is None


@pytest.mark.proof("T36")
def test_signing_out_ends_the_session_on_the_server(app, sign_in):
    client, token = sign_in("p-nadia")
    secret = client.get_cookie(cookie(app)).value
    client.post("/deconnexion", data={"csrf_token": token})
    assert not signed_in(client)
    client.set_cookie(cookie(app), secret)
    assert not signed_in(client)


@pytest.mark.proof("T36")
def test_a_disabled_person_is_out_at_once(app, sign_in, bearer):
    client, _token = sign_in("p-nadia")
    headers = bearer("p-nadia")
    assert signed_in(client)
    app.fakes["access_view"].gone.add("p-nadia")
    assert not signed_in(client)
    assert app.test_client().get("/api/v1/me", headers=headers).status_code == 401


@pytest.mark.proof("T36")
def test_sessions_end_without_use(app, sign_in):
    client, _token = sign_in("p-nadia")
    app.fakes["now"].at += 15 * 24 * 3600
    assert not signed_in(client)


@pytest.mark.proof("T36")
def test_the_cookie_is_for_this_host_only_and_invisible_to_scripts(tmp_path):
    app = make_gateway(tmp_path, url="https://grenier.example.org")
    client = app.test_client()
    page = client.get("/connexion", base_url="https://grenier.example.org")
    token = re.search(r'csrf-token" content="(\w+)"', page.text).group(1)
    answer = client.post(
        "/demo/connexion", base_url="https://grenier.example.org", data={"person_id": "p-nadia", "csrf_token": token}
    )
    header = next(value for value in answer.headers.getlist("Set-Cookie") if value.startswith("__Host-grenier="))
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(header.split("; "))
    assert "Domain" not in header


@pytest.mark.proof("T36")
def test_a_new_password_signs_out_other_devices(app, sign_in):
    phone, _ = sign_in("p-nadia")
    desk, token = sign_in("p-nadia")
    data = {"password": "une phrase assez longue", "again": "une phrase assez longue", "csrf_token": token}
    assert desk.post("/compte/mot-de-passe", data=data).status_code == 302
    assert signed_in(desk)
    assert not signed_in(phone)
    assert desk.post("/compte/mot-de-passe", data=data).status_code == 422  # now the current one is asked for


def test_short_or_different_passwords_are_refused_at_their_fields(sign_in):
    client, token = sign_in("p-nadia")
    page = client.post("/compte/mot-de-passe", data={"password": "court", "again": "court", "csrf_token": token})
    assert page.status_code == 422
    assert 'id="password-error"' in page.text
    page = client.post(
        "/compte/mot-de-passe", data={"password": "assez longue phrase", "again": "autre", "csrf_token": token}
    )
    assert 'id="again-error"' in page.text


def test_a_program_gets_a_token_for_a_password_and_can_lose_it(app, client):
    app.extensions["grenier"].passwords.set("p-nadia", "une phrase assez longue")
    body = {"email": "nadia@example.org", "password": "une phrase assez longue", "label": "essai"}
    made = client.post("/api/v1/tokens", json=body)
    assert made.status_code == 201
    headers = {"Authorization": f"Bearer {made.json['token']}"}
    assert client.get("/api/v1/me", headers=headers).json["person_id"] == "p-nadia"
    assert "token" not in client.get("/api/v1/tokens", headers=headers).json[0]
    assert client.delete(f"/api/v1/tokens/{made.json['id']}", headers=headers).status_code == 204
    assert client.get("/api/v1/me", headers=headers).status_code == 401


def test_nobody_revokes_the_token_of_another(app, bearer, client):
    token, _secret = app.extensions["grenier"].tokens.issue("p-paul", "de Paul")
    assert client.delete(f"/api/v1/tokens/{token.id}", headers=bearer("p-nadia")).status_code == 404
    assert [t.id for t in app.extensions["grenier"].tokens.of("p-paul")] == [token.id]


def test_demo_accounts_are_there_in_demonstrations_only(tmp_path, client):
    assert PEOPLE["p-nadia"]["name"] in client.get("/connexion").text
    app = make_gateway(tmp_path / "real", demo=False)
    real = app.test_client()
    assert PEOPLE["p-nadia"]["name"] not in real.get("/connexion").text
    for path in ("/demo/clock", "/demo/mailbox", "/api/v1/demo/clock"):
        assert real.get(path).status_code == 404
    assert real.post("/api/v1/demo/tokens", json={"person_id": "p-nadia"}).status_code == 404
    assert real.post("/demo/connexion", data={"person_id": "p-nadia", "csrf_token": token_of(real)}).status_code == 404


def test_forgetting_a_person_leaves_no_row(app, sign_in, bearer):
    sign_in("p-nadia")
    bearer("p-nadia")
    gateway = app.extensions["grenier"]
    gateway.passwords.set("p-nadia", "une phrase assez longue")
    forget_person(gateway.db, "p-nadia")
    assert gateway.sessions.count("p-nadia") == 0
    assert not gateway.tokens.of("p-nadia")
    assert not gateway.passwords.exists("p-nadia")


def test_the_worker_forgets_how_an_erased_person_signed_in(app, sign_in):
    sign_in("p-nadia")
    sign_in("p-paul")
    (policy,) = service().policies
    gateway = app.extensions["grenier"]
    policy.act(SimpleNamespace(settings=gateway.settings), SimpleNamespace(event=PersonErased(person_id="p-nadia")))
    assert (gateway.sessions.count("p-nadia"), gateway.sessions.count("p-paul")) == (0, 1)


def test_processes_that_start_at_once_share_the_tables(tmp_path):
    with ThreadPoolExecutor(8) as starts:
        engines = list(starts.map(open_auth_db, [f"sqlite:///{tmp_path / 'auth.sqlite'}"] * 8))
    assert len(engines) == 8


@pytest.mark.postgres
@pytest.mark.skipif(PROGRAMS is None, reason="no PostgreSQL programs")
def test_the_tables_also_live_in_postgresql(tmp_path):
    with running_postgres() as url:
        db, other = open_auth_db(url), open_auth_db(url)
        gateway = make_gateway(tmp_path / "gateway", db=db).extensions["grenier"]
        secret = gateway.sessions.open("p-nadia")
        assert gateway.sessions.find(secret).person_id == "p-nadia"
        assert gateway.tokens.person_of(gateway.tokens.issue("p-nadia", "essai")[1]) == "p-nadia"
        assert gateway.links.redeem(gateway.links.issue("p-nadia", "/")) == ("p-nadia", "/")
        assert [gateway.limits.hit("x", "y", at_most=1, per_s=60) > 0 for _ in range(2)] == [False, True]
        forget_person(other, "p-nadia")
        assert gateway.sessions.find(secret) is None
        db.dispose()
        other.dispose()
