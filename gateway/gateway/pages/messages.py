"""Messages: mine, the group's log, announcements with their preview, the call list, templates (S1:11-15, S1:52-54, S1:143)."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext
from marshmallow import Schema, fields, validate

from gateway.access import access, rule
from gateway.calls import ask, tell
from gateway.forms import Form
from gateway.identity import identity, language, places
from gateway.menus import nav_item
from gateway.pages.ledger_words import household_label, names_for, refusal_text
from gateway.pages.messages_titles import SEASON
from gateway.problems import register
from gateway.tables import Column, Table
from grenier.errors import GrenierError, Invalid, Rejected

bp = Blueprint("messages", __name__)
nav_item(lazy_gettext("Messages"), "messages.index", icon="envelope", order=60, who=rule(may="notify.read"))

GROUP = "/groupes/<group_id>/messages"
PAGE = 100
TITLES: dict[str, Any] = {
    "announcement": lazy_gettext("Annonce"),
    "closing-summary": lazy_gettext("Bilan de clôture"),
    "distribution-reminder": lazy_gettext("Rappel de distribution"),
    "draft-reminder": lazy_gettext("Commande à valider"),
    "login-link": lazy_gettext("Lien de connexion"),
    "negative-balance": lazy_gettext("Solde débiteur"),
    "order-amended": lazy_gettext("Commande modifiée"),
    "order-regulated": lazy_gettext("Commande régulée"),
    "shortage-notice": lazy_gettext("Produit manquant"),
    "volunteers-needed": lazy_gettext("Appel à bénévoles"),
    "window-opened": lazy_gettext("Ouverture des commandes"),
    **SEASON,
}
STATES: dict[str, tuple[str, Any]] = {
    "waiting": ("waiting", lazy_gettext("en attente d’envoi")),
    "sent": ("good", lazy_gettext("envoyé")),
    "failed": ("problem", lazy_gettext("non remis, à appeler")),
    "to-call": ("attention", lazy_gettext("à appeler")),
    "told": ("good", lazy_gettext("prévenu par téléphone")),
}
AUDIENCES: dict[str, Any] = {
    "all": lazy_gettext("Tous les foyers du groupe"),
    "ordered": lazy_gettext("Ceux qui ont commandé ce mois-ci"),
    "not-ordered": lazy_gettext("Ceux qui n’ont pas commandé"),
    "drafts": lazy_gettext("Ceux qui ont un brouillon non validé"),
    "takers": lazy_gettext("Les intermittents des paniers"),
    "collective": lazy_gettext("Le collectif : les personnes qui ont un rôle"),
}
OUTCOMES: dict[str, Any] = {
    "told": lazy_gettext("Prévenu"),
    "no-answer": lazy_gettext("Pas de réponse"),
    "wrong-number": lazy_gettext("Mauvais numéro"),
}
ORIGINS: dict[str, Any] = {
    "file": lazy_gettext("texte d’origine"),
    "host": lazy_gettext("texte du centre"),
    "group": lazy_gettext("texte du groupe"),
}

register(
    "nobody-to-tell",
    lazy_gettext("Personne à prévenir"),
    lazy_gettext("Aucun foyer ne correspond à ce choix pour le moment."),
)
register(
    "not-on-call-list",
    lazy_gettext("Pas sur la liste d’appel"),
    lazy_gettext("Ce message part par courriel : il n’y a pas d’appel à noter."),
)
register("message-unknown", lazy_gettext("Message inconnu"), lazy_gettext("Ce message n’existe pas."))


class AnnouncementForm(Schema):
    audience = fields.String(required=True, validate=validate.Length(min=1, max=120))
    from_producer = fields.Boolean(load_default=False)
    subject = fields.String(required=True, validate=validate.Length(max=200))
    body = fields.String(required=True, validate=validate.Length(max=20_000))


class WordingForm(Schema):
    subject = fields.String(required=True, validate=validate.Length(max=200))
    body = fields.String(required=True, validate=validate.Length(max=20_000))


# -- mine ----------------------------------------------------------------------------------------------------------


@bp.get("/messages")
@access("person")
def mine():
    """What was said to me, and whether I want announcements."""
    offset = _offset()
    found = ask("notify", "my_messages", page=offset // PAGE + 1, size=PAGE)
    wanted = ask("notify", "preferences")["announcements"]
    items = [{**row, "word": STATES[row["state"]]} for row in found["items"]]
    return render_template("messages/mine.html", items=items, found=found, wanted=wanted, offset=offset, limit=PAGE)


@bp.post("/messages/annonces")
@access("person")
def choose():
    wanted = request.form.get("wanted") == "1"
    tell("notify", "set_announcements", wanted=wanted)
    flash(_("Vous recevrez les annonces.") if wanted else _("Vous ne recevrez plus les annonces."), "success")
    return redirect(url_for(".mine"))


@bp.route("/messages/desinscription/<person_id>/<token>", methods=["GET", "POST"])
@access("public")
def unsubscribe(person_id: str, token: str):
    """The link under an announcement: works without signing in; opening it changes nothing, the button does."""
    done = False
    if request.method == "POST":
        tell("notify", "set_announcements", person_id=person_id, token=token, wanted=False)
        done = True
    return render_template("messages/unsubscribe.html", done=done)


# -- the group's log -----------------------------------------------------------------------------------------------


@bp.get(GROUP)
@access(may="notify.read")
def index(group_id: str):
    """What was said to whom: the template, the household, how it went."""
    offset, state = _offset(), request.args.get("etat", "")
    state = state if state in STATES else ""
    found = ask("notify", "messages", group_id=group_id, state=state, page=offset // PAGE + 1, size=PAGE)
    names = names_for([row["person_id"] for row in found["items"]], [row["household_id"] for row in found["items"]])
    rows = [
        {
            **row,
            "title": str(TITLES.get(row["template"], row["template"])),
            "who": names.get(row["person_id"]) or _("une personne"),
            "home": household_label(names, row["household_id"]) if row["household_id"] else "",
            "word": STATES[row["state"]],
        }
        for row in found["items"]
    ]
    columns = [
        Column("requested_at", _("Quand"), "instant"),
        Column("title", _("Message")),
        Column("who", _("À")),
        Column("home", _("Foyer")),
        Column("word", _("État"), "state"),
    ]
    empty = (
        _("Aucun message"),
        _("Les messages partent d’eux-mêmes quand il se passe quelque chose, ou par une annonce."),
    )
    table = Table("messages", _("Messages du groupe"), columns, rows, empty)
    exported = table.export()
    return exported or render_template(
        "messages/index.html",
        table=table,
        found=found,
        group_id=group_id,
        state=state,
        states=STATES,
        offset=offset,
        limit=PAGE,
    )


@bp.route(GROUP + "/annonce", methods=["GET", "POST"])
@access(may="notify.announce")
def announce(group_id: str):
    """Write, see whom it reaches and how it reads, send."""
    form, preview = Form(AnnouncementForm(), {"audience": request.args.get("a", "all")}), None
    values = form.load() if request.method == "POST" else None
    if values is not None:
        try:
            if request.form.get("act") == "send":
                persons = tell("notify", "announce", group_id=group_id, **values)["persons"]
                text = ngettext("%(num)d personne est prévenue.", "%(num)d personnes sont prévenues.", persons)
                flash(_("%(told)s Le détail est dans la liste des messages.", told=text), "success")
                return redirect(url_for(".index", group_id=group_id))
            if request.form.get("act") == "preview":
                preview = ask("notify", "announce_preview", group_id=group_id, **values)
        except (Rejected, Invalid) as refused:
            form.refuse(refused)
    audiences = {**AUDIENCES, **_contracts(group_id)}
    return form.render("messages/announce.html", group_id=group_id, audiences=audiences, preview=preview, values=values)


def _contracts(group_id: str) -> dict[str, str]:
    """S0:14: the subscribers of each running contract, as an audience."""
    try:
        found = ask("contracts", "group_contracts", group_id=group_id)["contracts"]
    except GrenierError:
        return {}  # the other audiences are worth choosing from without them
    running = [row for row in found if row["status"] == "opened"]
    return {
        f"contract:{row['contract_id']}": _("Les inscrits au contrat « %(title)s »", title=row["title"])
        for row in running
    }


# -- the call list -------------------------------------------------------------------------------------------------


@bp.get(GROUP + "/appels")
@access(may="notify.call")
def calls(group_id: str):
    """S1:14: who is called, what to say, how it went."""
    done = request.args.get("faits") == "1"
    rows = ask("notify", "call_list", group_id=group_id, done=done)["items"]
    names = names_for([call["actor"] for row in rows for call in row["calls"]])
    for row in rows:
        row["title"] = str(TITLES.get(row["template"], row["template"]))
        row["spoken"] = _spoken(row["text"])
        for call in row["calls"]:
            call["word"], call["who"] = str(OUTCOMES[call["outcome"]]), names.get(call["actor"], "")
    return render_template("messages/calls.html", rows=rows, group_id=group_id, outcomes=OUTCOMES, done=done)


@bp.post(GROUP + "/appels")
@access(may="notify.call")
def log_call(group_id: str):
    message_id, outcome = request.form.get("message_id", ""), request.form.get("outcome", "")
    try:
        tell("notify", "log_call", message_id=message_id, outcome=outcome)
    except (Rejected, Invalid) as refused:
        flash(refusal_text(refused), "problem")
    else:
        again = _("Appel noté. La personne reste sur la liste, à rappeler.")
        flash(_("Appel noté : cette personne est prévenue.") if outcome == "told" else again, "success")
    return redirect(url_for(".calls", group_id=group_id))


# -- templates -----------------------------------------------------------------------------------------------------


@bp.get(GROUP + "/modeles")
@access(may="notify.announce")
def templates(group_id: str):
    return _templates(group_id, group_id)


@bp.route(GROUP + "/modeles/<code>/<lang>", methods=["GET", "POST"])
@access(may="notify.announce")
def template(group_id: str, code: str, lang: str):
    return _template(group_id, code, lang, group_id)


@bp.get("/federation/modeles")
@access(may="notify.templates")
def central_templates():
    """S1:143: the centre's own versions, used by every group that has none of its own."""
    return _templates(_host_id(), "")


