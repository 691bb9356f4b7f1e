"""The first page (what Grenier is and which groups there are; « À faire » for those who are signed in) and its neighbours."""

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask_babel import lazy_gettext

from gateway.access import access, belongs_to
from gateway.calls import ask_as_gateway
from gateway.identity import LANGUAGE_COOKIE, LANGUAGES, identity, is_https
from gateway.menus import nav_item
from gateway.pages.login import local_path
from gateway.problems import CATALOGUE, problem
from gateway.tasks import collect
from grenier.errors import GrenierError

bp = Blueprint("public", __name__)
nav_item(lazy_gettext("À faire"), "public.index", icon="home", order=0)
YEAR_S = 365 * 24 * 3600


@bp.get("/")
@access("public")
def index():
    if identity().person_id is not None:
        tasks, complete = collect()
        return render_template("home/index.html", tasks=tasks, complete=complete)
    try:
        found = ask_as_gateway("contracts", "public_groups")
        groups, unfounded = found.get("groups", []), found.get("host", {}) is None
    except GrenierError:
        groups, unfounded = None, False  # the page is worth showing without its list
    return render_template("public/index.html", groups=groups, unfounded=unfounded)


@bp.get("/accessibilite")
@access("public")
def accessibility():
    return render_template("public/accessibility.html")


@bp.get("/problems/<code>")
@access("public")
def explain_problem(code: str):
    if code not in CATALOGUE:
        abort(404)
    return render_template("public/problem.html", explained=problem(code, 0), code=code)


@bp.post("/langue")
@access("public")
def choose_language():
    wanted = request.form.get("language", "")
    if wanted not in LANGUAGES:
        abort(400)
    gateway = current_app.extensions["grenier"]
    session = identity().session
    if session is not None:
        gateway.sessions.choose_language(session, wanted)
        gateway.languages.choose(session.person_id, wanted)
    response = redirect(local_path(request.form.get("next", "")))
    response.set_cookie(
        LANGUAGE_COOKIE, wanted, max_age=YEAR_S, samesite="Lax", httponly=True, secure=is_https(gateway.settings)
    )
    return response


@bp.post("/groupe")
@access("person")
def choose_group():
    group_id = request.form.get("group_id", "")
    if not belongs_to(group_id):
        abort(404)
    session = identity().session
    if session is not None:
        current_app.extensions["grenier"].sessions.choose_group(session, group_id)
    return redirect(url_for("public.index"))
