"""The rules of the house, checked on the source: who may import whom, what is pure, what the shared part may know.

How long files are, and what decision records look like: `test_shape.py`.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SERVICES = ["contracts", "orders", "ledger", "logistics", "notify", "matching"]
PACKAGES = {
    "grenier": ROOT / "services" / "grenier",
    "gateway": ROOT / "gateway" / "gateway",
    "grenier_infra": ROOT / "infra" / "grenier_infra",
    **{f"{name}_svc": ROOT / f"{name}-svc" / f"{name}_svc" for name in SERVICES},
}
DOMAIN_DOORS = {"flask", "nameko", "eventlet", "pika", "esdbclient", "grpc", "marshmallow"}


def files(package: str) -> Iterator[Path]:
    yield from sorted(PACKAGES[package].rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def roots(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


@pytest.mark.parametrize("name", SERVICES)
def test_services_never_import_each_other(name: str) -> None:
    others = {f"{other}_svc" for other in SERVICES if other != name} | {"gateway", "grenier_infra"}
    assert {str(path): found for path in files(f"{name}_svc") if (found := roots(path) & others)} == {}


def test_the_shared_part_knows_no_service_and_no_gateway() -> None:
    forbidden = {f"{name}_svc" for name in SERVICES} | {"gateway", "grenier_infra"}
    inside = [path for path in files("grenier") if path.name not in ("run.py", "runtime.py")]
    assert {str(path): found for path in inside if (found := roots(path) & forbidden)} == {}


def test_the_gateway_imports_no_service() -> None:
    forbidden = {f"{name}_svc" for name in SERVICES}
    assert {str(path): found for path in files("gateway") if (found := roots(path) & forbidden)} == {}


@pytest.mark.parametrize("name", SERVICES)
def test_service_code_knows_no_host_and_no_wire(name: str) -> None:
    """Doors, deciders and views run under any host; what talks to the world says so in its name."""
    allowed = {"mailer.py", "outbox.py", "wiring.py"}
    inside = [path for path in files(f"{name}_svc") if path.name not in allowed]
    assert {str(path): found for path in inside if (found := roots(path) & DOMAIN_DOORS)} == {}


def test_few_files_speak_to_the_event_store_and_to_nameko() -> None:
    users: dict[str, set[str]] = {"esdbclient": set(), "nameko": set(), "eventlet": set()}
    for path in files("grenier"):
        for library in users:
            if library in roots(path):
                users[library].add(path.name)
    assert users["esdbclient"] == {"appends.py", "esdb.py", "hub.py", "pipeline.py"}
    assert all(name.startswith("rpc_") for name in users["nameko"])
    assert all(name.startswith("rpc_") or name in ("hub.py", "health.py", "run.py") for name in users["eventlet"])


def test_no_marshmallow_behind_the_edge() -> None:
    inside = [path for package in PACKAGES if package != "gateway" for path in files(package)]
    assert [str(path) for path in inside if "marshmallow" in roots(path)] == []


BUSINESS_NOUNS = (
    "basket",
    "cheque",
    "pallet",
    "invoice",
    "catalogue",
    "subscription_form",
    "supplier",
    "till",
    "cutting",
)


def test_the_shared_part_has_no_business_noun_outside_the_language() -> None:
    found = {}
    for path in files("grenier"):
        if "language" in path.parts or path.name.startswith(("testing", "config")):
            continue
        names = {node.id for node in ast.walk(parsed(path)) if isinstance(node, ast.Name)}
        if hits := [noun for noun in BUSINESS_NOUNS if any(noun in name.lower().split("_") for name in names)]:
            found[str(path)] = hits
    assert found == {}


@pytest.mark.parametrize("package", [f"{name}_svc" for name in SERVICES])
def test_domain_modules_read_no_clock(package: str) -> None:
    """Time arrives in commands; only the edges may ask what time it is."""
    readers = {"mailer.py", "outbox.py"}
    found = [
        str(path)
        for path in files(package)
        if path.name not in readers
        and any(word in path.read_text() for word in ("datetime.now(", "time.time(", "date.today("))
    ]
    assert found == []


# -- deciders are pure -------------------------------------------------------------------------------------------

WORLD = {
    "asyncio", "http", "importlib", "os", "pathlib", "random", "requests", "secrets", "shutil", "signal", "smtplib", "socket",
    "sqlalchemy", "sqlite3", "ssl", "subprocess", "tempfile", "threading", "time", "urllib",
}  # fmt: skip
# Of the shared part a decider may know what is pure itself.
PURE = ("grenier.apportion", "grenier.decider", "grenier.errors", "grenier.language")
# Functions without effect that live beside others.
HARMLESS = {"grenier.clock.local_instant", "grenier.runtime.derived_id"}
# Texts that are read once, at the import: what a message is made of.
READS_ITS_TEXTS = {"notify_svc.catalogue"}


def domain(name: str) -> dict[str, ast.Module]:
    """The modules that decide and evolve, and all of the service that they need for it: {module: its source}."""
    package = PACKAGES[f"{name}_svc"]
    every = {module_of(path, package): parsed(path) for path in files(f"{name}_svc")}
    found = {module for module, tree in every.items() if {"decide", "evolve"} & functions(tree)}
    todo = list(found)
    while todo:
        needed = {each for each in named_by(every[todo.pop()]) if each in every} - found
        found |= needed
        todo += needed
    return {module: every[module] for module in sorted(found)}


def module_of(path: Path, package: Path) -> str:
    return ".".join(path.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__")


def functions(tree: ast.Module) -> set[str]:
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@cache
def named_by(tree: ast.Module) -> set[str]:
    """Modules, and names in modules, that are imported."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{name.name}" for name in node.names)
    return found


