"""T32: Schemathesis over the OpenAPI document that the gateway serves, through all its phases, as one role after another.

Every request goes through the real application over WSGI. Ids are drawn from the lived month (`cast.ids`) nine times of ten.
`statuses` counts cases whose data fit the description, `refused` those made to break it, `probes` what the checks asked
beside them (the same without a token, with a wrong one). `past` are the fitting ones that got past 4xx.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

import schemathesis
from schemathesis import Case, HookContext
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine import events, from_schema
from schemathesis.errors import NoLinksFound
from schemathesis.python import wsgi
from werkzeug import Client

from gateway.api.described import ARGUMENT, METHODS
from tests.fuzz.cast import ANONYMOUS, Player
from tests.house_app import Site

DOCUMENT = "/api/v1/openapi.json"
PHASES = ("examples", "coverage", "fuzzing", "stateful")
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
    "response_headers_conformance", "ignored_auth", "unsupported_method",
    "negative_data_rejection",
)  # fmt: skip
KEY = "Idempotency-Key"
SEEDED = 0.9  # how often an id is one that exists
# Clocks and tokens of the demonstration would change who and when everybody is.
LEFT_OUT = r"^/api/v1/demo"


@dataclass
class Findings:
    """`statuses` of all requests; `wrong`: one line for each kind of failure of each operation."""

    statuses: Counter[int] = field(default_factory=Counter)
    refused: Counter[int] = field(default_factory=Counter)
    probes: int = 0
    operations: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    phases: Counter[str] = field(default_factory=Counter)
    wrong: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def cases(self) -> int:
        return sum(self.statuses.values())

    @property
    def past(self) -> int:
        return sum(number for status, number in self.statuses.items() if status < 400)

    def shut(self, label: str) -> bool:
        """Whether an operation is closed to them: it refused who they are, or showed them nothing, and never let them through."""
        statuses = self.operations.get(label, Counter())
        refused = sum(statuses[status] for status in (401, 403, 404))
        return set(statuses) <= {401, 403, 404, 422} and 2 * refused > statuses.total()

    def add(self, other: Findings) -> None:
        self.statuses.update(other.statuses)
        self.refused.update(other.refused)
        self.probes += other.probes
        self.phases.update(other.phases)
        self.wrong = other.wrong | self.wrong
        for name, statuses in other.operations.items():
            self.operations[name].update(statuses)


class Wire:
    """The application as Schemathesis calls it: each request from another address, so that limits do not end the run."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self.app = app
        self._number = count(1)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        number = next(self._number)
        environ["REMOTE_ADDR"] = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        return self.app(environ, start_response)


class PlainClient(Client):
    """Schemathesis hands its own probes options that only sockets have."""

    def open(self, *args: Any, **options: Any) -> Any:
        for name in ("max_redirects", "verify", "cert", "proxies", "allow_redirects", "stream"):
            options.pop(name, None)
        return super().open(*args, **options)


class Seeds:
    """The ids of the lived month in the cases of the coverage phase, whose own generator knows no dictionaries.

    And a key of its own for each command, which would otherwise be refused as another with the same key. Only parts that fit the description are changed: what is broken on purpose stays broken, now in the place of a real object.
    """

    def __init__(self, ids: dict[str, list[str]], seed: int) -> None:
        self._ids, self._chance, self._number = ids, Random(seed), count(1)

    def __call__(self, context: HookContext, case: Case) -> Case:
        if case.meta is None or case.meta.phase.name.value != "coverage":
            return case
        for place in (ParameterLocation.PATH, ParameterLocation.QUERY, ParameterLocation.BODY):
            if not case.meta.is_negative_at(place):
                self._sow(getattr(case, place.container_name))
        if KEY in (case.headers or {}) and not case.meta.is_negative_at(ParameterLocation.HEADER):
            case.headers[KEY] = f"coverage-{next(self._number)}"
        return case

    def _sow(self, part: Any) -> None:
        for item in part if isinstance(part, list) else ():
            self._sow(item)
        for name, value in list(part.items()) if isinstance(part, Mapping) else ():
            if isinstance(value, str):
                part[name] = self._sown(name, value)
            elif isinstance(value, list) and name.endswith("_ids"):
                part[name] = [self._sown(name.removesuffix("s"), item) for item in value]
            else:
                self._sow(value)

    def _sown(self, name: str, value: Any) -> Any:
        sow = name in self._ids and self._chance.random() < SEEDED
        return self._chance.choice(self._ids[name]) if sow else value


