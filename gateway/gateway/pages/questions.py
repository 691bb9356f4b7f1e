"""Questions to the producer of a contract (S0:13): asking, the list of those that wait, answering by link or account, publishing."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext
from marshmallow import Schema, fields, validate

from gateway.access import access, rule
from gateway.calls import ask, ask_as_gateway, tell_as_gateway
from gateway.forms import Form
from gateway.identity import places
from gateway.limits_of import limit_source
from gateway.menus import nav_item
from gateway.pages.members_words import act
from gateway.problems import register
from gateway.tasks import Task, task_source
from grenier.errors import GrenierError, NotFound
from grenier.language.roles import PERMISSIONS

bp = Blueprint("questions", __name__)
nav_item(lazy_gettext("Questions"), "questions.index", icon="chat-bubble-left-right", order=62, who=rule("member"))
nav_item(
    lazy_gettext("Questions des mangeurs"),
    "questions.of_producer",
    icon="chat-bubble-left-right",
    order=23,
    who=rule(role="producer", scope="producer"),
)

GROUP = "/groupes/<group_id>/questions"
ANSWERS_PER_SOURCE = 30  # an hour

for _code, _title, _detail in (
    ("question-unknown", lazy_gettext("Question inconnue"), lazy_gettext("Cette question n’existe pas.")),
    ("question-exists", lazy_gettext("Question déjà posée"), lazy_gettext("Cette question est déjà enregistrée.")),
    (
        "question-answered",
        lazy_gettext("Déjà une réponse"),
        lazy_gettext("Cette question a reçu sa réponse : il n’y a plus rien à relancer."),
    ),
    (
        "question-open",
        lazy_gettext("Pas encore de réponse"),
        lazy_gettext("Une question se publie avec sa réponse : répondez d’abord."),
    ),
    (
        "no-producer-contact",
        lazy_gettext("La ferme n’a pas encore de contact"),
        lazy_gettext("Donnez le rôle « production » à une personne de la ferme, ou répondez vous-même."),
    ),
):  # fmt: skip
    register(_code, _title, _detail)


class QuestionForm(Schema):
    contract_id = fields.String(required=True, validate=validate.Length(min=1, max=100))
    text = fields.String(required=True, validate=validate.Length(min=1, max=5_000))


class AnswerForm(Schema):
    text = fields.String(required=True, validate=validate.Length(min=1, max=5_000))


@bp.get(GROUP)
@access("member")
def index(group_id: str):
    """Those that wait come first, the longest waiting on top."""
    found = ask("notify", "questions", group_id=group_id)
    items = [{**row, "state_word": state_of(row), "age": age(row["age_hours"])} for row in found["items"]]
    return render_template("questions/index.html", items=items, group_id=group_id, manages=found["may_manage"])


def state_of(row: dict[str, Any]) -> tuple[str, str]:
    if row["published_at"]:
        return "good", _("publiée")
    if row["answers"]:
        return "good", _("réponse reçue")
    return ("waiting", _("en attente")) if row["contacts"] else ("attention", _("sans contact"))


def age(hours: int) -> str:
    """« depuis 3 jours »"""
    if hours < 24:
        return ngettext("depuis %(num)d heure", "depuis %(num)d heures", max(hours, 1))
    return ngettext("depuis %(num)d jour", "depuis %(num)d jours", hours // 24)


@bp.route(GROUP + "/nouvelle", methods=["GET", "POST"])
@access("member")
def new(group_id: str):
    contracts = ask("contracts", "group_contracts", group_id=group_id)["contracts"]
    choices = [(row["contract_id"], f"{row['title']} – {row['producer']}") for row in contracts]
    form = Form(QuestionForm(), initial={"contract_id": request.args.get("contrat", "")})
    if request.method == "POST":
        # Only contracts of the group whose page this is.
        if form.load() and form.value("contract_id") not in dict(choices):
            abort(404)
        if not form.errors and (answer := form.tell("notify", "ask_question")):
            flash(_("Question envoyée. La réponse arrivera par courriel, et ici."), "success")
            return redirect(url_for(".show", group_id=group_id, question_id=answer["id"]))
    return form.render("questions/new.html", group_id=group_id, choices=choices)


@bp.get(GROUP + "/<question_id>")
@access("member")
def show(group_id: str, question_id: str):
    return _shown(Form(AnswerForm()), group_id, question_id)


def _shown(form: Form, group_id: str, question_id: str):
    found = _question(group_id, question_id)
    return form.render(
        "questions/show.html",
        question=found,
        state_word=state_of(found),
        age=age(found["age_hours"]),
        group_id=group_id,
    )


def _question(group_id: str, question_id: str) -> dict[str, Any]:
    found = ask("notify", "question", question_id=question_id)
    if found["group_id"] != group_id:
        abort(404)
    return found


@bp.post(GROUP + "/<question_id>/reponse")
@access("member")
def answer(group_id: str, question_id: str):
    """By who coordinates the contract; with the box ticked it is published at once."""
    _question(group_id, question_id)
    form = Form(AnswerForm())
    publish = request.form.get("publish") == "1"
    if form.tell("notify", "answer_question", question_id=question_id, publish=publish):
        flash(_("Réponse envoyée à la personne qui a demandé."), "success")
        return redirect(url_for(".show", group_id=group_id, question_id=question_id))
    return _shown(form, group_id, question_id)


@bp.post(GROUP + "/<question_id>/publication")
@access("member")
def publish(group_id: str, question_id: str):
    back = url_for(".show", group_id=group_id, question_id=question_id)
    done = _("Question et réponse sont publiées, sans nom, et envoyées à tous les inscrits.")
    return act("notify", "publish_question", back, done, question_id=question_id)


@bp.post(GROUP + "/<question_id>/relance")
@access("member")
def relay(group_id: str, question_id: str):
    back = url_for(".show", group_id=group_id, question_id=question_id)
    return act("notify", "relay_question", back, _("La question est repartie vers la ferme."), question_id=question_id)


# -- the producer --------------------------------------------------------------------------------------------------


@bp.route("/producteur/question/<token>", methods=["GET", "POST"])
@access("public")
def by_link(token: str):
    """The link of the mail: reading changes nothing, the button does; no account is needed."""
    found = ask_as_gateway("notify", "question_by_link", token=token)
    form, done = Form(AnswerForm()), False
    if request.method == "POST":
        limit_source("question-answer", at_most=ANSWERS_PER_SOURCE)
        if values := form.load():
            try:
                tell_as_gateway("notify", "answer_by_link", token=token, **values)
                done = True
            except NotFound:
                raise
            except GrenierError as refused:
                form.refuse(refused)
    return form.render("questions/by_link.html", question=found, done=done)


@bp.get("/producteur/questions")
@access(role="producer", scope="producer")
def of_producer():
    """What was asked of the farms for which this person speaks."""
    items = [
        {**row, "state_word": state_of(row), "age": age(row["age_hours"])}
        for row in ask("notify", "producer_questions")["items"]
    ]
    return render_template("questions/of_producer.html", items=items)


@bp.route("/producteur/questions/<question_id>", methods=["GET", "POST"])
@access(role="producer", scope="producer")
def of_producer_one(question_id: str):
    found = ask("notify", "question", question_id=question_id)
    form, done = Form(AnswerForm()), False
    if request.method == "POST":
        done = bool(form.tell("notify", "answer_question", question_id=question_id))
    return form.render("questions/by_link.html", question={**found, "group": ""}, done=done)


# -- « À faire » ---------------------------------------------------------------------------------------------------


@task_source(rule(may="notify.announce"))
def waiting():
    """For who coordinates: the questions without an answer, the oldest first."""
    own = {
        held.scope_id
        for held in places().roles
        if held.scope_kind == "group" and "notify.announce" in PERMISSIONS.get(held.role, ())
    }
    for group_id in sorted(own):
        items = ask("notify", "questions", group_id=group_id, open=True)["items"]
        if items:
            yield Task(
                ngettext("%(num)d question attend une réponse", "%(num)d questions attendent une réponse", len(items)),
                url_for("questions.index", group_id=group_id),
                _("Voir les questions"),
                _(
                    "La plus ancienne attend %(age)s : « %(contract)s ».",
                    age=age(items[0]["age_hours"]),
                    contract=items[0]["contract"],
                ),
                minutes=5 * len(items),
                urgency="soon" if items[0]["age_hours"] >= 72 else "normal",
                icon="chat-bubble-left-right",
            )


@task_source(rule(role="producer", scope="producer"))
def asked_of_me():
    items = [row for row in ask("notify", "producer_questions")["items"] if not row["answers"]]
    if items:
        yield Task(
            ngettext("%(num)d question vous est posée", "%(num)d questions vous sont posées", len(items)),
            url_for("questions.of_producer"),
            _("Répondre"),
            _("La plus ancienne attend %(age)s.", age=age(items[0]["age_hours"])),
            minutes=5 * len(items),
            icon="chat-bubble-left-right",
        )
