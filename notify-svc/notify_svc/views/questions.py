"""View `questions`: who asked what about which contract, and what was answered. Texts stay sealed; an erased person's go."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from grenier.language import contracts, notify
from grenier.readmodel import Database, Fact, Json, Row, Rows, View

_meta = sa.MetaData()
questions = sa.Table(
    "questions_questions",
    _meta,
    sa.Column("question_id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.Text, nullable=False, index=True),
    sa.Column("contract_id", sa.Text, nullable=False, index=True),
    sa.Column("producer_id", sa.Text, nullable=False),
    sa.Column("person_id", sa.Text, nullable=False, index=True),
    sa.Column("sealed", Json, nullable=False),
    sa.Column("asked_at", sa.Text, nullable=False),
    # The last time it was relayed, and how many contacts it went to.
    sa.Column("relayed_at", sa.Text, nullable=False),
    sa.Column("contacts", sa.Integer, nullable=False),
    sa.Column("answered_at", sa.Text, nullable=False),
    sa.Column("published_at", sa.Text, nullable=False),
)
answers = sa.Table(
    "questions_answers",
    _meta,
    sa.Column("question_id", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("person_id", sa.Text, nullable=False, index=True),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("sealed", Json, nullable=False),
    sa.Column("at", sa.Text, nullable=False),
)


def apply(rows: Rows, fact: Fact) -> None:
    match fact.event:
        case notify.QuestionAsked() as e:
            rows.put(questions, question_id=e.question_id, group_id=e.group_id, contract_id=e.contract_id,
                     producer_id=e.producer_id, person_id=e.person_id, sealed=e.sealed, asked_at=fact.at,
                     relayed_at=fact.at if e.contact_ids else "", contacts=len(e.contact_ids), answered_at="",
                     published_at="")  # fmt: skip
        case notify.QuestionRelayed() as e:
            rows.change(questions, e.question_id, relayed_at=fact.at, contacts=len(e.contact_ids))
        case notify.QuestionAnswered() as e:
            number = len(rows.where(answers, question_id=e.question_id)) + 1
            rows.put(answers, question_id=e.question_id, number=number, person_id=e.person_id, by=e.by, sealed=e.sealed,
                     at=fact.at)  # fmt: skip
            rows.change(questions, e.question_id, answered_at=fact.at)
        case notify.QuestionPublished() as e:
            rows.change(questions, e.question_id, published_at=fact.at)
        case contracts.PersonErased() as e:
            for row in rows.where(questions, person_id=e.person_id):
                rows.change(questions, row["question_id"], sealed={})
            for row in rows.where(answers, person_id=e.person_id):
                rows.change(answers, row["question_id"], row["number"], sealed={})


view = View(
    "questions",
    (questions, answers),
    ("notify.question-", "contracts.person-erased"),
    apply,
    scrub_on=("contracts.person-erased",),
)

# Of what is answered or one's own the latest are told; all that waits for an answer always is.
MOST = 200


def question(db: Database, question_id: str) -> Row | None:
    return db.row(sa.select(questions).where(questions.c.question_id == question_id))


def answers_of(db: Database, question_ids: Sequence[str]) -> dict[str, list[Row]]:
    query = sa.select(answers).where(answers.c.question_id.in_(list(question_ids)))
    found: dict[str, list[Row]] = {}
    for row in db.rows(query.order_by(answers.c.question_id, answers.c.number)):
        found.setdefault(row["question_id"], []).append(row)
    return found


def of_group(db: Database, group_id: str, *, open_only: bool = False, contract_id: str = "") -> list[Row]:
    """Of a group, those that wait longest first, then the others from the newest on."""
    q = questions.c
    wanted = [q.group_id == group_id, *([q.answered_at == ""] if open_only else [])]
    if contract_id:
        wanted.append(q.contract_id == contract_id)
    waiting = db.rows(sa.select(questions).where(*wanted, q.answered_at == "").order_by(q.asked_at))
    if open_only:
        return waiting
    done = sa.select(questions).where(*wanted, q.answered_at != "").order_by(q.asked_at.desc())
    return waiting + db.rows(done.limit(MOST))


def published(db: Database, group_id: str) -> list[Row]:
    q = questions.c
    query = sa.select(questions).where(q.group_id == group_id, q.published_at != "")
    return db.rows(query.order_by(q.published_at.desc()).limit(MOST))


def of_person(db: Database, person_id: str) -> list[Row]:
    query = sa.select(questions).where(questions.c.person_id == person_id)
    return db.rows(query.order_by(questions.c.asked_at.desc()).limit(MOST))


def of_producers(db: Database, producer_ids: Sequence[str]) -> list[Row]:
    """Asked of these producers, those that wait longest first."""
    query = sa.select(questions).where(questions.c.producer_id.in_(list(producer_ids)))
    return db.rows(query.order_by(questions.c.answered_at != "", questions.c.asked_at).limit(MOST))
