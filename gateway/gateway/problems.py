"""Refusals, as people and programs read them: RFC 9457 problem+json under /api, a page elsewhere.

One catalogue gives every code its title and its advice, in French (the English ones stand in the catalogue of
translations). Areas add theirs with `register`. `detail` may use the facts of the error: "au plus %(max)s".
Every code has a page of its own at /problems/<code>, so that the `type` of a problem leads somewhere.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from flask import Flask, Response, current_app, g, json, jsonify, render_template, request
from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString
from markupsafe import escape
from werkzeug.exceptions import HTTPException

from gateway.calls import correlation_id
from gateway.formats import money
from gateway.identity import Identity, identity
from gateway.messages import in_words
from grenier.errors import GrenierError, Unavailable
from grenier.log.protocol import LogUnavailable
from grenier.trouble import database_away

log = logging.getLogger(__name__)

BARE = """<!doctype html>
<html lang="fr"><head><meta charset="utf-8"><title>Grenier</title></head>
<body><main><h1>%s</h1><p>%s</p><p><code>%s</code></p></main></body></html>
"""

Text: TypeAlias = "str | LazyString"
_ = lazy_gettext


@dataclass(frozen=True)
class ProblemText:
    title: Text
    detail: Text = ""


CATALOGUE: dict[str, ProblemText] = {}


def register(code: str, title: Text, detail: Text = "") -> None:
    """Give a refusal its words. A code has one meaning everywhere: registering it twice is a mistake."""
    if code in CATALOGUE:
        raise ValueError(f"problem code {code!r} is registered twice")
    CATALOGUE[code] = ProblemText(title, detail)


def problem(code: str, status: int, facts: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The problem+json object of a refusal; facts other than field errors travel as members of their own."""
    facts = dict(facts or {})
    fields = facts.pop("fields", None)
    text = CATALOGUE.get(code) or CATALOGUE[_by_status(status)]
    body: dict[str, Any] = {
        "type": f"/problems/{code}",
        "title": str(text.title),
        "status": status,
        "code": code,
        "detail": _filled(str(text.detail), facts),
        "instance": f"urn:uuid:{correlation_id()}",
    }
    if facts:
        body["facts"] = facts
    if fields:
        body["errors"] = in_words(fields)
    return body


