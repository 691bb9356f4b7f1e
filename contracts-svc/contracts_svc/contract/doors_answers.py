"""The doors between the group and the producer: a version is sent, looked at by a link, answered, or signed on paper (S0:23)."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from contracts_svc.contract import approval
from contracts_svc.contract.decider import decider
from contracts_svc.contract.sight import is_producer, managed
from contracts_svc.contract.state import Life
from contracts_svc.contract.telling import tell_life
from contracts_svc.rules.saying import in_full
from contracts_svc.views import contract_questions, federation, people
from grenier import links
from grenier.doors import Context, door
from grenier.errors import Invalid, NotFound, Rejected
from grenier.language import purposes
from grenier.language.season import SignatureMeans, Terms
from grenier.runtime import Runtime, read

ANSWER_WITHIN = timedelta(days=14)
LONGEST_COMMENT = 5000
SHA256 = re.compile(r"[0-9a-f]{64}")
Answer = Literal["approve", "changes"]


class Submit(msgspec.Struct, forbid_unknown_fields=True):
    """Without `person_id`: who holds the role of the producer. Without a document: the hash of the terms as data."""

    contract_id: str
    version: int
    person_id: str = ""
    document_sha256: str = ""
    answer_until: datetime | None = None


class Approve(msgspec.Struct, forbid_unknown_fields=True):
    contract_id: str
    version: int
    person_id: str = ""
    document_sha256: str = ""


class AnswerContract(msgspec.Struct, forbid_unknown_fields=True):
    contract_id: str
    version: int
    answer: Answer
    comment: str = ""
    document_sha256: str = ""


class AnswerByLink(msgspec.Struct, forbid_unknown_fields=True):
    token: str
    answer: Answer
    comment: str = ""
    document_sha256: str = ""


class ByLink(msgspec.Struct, forbid_unknown_fields=True):
    token: str


class AnswerDoors:
    runtime: Runtime

    @door
    def submit_contract(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(Submit, payload)
        life, role = managed(self.runtime, context, ask.contract_id)
        command = self._submission(life, ask)
        answer = tell_life(self.runtime, life, command, context, role)
        sent = self.runtime.handler.state(decider, ask.contract_id).life.submission
        told = {"person_id": command.person_id, "document_sha256": command.document_sha256}
        if sent is None or not self.runtime.settings.demo:
            return {**answer, **told}
        # Elsewhere the link goes to the producer only: who could make it could answer in their name.
        facts = purposes.producer_answer(ask.contract_id, sent.version, sent.person_id)
        token = links.sign(self._secret, purposes.PRODUCER_ANSWER, facts, sent.answer_until)
        return {**answer, **told, "token": token}

    def _submission(self, life: Life, ask: Submit) -> approval.SubmitContract:
        """What the request leaves out is as in the submission that lies there, so that saying it twice is once."""
        now, lies = self.runtime.clock.now(), life.submission
        return approval.SubmitContract(
            version=ask.version, now=now,
            person_id=self._contact(life, ask.person_id or (lies.person_id if lies else "")),
            document_sha256=a_hash(ask.document_sha256) or (lies.document_sha256 if lies else "") or hash_of(life.agreed),
            answer_until=ask.answer_until or (lies.answer_until if lies else now + ANSWER_WITHIN),
        )  # fmt: skip

    def _contact(self, life: Life, person_id: str) -> str:
        holders = self.runtime.access.holders("producer", life.producer_id)
        if not person_id and holders:
            return holders[0]
        if person_id and (person_id in holders or life.group_id in self._places(person_id)):
            return person_id
        raise Invalid(fields={"person_id": ["Who answers for the producer? Somebody known in this group."]})

    def _places(self, person_id: str) -> set[str]:
        return people.places_of(self.runtime.db, [person_id]).get(person_id, set())

    @door
    def approve_contract(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """Signed on paper: the coordinator says so."""
        ask = read(Approve, payload)
        life, role = managed(self.runtime, context, ask.contract_id)
        person_id = ask.person_id or (life.submission.person_id if life.submission else "")
        if ask.person_id:
            self._contact(life, ask.person_id)
        command = approval.ApproveContract(
            version=ask.version, person_id=person_id, means="paper", document_sha256=a_hash(ask.document_sha256),
            now=self.runtime.clock.now(),
        )  # fmt: skip
        return tell_life(self.runtime, life, command, context, role)

    @door
    def answer_contract(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """The producer with an account of their own."""
        ask = read(AnswerContract, payload)
        life = self.runtime.handler.state(decider, ask.contract_id).life
        if not is_producer(self.runtime, context, life.producer_id) or life.submission is None:
            raise NotFound
        return self._answer(life, ask.version, ask, context, "tick")

    @door
    def producer_answer(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        ask = read(AnswerByLink, payload)
        facts = links.read(self._secret, purposes.PRODUCER_ANSWER, ask.token, self.runtime.clock.now())
        life = self.runtime.handler.state(decider, facts["contract"]).life
        if life.submission is not None and life.submission.person_id != facts["person"]:
            raise Rejected("link-superseded")
        # Not only the answer: who gives it, too, is said by the link alone.
        by_link = msgspec.structs.replace(context, actor=facts["person"], on_behalf_of=None)
        return self._answer(life, int(facts["version"]), ask, by_link, "link")

    def _answer(
        self, life: Life, version: int, ask: AnswerContract | AnswerByLink, context: Context, means: SignatureMeans
    ) -> dict[str, Any]:
        now, comment = self.runtime.clock.now(), ask.comment.strip()
        if len(comment) > LONGEST_COMMENT:
            raise Invalid(fields={"comment": ["Too long."]})
        command: approval.ApproveContract | approval.RequestChanges
        if ask.answer == "approve":
            command = approval.ApproveContract(
                version=version, person_id=context.actor, means=means, now=now,
                document_sha256=a_hash(ask.document_sha256),
            )  # fmt: skip
        else:
            command = approval.RequestChanges(version=version, comment=comment, now=now)
        return tell_life(self.runtime, life, command, context, "producer")

    @door
    def producer_contract(self, payload: dict[str, Any], context: Context) -> dict[str, Any]:
        """What the link shows: the version that was sent, whatever has been revised since."""
        ask = read(ByLink, payload)
        facts = links.read(self._secret, purposes.PRODUCER_ANSWER, ask.token, self.runtime.clock.now())
        row = contract_questions.contract(self.runtime.db, facts["contract"])
        version = int(facts["version"])
        found = [each for each in contract_questions.versions_of(self.runtime.db, facts["contract"])
                 if each["version"] == version]  # fmt: skip
        if row is None or not found:
            raise NotFound("link-unknown")
        told = {name: row[name] for name in ("contract_id", "group_id", "producer_id", "title", "complement")}
        group = federation.group(self.runtime.db, row["group_id"]) or {}
        producer = contract_questions.producer(self.runtime.db, row["producer_id"]) or {}
        lies = row["submission"] or {}
        return {
            **told, "version": version, "producer": producer.get("name", ""), "producer_place": producer.get("place", ""),
            # With this, all that the document says: it can be printed from here, the same to the byte.
            "group": {"name": group.get("name", ""), "place": group.get("place", ""),
                      "inclusive_language": bool(group.get("inclusive_language", True))},
            "terms": in_full(found[0]["terms"]), "document_sha256": found[0]["document_sha256"],
            "answer_until": lies.get("answer_until", ""), "answer": found[0]["status"], "comment": found[0]["comment"],
            "state": link_state(row, found[0]["status"], version), "person_id": facts["person"],
        }  # fmt: skip

    @property
    def _secret(self) -> str:
        return self.runtime.settings.session_secret


def link_state(row: dict[str, Any], status: str, version: int) -> str:
    if row["version"] != version or row["status"] == "abandoned":
        return "superseded"
    return "waiting" if status == "submitted" else "answered"


def hash_of(terms: Terms) -> str:
    """SHA-256 of the terms as data, where no document was printed."""
    return hashlib.sha256(msgspec.json.encode(terms, order="deterministic")).hexdigest()


def a_hash(text: str) -> str:
    plain = text.strip().lower()
    if plain and not SHA256.fullmatch(plain):
        raise Invalid(fields={"document_sha256": ["A SHA-256 in 64 hexadecimal digits."]})
    return plain
