"""Questions of the eaters to the producer of a contract and back (S0:13), and how long before a delivery people are reminded (S0:15)."""

from marshmallow import fields, validate

from gateway.access import access
from gateway.api.base import ApiBlueprint, Done, Flag, Query, Schema
from gateway.calls import ask, ask_as_gateway, tell, tell_as_gateway
from gateway.limits_of import limit_source

bp = ApiBlueprint("questions", description="Questions about a contract, relayed to the producer and answered.")

WORDS = validate.Length(min=1, max=5_000)
ANSWERS_PER_SOURCE = 30  # an hour


class NewQuestion(Schema):
    text = fields.String(required=True, validate=WORDS)


class AnswerText(Schema):
    text = fields.String(required=True, validate=WORDS)


class NewAnswer(AnswerText):
    publish = Flag(
        metadata={"description": "Coordinators: show question and answer to all subscribers, without a name"}
    )


class AnswerSchema(Schema):
    by = fields.String(validate=validate.OneOf(["producer", "coordinator"]))
    at = fields.String()
    text = fields.String()


class Question(Schema):
    question_id = fields.String()
    group_id = fields.String()
    contract_id = fields.String()
    producer_id = fields.String()
    contract = fields.String(metadata={"description": "Title of the contract"})
    producer = fields.String()
    group = fields.String(metadata={"description": "Name of the group; by link only"})
    text = fields.String()
    state = fields.String(validate=validate.OneOf(["open", "answered"]))
    asked_at = fields.String()
    relayed_at = fields.String(metadata={"description": "Empty: no contact of the producer is known yet"})
    contacts = fields.Integer(metadata={"description": "To how many contacts of the producer it was relayed"})
    answered_at = fields.String()
    published_at = fields.String()
    age_hours = fields.Integer()
    person_id = fields.String(metadata={"description": "Who asked: shown to who coordinates and to oneself"})
    mine = fields.Boolean()
    may_manage = fields.Boolean()
    answers = fields.Nested(AnswerSchema, many=True)


class Questions(Schema):
    items = fields.Nested(Question, many=True)
    may_manage = fields.Boolean()


class QuestionsQuery(Query):
    open = fields.Boolean(load_default=False, metadata={"description": "Only those that wait for an answer"})
    contract_id = fields.String(load_default="", validate=validate.Length(max=100))


class ReminderSettings(Schema):
    delivery_hours = fields.Integer(strict=True, validate=validate.Range(min=0, max=336))
    balance_days = fields.Integer(
        strict=True,
        validate=validate.Range(min=0, max=366),
        metadata={"description": "Every how many days a household in the red is reminded; 0: only by hand"},
    )


@bp.post("/contracts/<contract_id>/questions")
@access("person")
@bp.arguments(NewQuestion)
@bp.response(201, Done)
def ask_question(body, contract_id):
    """Ask the producer of a contract something"""
    return tell("notify", "ask_question", contract_id=contract_id, **body)


@bp.get("/groups/<group_id>/questions")
@access("member")
@bp.arguments(QuestionsQuery, location="query")
@bp.response(200, Questions)
def questions(query, group_id):
    """Questions of a group: all for who coordinates, one's own and the published ones for members"""
    return ask("notify", "questions", group_id=group_id, open=query["open"], contract_id=query["contract_id"])


@bp.get("/questions/<question_id>")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Question)
def question(query, question_id):
    """A question with its answers"""
    return ask("notify", "question", question_id=question_id)


@bp.post("/questions/<question_id>/answers")
@access("person")
@bp.arguments(NewAnswer)
@bp.response(201, Done)
def answer(body, question_id):
    """Answer, as the producer or as who coordinates the contract"""
    return tell("notify", "answer_question", question_id=question_id, **body)


@bp.post("/questions/<question_id>/publication")
@access("person")
@bp.response(201, Done)
@bp.alt_response(409, description="`question-open`: there is no answer yet")
def publish(question_id):
    """Show question and answer to all subscribers, without the asker's name"""
    return tell("notify", "publish_question", question_id=question_id)


@bp.post("/questions/<question_id>/relay")
@access("person")
@bp.response(201, Done)
@bp.alt_response(409, description="`question-answered`, `no-producer-contact`")
def relay(question_id):
    """Send the question to the producer's contacts once more"""
    return tell("notify", "relay_question", question_id=question_id)


@bp.get("/me/questions")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Questions)
def my_questions(query):
    """What I asked"""
    return ask("notify", "my_questions")


@bp.get("/producer/questions")
@access("person")
@bp.arguments(Query, location="query")
@bp.response(200, Questions)
def producer_questions(query):
    """What was asked of the producers for whom I speak"""
    return ask("notify", "producer_questions")


@bp.get("/question-links/<token>")
@access("public")
@bp.arguments(Query, location="query")
@bp.response(200, Question)
@bp.alt_response(409, description="`link-expired`")
def read_link(query, token):
    """The question of a producer's link; reading changes nothing"""
    return ask_as_gateway("notify", "question_by_link", token=token)


@bp.post("/question-links/<token>")
@access("public")
@bp.arguments(AnswerText)
@bp.response(201, Done)
@bp.alt_response(409, description="`link-expired`")
@bp.alt_response(429, description="Too many answers from one place")
def answer_link(body, token):
    """Answer by a producer's link, without an account"""
    limit_source("question-answer", at_most=ANSWERS_PER_SOURCE)
    return tell_as_gateway("notify", "answer_by_link", token=token, **body)


@bp.get("/groups/<group_id>/reminders")
@access("member")
@bp.arguments(Query, location="query")
@bp.response(200, ReminderSettings)
def reminders(query, group_id):
    """How long before a delivery people are reminded, and how often of a debt; 0: not at all"""
    return ask("notify", "reminders", group_id=group_id)


@bp.put("/groups/<group_id>/reminders")
@access(may="notify.announce")
@bp.arguments(ReminderSettings)
@bp.response(200, Done)
def set_reminders(body, group_id):
    """Set how long before a delivery people are reminded, or how often of a debt"""
    return tell("notify", "set_reminders", group_id=group_id, **body)
