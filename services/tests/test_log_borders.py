"""Who may import what: the log's client and the RPC host can be exchanged because nobody else knows them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = [
    "services/grenier",
    *(f"{name}-svc/{name}_svc" for name in ("contracts", "orders", "ledger", "logistics", "notify", "matching")),
]


def importers(*libraries: str) -> set[str]:
    found = set()
    for package in (*PACKAGES, "gateway/gateway"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names = [node.module]
                if any(name.split(".")[0] in libraries for name in names):
                    found.add(str(path.relative_to(ROOT)))
    return found


@pytest.mark.parametrize(
    ("libraries", "allowed"),
    [
        (("esdbclient",), {f"services/grenier/log/{name}.py" for name in ("appends", "esdb", "hub", "pipeline")}),
        (("grpc",), {f"services/grenier/log/{name}.py" for name in ("esdb", "pipeline")}),
        (("nameko", "kombu", "amqp"), {"services/grenier/rpc_nameko.py", "services/grenier/rpc_entrypoints.py"}),
        (("eventlet",), {"services/grenier/rpc_nameko.py", "services/grenier/log/hub.py"}),
    ],
)
def test_a_library_is_known_by_its_adapter_only(libraries: tuple[str, ...], allowed: set[str]) -> None:
    assert importers(*libraries) == allowed
