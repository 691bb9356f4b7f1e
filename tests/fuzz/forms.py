"""Every form of the pages with what nobody should send: hostile, missing, doubled, overlong, in strange characters (T32).

The forms are those that the pages really draw, for those who may see them; addresses that no page happened to draw get
a form with every field name there is. Never a 5xx; a refusal is a page in French whose words are all translated.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import quote_plus, urljoin, urlsplit

from flask.testing import FlaskClient
from werkzeug.routing import MapAdapter, Rule

from tests.isolation import World, form, routes, row_of, tries
from tests.isolation_rows import LAST_ACTS, LOCAL, Row
from tests.readable import text_of

HOSTILE: dict[str, tuple[bytes, ...]] = {
    "missing": (), "empty": (b"",), "blank": (b"   ",), "doubled": (b"1", b"2"), "long": (b"x" * 100_000,),
    "NUL": (b"a\0b",), "right to left": ("\u202eabc\u2066".encode(),), "half a pair": (b"\xed\xa0\x80",),
    "not UTF-8": (b"\xff\xfe",), "four bytes": ("𝒳😀".encode(),), "combining": (("e\u0301" * 300).encode(),),
    "negative": (b"-1",), "huge": (b"9" * 40,), "huge exponent": (b"1e400",), "fraction": (b"1,234567",), "not a number": (b"NaN",),
    "other digits": ("٣".encode(),), "superscript": ("²".encode(),), "endless": (b"9" * 5000,), "zero": (b"0",), "date": (b"0000-00-00",), "last day": (b"9999-12-31",), "clock": (b"99:99",),
    "markup": (b"<script>alert(1)</script>",), "quotes": (b"' OR 1=1 --\r\nX: y",), "template": (b"{{7*7}}%(x)s{0}",), "path": (b"../../etc/passwd",),
}  # fmt: skip
ENGLISH = re.compile(
    r"Not a valid|Missing data|Longer than|Shorter than|Unknown field|Field may not|Must be|Length must|At most \d|"
    r"does not match|Traceback|sqlalchemy|sqlite3|marshmallow",
)


@dataclass(frozen=True)
class Drawn:
    """A form as it stands in a page: where it goes, its fields with what they hold, and who saw it."""

    action: str
    fields: tuple[tuple[str, tuple[str, ...]], ...]
    person_id: str


@dataclass
class Sent:
    statuses: Counter[int] = field(default_factory=Counter)
    endpoints: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    """Forms with method post, and the names and values of what stands in them."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, list[str]]]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = told.get("method", "").lower() == "post"
            if self._inside:
                self.forms.append((told.get("action", ""), {}))
        if self._inside and tag in ("input", "select", "textarea", "button") and told.get("name"):
            held = self.forms[-1][1].setdefault(told["name"], [])
            if told.get("value"):
                held.append(told["value"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


def drawn_forms(world: World, people: Sequence[str]) -> list[Drawn]:
    """One form of each kind (address pattern and field names) that these people meet on any page."""
    found: dict[tuple[str, tuple[str, ...]], Drawn] = {}
    adapter = world.app.url_map.bind("localhost")
    for person in people:
        client = world.client(person)
        for path in _pages(world):
            answer = client.get(path)
            if answer.status_code != 200 or answer.mimetype != "text/html":
                continue
            reader = _Reader()
            reader.feed(text_of(answer))
            for action, fields in reader.forms:
                where = urlsplit(urljoin(path, action)).path
                if rule_is_missing(adapter, where):
                    continue  # the page of components draws forms that lead nowhere
                endpoint = adapter.match(where, method="POST")[0]
                if endpoint in LAST_ACTS:
                    continue
                kind = (endpoint, tuple(sorted(fields)))
                shown = tuple((name, tuple(values[:1])) for name, values in fields.items() if name != "csrf_token")
                found.setdefault(kind, Drawn(where, shown, person))
    return list(found.values())


def rule_is_missing(adapter: MapAdapter, path: str) -> bool:
    return not adapter.test(path, method="POST")


def _pages(world: World) -> Iterator[str]:
    for rule in routes(world.app):
        row = row_of(rule)
        if row is None or row.kind == LOCAL or rule.rule.startswith("/api/") or "GET" not in (rule.methods or set()):
            continue
        for attempt in tries(world, rule, row):
            if attempt.method == "GET":
                yield attempt.path(world.app)


def undrawn(world: World, drawn: Sequence[Drawn], person: str) -> list[Drawn]:
    """Forms for the addresses that take one but were not met: every field name that any page looks for."""
    adapter = world.app.url_map.bind("localhost")
    met = {adapter.match(one.action, method="POST")[0] for one in drawn}
    fields = tuple((name, (value,)) for name, value in form(world.objects).items())
    return [
        Drawn(_address(world, rule), fields, person)
        for rule in routes(world.app)
        if "POST" in (rule.methods or ())
        and not rule.rule.startswith("/api/")
        and rule.endpoint not in {*met, *LAST_ACTS}
    ]


def _address(world: World, rule: Rule) -> str:
    row = row_of(rule)
    return next(tries(world, rule, Row(row.kind if row else "", row.fill if row else {}))).path(world.app)


def bodies(one: Drawn, draw: random.Random, most: int) -> Iterator[tuple[str, bytes]]:
    """Urlencoded bodies: one field spoilt after the other, in every way, or `most` of them drawn by lot."""
    names = [name for name, _ in one.fields if name != "idempotency_key"]
    pairs = [(name, kind) for name in [*names, "a_field_of_nobody"] for kind in HOSTILE]
    for name, kind in pairs if len(pairs) <= most else draw.sample(pairs, most):
        kept = [
            (other, value.encode())
            for other, values in one.fields
            for value in values
            if other not in (name, "idempotency_key")
        ]
        sent = kept + [(name, value) for value in HOSTILE[kind]]
        yield (
            f"{name}: {kind}",
            b"&".join(quote_plus(key).encode() + b"=" + quote_plus(value).encode() for key, value in sent),
        )


def submit(world: World, forms: Sequence[Drawn], seed: int, most: int) -> Sent:
    """Send them all; `problems` names what answered with a fault or with words that are not for people."""
    sent, draw = Sent(), random.Random(seed)
    adapter = world.app.url_map.bind("localhost")
    clients: dict[str, FlaskClient] = {one.person_id: world.client(one.person_id) for one in forms}
    for number, one in enumerate(forms):
        sent.endpoints.add(adapter.match(one.action, method="POST")[0])
        for kind, body in bodies(one, draw, most):
            source = {"REMOTE_ADDR": f"10.1.{draw.randrange(256)}.{draw.randrange(256)}"}
            answer = clients[one.person_id].post(
                one.action, data=body, content_type="application/x-www-form-urlencoded", environ_overrides=source
            )
            sent.statuses[answer.status_code] += 1
            where = f"POST {one.action} ({number}) {kind}"
            sent.problems += [f"{where}: {told}" for told in _wrong(answer.status_code, text_of(answer))]
    return sent


def _wrong(status: int, page: str) -> list[str]:
    if status >= 500:
        return [f"{status}"]
    if status < 400:
        return []
    found = [] if '<html lang="fr"' in page else ["not a page in French"]
    found += [f"speaks of {word}" for word in sorted(set(ENGLISH.findall(page)))]
    if status == 422 and not re.search(r'class="[^"]*(?:error|problem|notice|summary)', page):
        found.append("422 that says nothing")
    return found
