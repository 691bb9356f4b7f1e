"""What the tests (and the preview) put in the place of services, views and clocks: small, readable, no network."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher

from gateway import access
from gateway.access_view import GroupRef, HouseholdRef, Role
from gateway.app import create_app, gather
from gateway.identity import cookie_name
from grenier.clock import FixedClock
from grenier.config import Settings
from grenier.errors import NotFound

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)

PEOPLE = {
    "p-nadia": {
        "name": "Nadia Belkacem",
        "email": "nadia@example.org",
        "role": "organisatrice",
        "group": "VRAC Belleville",
    },
    "p-paul": {"name": "Paul Martin", "email": "paul@example.org", "role": "mangeur", "group": "VRAC Belleville"},
    "p-lea": {"name": "Léa Fontaine", "email": "lea@example.org", "role": "équipe centrale", "group": ""},
    "p-tom": {"name": "Tom Rossi", "email": "tom@example.org", "role": "trésorier", "group": "AMAP Confitures"},
}
GROUPS = {
    "g-belleville": GroupRef("g-belleville", "VRAC Belleville"),
    "g-confitures": GroupRef("g-confitures", "AMAP Confitures", "csa", inclusive=False),
    "g-ocean": GroupRef("g-ocean", "VRAC Océan", time_zone="Indian/Reunion"),
}


class FakePlaces:
    """A fixed table of roles and households; `gone` holds those who were disabled."""

    def __init__(self) -> None:
        self.gone: set[str] = set()
        self.roles = {
            "p-nadia": [Role("organiser", "group", "g-belleville"), Role("treasurer", "group", "g-ocean")],
            "p-lea": [Role("central_team", "federation", "f-vrac")],
            "p-tom": [Role("treasurer", "group", "g-confitures")],
        }
        self.households = {
            "p-paul": [HouseholdRef("h-martin", "g-belleville")],
            "p-nadia": [HouseholdRef("h-nadia", "g-belleville")],
        }

    def is_active(self, person_id: str) -> bool:
        return person_id not in self.gone

    def roles_of(self, person_id: str) -> list[Role]:
        return self.roles.get(person_id, [])

    def households_of(self, person_id: str) -> list[HouseholdRef]:
        return self.households.get(person_id, [])

    def group(self, group_id: str) -> GroupRef | None:
        return GROUPS.get(group_id)

    def groups(self) -> list[GroupRef]:
        return list(GROUPS.values())


class FakeRpc:
    """Answers from a table of functions, remembers every call as (service, method, payload, context)."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = []
        self.answers: dict[tuple[str, str], Callable[..., Any]] = {
            ("contracts", "person_by_email"): self._person_by_email,
            ("contracts", "public_groups"): lambda **_: {
                "groups": [{"name": g.name, "kind": g.kind, "place": "Paris 20e"} for g in GROUPS.values()]
            },
            ("contracts", "demo_accounts"): lambda **_: {
                "accounts": [{"person_id": k, "label": v["name"], **v} for k, v in PEOPLE.items()]
            },
            ("contracts", "me"): lambda actor, **_: {"person": {**PEOPLE.get(actor, {}), "phone": "06 00 00 00 00"}},
            ("contracts", "my_data"): lambda actor, **_: PEOPLE.get(actor, {}),
            ("notify", "send_login_link"): lambda **_: {"position": 1},
        }

    def call(self, service: str, method: str, payload: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
        self.calls.append((service, method, payload, context))
        answer = self.answers.get((service, method))
        if answer is None:
            raise NotFound("unknown-method")
        return answer(actor=context.get("actor"), **payload)

    def named(self, service: str, method: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        return [(payload, context) for s, m, payload, context in self.calls if (s, m) == (service, method)]

    @staticmethod
    def _person_by_email(email: str, **_: Any) -> dict[str, Any]:
        for person_id, person in PEOPLE.items():
            if person["email"] == email.lower():
                return {"person_id": person_id}
        raise NotFound("person-unknown")


class RealClock:
    """The machine's clock for sessions and limits, moved by tests."""

    def __init__(self, at: float = 1_763_890_200.0) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at


BUILT: dict[bool, Any] = {}


def make_gateway(folder: Path, *, demo: bool = True, url: str = "", rpc: Any = None, reuse: bool = False, **more: Any):
    """An application on fakes, with collaborators within reach as `app.fakes`.

    `reuse`: the same routes with new collaborators, which is quick; for tests that add no routes and need one at a time.
    """
    settings = Settings(data_dir=folder, session_secret="s" * 40, demo=demo, public_url=url)
    folder.mkdir(parents=True, exist_ok=True)
    fakes = {"rpc": rpc or FakeRpc(), "access_view": FakePlaces(), "clock": FixedClock(NOW), "now": RealClock()}
    fakes.update(more)
    collaborators = {"defer": lambda function, *args: function(*args), "password_hasher": QUICK_HASHER, **fakes}
    app = BUILT.get(True) if reuse else None
    if app is None:
        app = create_app(settings, **collaborators)
        if reuse:
            BUILT[True] = app
    else:
        rules = access.rules_of(app)
        app.extensions["grenier"] = gather(settings, **collaborators)
        app.extensions["grenier"].rules = dict(rules)
    app.config["TESTING"] = True
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.fakes = fakes
    return app


def cookie(app) -> str:
    return cookie_name(app.extensions["grenier"].settings)


def token_of(client) -> str:
    """The form token that the client's pages carry."""
    page = client.get("/accessibilite").text
    return page.split('name="csrf-token" content="')[1].split('"')[0]


def fields(page: str) -> dict[str, str]:
    """Hidden fields of the first form that has an idempotency key or a token."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page))