@bp.route("/federation/modeles/<code>/<lang>", methods=["GET", "POST"])
@access(may="notify.templates")
def central_template(code: str, lang: str):
    return _template(_host_id(), code, lang, "")


def _templates(owner_id: str, group_id: str):
    shown = request.args.get("langue", language())
    items = [row for row in ask("notify", "templates", owner_id=owner_id)["items"] if row["language"] == shown]
    rows = [
        {
            **row,
            "title": str(TITLES.get(row["code"], row["code"])),
            "origin": str(ORIGINS[row["origin"]]),
            "url": _template_url(row["code"], shown, group_id) if row["editable"] else None,
        }
        for row in items
    ]
    columns = [
        Column("title", _("Modèle"), link="url"),
        Column("purpose", _("Quand il part")),
        Column("subject", _("Objet")),
        Column("origin", _("Version")),
    ]
    table = Table("modeles", _("Modèles de messages"), columns, rows)
    return render_template("messages/templates.html", table=table, group_id=group_id, shown=shown)


def _template(owner_id: str, code: str, lang: str, group_id: str):
    """Edit a text beside its preview; `act`: preview, save, or restore the version above."""
    items = ask("notify", "templates", owner_id=owner_id)["items"]
    current = next((row for row in items if (row["code"], row["language"]) == (code, lang)), None)
    if current is None or not current["editable"]:
        abort(404)
    form = Form(WordingForm(), {"subject": current["subject"], "body": current["body"]})
    act, ids = request.form.get("act", ""), {"owner_id": owner_id, "code": code, "language": lang}
    back = url_for(".templates", group_id=group_id) if group_id else url_for(".central_templates")
    if request.method == "POST" and act == "restore":
        tell("notify", "change_template", subject="", body="", **ids)
        flash(_("Le texte d’avant est rétabli."), "success")
        return redirect(back)
    if request.method == "POST" and act == "save" and form.tell("notify", "change_template", **ids):
        flash(_("Modèle enregistré : les prochains messages partiront avec ces mots."), "success")
        return redirect(back)
    typed = form.load() if form.sent and not form.errors else {"subject": current["subject"], "body": current["body"]}
    preview = None
    try:
        preview = ask("notify", "preview_template", **ids, **typed) if typed else None
    except Invalid as refused:
        form.refuse(refused)
    return form.render(
        "messages/template.html", current=current, preview=preview, group_id=group_id, back=back,
        title=str(TITLES.get(code, code)), own=current["origin"] == ("group" if group_id else "host"),
    )  # fmt: skip


# -- shared --------------------------------------------------------------------------------------------------------


def _template_url(code: str, lang: str, group_id: str) -> str:
    if group_id:
        return url_for(".template", group_id=group_id, code=code, lang=lang)
    return url_for(".central_template", code=code, lang=lang)


def _host_id() -> str:
    """The host organisation in whose name the person works."""
    held = [role.scope_id for role in places().roles if role.scope_kind == "federation"]
    if not held or identity().person_id is None:
        abort(404)
    return held[0]


def _offset() -> int:
    return max(request.args.get("offset", 0, type=int), 0)


def _spoken(text: str) -> str:
    """A mail as it is told on the phone: without addresses of pages."""
    return "\n".join(line for line in text.splitlines() if "http://" not in line and "https://" not in line).strip()
