"""The operators' pages say what an installation does: each alert has its section, each proof its line, each command exists."""

import ast
import importlib
import importlib.util
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from grenier.config import Settings
from grenier.process import WORKERS
from grenier.run import app
from grenier.runtime import load_service
from grenier_infra.launcher.table import Own, named, processes
from tests.proof import PROOFS

ROOT = Path(__file__).parents[1]
FRENCH, ENGLISH = ROOT / "docs" / "guides" / "exploitation.md", ROOT / "docs" / "en" / "operations.md"
PAGES = {FRENCH: "À chaque alerte", ENGLISH: "At each alert"}
PARTS = {FRENCH: ("Cause", "Voir", "Faire", "S’inquiéter"), ENGLISH: ("Cause", "See", "Do", "Worry")}
QUOTING = [*PAGES, ROOT / "README.md", ROOT / "docs" / "guides" / "installation.md", *(ROOT / "docs" / "decisions").glob("*.md")]  # fmt: skip
ALERTS = yaml.safe_load((ROOT / "infra" / "prometheus" / "alerts.yml").read_text())["groups"]
RULES = {rule["alert"]: rule for group in ALERTS for rule in group["rules"]}
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
BY_PROCESS = {"restart", "hold", "release"}
BY_SERVICE = {"rebuild", "verify", "serve", "work"}


def both(test: Any) -> Any:
    return pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)(test)


def sections(page: Path) -> dict[str, str]:
    """The text below each heading of an alert."""
    part = page.read_text().partition(f"\n## {PAGES[page]}\n")[2].partition("\n## ")[0]
    return {found[0].strip(): found[1] for found in re.findall(r"^### (.+)\n((?:(?!^### ).*\n?)*)", part, re.MULTILINE)}


@both
def test_every_alert_has_its_section_and_every_section_its_alert(page: Path) -> None:
    assert list(sections(page)) == list(RULES)
    for name, text in sections(page).items():
        assert re.findall(r"\*\*([^*]+)\.\*\*", text) == list(PARTS[page]), name


def test_an_alert_leads_to_its_section() -> None:
    for name, rule in RULES.items():
        assert rule["annotations"]["runbook"] == f"docs/guides/exploitation.md#{name.lower()}"
        assert rule["labels"]["severity"] in ("page", "ticket")


