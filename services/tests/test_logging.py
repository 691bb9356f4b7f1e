"""Logs: one JSON object a line, correlated, and never with personal data."""

from __future__ import annotations

import io
import json
import logging as standard
from collections.abc import Iterator

import pytest
import structlog

from grenier import logging


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = standard.getLogger()
    before, level, told = root.handlers[:], root.level, structlog.get_config()
    stream = io.StringIO()
    logging.configure("serve-orders", "info", "json", stream)
    yield stream
    root.handlers[:], root.level = before, level
    structlog.contextvars.clear_contextvars()
    structlog.configure(**told)


def entries(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_carries_process_level_and_correlation(lines: io.StringIO) -> None:
    with logging.correlation("c-1", command="confirm-order"):
        logging.get_logger("orders").info("appended", stream="cycle-7", version=3)
        assert logging.correlation_id() == "c-1"
    logging.get_logger("orders").warning("later")
    first, second = entries(lines)
    assert (first["process"], first["level"], first["corr"], first["command"]) == (
        "serve-orders",
        "info",
        "c-1",
        "confirm-order",
    )
    assert (first["event"], first["stream"], first["version"]) == ("appended", "cycle-7", 3)
    assert "corr" not in second


def test_lines_of_libraries_have_the_same_shape(lines: io.StringIO) -> None:
    standard.getLogger("some.library").warning("lost %s", "connection")
    (entry,) = entries(lines)
    assert (entry["event"], entry["logger"], entry["process"]) == ("lost connection", "some.library", "serve-orders")


def test_personal_fields_are_emptied_at_any_depth(lines: io.StringIO) -> None:
    logging.get_logger("x").info(
        "joined", person="p-1", email="rosa@example.org", facts={"phone": "0612345678", "group": "g"}
    )
    (entry,) = entries(lines)
    assert entry["email"] == "…"
    assert entry["facts"] == {"phone": "…", "group": "g"}
    assert entry["person"] == "p-1"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("bounce from rosa.luna+amap@example.org today", "bounce from …@… today"),
        ("call 06 12 34 56 78 back", "call … back"),
        ("call +33612345678 back", "call … back"),
        ("amqp://grenier:hush@127.0.0.1:8403/ refused", "amqp://…@127.0.0.1:8403/ refused"),
        ("at 2026-11-21T22:33:00.123456Z cycle-0612345678-ab", "at 2026-11-21T22:33:00.123456Z cycle-0612345678-ab"),
        ("position 1234567890 of 9876543210", "position 1234567890 of 9876543210"),
    ],
)
def test_what_looks_like_personal_data_is_masked_in_any_text(text: str, masked: str) -> None:
    assert logging.mask(text) == masked


def test_an_exception_is_masked_too(lines: io.StringIO) -> None:
    try:
        raise ValueError("no such person: rosa@example.org")
    except ValueError:
        logging.get_logger("x").exception("failed")
    assert "rosa" not in lines.getvalue()
    assert "ValueError" in lines.getvalue()


@pytest.mark.proof("T38")
@pytest.mark.parametrize("form", ["json", "text"])
def test_nobody_writes_a_line_of_their_own(form: str, lines: io.StringIO) -> None:
    stream = io.StringIO()
    logging.configure("gateway", form=form, stream=stream)
    for evil in ("a\r\nforged", "a\u2028forged", "a\x1b[31mforged", "a\x85forged"):
        standard.getLogger("library").warning("path %s", evil)
        logging.get_logger("own").warning("seen", path=evil)
    found = stream.getvalue().strip().split("\n")
    assert len(found) == 8
    assert "\x1b" not in stream.getvalue()


def test_what_a_typed_command_logs_does_not_stand_in_its_answer(capsys: pytest.CaptureFixture[str]) -> None:
    logging.get_logger("typed").warning("subscription-lost")
    said = capsys.readouterr()
    assert (said.out, "subscription-lost" in said.err) == ("", True)