@pytest.mark.parametrize("name", SERVICES)
def test_what_decides_touches_nothing_of_the_world(name: str) -> None:
    modules = domain(name)
    assert modules, "no module decides: nothing is checked"
    found = {}
    for module, tree in modules.items():
        if module in READS_ITS_TEXTS:
            continue
        names = named_by(tree) - HARMLESS - {harmless.rpartition(".")[0] for harmless in HARMLESS & named_by(tree)}
        foreign = {each for each in names if each.startswith("grenier.") and not each.startswith(PURE)}
        if bad := {each for each in names if each.split(".")[0] in WORLD or each == "uuid.uuid4"} | foreign:
            found[module] = bad
    assert found == {}


# -- one vocabulary, one place for each road ---------------------------------------------------------------------


def bases(node: ast.ClassDef) -> set[str]:
    return {base.id if isinstance(base, ast.Name) else base.attr for base in node.bases if isinstance(base, ast.Name | ast.Attribute)}  # fmt: skip


def test_events_are_described_in_the_language_only() -> None:
    for package in PACKAGES:
        for path in files(package):
            if "language" in path.parts:
                continue
            tree = parsed(path)
            from_language = {each for each in named_by(tree) if each.startswith("grenier.language")}
            if {"grenier.language.Event", "grenier.language.registry.Event"} & from_language:
                classes = [
                    node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and "Event" in bases(node)
                ]
                assert classes == [], path


def test_one_function_appends_for_all_services() -> None:
    makers = {path.name for path in files("grenier") if "grenier.log.protocol.NewEvent" in named_by(parsed(path))}
    assert makers - {"handling.py"} <= {"esdb.py", "hub.py", "guarded.py", "memory.py", "__init__.py"}
    for package in PACKAGES.keys() - {"grenier", "grenier_infra"}:
        for path in files(package):
            assert not any(each.endswith(".NewEvent") for each in named_by(parsed(path))), path


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_put_together_in_its_wiring(name: str) -> None:
    makers, roads = set(), set()
    for path in files(f"{name}_svc"):
        tree = parsed(path)
        if any(isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Service" for node in ast.walk(tree)):
            makers.add(path.name)
        if any(each.startswith(("grenier.log", "grenier.broker", "grenier.config")) and each != "grenier.logging" and not each.startswith("grenier.logging.") for each in named_by(tree)):  # fmt: skip
            roads.add(path.name)
    assert makers == {"wiring.py"}
    # setup: whether the installation is a demonstration; mailer, queueing: mails travel over the broker.
    assert roads <= {"setup.py", "mailer.py", "queueing.py"}


def test_the_infrastructure_is_known_to_those_who_start_it_and_to_the_demonstration() -> None:
    """By import: the pages that show what the mail catcher caught, and the view that forgets it with the person."""
    users = {path.name for package in PACKAGES if package != "grenier_infra" for path in files(package) if "grenier_infra" in roots(path)}  # fmt: skip
    assert users == {"demo.py", "projections.py"}


def test_the_gateway_meets_log_and_broker_in_its_wiring_only() -> None:
    """Elsewhere it knows the protocol's types; what stands behind them is handed to it."""
    servers = {
        "grenier.log.esdb",
        "grenier.log.guarded",
        "grenier.log.hub",
        "grenier.rpc_client",
        "grenier.broker",
        "grenier.publisher",
    }
    users = {
        path.name
        for path in files("gateway")
        if imports(path) & servers or roots(path) & {"pika", "esdbclient", "grpc"}
    }
    assert users == {"wiring.py"}


@pytest.mark.parametrize("folder", ["api", "pages"])
def test_pages_and_api_ask_services_and_no_database(folder: str) -> None:
    inside = sorted((PACKAGES["gateway"] / folder).rglob("*.py"))
    assert inside
    behind = ("grenier.readmodel", "grenier.runtime", "grenier.projector", "grenier.log.", "grenier.statements")
    found = {
        path.name: bad
        for path in inside
        if (bad := {name for name in imports(path) if name.startswith((*behind, "sqlalchemy", "sqlite3"))})
    }
    assert found == {}


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        f"{package}/{path.name}"
        for package in PACKAGES
        if package not in ("grenier", "grenier_infra")
        for path in files(package)
        if "os.environ" in path.read_text() or "getenv(" in path.read_text()
    }
    assert readers == set()
