"""The producer's yes (S0:23): a version is sent, answered by a signed link, or recorded from paper."""

from __future__ import annotations

from datetime import datetime

import msgspec

from contracts_svc.contract.state import Life, Submission, must_be_before_opening, must_be_newest
from contracts_svc.rules.terms import check_complete
from grenier.decider import Rejected
from grenier.errors import Invalid
from grenier.language.season import ContractApproved, ContractChangesRequested, ContractSubmitted, SignatureMeans

# -- commands ----------------------------------------------------------------------------------------------------


class SubmitContract(msgspec.Struct, frozen=True, kw_only=True):
    """Send the newest version to the producer's contact, who may answer until `answer_until`."""

    version: int
    person_id: str
    document_sha256: str
    answer_until: datetime
    now: datetime


class ApproveContract(msgspec.Struct, frozen=True, kw_only=True):
    """The producer's yes to a version and its document; `means` paper: recorded by the coordinator."""

    version: int
    person_id: str
    means: SignatureMeans
    document_sha256: str
    now: datetime


class RequestChanges(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    comment: str
    now: datetime


# -- decide ------------------------------------------------------------------------------------------------------


def submit(life: Life, command: SubmitContract) -> list[ContractSubmitted]:
    """Again while the producer has not answered: to another contact, or with more time."""
    asked = Submission(
        version=command.version, person_id=command.person_id, document_sha256=command.document_sha256,
        answer_until=command.answer_until,
    )  # fmt: skip
    if life.submission == asked:
        return []
    must_be_before_opening(life)
    must_be_newest(life, command.version)
    if life.status == "approved":
        raise Rejected("contract-approved", version=life.version)
    check_complete(life.agreed)
    if command.answer_until <= command.now:
        raise Invalid(fields={"answer_until": ["Must lie ahead."]})
    return [
        ContractSubmitted(
            **life.ids, version=asked.version, person_id=asked.person_id, document_sha256=asked.document_sha256,
            answer_until=asked.answer_until,
        )
    ]  # fmt: skip


def approve(life: Life, command: ApproveContract) -> list[ContractApproved]:
    """On paper a version can be approved that was never sent; otherwise it must be the very document that was sent."""
    if life.approved_version == command.version == life.version:
        return []
    must_be_before_opening(life)
    must_be_newest(life, command.version)
    if command.means == "paper":
        check_complete(life.agreed)
    else:
        submission = _awaited(life, command.now)
        if submission.document_sha256 != command.document_sha256:
            raise Rejected("document-differs", document_sha256=submission.document_sha256)
    return [
        ContractApproved(
            **life.ids, version=command.version, person_id=command.person_id, means=command.means,
            document_sha256=command.document_sha256,
        )
    ]  # fmt: skip


def request_changes(life: Life, command: RequestChanges) -> list[ContractChangesRequested]:
    if life.changes_wanted == (command.version, command.comment):
        return []
    must_be_before_opening(life)
    must_be_newest(life, command.version)
    if not command.comment:
        raise Invalid(fields={"comment": ["What should be different?"]})
    _awaited(life, command.now)
    return [ContractChangesRequested(**life.ids, version=command.version, comment=command.comment)]


def _awaited(life: Life, now: datetime) -> Submission:
    """The submission that may be answered now."""
    if life.submission is None or life.status != "submitted":
        raise Rejected("answer-not-awaited", status=life.status)
    if now >= life.submission.answer_until:
        raise Rejected("answer-too-late", answer_until=life.submission.answer_until.isoformat())
    return life.submission
