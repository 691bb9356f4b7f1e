"""Forms on pages: a marshmallow schema, what was typed, and what is wrong with it.

    form = Form(OfferSchema())
    if request.method == "POST" and (answer := form.tell("orders", "confirm_order", cycle_id=cycle_id)):
        flash(_("Commande validée."), "success")
        return redirect(url_for(...))
    return form.render("orders/basket.html", cycle=cycle)          # 422 when something was refused

Field errors of the schema and of the service stand at their fields and in the summary; a refusal by a rule of the
domain stands on top in the words of `problems.py`. What was typed is shown again in either case.
"""

from typing import Any

from flask import Response, make_response, render_template, request
from marshmallow import EXCLUDE, Schema, ValidationError
from werkzeug.datastructures import MultiDict

from gateway.calls import tell
from gateway.messages import localized
from gateway.problems import problem
from grenier.errors import Forbidden, GrenierError, Invalid, NotFound, Unavailable


class Form:
    """`typed`: texts as sent (or `initial`); `errors`: {field: [messages]}; `refusal`: a problem, when a rule said no."""

    def __init__(self, schema: Schema | None = None, initial: dict[str, Any] | None = None) -> None:
        self.schema = schema
        self.sent = request.method == "POST"
        self.typed: MultiDict[str, Any] = MultiDict(request.form) if self.sent else MultiDict(initial or {})
        self.errors: dict[str, list[str]] = {}
        self.refusal: dict[str, Any] | None = None

    def load(self) -> dict[str, Any] | None:
        """The validated values, or None with `errors` filled."""
        if self.schema is None:
            return {}
        try:
            return dict(self.schema.load(self._fields(), unknown=EXCLUDE))
        except ValidationError as error:
            self.errors = {name: _texts(messages) for name, messages in error.normalized_messages().items()}
            return None

    def tell(self, service: str, method: str, /, **more: Any) -> dict[str, Any] | None:
        """Load, send as a command (`more` is added), answer what the service said; None when something was refused."""
        values = self.load()
        if values is None:
            return None
        try:
            return tell(service, method, **{**values, **more}) or {"ok": True}
        except (NotFound, Forbidden, Unavailable):
            raise  # not about what was typed
        except GrenierError as error:
            self.refuse(error)
            return None

    def refuse(self, error: GrenierError) -> None:
        """Show a refusal on the form instead of on a page of its own."""
        if isinstance(error, Invalid) and error.facts.get("fields"):
            self.errors = {name: _texts(messages) for name, messages in error.facts["fields"].items()}
        else:
            self.refusal = problem(error.code, error.status, error.facts)

    @property
    def status(self) -> int:
        if self.refusal:
            return int(self.refusal["status"])
        return 422 if self.errors else 200

    def value(self, name: str, default: Any = "") -> Any:
        return self.typed.get(name, default)

    def render(self, template: str, **context: Any) -> Response:
        return make_response(render_template(template, form=self, **context), self.status)

    def _fields(self) -> dict[str, Any]:
        """Form fields as the schema expects them: lists where it has lists; empty text and blanks mean "not given"."""
        from marshmallow.fields import List

        assert self.schema is not None
        found: dict[str, Any] = {}
        for name, field in self.schema.load_fields.items():
            key = field.data_key or name
            if isinstance(field, List):
                found[key] = self.typed.getlist(key)
            elif str(self.typed.get(key, "")).strip():
                found[key] = self.typed[key]
        return found


def _texts(messages: Any) -> list[str]:
    if isinstance(messages, dict):
        return [text for inner in messages.values() for text in _texts(inner)]
    return [localized(text) for text in messages] if isinstance(messages, list | tuple) else [localized(messages)]
