"""Coming in, as a long form: login links (T35), writing across sites (T36), the book of logins (T40)."""

from __future__ import annotations

import random
import re
import statistics
import threading
import time
from typing import Any

from sqlalchemy import delete, select, update

from gateway.auth_db import audit
from gateway.identity import cookie_name
from tests.isolation import World
from tests.proof import Row

TIMED = 1_000
ROUNDS = 20
AT_ONCE = 50
APART_MS = 5.0
BOOKED = 2_000
TAMPERED = 200
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
ELSEWHERE: tuple[dict[str, Any], ...] = (
    {"headers": {"Origin": "https://evil.example"}},
    {"headers": {"Sec-Fetch-Site": "cross-site"}},
    {"headers": {"Sec-Fetch-Site": "same-site"}},
    {"headers": {"Origin": "http://localhost:9"}},
    {"data": "a=1", "content_type": "text/plain"},
    {"data": "a=1", "content_type": "application/x-www-form-urlencoded"},
    {},
)


def t35(world: World, timed: int = TIMED) -> Row:
    """One session of many redemptions at once; known and unknown addresses answered the same bytes in the same time."""
    site = world.lived.site
    gateway, person, problems = site.app.extensions["grenier"], world.lived.groups[0].organiser, []
    for number in range(ROUNDS):
        secret, found = gateway.links.issue(person), []
        threads = [
            threading.Thread(target=lambda s=secret, f=found: f.append(gateway.links.redeem(s))) for _ in range(AT_ONCE)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if sum(bool(each) for each in found) != 1:
            problems.append(f"round {number}: {sum(bool(each) for each in found)} sessions")
    apart, same = _timed(world, timed)
    if not same:
        problems.append("known and unknown addresses are answered differently")
    if apart > APART_MS:
        problems.append(f"known and unknown addresses are {apart:.1f} ms apart")
    return Row(
        "T35", {"redemptions": ROUNDS * AT_ONCE, "asked": 2 * timed, "medians apart (ms)": round(apart, 2)}, problems
    )


def _timed(world: World, timed: int) -> tuple[float, bool]:
    app = world.lived.site.app
    gateway = app.extensions["grenier"]
    later, hit = gateway.defer, gateway.limits.hit
    gateway.defer, gateway.limits.hit = (lambda *_: None), (lambda *_args, **_options: 0)
    try:
        client = app.test_client()
        token = _token(client)
        known = world.lived.as_(world.lived.groups[0].organiser).get("/me/data")["person"]["email"]
        took: dict[str, list[float]] = {known: [], "nobody@nowhere.example": []}
        answers = set()
        for _ in range(timed):
            for email, times in took.items():
                began = time.perf_counter()
                answer = client.post("/connexion/lien", data={"email": email, "csrf_token": token})
                times.append(time.perf_counter() - began)
                answers.add((answer.status_code, answer.data))
    finally:
        gateway.defer, gateway.limits.hit = later, hit
    medians = [statistics.median(times) for times in took.values()]
    return abs(medians[0] - medians[1]) * 1000, len(answers) == 1


def t36(world: World) -> Row:
    """Every unsafe route as a browser of somebody signed in would be made to call it from another site."""
    app, problems, tried = world.lived.site.app, [], 0
    gateway, log = app.extensions["grenier"], world.lived.site.house.log
    client = app.test_client()
    client.set_cookie(cookie_name(gateway.settings), gateway.sessions.open(world.lived.federation.central))
    token, before = _token(client), log.head()
    for found in app.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", "x", found.rule)
        for method in sorted((found.methods or set()) & UNSAFE):
            for way in ELSEWHERE:
                told = dict(way.get("headers", {}))
                carried = {**told, "X-CSRF-Token": token} if told else {}
                answer = client.open(path, method=method, **{**way, "headers": carried})
                tried += 1
                if answer.status_code not in (400, 403, 404, 415):
                    problems.append(f"{method} {path} {way}: {answer.status_code}")
    if log.head() != before:
        problems.append("something was written")
    return Row("T36", {"cross-site requests": tried, "written": log.head() - before}, problems)


def t40(world: World, seed: int = 1) -> Row:
    """Rows of the book changed or removed at random: each time it is found."""
    book, drawn = world.lived.site.app.extensions["grenier"].audit, random.Random(seed)
    for number in range(BOOKED):
        book.record("signed-in", f"p{number}", "login.use_link", "192.0.2.1")
    problems, engine = list(book.problems()), book._engine
    last = book.last(1)[0]["seq"]
    for _ in range(TAMPERED):
        seq, column = drawn.randint(1, last), drawn.choice(["at", "what", "person_id", "place", "source", "seal", ""])
        with engine.begin() as db:
            row = dict(db.execute(select(audit).where(audit.c.seq == seq)).one()._mapping)
            here = audit.c.seq == seq
            if column:
                db.execute(update(audit).where(here).values({column: 1 if column == "at" else row[column] + "~"}))
            else:
                db.execute(delete(audit).where(here))
        if not book.problems():
            problems.append(f"row {seq}, {column or 'removed'}: not found")
        with engine.begin() as db:
            db.execute(delete(audit).where(audit.c.seq == seq))
            db.execute(audit.insert().values(**row))
    return Row("T40", {"rows": last, "tampered with": TAMPERED}, problems)


def _token(client: Any) -> str:
    found = re.search(r'csrf-token" content="(\w+)"', client.get("/connexion").text) or re.search(
        r'csrf-token" content="(\w+)"', client.get("/").text
    )
    assert found is not None
    return found[1]
