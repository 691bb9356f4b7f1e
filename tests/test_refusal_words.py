"""Whatever a service refuses, people read why: every code in their source has a title and advice in both languages."""

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

SERVICES = ("contracts", "ledger", "logistics", "matching", "notify", "orders")
SOURCES = [Path(__file__).parents[1] / f"{name}-svc" for name in SERVICES]
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
    assert len(CODES) > 160
    made = {
        "contract-floor",
        "credit-floor",
        "balance-changed",
        "parcel-handed-over",
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


# -- what is wrong with a field ------------------------------------------------------------------------------------


def told(node: ast.expr) -> str | None:
    """A message with every figure in it as 7, as people would be told it; None for one that is written elsewhere."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(str(part.value) if isinstance(part, ast.Constant) else _figure(part) for part in parts)
    return None


def _figure(part: ast.expr) -> str:
    return "2026-11-26" if "isoformat" in ast.unparse(part) else "7"


def _of_a_fault(path: Path, node: ast.Yield) -> bool:
    """`yield field, message`, as the rules of contracts do."""
    return path.parent.name == "rules" and isinstance(node.value, ast.Tuple) and told(node.value.elts[1]) is not None


def field_messages() -> set[str]:
    """The messages in `Invalid(fields={…: [message]})`, in lists `faults[…] = [message]` and in what rules yield."""
    found = set()
    for path in (path for source in SOURCES for path in sorted(source.glob("*_svc/**/*.py"))):
        for node in ast.walk(ast.parse(path.read_text())):
            lists: list[ast.AST] = []
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Invalid":
                lists = [each for word in node.keywords for each in ast.walk(word.value)]
            elif isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple) and len(node.value.elts) == 2:
                lists = [ast.List(elts=[node.value.elts[1]])] if _of_a_fault(path, node) else []
            elif isinstance(node, ast.Assign) and any(isinstance(each, ast.Subscript) for each in node.targets):
                named = ast.unparse(node.targets[0]).partition("[")[0]
                lists = [node.value] if named in ("faults", "errors", "wrong") else []
            texts = [told(each) for one in lists if isinstance(one, ast.List) for each in one.elts]
            found |= {text for text in texts if text}
    return found


@pytest.mark.usefixtures("site")  # pages bring words of their own
def test_every_message_about_a_field_is_said_in_french() -> None:
    from gateway.messages import localized
    from gateway.pages import members_words
    from gateway.season import refusals as season

    messages = field_messages()
    assert len(messages) > 90
    say = [localized, season.say, members_words.say]
    english = sorted(text for text in messages if all(str(one(text)) == text for one in say))
    assert english == []


def test_programs_are_told_in_their_language_too(site: Site) -> None:
    """The errors of a problem have no page that would translate them: each is in words, in both languages."""
    from gateway.problems import problem

    messages = sorted(field_messages())
    told_in = {}
    for language in ("fr", "en"):
        with site.app.test_request_context("/api/v1/x", headers={"Accept-Language": language}):
            told_in[language] = problem("invalid", 422, {"fields": {"x": messages}})["errors"]["x"]
    assert [text for text, french in zip(messages, told_in["fr"], strict=True) if text == french] == []
    assert [french for french, english in zip(*told_in.values(), strict=True) if french == english] == []


@pytest.mark.parametrize(
    "message",
    [
        "Invalid enum value 'noon'",
        "Invalid RFC3339 encoded datetime",
        "used before with another request",
        "At most 200 printable characters.",
        'The version of the thing as a quoted number, such as "12".',
    ],
)
def test_what_the_ground_below_the_services_says_is_in_words(site: Site, message: str) -> None:
    from gateway.messages import localized

    with site.app.test_request_context("/"), force_locale("fr"):
        assert localized(message) != message
