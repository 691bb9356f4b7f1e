"""Who asks: the person of the request (by session cookie or bearer token), their places, language and group."""

from dataclasses import dataclass

from flask import current_app, g, request

from gateway.access_view import GroupRef, HouseholdRef, Role
from gateway.security.sessions import Session
from grenier.config import Settings

LANGUAGES = {"fr": "Français", "en": "English"}
LANGUAGE_COOKIE = "grenier-language"


@dataclass
class Identity:
    """`person_id` None: nobody is signed in. `via`: session, token or nobody."""

    person_id: str | None = None
    via: str = "nobody"
    session: Session | None = None


@dataclass(frozen=True)
class Places:
    """Roles and households of the person, looked up once per request."""

    roles: tuple[Role, ...] = ()
    households: tuple[HouseholdRef, ...] = ()
    groups: tuple[GroupRef, ...] = ()


def identity() -> Identity:
    """The identity of this request; found on first use."""
    if "identity" not in g:
        g.identity = _identify()
    return g.identity


def person_id() -> str:
    """The signed-in person; only for views whose access rule asks for one."""
    found = identity().person_id
    assert found is not None, "this view's access rule lets anonymous people in"
    return found


def is_https(settings: Settings) -> bool:
    return settings.public_url.startswith("https://")


def cookie_name(settings: Settings) -> str:
    """Cookies know no ports: two installations on one machine need two names."""
    return "__Host-grenier" if is_https(settings) else f"grenier-{settings.port_base}"


def _identify() -> Identity:
    gateway = current_app.extensions["grenier"]
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        person = gateway.tokens.person_of(secret.strip())
        return Identity(person, "token") if person and gateway.access_view.is_active(person) else Identity()
    cookie = request.cookies.get(cookie_name(gateway.settings))
    session = gateway.sessions.find(cookie) if cookie else None
    if session is None:
        return Identity()
    if not gateway.access_view.is_active(session.person_id):
        gateway.sessions.close_all(session.person_id)
        return Identity()
    return Identity(session.person_id, "session", session)


def places() -> Places:
    """Where the person of this request belongs."""
    if "places" not in g:
        g.places = _find_places(identity().person_id)
    return g.places


def _find_places(person: str | None) -> Places:
    if person is None:
        return Places()
    view = current_app.extensions["grenier"].access_view
    roles, households = tuple(view.roles_of(person)), tuple(view.households_of(person))
    if any(held.scope_kind == "federation" for held in roles):
        groups = tuple(view.groups())
    else:
        ids = {home.group_id for home in households if home.current} | {
            r.scope_id for r in roles if r.scope_kind == "group"
        }
        groups = tuple(found for found in map(view.group, sorted(ids)) if found)
    return Places(roles, households, tuple(sorted(groups, key=lambda group: group.name)))


def current_group() -> GroupRef | None:
    """The group whose pages are shown: that of the address, else the chosen one, else the first."""
    mine = {group.group_id: group for group in places().groups}
    session = identity().session
    asked = (request.view_args or {}).get("group_id", "")
    chosen = mine.get(asked) or mine.get(session.group_id if session else "")
    return chosen or next(iter(mine.values()), None)


def language() -> str:
    """fr or en: as chosen in the session, by cookie, by the browser; else the installation's."""
    session = identity().session
    for wanted in (session.language if session else "", request.cookies.get(LANGUAGE_COOKIE, "")):
        if wanted in LANGUAGES:
            return wanted
    default = current_app.extensions["grenier"].settings.language
    best = request.accept_languages.best_match(list(LANGUAGES)) if request.accept_languages else None
    return best or default
