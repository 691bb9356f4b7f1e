"""The rules of the house, checked on the source: who may import whom, what the shared part may know, how long a file is."""

import ast
from collections.abc import Iterator
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


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
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


def test_one_file_speaks_to_the_event_store_and_one_to_nameko() -> None:
    users: dict[str, set[str]] = {"esdbclient": set(), "nameko": set(), "eventlet": set()}
    for path in files("grenier"):
        for library in users:
            if library in roots(path):
                users[library].add(path.name)
    assert users["esdbclient"] == {"esdb.py", "hub.py", "pipeline.py"}
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
        names = {node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}
        if hits := [noun for noun in BUSINESS_NOUNS if any(noun in name.lower().split("_") for name in names)]:
            found[str(path)] = hits
    assert found == {}


LONGEST_MODULE = 420


def test_files_stay_readable() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for package in PACKAGES
        for path in files(package)
        if (lines := len(path.read_text().splitlines())) > LONGEST_MODULE and "language" not in path.parts
    }
    assert long == {}, f"over {LONGEST_MODULE} lines: is each still one room?"


LONGEST_FUNCTION = 70


def test_functions_stay_readable() -> None:
    long = {}
    for package in PACKAGES:
        for path in files(package):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    lines = (node.end_lineno or node.lineno) - node.lineno + 1
                    if lines > LONGEST_FUNCTION:
                        long[f"{path.relative_to(ROOT)}:{node.name}"] = lines
    assert long == {}, f"functions over {LONGEST_FUNCTION} lines"


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