def test_every_panel_names_its_alerts_and_every_alert_has_a_panel() -> None:
    seen: set[str] = set()
    for path in (ROOT / "infra" / "grafana" / "dashboards").glob("*.json"):
        for panel in json.loads(path.read_text())["panels"]:
            told = panel["description"]
            assert "docs/guides/exploitation.md" in told, panel["title"]
            alerts = set(re.findall(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)+|\bOverloaded\b", told))
            assert alerts <= set(RULES), panel["title"]
            seen |= alerts
    assert seen == set(RULES)


def test_alerts_and_panels_ask_for_labels_that_the_metrics_have() -> None:
    declared = dict(metrics())
    panels = [
        (target["expr"], target["legendFormat"])
        for path in (ROOT / "infra" / "grafana" / "dashboards").glob("*.json")
        for panel in json.loads(path.read_text())["panels"]
        for target in panel["targets"]
    ]
    for expression, words in [(rule["expr"], rule["annotations"]["summary"]) for rule in RULES.values()] + panels:
        names = [re.sub(r"_(bucket|count|sum|total)$", "", name) for name in METRIC.findall(expression)]
        known = {
            label for name in names for label in declared.get(name, declared.get(f"{name}_total", ()))
        } | OF_TARGETS
        grouped = {label.strip() for found in re.findall(r"by \(([^)]*)\)", expression) for label in found.split(",")}
        assert grouped | set(re.findall(r"(\w+)=~?\"", expression)) <= known, expression
        assert set(re.findall(r"\$labels\.(\w+)|\{\{(\w+)\}\}", words)) <= {
            pair for label in (grouped or known) for pair in ((label, ""), ("", label))
        }, expression


METRIC = re.compile(r"\b(?:grenier|eventnode)_[a-z_]+")
OF_TARGETS = {"job", "instance", "part", "le"}


def metrics() -> Iterator[tuple[str, list[str]]]:
    """Every metric the code declares, as it is called there, with its labels."""
    for folder in ("services/grenier", "gateway/gateway", "infra/grenier_infra"):
        for path in (ROOT / folder).rglob("*.py"):
            for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
                first = call.args[0] if call.args else None
                if isinstance(first, ast.Constant) and METRIC.fullmatch(str(first.value)):
                    labels = [ast.literal_eval(each) for each in call.args[2:3] if isinstance(each, ast.List)]
                    yield str(first.value), labels[0] if labels else []


# -- proofs ------------------------------------------------------------------------------------------------------


@cache
def shown_by(program: str) -> set[str]:
    """The proofs whose rows a program of long forms makes."""
    sources = (path.read_text() for path in (ROOT / "tests" / program).glob("*.py"))
    return {found for source in sources for found in re.findall(r'(?:Row\(|TEST = )"(T\d+)"', source)}


@both
def test_every_proof_has_its_promise_and_the_program_that_shows_it(page: Path) -> None:
    rows = re.findall(r"^\|[^|]+\| ((?:T\d+(?:, )?)+) \| `([^`]+)` \|$", page.read_text(), re.MULTILINE)
    told: set[str] = set()
    for tests, command in rows:
        listed = set(tests.split(", "))
        told |= listed
        program = command.removeprefix("make ").rpartition("tests.")[2]
        if program != "test":
            assert listed <= shown_by(program), command
    assert told == set(PROOFS)


# -- commands ----------------------------------------------------------------------------------------------------


def quoted(page: Path) -> Iterator[str]:
    """Commands as they are written: lines of shell blocks without their comments, and short code within sentences."""
    text = page.read_text()
    for block in re.findall(r"^```(?:sh)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield from (re.split(r"  +", line.partition("#")[0].strip())[0] for line in block.splitlines())
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r"`([^`]+)`", text)


def problems(command: str) -> Iterator[str]:
    words = command.removeprefix(".venv/bin/").split()
    if len(words) < 2:
        return
    match words:
        case ["make", target, *_] if target not in TARGETS:
            yield f"no target {target}"
        case ["make", target, *_] if "ARGS=" in command:
            places = (ROOT / "tests" / target / "__main__.py", ROOT / "tests" / f"{target}.py")
            program = next(place for place in places if place.exists()).read_text()
            yield from (
                f"no option {option}" for option in re.findall(r"--[a-z-]+", command) if f'"{option}"' not in program
            )
        case ["grenier", verb, *rest] if re.fullmatch(r"[a-z-]+", verb):
            yield from _grenier(verb, rest)
        case ["python" | "python3", "-m", module, *rest]:
            yield from _module(module, rest)


def _grenier(verb: str, rest: list[str]) -> Iterator[str]:
    if verb not in COMMANDS:
        yield f"no command {verb}"
        return
    options = {option for parameter in COMMANDS[verb].params for option in parameter.opts}
    yield from (f"no option {word}" for word in rest if word.startswith("--") and word not in options)
    names = [word for word in rest if re.fullmatch(r"[a-z+-]+", word) and not word.startswith("-")]
    if verb in BY_PROCESS:
        yield from (f"no process {name}" for name in names if not _is_process(name))
    elif verb in BY_SERVICE and names:
        service, views = names[0], names[1:] if verb == "rebuild" else []
        yield from (f"no service {name}" for name in (names if verb != "rebuild" else [service]) if name not in WORKERS)
        yield from (f"no view {view}" for view in views if view not in _views(service))
    elif verb == "parked" and names and (names[0] not in ("list", "retry") or not set(names[1:]) <= set(WORKERS)):
        yield f"not {names}"


def _is_process(name: str) -> bool:
    try:
        return bool(named(name, _processes()))
    except KeyError:
        return False


@cache
def _processes() -> list[str]:
    """Without asking whether RabbitMQ is installed on this machine."""
    own = Own(broker=False, event_node=True, mailbox=True)
    return ["epmd", "broker", *(process.name for process in processes(Settings(data_dir=ROOT / "data"), own))]


def _views(service: str) -> set[str]:
    return {view.name for view in load_service(service).all_views}


def _module(module: str, rest: list[str]) -> Iterator[str]:
    if importlib.util.find_spec(module) is None:
        yield f"no module {module}"
    elif module == "grenier_infra.eventnode":
        cli = importlib.import_module("grenier_infra.eventnode.cli")
        known = cli._parser()._subparsers._group_actions[0].choices
        yield from (f"no command {word}" for word in re.split(r"\|", rest[0]) if word not in known)


@pytest.mark.parametrize("page", QUOTING, ids=lambda page: page.stem)
def test_every_command_that_is_quoted_exists(page: Path) -> None:
    assert {command: found for command in quoted(page) if (found := list(problems(command)))} == {}


@both
def test_the_page_shows_each_thing_an_operator_does(page: Path) -> None:
    commands = [command.split() for command in quoted(page)]
    verbs = {words[1] for words in commands if words[:1] == ["grenier"] and len(words) > 1}
    assert {"status", "parked", "rebuild", "verify", "backup", "restore", "restart", "hold", "release", "stop", "up", "check-config"} <= verbs  # fmt: skip
    made = {words[1] for words in commands if words[:1] == ["make"] and len(words) > 1}
    assert {"chaos", "sim", "fuzz", "soak", "audit", "bench", "proofs"} <= made


@pytest.mark.parametrize(
    "command",
    [
        "make chaoss",
        'make sim ARGS="--sead 123"', "grenier revert", "grenier backup X --key Y", "grenier restart work-orderz", "grenier rebuild ledgers",
        "grenier rebuild ledger nothing", "grenier parked retri", "python -m tests.nothing", "python -m grenier_infra.eventnode vrfy X",
    ],
)  # fmt: skip
def test_a_command_that_does_not_exist_is_noticed(command: str) -> None:
    assert list(problems(command))


@both
def test_links_within_the_page_lead_to_a_heading(page: Path) -> None:
    text = page.read_text()
    anchors = {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors
