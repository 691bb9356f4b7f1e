"""The commands: serve, backup, verify, scavenge."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from grenier_infra.eventnode.room import RESERVE_BYTES


class JsonLines(logging.Formatter):
    """One JSON object per log line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write time (UTC), level, logger, message, and the facts given with it."""
        line: dict[str, object] = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= getattr(record, "facts", {})
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; give the exit code: 0 done, 1 refused or unsound, 2 wrong usage."""
    chosen = _parser().parse_args(arguments)
    _log_as_json()
    result: int = chosen.run(chosen)
    return result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="eventnode", description="An event log over one SQLite file.")
    commands = parser.add_subparsers(required=True, metavar="command")
    serve = commands.add_parser("serve", help="serve the file over gRPC")
    serve.add_argument("--file", type=Path, required=True, help="the database file, made if missing")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=2113, help="0 takes a free port")
    serve.add_argument("--metrics-port", type=int, help="serve /health/live, /health/ready and /metrics here")
    serve.add_argument("--faults", action="store_true", help="misbehave on demand; for tests only")
    serve.add_argument(
        "--reserve", type=int, default=RESERVE_BYTES, help="bytes of disk to leave free: below, read-only"
    )
    serve.add_argument("--ready-fd", type=int, help=argparse.SUPPRESS)
    serve.set_defaults(run=_serve)
    backup = commands.add_parser("backup", help="copy a file, also while it is served")
    backup.add_argument("source", type=Path)
    backup.add_argument("target", type=Path)
    backup.set_defaults(run=_backup)
    verify = commands.add_parser("verify", help="check a file, also while it is served")
    verify.add_argument("file", type=Path)
    verify.set_defaults(run=_verify)
    scavenge = commands.add_parser("scavenge", help="remove hidden events for good; the node must be down")
    scavenge.add_argument("file", type=Path)
    scavenge.set_defaults(run=_scavenge)
    return parser


def _log_as_json() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("asyncio").setLevel(logging.WARNING)


def _serve(chosen: argparse.Namespace) -> int:
    from grenier_infra.eventnode.schema import FileInUse, NotANodeFile
    from grenier_infra.eventnode.server import Options, serve

    options = Options(
        file=chosen.file, host=chosen.host, port=chosen.port, metrics_port=chosen.metrics_port, faults=chosen.faults,
        ready_fd=chosen.ready_fd, reserve_bytes=chosen.reserve,
    )  # fmt: skip
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(serve(options))
    except (FileInUse, NotANodeFile, OSError) as error:
        logging.getLogger(__name__).error("cannot serve: %s", error)
        return 1
    return 0


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def _backup(chosen: argparse.Namespace) -> int:
    from grenier_infra.eventnode import upkeep

    return _report(upkeep.backup, chosen.source, chosen.target)


def _verify(chosen: argparse.Namespace) -> int:
    from grenier_infra.eventnode import upkeep

    return _report(upkeep.verify, chosen.file)


def _scavenge(chosen: argparse.Namespace) -> int:
    from grenier_infra.eventnode import upkeep

    return _report(upkeep.scavenge, chosen.file)


def _report(work: Callable[..., dict[str, object]], *paths: Path) -> int:
    """Print what was done as JSON; 1 if it was refused or found the file unsound."""
    from grenier_infra.eventnode.upkeep import UpkeepFailed

    try:
        facts = work(*paths)
    except UpkeepFailed as error:
        print(json.dumps({"ok": False, "problems": error.problems}, ensure_ascii=False))
        return 1
    print(json.dumps({"ok": True} | facts, ensure_ascii=False))
    return 0
