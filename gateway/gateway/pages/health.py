"""Is the process alive, is it ready, what has it counted: for supervisors and Prometheus."""

from flask import Blueprint, Response, current_app, request

from gateway.access import access
from gateway.pages.operations import overview
from grenier.health import answer

bp = Blueprint("health", __name__)


@bp.get("/health/live")
@access("public")
def live() -> Response:
    return _answer()


@bp.get("/health/ready")
@access("public")
def ready() -> Response:
    return _answer()


@bp.get("/metrics")
@access("local")
def metrics() -> Response:
    if not current_app.extensions["grenier"].json_only:
        overview()  # its gauges are told with the others
    return _answer()


def _answer() -> Response:
    status, content_type, body = answer(request.path)
    return Response(body, status, content_type=content_type)
