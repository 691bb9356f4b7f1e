"""The table of routes without the half second that it costs to prepare, for each route, the way back to its address.

Werkzeug compiles two small functions per rule when it is bound (measured: 1.35 of 2.1 s of an application's start with
599 rules, more than all else together); most of them are never called by the process that compiled them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule


class LazyRule(Rule):
    """Its builders are compiled when an address is first asked for."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled: list[Callable[..., tuple[str, str]]] = []
        compile_now = super()._compile_builder

        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            # Two threads at once compile the same twice, which harms nobody.
            if not compiled:
                compiled.append(compile_now(append_unknown))
            return compiled[0](rule, **values)

        return build
