"""Pages: one module per area with a blueprint named `bp`; every module of this folder is found and registered.

See the README of the gateway for how to add one.
"""

import importlib
import pkgutil

from flask import Flask


def install(app: Flask) -> None:
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        blueprint = getattr(importlib.import_module(f"{__name__}.{module.name}"), "bp", None)
        if blueprint is not None:
            app.register_blueprint(blueprint)
