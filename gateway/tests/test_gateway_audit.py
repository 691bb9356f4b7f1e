"""The book of who came in and who was turned away, and that nobody can touch it unseen (T40, V16.2, V16.3)."""

import io
import json
import logging
import threading

import pytest
from gateway_fakes import token_of
from sqlalchemy import delete, insert, select, text, update

from gateway.auth_db import audit, audit_head, open_auth_db
from gateway.security.audit import Audit
from grenier.logging import configure

pytestmark = pytest.mark.proof("T40")
PASSWORD = "une phrase assez longue"


def book(app):
    return app.extensions["grenier"].audit


@pytest.fixture
def told(app):
    """What is written down from now on."""
    before = max((row["seq"] for row in book(app).last(1)), default=0)
    return lambda: [row for row in book(app).last(100) if row["seq"] > before]


@pytest.fixture
def chain(tmp_path):
    """A book of its own with twenty rows."""
    kept = Audit(open_auth_db(f"sqlite:///{tmp_path / 'book.sqlite'}"), b"k" * 32, lambda: 1_000.0)
    written(kept, 20)
    assert kept.problems() == []
    return kept


def written(kept, rows):
    for number in range(rows):
        kept.record("signed-in", f"p{number}", "login.use_link", "10.0.0.1")


def log_in(client, password):
    return client.post(
        "/connexion", data={"email": "nadia@example.org", "password": password, "csrf_token": token_of(client)}
    )


def test_logins_refusals_and_changes_of_credentials_are_written_down(app, client, told):
    app.extensions["grenier"].passwords.set("p-nadia", PASSWORD)
    log_in(client, "faux")
    log_in(client, PASSWORD)
    client.post("/connexion/lien/inconnu", data={"csrf_token": token_of(client)})
    credentials = {"email": "nadia@example.org", "password": PASSWORD, "label": "tableau"}
    token = app.test_client().post("/api/v1/tokens", json=credentials).json
    carried = {"Authorization": f"Bearer {token['token']}"}
    app.test_client().delete(f"/api/v1/tokens/{token['id']}", headers=carried)
    client.post("/deconnexion", data={"csrf_token": token_of(client)})
    what = [row["what"] for row in told()]
    assert what == [
        "password-refused", "password-right", "signed-in", "link-refused", "password-right", "token-made", "token-revoked",
        "signed-out",
    ]  # fmt: skip
    assert {row["person_id"] for row in told()} == {"p-nadia", ""}
    assert all(row["at"] == int(app.fakes["now"].at) and row["place"] for row in told())


def test_who_asks_for_what_is_not_theirs_is_written_down_whatever_they_are_told(told, sign_in):
    client, token = sign_in("p-nadia")
    for path in ("/api/v1/groups/g-elsewhere/members", "/api/v1/groups/g-nowhere/members"):
        assert client.get(path).status_code == 404
    foreign = {"Origin": "https://evil.example", "X-CSRF-Token": token}
    assert client.post("/langue", data={"language": "en"}, headers=foreign).status_code == 403
    assert [(row["what"], row["person_id"]) for row in told()[-3:]] == [("refused", "p-nadia")] * 3


def test_the_book_holds_no_address(app, client):
    log_in(client, "faux")
    with app.extensions["grenier"].db.connect() as db:
        stored = str(db.execute(select(audit)).all())
    assert "127.0.0.1" not in stored
    assert "nadia@" not in stored
    assert book(app).last(1)[0]["source"]


@pytest.mark.parametrize("column", ["at", "what", "person_id", "place", "source", "seal"])
def test_a_changed_row_is_found_whatever_was_changed(chain, column):
    db = chain._engine
    for seq in range(1, 21):
        with db.begin() as changing:
            before = changing.execute(select(audit.c[column]).where(audit.c.seq == seq)).scalar_one()
            other = before + 1 if column == "at" else f"{before[:-1]}~"
            changing.execute(update(audit).where(audit.c.seq == seq).values({column: other}))
        assert chain.problems() == [f"row {seq} is not as it was written"]
        with db.begin() as changing:
            changing.execute(update(audit).where(audit.c.seq == seq).values({column: before}))
    assert chain.problems() == []


@pytest.mark.parametrize("seq", [1, 10, 20])
def test_a_missing_row_is_found_even_at_the_end(chain, seq):
    with chain._engine.begin() as db:
        db.execute(delete(audit).where(audit.c.seq == seq))
    assert chain.problems() != []


def test_an_added_row_a_swap_and_an_empty_book_are_found(chain):
    db = chain._engine
    with db.begin() as changing:
        row = dict(changing.execute(select(audit).where(audit.c.seq == 20)).one()._mapping)
        changing.execute(insert(audit).values(**(row | {"seq": 21})))
        changing.execute(update(audit_head).values(seq=21))
    assert chain.problems() == ["row 21 is not as it was written"]
    with db.begin() as changing:
        changing.execute(delete(audit).where(audit.c.seq == 21))
        changing.execute(update(audit_head).values(seq=20))
        for old, new in ((3, 99), (4, 3), (99, 4)):
            changing.execute(update(audit).where(audit.c.seq == old).values(seq=new))
    assert chain.problems() == ["row 3 is not as it was written"]
    with db.begin() as changing:
        changing.execute(text("DELETE FROM audit"))
    assert chain.problems() == ["the end is not where it was"]


def test_many_at_once_make_one_chain(chain):
    threads = [threading.Thread(target=written, args=(chain, 5)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert chain.problems() == []
    assert len(chain.last(100)) == 60


def test_each_line_of_the_book_also_stands_in_the_log(app):
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    stream = io.StringIO()
    try:
        configure("gateway", stream=stream)
        book(app).record("signed-in", "p-nadia", "login.use_link", "10.0.0.1")
    finally:
        logging.getLogger().handlers[:] = handlers
        logging.getLogger().setLevel(level)
    line = json.loads(stream.getvalue().splitlines()[-1])
    assert {name: line[name] for name in ("event", "what", "person_id", "place")} == {
        "event": "audit", "what": "signed-in", "person_id": "p-nadia", "place": "login.use_link",
    }  # fmt: skip
    assert line["seal"] == book(app).last(1)[0]["seal"]
    assert "10.0.0.1" not in stream.getvalue()
