"""Stream `question-<id>`: an eater asks about a contract, the producer or the coordinator answers (S0:13).

Texts arrive sealed: nobody but the doors ever sees them in the clear.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, assert_never

import msgspec

from grenier.decider import Decider
from grenier.errors import Rejected
from grenier.language.notify import QuestionAnswered, QuestionAsked, QuestionPublished, QuestionRelayed

MOST_ANSWERS = 50

# -- commands ------------------------------------------------------------------------------------------------------


class AskQuestion(msgspec.Struct, frozen=True, kw_only=True):
    question_id: str
    group_id: str
    contract_id: str
    producer_id: str
    person_id: str
    sealed: dict[str, str]
    contact_ids: list[str]


class RelayQuestion(msgspec.Struct, frozen=True, kw_only=True):
    question_id: str
    contact_ids: list[str]


class AnswerQuestion(msgspec.Struct, frozen=True, kw_only=True):
    question_id: str
    person_id: str
    by: Literal["producer", "coordinator"]
    means: Literal["link", "account"]
    sealed: dict[str, str]


class PublishQuestion(msgspec.Struct, frozen=True, kw_only=True):
    question_id: str


Command = AskQuestion | RelayQuestion | AnswerQuestion | PublishQuestion
Event = QuestionAsked | QuestionRelayed | QuestionAnswered | QuestionPublished


@dataclass(frozen=True)
class Question:
    asked: QuestionAsked | None = None
    answers: int = 0
    published: bool = False

    def known(self, question_id: str) -> QuestionAsked:
        if self.asked is None:
            raise Rejected("question-unknown", question_id=question_id)
        return self.asked


# -- decide --------------------------------------------------------------------------------------------------------


def decide(question: Question, command: Command) -> Sequence[Event]:
    match command:
        case AskQuestion():
            return ask(question, command)
        case RelayQuestion():
            return relay(question, command)
        case AnswerQuestion():
            return answer(question, command)
        case PublishQuestion():
            return publish(question, command)
        case _:
            assert_never(command)


def ask(question: Question, command: AskQuestion) -> list[QuestionAsked]:
    if question.asked is not None:
        raise Rejected("question-exists", question_id=command.question_id)
    return [QuestionAsked(**msgspec.structs.asdict(command))]


def relay(question: Question, command: RelayQuestion) -> list[QuestionRelayed]:
    asked = question.known(command.question_id)
    if question.answers:
        raise Rejected("question-answered", question_id=command.question_id)
    if not command.contact_ids:
        raise Rejected("no-producer-contact", producer_id=asked.producer_id)
    return [
        QuestionRelayed(
            question_id=command.question_id, group_id=asked.group_id, contract_id=asked.contract_id,
            contact_ids=command.contact_ids,
        )
    ]  # fmt: skip


def answer(question: Question, command: AnswerQuestion) -> list[QuestionAnswered]:
    asked = question.known(command.question_id)
    if question.answers >= MOST_ANSWERS:
        raise Rejected("question-answered", question_id=command.question_id)
    return [
        QuestionAnswered(
            question_id=command.question_id, group_id=asked.group_id, contract_id=asked.contract_id,
            asker_id=asked.person_id, person_id=command.person_id, by=command.by, means=command.means,
            sealed=command.sealed,
        )
    ]  # fmt: skip


def publish(question: Question, command: PublishQuestion) -> list[QuestionPublished]:
    asked = question.known(command.question_id)
    if question.published:
        return []
    if not question.answers:
        raise Rejected("question-open", question_id=command.question_id)
    return [QuestionPublished(question_id=command.question_id, group_id=asked.group_id, contract_id=asked.contract_id)]


# -- evolve --------------------------------------------------------------------------------------------------------


def evolve(question: Question, event: Event) -> Question:
    match event:
        case QuestionAsked():
            return replace(question, asked=event)
        case QuestionRelayed():
            return question
        case QuestionAnswered():
            return replace(question, answers=question.answers + 1)
        case QuestionPublished():
            return replace(question, published=True)
        case _:
            assert_never(event)


decider: Decider[Question, Command, Event] = Decider("question", Question(), decide, evolve)
