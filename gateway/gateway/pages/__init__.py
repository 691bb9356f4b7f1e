"""Pages: one module per area with a blueprint named `bp`; every module of this folder is found and registered.

See the README of the gateway for how to add one.
"""

import importlib
import pkgutil
from collections.abc import Iterable
from typing import Any

from flask import Flask


def install(app: Flask) -> None:
    for blueprint in blueprints(__name__, __path__):
        app.register_blueprint(blueprint)


def blueprints(package: str, path: Iterable[str]) -> list[Any]:
    """The blueprints named `bp` of a folder's modules. All modules come first: several may add routes to one blueprint."""
    names = sorted(module.name for module in pkgutil.iter_modules(path))
    found = [getattr(importlib.import_module(f"{package}.{name}"), "bp", None) for name in names]
    return list(dict.fromkeys(blueprint for blueprint in found if blueprint is not None))
