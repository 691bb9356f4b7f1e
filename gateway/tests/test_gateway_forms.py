"""Forms: what was typed is kept, what is wrong is said."""

import pytest
from flask import g, render_template_string
from gateway_fakes import fields
from marshmallow import Schema
from marshmallow import fields as ma

from gateway.forms import Form
from gateway.messages import localized
from grenier.errors import Invalid, Rejected, Unavailable


class Basket(Schema):
    quantity = ma.Integer(required=True)
    tags = ma.List(ma.String())


def posted(app, data):
    return app.test_request_context("/x", method="POST", data=data, headers={"Accept-Language": "fr"})


def test_a_form_keeps_what_was_typed_and_says_what_is_wrong(app):
    with posted(app, {"quantity": "deux"}):
        form = Form(Basket())
        assert form.load() is None
        assert form.errors == {"quantity": ["Écrivez un nombre entier."]}
        assert form.status == 422
        page = render_template_string(
            "{% import 'components/ui.html' as ui %}{{ ui.error_summary(form, {'quantity': 'Quantité'}) }}{{ ui.field('quantity', 'Quantité', form) }}",
            form=form,
        )
        assert 'value="deux"' in page
        assert 'href="#quantity">Quantité</a>' in page
        assert 'aria-describedby="quantity-error"' in page


def test_a_form_shows_what_a_service_refuses(app):
    def refuse(error):
        def answer(**_):
            raise error

        return answer

    answers = app.fakes["rpc"].answers
    for error, errors, status in (
        (Rejected("conflict"), {}, 409),
        (Invalid(fields={"quantity": ["Au plus 3."]}), {"quantity": ["Au plus 3."]}, 422),
    ):
        answers["orders", "confirm"] = refuse(error)
        with posted(app, {"quantity": "4", "tags": ["a", "b"]}):
            form = Form(Basket())
            assert form.tell("orders", "confirm", cycle_id="c1") is None
            assert (form.errors, form.status) == (errors, status)
    answers["orders", "confirm"] = refuse(Unavailable())
    with posted(app, {"quantity": "4"}), pytest.raises(Unavailable):
        Form(Basket()).tell("orders", "confirm")


def test_a_form_sends_typed_values_and_more(app):
    app.fakes["rpc"].answers["orders", "confirm"] = lambda **_: {"id": "o", "version": 0, "position": 5}
    with posted(app, {"quantity": "4", "tags": ["a", "b"], "unknown": "x", "idempotency_key": "k"}):
        assert Form(Basket()).tell("orders", "confirm", cycle_id="c1")["position"] == 5
        assert g.position == 5
    payload, context = app.fakes["rpc"].named("orders", "confirm")[0]
    assert payload == {"quantity": 4, "tags": ["a", "b"], "cycle_id": "c1"}
    assert context["fingerprint"]


def test_messages_of_libraries_are_put_into_words(french):
    assert localized({"a": ["Missing data for required field."]}) == {"a": ["Cette information est nécessaire."]}
    assert localized("Must be greater than or equal to 1 and less than or equal to 9.") == "Entre 1 et 9."
    assert localized("Length must be between 1 and 80.") == "Entre 1 et 80 caractères."
    assert localized("Notre propre phrase.") == "Notre propre phrase."


def test_hidden_fields_carry_token_and_a_new_key_each_time(sign_in):
    client, _token = sign_in("p-nadia")
    client.post("/compte/jetons", data={"label": "un", "csrf_token": _token})
    first, second = fields(client.get("/compte").text), fields(client.get("/compte").text)
    assert first["csrf_token"] == second["csrf_token"]
    assert first["idempotency_key"] != second["idempotency_key"]
