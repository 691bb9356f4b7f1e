"""Templates as shipped and as rendered."""

from pathlib import Path

import pytest

import notify_svc
from notify_svc.catalogue import LANGUAGES, Template, Text, catalogue, unknown_in, used_in
from notify_svc.rendering import Reader, as_html, render

READER = Reader(first_name="Ann", group="Les Halles", link="https://grenier.example/x", time_zone="Indian/Reunion")


def of(body, placeholders, params, language="fr"):
    template = Template("x", "service", {}, Text("", ""), Text("", ""), placeholders)
    reader = Reader(language=language, first_name="Ann", group="G", link="https://a.example/", time_zone="Europe/Paris")
    return render(template, Text("s", body), params, reader).text


@pytest.mark.parametrize("code", sorted(catalogue()))
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_shipped_text_renders_its_example_without_a_gap(code, language):
    template = catalogue()[code]
    reader = Reader(language=language, first_name="Ann", group="Les Halles", link="https://grenier.example/x")
    mail = render(template, template.text(language), template.example, reader)
    assert "{" not in mail.subject + mail.text
    assert mail.text.startswith("Bonjour Ann,\n" if language == "fr" else "Hello Ann,\n")
    assert f'<html lang="{language}">' in mail.html


def test_every_shipped_template_is_named_by_what_sends_it():
    package = Path(notify_svc.__file__).parent
    source = "".join(path.read_text() for path in package.rglob("*.py"))
    assert [code for code in catalogue() if f'"{code}"' not in source] == []


@pytest.mark.parametrize(
    ("kind", "value", "language", "expected"),
    [
        ("money", -1988, "fr", "-19,88\u00a0€"),
        ("money", 124850, "en", "€1,248.50"),
        ("weight", 1250, "fr", "1,25\u00a0kg"),
        ("weight", 400, "fr", "400\u00a0g"),
        ("instant", "2026-11-26T17:30:00.000000Z", "fr", "jeudi 26 novembre à 18\u00a0h\u00a030"),
        ("instant", "2026-11-26T17:00:00.000000Z", "en", "Thursday 26 November at 18:00"),
        ("instant", "2026-12-01T17:00:00.000000Z", "fr", "mardi 1er décembre à 18\u00a0h"),
        ("time", "2026-07-26T17:00:00.000000Z", "fr", "19\u00a0h"),
        ("month", "2026-11", "fr", "novembre 2026"),
        ("changes", [{"product": "Comté", "from_quantity": 4, "to_quantity": 3}], "fr", "- Comté : 4 → 3"),
    ],
)
def test_figures_read_as_people_write_them(kind, value, language, expected):
    assert of("{v}", {"v": kind}, {"v": value}, language) == expected + "\n"


@pytest.mark.parametrize(("month", "told"), [("2026-10", "d’octobre"), ("2026-04", "d’avril"), ("2026-03", "de mars")])
def test_months_that_begin_with_a_vowel_are_elided(month, told):
    assert of("les commandes de {m}", {"m": "month"}, {"m": month}) == f"les commandes {told} 2026\n"


def test_an_instant_is_told_in_the_time_zone_of_the_group():
    template = catalogue()["draft-reminder"]
    text = render(template, template.fr, {"month": "2026-11", "closes_at": "2026-11-12T22:00:00.000000Z"}, READER).text
    assert "vendredi 13 novembre à 2\u00a0h" in text


def test_what_is_not_known_leaves_an_empty_place_and_no_comma_in_the_air():
    assert of("Bonjour {first_name},\n{v}", {"v": "text"}, {}) == "Bonjour Ann,\n"
    reader = Reader(language="fr")
    template = catalogue()["announcement"]
    assert render(template, template.fr, {"subject": "s", "body": "b"}, reader).text.startswith("Bonjour,\n")


def test_figures_put_in_are_not_read_as_placeholders_and_a_subject_stays_one_line():
    template = catalogue()["announcement"]
    mail = render(template, template.fr, {"subject": "a\r\nBcc: x@y", "body": "{link}"}, READER)
    assert mail.subject == "Les Halles : a Bcc: x@y"
    assert "{link}" in mail.text


def test_html_is_escaped_and_links_are_links():
    html = as_html("a <b>", "un <script>\n\n- https://a.example/x?a=1&b=2.\n- deux", "fr")
    assert "<script>" not in html
    assert '<a href="https://a.example/x?a=1&amp;b=2">https://a.example/x?a=1&amp;b=2</a>.' in html
    assert html.count("<li>") == 2


def test_placeholders_are_checked_against_those_the_template_has():
    template = catalogue()["draft-reminder"]
    assert unknown_in(template, "{month} {first_name} {iban} {iban}") == ["iban"]
    assert used_in("{a} {b} {a} { c }") == ["a", "b"]
