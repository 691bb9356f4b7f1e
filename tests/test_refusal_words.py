"""Whatever the services of a season refuse, people read why: every code in their source has a title and advice in both languages."""

from __future__ import annotations

import ast
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask_babel import force_locale

from contracts_svc.contract.state import BEFORE_OPENING, Status
from contracts_svc.contract.subscriptions import State
from contracts_svc.schedule import ChequeState
from gateway.problems import CATALOGUE
from tests.house_app import Site

SOURCES = [
    Path(__file__).parents[1] / f"{name}-svc" for name in ("contracts", "ledger", "logistics", "matching", "notify")
]
REFUSING = {"Rejected", "Forbidden", "Unavailable"}
# Codes that are made of a state, by their beginning.
STATES = {
    "contract-": sorted(set(typing.get_args(Status)) - BEFORE_OPENING - {"none"}),
    "cheque-": typing.get_args(ChequeState),
    "subscription-": typing.get_args(State),
}


def codes(node: ast.expr) -> Iterator[str]:
    """The codes that an argument may stand for; a variable hands on a code that is written elsewhere."""
    match node:
        case ast.Constant(value=str(code)):
            yield code
        case ast.IfExp():
            yield from codes(node.body)
            yield from codes(node.orelse)
        case ast.JoinedStr(values=[ast.Constant(value=str(beginning)), ast.FormattedValue()]):
            yield from (beginning + state.replace("_", "-") for state in STATES[beginning])


def refusals() -> Iterator[str]:
    for path in (path for source in SOURCES for path in sorted(source.glob("*_svc/**/*.py"))):
        for call in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Name)
                and call.func.id in REFUSING
                and call.args
            ):
                yield from codes(call.args[0])


CODES = sorted(set(refusals()))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("words"), services=("contracts",))


def test_the_codes_of_every_decision_are_found() -> None:
    assert len(CODES) > 90
    made = {
        "already-subscribed",
        "subscription-ended",
        "cheque-handed-over",
        "contract-opened",
        "basket-taken",
        "slot-full",
    }
    assert made <= set(CODES)


def test_every_refusal_says_in_french_and_in_english_what_is_the_matter(site: Site) -> None:
    lacking = [code for code in CODES if code not in CATALOGUE or not str(CATALOGUE[code].detail)]
    same = []
    with site.app.test_request_context("/"):
        for code in set(CODES) - set(lacking):
            text = CATALOGUE[code]
            said = []
            for language in ("fr", "en"):
                with force_locale(language):
                    said.append((str(text.title), str(text.detail)))
            if any(french == english for french, english in zip(*said, strict=True)):
                same.append(code)
    assert (lacking, same) == ([], [])
