"""Signed links of mails: made anew whenever a mail is rendered, for its own reader, never stored (see grenier.links)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from grenier.language import purposes
from grenier.links import sign
from grenier.readmodel import Row
from grenier.runtime import Runtime
from notify_svc import exchange_words
from notify_svc.views import season

# How long a producer may answer by the link of a mail.
QUESTION_DAYS = timedelta(days=60)


def approve_token(runtime: Runtime, message: Row) -> str:
    contract = season.contract(runtime.db, message["params"]["contract_id"])
    if contract is None or not contract["answer_until"]:
        return ""
    facts = purposes.producer_answer(contract["contract_id"], message["params"]["version"], message["person_id"])
    until = datetime.fromisoformat(contract["answer_until"])
    return sign(runtime.settings.session_secret, purposes.PRODUCER_ANSWER, facts, until)


def question_token(runtime: Runtime, message: Row) -> str:
    facts = purposes.producer_question(message["params"]["question_id"], message["person_id"])
    until = datetime.fromisoformat(message["params"]["until"])
    return sign(runtime.settings.session_secret, purposes.PRODUCER_QUESTION, facts, until)


def bundle_token(runtime: Runtime, message: Row) -> str:
    facts = purposes.bundle_receipt(message["params"]["bundle_id"], message["person_id"])
    until = datetime.fromisoformat(message["params"]["until"])
    return sign(runtime.settings.session_secret, purposes.BUNDLE_RECEIPT, facts, until)


# What a template's path may name beside ids.
TOKENS: dict[str, Callable[[Runtime, Row], str]] = {
    "approve_token": approve_token,
    "question_token": question_token,
    "bundle_token": bundle_token,
} | exchange_words.TOKENS


def tokens_for(runtime: Runtime, message: Row, path: str) -> dict[str, str]:
    """The tokens that a path names, for the reader of this message."""
    return {name: make(runtime, message) for name, make in TOKENS.items() if "{" + name + "}" in path}
