"""Doors of questions (S0:13): asked by eaters, relayed to the producer's contact, answered by link or account, published.

Texts are sealed before they are written and opened for whoever may read them; the asker's name is nobody's but the
coordinator's, and what is published carries none.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from grenier.doors import Context, door
from grenier.errors import Forbidden, NotFound
from grenier.language import purposes
from grenier.links import read as read_link
from grenier.readmodel import Row
from grenier.runtime import Runtime, derived_id, read
from notify_svc import asks, question, reminders
from notify_svc.season_policies import contacts
from notify_svc.season_words import opened
from notify_svc.views import people, questions, season

MANAGE = "notify.announce"
# What members do not see of a contract: that it is being prepared.
HIDDEN = ("draft", "abandoned")


class QuestionDoors:
    runtime: Runtime

    # -- commands ------------------------------------------------------------------------------------------------

    @door
    def ask_question(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.AskQuestion = read(asks.AskQuestion, payload)
        contract = season.contract(self.runtime.db, ask.contract_id)
        if contract is None or contract["state"] in HIDDEN:
            raise NotFound
        role = self.runtime.access.require_member(context, contract["group_id"])
        question_id = ask.question_id or derived_id(context.command_id, "question")
        command = question.AskQuestion(
            question_id=question_id, group_id=contract["group_id"], contract_id=ask.contract_id,
            producer_id=contract["producer_id"], person_id=context.actor, contact_ids=contacts(self.runtime, contract),
            sealed=self.runtime.keys.seal(context.actor, {"text": ask.text.strip()}),
        )  # fmt: skip
        return self._tell(question_id, command, context, role, contract["group_id"])

    @door
    def answer_question(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """By the producer's account, or by the coordinator in its stead."""
        ask: asks.AnswerQuestion = read(asks.AnswerQuestion, payload)
        row = self._known(ask.question_id)
        role = self._role(context, row)
        if role not in ("producer", *self._managers(context, row)):
            self._refuse(context, row)
        by = "producer" if role == "producer" else "coordinator"
        done = self._answer(row, context, role, by, "account", ask.text)
        return self._published(row, context, role, done) if ask.publish and by == "coordinator" else done

    @door
    def answer_by_link(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """By whoever has the link of the mail, without an account; the one it was sent to is the one who answers."""
        ask: asks.AnswerByLink = read(asks.AnswerByLink, payload)
        row, person_id = self._by_link(ask.token)
        answering = msgspec.structs.replace(context, actor=person_id)
        return self._answer(row, answering, "producer", "producer", "link", ask.text)

    @door
    def publish_question(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """Question and answer go to all subscribers, without the asker's name."""
        ask: asks.OfQuestion = read(asks.OfQuestion, payload)
        row = self._known(ask.question_id)
        return self._published(row, context, self._require(context, row), {})

    @door
    def relay_question(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.OfQuestion = read(asks.OfQuestion, payload)
        row = self._known(ask.question_id)
        role = self._require(context, row)
        contract = season.contract(self.runtime.db, row["contract_id"])
        told = contacts(self.runtime, contract) if contract else []
        command = question.RelayQuestion(question_id=ask.question_id, contact_ids=told)
        return self._tell(ask.question_id, command, context, role, row["group_id"])

    @door
    def set_reminders(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.SetReminders = read(asks.SetReminders, payload)
        role = self.runtime.access.require(context, MANAGE, group_id=ask.group_id)
        command = reminders.SetReminders(
            group_id=ask.group_id, delivery_hours=ask.delivery_hours, balance_days=ask.balance_days
        )
        return self.runtime.tell(reminders.decider, ask.group_id, command, context, role=role, group_id=ask.group_id)

    # -- questions about questions -------------------------------------------------------------------------------

    @door
    def questions(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """Of a group: all for who coordinates, one's own and the published ones for members."""
        ask: asks.Questions = read(asks.Questions, payload)
        self.runtime.access.require_member(context, ask.group_id)
        rows = questions.of_group(self.runtime.db, ask.group_id, open_only=ask.open, contract_id=ask.contract_id)
        held = {row["contract_id"]: self._managers(context, row) for row in rows}
        seen = [row for row in rows if held[row["contract_id"]] or row["published_at"]
                or row["person_id"] == context.actor]  # fmt: skip
        return {"items": self._shown(seen, context), "may_manage": any(held.values()) or self._manages(context, ask)}

    @door
    def question(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.OfQuestion = read(asks.OfQuestion, payload)
        row = self._known(ask.question_id)
        if not self._role(context, row):
            raise NotFound
        return self._shown([row], context)[0]

    @door
    def my_questions(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        read(asks.Nothing, payload)
        return {"items": self._shown(questions.of_person(self.runtime.db, context.actor), context)}

    @door
    def producer_questions(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """What was asked of the producers for whom the actor speaks."""
        read(asks.Nothing, payload)
        ids = [row["scope_id"] for row in self.runtime.access.roles_of(context.actor) if row["role"] == "producer"]
        return {"items": self._shown(questions.of_producers(self.runtime.db, ids), context)}

    @door
    def question_by_link(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.OfLink = read(asks.OfLink, payload)
        row, _ = self._by_link(ask.token)
        [shown] = self._shown([row], Context())
        group = self.runtime.access.group(row["group_id"]) or {}
        return {**shown, "group": group.get("name", "")}

    @door
    def reminders(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask: asks.OfGroup = read(asks.OfGroup, payload)
        self.runtime.access.require_member(context, ask.group_id)
        stands = self.runtime.handler.state(reminders.decider, ask.group_id)
        return {"delivery_hours": stands.delivery_hours, "balance_days": stands.balance_days}

    # -- shared --------------------------------------------------------------------------------------------------

    def _known(self, question_id: str) -> Row:
        row = questions.question(self.runtime.db, question_id)
        if row is None:
            raise NotFound
        return row

    def _manages(self, context: Context, ask: asks.Questions) -> bool:
        return self.runtime.access.may(context.actor, MANAGE, group_id=ask.group_id)

    def _managers(self, context: Context, row: Row) -> tuple[str, ...]:
        """The role by which somebody looks after questions of this contract; () when none."""
        found = self.runtime.access.role_for(
            context.actor, MANAGE, group_id=row["group_id"], scope_id=row["contract_id"]
        )
        return (found,) if found else ()

    def _role(self, context: Context, row: Row) -> str:
        """What the actor is to this question: a role, "producer", "eater" (asked it, or it is published); "" nothing."""
        if found := self._managers(context, row):
            return found[0]
        speaks = {
            held["scope_id"] for held in self.runtime.access.roles_of(context.actor) if held["role"] == "producer"
        }
        if row["producer_id"] in speaks:
            return "producer"
        own = bool(context.actor) and row["person_id"] == context.actor
        published = row["published_at"] and self.runtime.access.belongs_to(context.actor, row["group_id"])
        return "eater" if own or published else ""

    def _require(self, context: Context, row: Row) -> str:
        found = self._managers(context, row)
        if not found:
            self._refuse(context, row)
        return found[0]

    def _refuse(self, context: Context, row: Row) -> None:
        if self._role(context, row):
            raise Forbidden(permission=MANAGE)
        raise NotFound

    def _by_link(self, token: str) -> tuple[Row, str]:
        facts = read_link(
            self.runtime.settings.session_secret, purposes.PRODUCER_QUESTION, token, self.runtime.clock.now()
        )
        if people.person(self.runtime.db, facts["person"]) is None:
            raise NotFound("link-unknown")
        return self._known(facts["question"]), facts["person"]

    def _answer(self, row: Row, context: Context, role: str, by: Any, means: Any, text: str) -> dict[str, Any]:
        command = question.AnswerQuestion(
            question_id=row["question_id"], person_id=context.actor, by=by, means=means,
            sealed=self.runtime.keys.seal(context.actor, {"text": text.strip()}),
        )  # fmt: skip
        return self._tell(row["question_id"], command, context, role, row["group_id"])

    def _published(self, row: Row, context: Context, role: str, done: dict[str, Any]) -> dict[str, Any]:
        command = question.PublishQuestion(question_id=row["question_id"])
        step = "publish" if done else ""
        return self.runtime.tell(question.decider, row["question_id"], command, context, role=role,
                                 group_id=row["group_id"], step=step)  # fmt: skip

    def _tell(self, question_id: str, command: Any, context: Context, role: str, group_id: str) -> dict[str, Any]:
        return self.runtime.tell(question.decider, question_id, command, context, role=role, group_id=group_id)

    def _shown(self, rows: list[Row], context: Context) -> list[dict[str, Any]]:
        """Texts in the clear; who asked only for oneself and for who coordinates the contract."""
        answers = questions.answers_of(self.runtime.db, [row["question_id"] for row in rows])
        now = self.runtime.clock.now()
        titles: dict[str, Row | None] = {}
        found = []
        for row in rows:
            contract_id = row["contract_id"]
            if contract_id not in titles:
                titles[contract_id] = season.contract(self.runtime.db, contract_id)
            contract = titles[contract_id] or {}
            mine, manages = row["person_id"] == context.actor, bool(self._managers(context, row))
            waited = now - datetime.fromisoformat(row["asked_at"])
            found.append(
                {name: row[name] for name in ("question_id", "group_id", "contract_id", "producer_id", "asked_at",
                                              "relayed_at", "contacts", "answered_at", "published_at")}
                | {"contract": contract.get("title", ""), "producer": contract.get("producer") or "",
                   "text": opened(self.runtime, row), "mine": mine, "may_manage": manages,
                   "person_id": row["person_id"] if mine or manages else "",
                   "state": "answered" if row["answered_at"] else "open",
                   "age_hours": int(waited.total_seconds() // 3600),
                   "answers": [{"by": each["by"], "at": each["at"], "text": opened(self.runtime, each)}
                               for each in answers.get(row["question_id"], [])]}
            )  # fmt: skip
        return found
