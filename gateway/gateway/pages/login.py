"""Signing in and out: by a link sent by mail, or with a password.

Nothing here tells whether an address is known: the same page, the same time. The mail is prepared after the answer.
"""

import json
import logging
import time
from typing import TypeVar
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response as BaseResponse

from gateway.access import access
from gateway.calls import FORM_KEY, FORM_TOKEN, ask_as_gateway, tell_as_gateway
from gateway.identity import cookie_name, identity, is_https
from gateway.metrics import LOGINS
from gateway.problems import register
from gateway.security.audit import note
from grenier.errors import GrenierError, NotFound, Unavailable

log = logging.getLogger(__name__)
AnyResponse = TypeVar("AnyResponse", bound=BaseResponse)
bp = Blueprint("login", __name__)
HOUR_S = 3600
LINKS_PER_ADDRESS = 5  # mails per hour to one address
LINKS_PER_SOURCE = 30
PASSWORDS_PER_ADDRESS = 8  # attempts per quarter of an hour
PASSWORDS_PER_SOURCE = 40
REDEMPTIONS_PER_SOURCE = 60
MAX_KEPT = 100_000  # characters of a form that waits for the login
SEND_ATTEMPTS = 4

register(
    "wrong-credentials",
    lazy_gettext("Adresse ou mot de passe incorrect"),
    lazy_gettext("Vérifiez l’adresse et le mot de passe, ou demandez un lien par courriel."),
)


