"""Protection of every request and answer: where unsafe requests come from, form tokens, security headers.

An unsafe request with a session cookie must come from our own pages: browsers that say so (`Sec-Fetch-Site`,
`Origin`) are believed, and a token bound to the session must come along, in the form or in `X-CSRF-Token`.
Requests with a bearer token carry no cookie authority and need neither.
"""

import re
from urllib.parse import urlsplit

from flask import Response, current_app, g, request
from werkzeug.exceptions import BadRequest, Forbidden, UnsupportedMediaType

from gateway.calls import FORM_TOKEN
from gateway.identity import cookie_name, identity, is_https
from gateway.security.secrets_ import keyed, new_secret, same

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
VISITOR_COOKIE = "visitor"
PRIVATE_CACHE = "no-store"
# No form of a foreign page can send the last three.
API_MEDIA_TYPES = ("application/json", "multipart/form-data", "text/csv", "application/octet-stream", XLSX)
HOST = re.compile(r"[\w.-]+|\[[0-9a-fA-F:]+\]")  # what may be written into a header


class CrossSite(Forbidden):
    problem_code = "cross-site"


class FormExpired(BadRequest):
    """The token belongs to another session; the page offers to send the same fields again."""

    problem_code = "form-expired"


def check_origin() -> None:
    """Unsafe requests from elsewhere end here, before anything is parsed."""
    if request.method in SAFE or request.endpoint is None:
        return
    if request.path.startswith("/api/") and request.mimetype not in ("", *API_MEDIA_TYPES):
        raise UnsupportedMediaType()  # among them everything that a foreign page's form could send
    if identity().via == "token":
        return
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise CrossSite()
    origin = request.headers.get("Origin")
    # Under `Referrer-Policy: no-referrer` browsers send "null" with our own forms: then the token alone decides.
    if origin not in (None, "null") and urlsplit(origin).netloc != request.host:
        raise CrossSite()
    if request.path.startswith("/api/") and identity().via == "nobody":
        return  # no authority to protect; the access rule decides
    _check_token(request.headers.get("X-CSRF-Token") or request.form.get(FORM_TOKEN) or "")


def csrf_token() -> str:
    """The token of this session (or, before login, of this visitor), for forms and the page's script."""
    if "csrf_token" not in g:
        g.csrf_token = keyed(_gateway().settings.session_secret.encode(), "csrf", _anchor(make=True))
    return g.csrf_token


def _check_token(given: str) -> None:
    anchor = _anchor(make=False)
    if not anchor or not same(given, keyed(_gateway().settings.session_secret.encode(), "csrf", anchor)):
        raise FormExpired()


def _anchor(make: bool) -> str:
    """What the token is bound to: the session cookie, or a visitor cookie made for the first form."""
    settings = _gateway().settings
    session = identity().session
    if session is not None:
        return request.cookies[cookie_name(settings)]
    name = f"{cookie_name(settings)}-{VISITOR_COOKIE}"
    value = request.cookies.get(name, "")
    if not value and make:
        value = g.new_visitor = g.get("new_visitor") or new_secret()
    return value


def headers(response: Response) -> Response:
    """Every answer, errors included, tells browsers to trust nothing but ourselves."""
    settings = _gateway().settings
    if "new_visitor" in g:
        name = f"{cookie_name(settings)}-{VISITOR_COOKIE}"
        response.set_cookie(name, g.new_visitor, httponly=True, samesite="Lax", secure=is_https(settings), path="/")
    h = response.headers
    h["Content-Security-Policy"] = (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        f"connect-src 'self' {stream_origin()}; manifest-src 'self'; worker-src 'self'; form-action 'self'; "
        f"base-uri 'none'; frame-ancestors 'none'"
    )
    h["X-Content-Type-Options"] = "nosniff"
    h["X-Frame-Options"] = "DENY"
    h["Referrer-Policy"] = "no-referrer"
    h["Cross-Origin-Opener-Policy"] = "same-origin"
    h["Cross-Origin-Resource-Policy"] = "same-origin"
    h["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=()"
    if is_https(settings):
        h["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    if request.endpoint != "static" or response.status_code >= 400:
        h.setdefault("Cache-Control", PRIVATE_CACHE)
        h.add("Vary", "Cookie, Authorization, Accept-Language")
    return response


def stream_origin() -> str:
    """Where the page's script may listen to events: a process of its own, on the next port unless a proxy joins them."""
    settings = _gateway().settings
    if settings.stream_url:
        parts = urlsplit(settings.stream_url)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
    if is_https(settings):
        return ""  # behind a proxy, one address for both
    host = request.host.rsplit(":", 1)[0] if ":" in request.host and not request.host.endswith("]") else request.host
    return f"http://{host}:{settings.stream_port}" if HOST.fullmatch(host) else ""


def _gateway():
    return current_app.extensions["grenier"]
