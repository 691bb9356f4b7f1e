"""The gateway without idempotency: for the control of the proofs only (GRENIER_TEST_SWITCHES=forget-keys, demonstration only).

A storm that shows no duplicate proves something only if the same storm shows them here.
"""

from flask import Flask, request

from gateway import app


def create_app() -> Flask:
    """The usual application, to which every request is a new one."""
    forgetful = app.create_app()
    forgetful.before_request_funcs.setdefault(None, []).insert(0, _forget_key)
    return forgetful


def _forget_key() -> None:
    request.environ.pop("HTTP_IDEMPOTENCY_KEY", None)