def answer(
    code: str, status: int, facts: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """The whole answer to a refused request, in the form that its address promises."""
    _know_who_asks()
    body = problem(code, status, facts)
    if wants_json():
        response = jsonify(body)
        response.mimetype = "application/problem+json"
    else:
        response = Response(_page(body, code), mimetype="text/html")
    response.status_code = status
    response.headers.extend(dict(headers or {}))
    return response


def _know_who_asks() -> None:
    """When what failed is the looking up of the person itself: they are answered as nobody, in the installation's language."""
    try:
        identity()
    except Exception as error:
        log.error("the person of a request is unknown", exc_info=error, extra={"correlation_id": correlation_id()})
        g.identity = Identity()


def _page(body: Mapping[str, Any], code: str) -> str:
    """The refusal as a page; when even that cannot be drawn, its bare words."""
    try:
        return render_template("errors/problem.html", problem=body, resend=_resend(code))
    except Exception as error:
        log.error("the page of a refusal failed", exc_info=error, extra={"correlation_id": correlation_id()})
        words = escape(body["title"]), escape(body["detail"]), escape(correlation_id())
        return BARE % words


def wants_json() -> bool:
    json_only = current_app.extensions["grenier"].json_only
    return json_only or request.path.startswith(("/api/", "/health")) or request.path == "/metrics"


def install(app: Flask) -> None:
    """One table from exceptions to answers, for pages and API alike."""
    app.register_error_handler(GrenierError, _grenier_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(LogUnavailable, _away)
    app.register_error_handler(Exception, _unexpected)


def _grenier_error(error: GrenierError) -> Response:
    headers = {}
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(error.facts.get("retry_after", 2))
    return answer(error.code, error.status, error.facts, headers)


def _http_error(error: HTTPException) -> Response:
    if error.response is not None or error.code is None:
        return cast(Response, error.get_response())  # redirects of the router
    if error.code == 401 and not wants_json():
        return _sign_in_first()
    data = getattr(error, "data", None) or {}
    headers = {k: v for k, v in error.get_headers() if k not in ("Content-Type", "Content-Length")}
    facts: dict[str, Any] = dict(getattr(error, "facts", {}))
    messages = data.get("messages") or data.get("errors")
    if messages:
        facts["fields"] = _flattened(messages)
    return answer(getattr(error, "problem_code", _by_status(error.code)), error.code, facts, headers)


def _away(error: Exception) -> Response:
    log.warning(
        "%s did not answer",
        "the log" if isinstance(error, LogUnavailable) else "the own database",
        extra={"correlation_id": correlation_id()},
    )
    return answer("unavailable", 503, {"retry_after": 2}, {"Retry-After": "2"})


def _unexpected(error: Exception) -> Response:
    """A fault of ours: the log has everything, the answer has only the number to find it by."""
    if database_away(error):
        return _away(error)
    log.error("request failed", exc_info=error, extra={"correlation_id": correlation_id(), "path": request.path})
    return answer("internal", 500)


def _sign_in_first() -> Response:
    """Pages send people to the login, and back afterwards; typed text stays in their browser meanwhile."""
    from gateway.pages.login import login_page  # the page knows this module too

    back = request.full_path.rstrip("?") if request.method == "GET" else (g.get("form_page") or "/")
    return login_page(back, status=401)


def _resend(code: str) -> dict[str, Any] | None:
    """A form of our own whose session has changed since: the page offers to send it again with a new token."""
    if code != "form-expired" or request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin" or request.files:
        return None
    from gateway.pages.login import resendable

    return resendable(request.path, list(request.form.items(multi=True)))


def _by_status(status: int) -> str:
    return BY_STATUS.get(status, "internal" if status >= 500 else "bad-request")


def _flattened(messages: Mapping[str, Any]) -> dict[str, Any]:
    """webargs says {"json": {field: [...]}}: the field is what people need, unless two places use one name."""
    flat: dict[str, Any] = {}
    for place, errors in messages.items():
        if isinstance(errors, Mapping):
            flat.update({name if name not in flat else f"{place}.{name}": what for name, what in errors.items()})
        else:
            flat[place] = errors
    return flat


def _filled(text: str, facts: Mapping[str, Any]) -> str:
    """`%(total)s` stands for the fact `total_cents` as people write money."""
    amounts = {name.removesuffix("_cents"): money(cents) for name, cents in facts.items()
               if name.endswith("_cents") and isinstance(cents, int)}  # fmt: skip
    try:
        return text % {**amounts, **facts}
    except (KeyError, TypeError, ValueError):
        return text


def refused_json(code: str, status: int, facts: Mapping[str, Any] | None = None) -> bytes:
    """The problem as bytes, for servers that are not Flask."""
    return json.dumps(problem(code, status, facts)).encode()


BY_STATUS = {
    400: "bad-request",
    401: "sign-in-first",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    406: "not-acceptable",
    409: "conflict",
    412: "changed-meanwhile",
    413: "too-large",
    414: "too-large",
    415: "unsupported-media-type",
    422: "invalid",
    428: "version-needed",
    429: "too-many-requests",
    500: "internal",
    503: "unavailable",
}

register("bad-request", _("Demande incompréhensible"), _("La demande n’a pas la forme attendue."))
register("sign-in-first", _("Connexion nécessaire"), _("Connectez-vous pour continuer."))
register(
    "forbidden",
    _("Cette action ne vous est pas ouverte"),
    _("Votre rôle ne permet pas cette action. Une personne qui organise votre groupe peut vous aider."),
)
register(
    "not-found",
    _("Page introuvable"),
    _("Cette page n’existe pas, ou n’existe plus. Vérifiez l’adresse, ou repartez de l’accueil."),
)
register("method-not-allowed", _("Méthode non permise"), _("Cette adresse existe, mais pas avec cette méthode."))
register("not-acceptable", _("Format non disponible"), _("Le format demandé n’existe pas à cette adresse."))
register(
    "conflict", _("Impossible en l’état"), _("La situation a changé entre-temps. Rechargez la page et recommencez.")
)
register("rejected", _("Impossible en l’état"), _("Une règle du groupe s’y oppose."))
register(
    "changed-meanwhile",
    _("Modifié entre-temps"),
    _("Quelqu’un a modifié ceci pendant que vous écriviez. Rechargez pour voir la dernière version."),
)
register("too-large", _("Envoi trop volumineux"), _("Le fichier ou le texte dépasse la taille permise."))
register(
    "unsupported-media-type",
    _("Format non pris en charge"),
    _("Envoyez le contenu dans le format indiqué par la documentation (en général application/json)."),
)
register("invalid", _("Des informations sont à corriger"), _("Voyez le détail de chaque champ."))
register(
    "idempotency-key-reused",
    _("Formulaire déjà envoyé"),
    _("Cet envoi a déjà été fait avec un autre contenu. Rechargez la page pour repartir d’un formulaire neuf."),
)
register("version-needed", _("Version manquante"), _("Indiquez la version que vous modifiez (If-Match)."))
register("too-many-requests", _("Trop de tentatives"), _("Patientez un peu avant de recommencer."))
register(
    "internal",
    _("Erreur de notre côté"),
    _("L’action n’a peut-être pas été faite. Réessayez ; si cela recommence, transmettez le numéro ci-dessous."),
)
register(
    "unavailable",
    _("Momentanément indisponible"),
    _("Une partie du service ne répond pas. Rien n’est perdu : réessayez dans un instant."),
)
register(
    "form-expired",
    _("Ce formulaire a expiré"),
    _("Votre session a changé depuis l’ouverture de la page. Ce que vous avez saisi est conservé."),
)
register(
    "cross-site", _("Demande venue d’un autre site"), _("Pour votre sécurité, cette demande n’a pas été exécutée.")
)
register(
    "overloaded",
    _("Trop de monde en ce moment"),
    _("Rien n’a été fait : réessayez dans quelques secondes."),
)
register(
    "disk-full",
    _("Le disque du serveur est plein"),
    _("Rien n’est perdu et vous pouvez lire ; rien ne peut être enregistré avant qu’il y ait de la place."),
)
