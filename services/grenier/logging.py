"""Structured logs: one JSON object a line on standard output, with the correlation id of the work at hand.

A command that people type tells its answer on standard output; what is logged meanwhile goes to standard error.

    configure("work-orders", level="info")
    log = get_logger(__name__)
    with correlation(corr, command="confirm-order"):
        log.info("appended", stream="cycle-7", version=12)

Personal data never reaches a log: fields known to carry it are emptied, and what looks like an e-mail address or a
telephone number inside any text is masked, whoever wrote the line (libraries included).
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, TextIO

# structlog imports rich and pygments for a coloured console that is not used here: 10 MB and a third of a second in each
# of some twenty processes. Without rich it falls back by itself; whoever wants rich afterwards still finds it.
_NO_RICH = "rich" not in sys.modules
if _NO_RICH:
    sys.modules["rich"] = None  # type: ignore[assignment]
try:
    import structlog
finally:
    if _NO_RICH:
        del sys.modules["rich"]

HIDDEN_FIELDS = frozenset(
    {
        "address", "body", "body_html", "body_text", "email", "first_name", "last_name", "name", "note", "password", "payload",
        "phone", "raw", "recipient", "secret", "sender", "session", "subject", "token",
    }
)  # fmt: skip
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_PHONE = re.compile(r"(?<![\w.:-])(?:\+\d{2,3}[ .]?|0)[1-9](?:[ .]?\d{2}){4}(?![\w:-])")
_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
# Addresses of servers carry a password before the @.
_USERINFO = re.compile(r"(?<=://)[^/@\s]+@")

structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))


def configure(process: str, level: str = "info", form: str = "json", stream: TextIO | None = None) -> None:
    """Send this process's logs, structlog's and the standard library's alike, to one stream."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        without_personal_data,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            # Lines of the standard library carry their facts as `extra`.
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, on_one_line, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("amqp", "kombu", "pika", "esdbclient", "grpc", "hpack", "mail.log", "asyncio"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, root.level))
    structlog.contextvars.bind_contextvars(process=process)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger that takes facts as keywords: `log.warning("view-behind", view="orders", events=12)`."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


@contextmanager
def correlation(correlation_id: str, **facts: str) -> Iterator[None]:
    """Every line inside carries this correlation id (and the facts); nested use restores the outer ones."""
    with structlog.contextvars.bound_contextvars(corr=correlation_id, **facts):
        yield


def correlation_id() -> str | None:
    """The correlation id of the work at hand, to hand on in messages and metadata."""
    found = structlog.contextvars.get_contextvars().get("corr")
    return str(found) if found is not None else None


def without_personal_data(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The processor that empties known fields and masks addresses and numbers in every text, at any depth."""
    for key, value in list(entry.items()):
        entry[key] = "…" if key in HIDDEN_FIELDS else _masked(value)
    return entry


def on_one_line(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """No text begins a line of its own or colours it, in the form for people either (V16.4.1); traces of ours keep theirs."""
    for key, value in entry.items():
        if isinstance(value, str) and key not in ("exception", "stack"):
            entry[key] = _BREAKS.sub(lambda found: found[0].encode("unicode_escape").decode(), value)
    return entry


def _masked(value: Any) -> Any:
    match value:
        case str():
            return mask(value)
        case dict():
            return {key: "…" if key in HIDDEN_FIELDS else _masked(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_masked(inner) for inner in value]
        case _:
            return value


def mask(text: str) -> str:
    """The text without e-mail addresses, telephone numbers and passwords of server addresses."""
    return _PHONE.sub("…", _EMAIL.sub("…@…", _USERINFO.sub("…@", text)))
