"""« Mon compte »: language, password, tokens for scripts, what is known about the person, signing out everywhere."""

from flask import Blueprint, Response, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from gateway.access import access
from gateway.calls import ask
from gateway.forms import Form
from gateway.identity import identity, person_id, places
from gateway.own_data import everything
from gateway.security.audit import note
from gateway.security.passwords import MAX_LENGTH, MIN_LENGTH
from grenier.errors import GrenierError

bp = Blueprint("account", __name__, url_prefix="/compte")


class PasswordForm(Schema):
    current = fields.String(load_default="", validate=validate.Length(max=MAX_LENGTH))
    password = fields.String(required=True)
    again = fields.String(load_default="")

    @validates_schema
    def check(self, data: dict, **_kwargs: object) -> None:
        if not MIN_LENGTH <= len(data["password"]) <= MAX_LENGTH:
            raise ValidationError(
                _("Au moins %(num)s caractères. Une phrase convient très bien.", num=MIN_LENGTH), "password"
            )
        if data["again"] != data["password"]:
            raise ValidationError(_("Les deux saisies sont différentes."), "again")


class TokenForm(Schema):
    label = fields.String(required=True, validate=validate.Length(min=1, max=80))


@bp.get("")
@access("person")
def index():
    return _page()


@bp.post("/mot-de-passe")
@access("person")
def set_password():
    gateway = current_app.extensions["grenier"]
    form, person, session = Form(PasswordForm()), person_id(), identity().session
    values = form.load()
    if values is None:
        return _page(password=form, status=422)
    wait = gateway.limits.hit("password-change", person, at_most=10, per_s=900)
    known = gateway.passwords.exists(person)
    if wait or (known and not gateway.passwords.check(person, values["current"])):
        form.errors = {
            "current": [
                _("Ce n’est pas votre mot de passe actuel.") if not wait else _("Trop de tentatives. Patientez un peu.")
            ]
        }
        return _page(password=form, status=422)
    gateway.passwords.set(person, values["password"])
    note("password-changed", person)
    gateway.sessions.close_all(person, except_hash=session.hash if session else "")
    flash(_("Mot de passe enregistré. Les autres appareils ont été déconnectés."), "success")
    return redirect(url_for("account.index"))


@bp.post("/jetons")
@access("person")
def make_token():
    form = Form(TokenForm())
    values = form.load()
    if values is None:
        return _page(token=form, status=422)
    _token, secret = current_app.extensions["grenier"].tokens.issue(person_id(), values["label"])
    note("token-made", person_id())
    return _page(new_secret=secret)


@bp.post("/jetons/<token_id>/revoquer")
@access("person")
def revoke_token(token_id: str):
    if current_app.extensions["grenier"].tokens.revoke(person_id(), token_id):
        note("token-revoked", person_id())
        flash(_("Le jeton ne fonctionne plus."), "success")
    return redirect(url_for("account.index", _anchor="tokens"))


@bp.post("/deconnecter-partout")
@access("person")
def sign_out_everywhere():
    current_app.extensions["grenier"].sessions.close_all(person_id())
    flash(_("Tous vos appareils sont déconnectés."), "success")
    return redirect(url_for("login.show"))


@bp.get("/mes-donnees")
@access("person")
def my_data() -> Response:
    """Everything that is kept about the person, to take away (data portability)."""
    import json

    text = json.dumps(everything(person_id()), ensure_ascii=False, indent=2, default=str)
    response = Response(text, mimetype="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="mes-donnees.json"'
    return response


def _page(password: Form | None = None, token: Form | None = None, new_secret: str = "", status: int = 200):
    gateway = current_app.extensions["grenier"]
    try:
        profile = ask("contracts", "me").get("person") or {}
    except GrenierError:
        profile = {}  # the page still serves to change a password while the directory is away
    page = render_template(
        "account/index.html",
        profile=profile,
        roles=places().roles,
        has_password=gateway.passwords.exists(person_id()),
        tokens=gateway.tokens.of(person_id()),
        sessions=gateway.sessions.count(person_id()),
        password_form=password or Form(),
        token_form=token or Form(),
        new_secret=new_secret,
        sent=request.method == "POST",
    )
    return page, status