def attack(
    site: Site, player: Player, phases: Iterable[str] = PHASES, examples: int = 5, seed: int = 1, mode: str = "positive",
    only: Iterable[str] | None = None,
) -> Findings:  # fmt: skip
    """One run of the engine as one player; `only`: labels of operations ("GET /api/v1/me")."""
    wsgi.get_client = lambda app: PlainClient(app)  # type: ignore[assignment]
    config = SchemathesisConfig.from_dict(_config(site, player, set(phases), examples, seed, mode))
    schema: Any = schemathesis.openapi.from_wsgi(DOCUMENT, Wire(site.app.wsgi_app), config=config)
    schema = schema.exclude(path_regex=LEFT_OUT)
    if only is not None:
        schema = schema.include(name=sorted(only))
    schema.hook("map_case")(Seeds(player.ids, seed))
    found = Findings()
    for event in from_schema(schema).execute():
        _take_in(found, event)
    return found


def _config(site: Site, player: Player, phases: set[str], examples: int, seed: int, mode: str) -> dict[str, Any]:
    names = sorted(player.ids)
    bound = {
        f"{place}.{name}": {"dictionary": name, "probability": SEEDED}
        for place in ("path", "query", "body", "body.lines[*]", "body.items[*]", "body.groups[*]", "body.slots[*]", "body.weights[*]")
        for name in names
    } | {f"body.{name}s[*]": {"dictionary": name, "probability": SEEDED} for name in names if name.endswith("_id")}  # fmt: skip
    signed_in = {"Authorization": f"Bearer {site.token(player.person_id)}"} if player.person_id else {}
    return {
        "seed": seed,
        "headers": signed_in,
        "continue-on-failure": True,
        "checks": {"enabled": False} | {name: {"enabled": True} for name in CHECKS},
        "generation": {"mode": mode, "max-examples": examples, "no-shrink": True, "database": "none"},
        "phases": {
            name: {"enabled": name in phases} | ({"generation": {"mode": "all"}} if name == "coverage" else {})
            for name in PHASES
        },
        "dictionaries": {name: {"values": player.ids[name]} for name in names},
        "parameters": bound,
    }


def _take_in(found: Findings, event: Any) -> None:
    if isinstance(event, events.FatalError):
        raise event.exception
    if isinstance(event, events.NonFatalError) and not isinstance(event.value, NoLinksFound):
        found.wrong.setdefault((str(event.label), "engine"), repr(event.value)[:300])
    if not isinstance(event, events.ScenarioFinished):
        return
    for case_id, interaction in event.recorder.interactions.items():
        if interaction.response is not None:
            _count(found, event.recorder.cases[case_id], interaction.response.status_code, str(event.phase.value))
    for case_id, checks in event.recorder.checks.items():
        for check in checks:
            if check.failure_info is not None:
                label = event.recorder.cases[case_id].value.operation.label
                told = _told(event.recorder.interactions.get(case_id), check.failure_info.failure)
                found.wrong.setdefault((label, f"{check.name}: {check.failure_info.failure.title}"), told)


def _count(found: Findings, node: Any, status: int, phase: str) -> None:
    if node.parent_id is not None and node.transition is None:
        found.probes += 1
        return
    meta = node.value.meta
    fits = meta is None or meta.generation.mode.is_positive
    (found.statuses if fits else found.refused)[status] += 1
    found.operations[node.value.operation.label][status] += 1
    found.phases[phase] += 1


def may_enter(site: Site, role: str) -> list[str]:
    """Labels of the operations whose gate this role passes; the services behind may still refuse it."""
    labels, kinds = [], ("public",) if role == ANONYMOUS else ("public", "person", "member")
    for rule in site.app.url_map.iter_rules():
        declared = site.app.extensions["grenier"].rules[rule.endpoint]
        if rule.rule.startswith("/api/v1/") and (declared.kind in kinds or role in declared.roles):
            path = ARGUMENT.sub(r"{\1}", rule.rule)
            labels += [f"{method} {path}" for method in rule.methods or () if method.lower() in METHODS]
    return sorted(labels)


def _told(interaction: Any, failure: Any) -> str:
    message = " ".join(failure.message.split())[:250]
    if interaction is None:
        return message
    request, response = interaction.request, interaction.response
    body = (request.body or b"")[:200]
    answer = (response.content or b"")[:250] if response is not None else b""
    return f"{message} | {request.method} {request.uri} {body!r} -> {response and response.status_code} {answer!r}"