class TooMany(Exception):
    """Over a rate limit; `retry_after` in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


@bp.get("/connexion")
@access("public")
def show():
    back = local_path(request.args.get("next", ""))
    return redirect(back) if identity().person_id else login_page(back)


@bp.post("/connexion")
@access("public")
def with_password():
    email, password = request.form.get("email", "").strip(), request.form.get("password", "")
    back = local_path(request.form.get("next", ""))
    try:
        person = check_password(email, password)
    except TooMany as limit:
        return too_many(limit)
    if person is None:
        return login_page(back, status=403, email=email, wrong=True)
    kept = _kept_form(request.form.get("kept", ""))
    response = make_response(render_template("login/resume.html", **kept)) if kept else redirect(back)
    return sign_in(person, response)


@bp.post("/connexion/lien")
@access("public")
def ask_link():
    gateway = current_app.extensions["grenier"]
    email, back = request.form.get("email", "").strip(), local_path(request.form.get("next", ""))
    wait = gateway.limits.hit("link-source", request.remote_addr or "", at_most=LINKS_PER_SOURCE, per_s=HOUR_S)
    if wait:
        return too_many(TooMany(wait))
    if "@" not in email or len(email) > 254:
        return login_page(back, status=422, email=email, link_error=True)
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    gateway.defer(_send_link, app, email, back)
    return redirect(url_for("login.sent"), 303)


@bp.get("/connexion/envoye")
@access("public")
def sent():
    return render_template("login/sent.html")


@bp.get("/connexion/lien/<secret>")
@access("public")
def open_link(secret: str):
    """Only shows a button: programs that look into mails open links, people press buttons."""
    return render_template("login/confirm.html", secret=secret)


@bp.post("/connexion/lien/<secret>")
@access("public")
def use_link(secret: str):
    gateway = current_app.extensions["grenier"]
    wait = gateway.limits.hit("redeem", request.remote_addr or "", at_most=REDEMPTIONS_PER_SOURCE, per_s=HOUR_S)
    if wait:
        return too_many(TooMany(wait))
    found = gateway.links.redeem(secret)
    LOGINS.labels("link", "ok" if found else "refused").inc()
    if found is None or not gateway.access_view.is_active(found[0]):
        note("link-refused", found[0] if found else "")
        return make_response(render_template("login/link_dead.html"), 410)
    return sign_in(found[0], redirect(local_path(found[1])))


@bp.post("/deconnexion")
@access("public")
def sign_out():
    gateway = current_app.extensions["grenier"]
    session = identity().session
    if session is not None:
        gateway.sessions.close(session)
        note("signed-out", session.person_id)
    response = redirect(url_for("public.index"))
    response.delete_cookie(
        cookie_name(gateway.settings), secure=is_https(gateway.settings), httponly=True, samesite="Lax"
    )
    response.headers["Clear-Site-Data"] = '"storage"'  # kept drafts are the person's, not the next one's
    flash(_("Vous êtes déconnecté. À bientôt !"), "success")
    return response


def login_page(back: str, status: int = 200, **shown: object) -> Response:
    """The login page; a form that was sent without a session travels along and waits."""
    kept = ""
    if status == 401 and request.method == "POST" and _from_our_pages():
        fields = [(k, v) for k, v in request.form.items(multi=True) if k != FORM_TOKEN and "password" not in k]
        kept = json.dumps({"action": request.path, "fields": fields})
        kept = kept if len(kept) <= MAX_KEPT else ""
    page = render_template("login/index.html", back=back, kept=kept, accounts=demo_accounts(), **shown)
    return make_response(page, status)


def sign_in(person_id: str, response: AnyResponse) -> AnyResponse:
    """Open a session with a fresh secret, whatever session was there before."""
    gateway = current_app.extensions["grenier"]
    old = identity().session
    if old is not None:
        gateway.sessions.close(old)
    secret = gateway.sessions.open(person_id, gateway.languages.of(person_id))
    settings = gateway.settings
    response.set_cookie(
        cookie_name(settings),
        secret,
        httponly=True,
        samesite="Lax",
        secure=is_https(settings),
        path="/",
        max_age=60 * 24 * HOUR_S,
    )
    note("signed-in", person_id)
    return response


def check_password(email: str, password: str) -> str | None:
    """The person with this address and password, or None; raises TooMany. Unknown addresses cost the same time."""
    gateway = current_app.extensions["grenier"]
    quarter = HOUR_S // 4
    wait = gateway.limits.hit("password-source", request.remote_addr or "", at_most=PASSWORDS_PER_SOURCE, per_s=quarter)
    wait = wait or gateway.limits.hit("password", email, at_most=PASSWORDS_PER_ADDRESS, per_s=quarter)
    if wait:
        raise TooMany(wait)
    person = person_by_email(email)
    right = gateway.passwords.check(person, password)
    right = right and gateway.access_view.is_active(str(person))
    LOGINS.labels("password", "ok" if right else "refused").inc()
    note("password-right" if right else "password-refused", person or "")
    return person if right else None


def person_by_email(email: str) -> str | None:
    try:
        return ask_as_gateway("contracts", "person_by_email", email=email).get("person_id")
    except NotFound:
        return None


def too_many(limit: TooMany) -> Response:
    from gateway.problems import answer

    return answer("too-many-requests", 429, {"retry_after": limit.retry_after}, {"Retry-After": str(limit.retry_after)})


def local_path(path: str) -> str:
    """A path of this site to go back to; anything else becomes the first page."""
    parts = urlsplit(path)
    safe = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.scheme and not parts.netloc
    return path if safe and path.isprintable() and "\\" not in path else "/"


def _send_link(app, email: str, back: str) -> None:
    """After the answer, out of sight: find the person, make the link, hand the mail to notify; patient with outages."""
    with app.test_request_context("/", base_url=app.extensions["grenier"].settings.public_url):
        for attempt in range(SEND_ATTEMPTS):
            try:
                return _send_link_once(email, back)
            except Unavailable:
                time.sleep(2**attempt)
            except GrenierError as error:
                log.warning("login link not sent", extra={"code": error.code})
                return None
        log.warning("login link not sent", extra={"code": "unavailable"})
        return None


def _send_link_once(email: str, back: str) -> None:
    gateway = current_app.extensions["grenier"]
    if gateway.limits.hit("link", email, at_most=LINKS_PER_ADDRESS, per_s=HOUR_S):
        return
    person = person_by_email(email)
    if person is None or not gateway.access_view.is_active(person):
        return
    secret = gateway.links.issue(person, back)
    link = gateway.settings.public_url + url_for("login.open_link", secret=secret)
    tell_as_gateway("notify", "send_login_link", person_id=person, link=link)


def demo_accounts() -> list[dict]:
    if not current_app.extensions["grenier"].settings.demo:
        return []
    try:
        return list(ask_as_gateway("contracts", "demo_accounts").get("accounts", []))
    except GrenierError:
        return []


def _from_our_pages() -> bool:
    return request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"


def resendable(action: str, fields: list[tuple[str, str]]) -> dict:
    """A form to be sent again as it was: everything goes, what people typed is shown."""
    sent = [(name, value) for name, value in fields if name != FORM_TOKEN and "password" not in name]
    return {"action": action, "fields": sent, "shown": [(n, v) for n, v in sent if n != FORM_KEY and v]}


def _kept_form(text: str) -> dict | None:
    """The form that waited for the login: its address and fields, to be sent again by a button."""
    if not text or len(text) > MAX_KEPT:
        return None
    try:
        kept = json.loads(text)
        fields = [(str(name), str(value)) for name, value in kept["fields"]]
        return resendable(local_path(str(kept["action"])), fields)
    except (ValueError, KeyError, TypeError):
        return None
