"""Pages: sound HTML, both languages, and the pages of the demonstration."""

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from gateway_fakes import NOW, make_gateway, token_of

from gateway import i18n
from grenier.errors import Unavailable

PUBLIC = [
    "/",
    "/connexion",
    "/connexion/envoye",
    "/connexion/lien/x",
    "/composants",
    "/accessibilite",
    "/api/v1/docs",
    "/demo/clock",
    "/demo/mailbox",
    "/nope",
]
PRIVATE = ["/", "/compte"]
VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
NBSP = "\u00a0"


class Sound(HTMLParser):
    """Notes what a browser would have to guess: unclosed elements, repeated ids, labels and references to nowhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open, self.ids, self.wrong, self.refers, self.h1, self.controls, self.labelled = (
            [],
            [],
            [],
            [],
            0,
            [],
            set(),
        )

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if len(found) != len(attrs):
            self.wrong.append(f"repeated attribute on <{tag}>")
        if tag not in VOID:
            self.open.append(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.h1 += tag == "h1"
        for name in ("aria-describedby", "aria-labelledby"):
            self.refers += (found.get(name) or "").split()
        if tag == "label" and "for" in found:
            self.labelled.add(found["for"])
            self.refers.append(found["for"])
        if tag in ("select", "textarea") or (tag == "input" and found.get("type") not in ("hidden", "submit")):
            self.controls.append((found.get("id"), "aria-label" in found or "label" in self.open))

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> closes something else")

    def problems(self) -> list[str]:
        found = [*self.wrong, *(f"<{tag}> stays open" for tag in self.open)]
        found += [f"id {name} is used twice" for name in set(self.ids) if self.ids.count(name) > 1]
        found += [f"{name} is nowhere" for name in self.refers if name not in self.ids]
        found += [
            f"control {name} has no label" for name, named in self.controls if not named and name not in self.labelled
        ]
        return found + ([] if self.h1 == 1 else [f"{self.h1} first headings"])


def check(page: str) -> None:
    sound = Sound()
    sound.feed(page)
    assert not sound.problems()


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("path", PUBLIC)
def test_public_pages_are_sound(client, path, language):
    page = client.get(path, headers={"Accept-Language": language}).text
    check(page)
    assert f'<html lang="{language}">' in page


@pytest.mark.parametrize("path", PRIVATE)
def test_private_pages_are_sound(sign_in, path):
    client, _token = sign_in("p-nadia")
    answer = client.get(path)
    assert answer.status_code == 200
    check(answer.text)


def test_every_string_has_an_english_translation():
    assert i18n.missing("en") == {}


def test_translations_keep_the_placeholders():
    table = i18n.catalogue("en")._catalog
    for source, target in table.items():
        text = source[0] if isinstance(source, tuple) else source
        if text and "\x04" not in text:
            assert sorted(set(re.findall(r"%\(\w+\)[sd]", target))) == sorted(set(re.findall(r"%\(\w+\)[sd]", text))), (
                text
            )


def test_every_source_string_is_french():
    english = re.compile(r"\b(the|and|your|with|please|order|this)\b", re.IGNORECASE)
    strings = [m if isinstance(m, str) else m[0] for _area, m, _context in i18n.used_strings()]
    assert len(strings) > 200
    assert not [text for text in strings if english.search(re.sub(r"%\(\w+\)s", "", text))]


def test_french_keeps_its_spaces_on_one_line(client):
    assert f"Vos groupes{NBSP}:" == i18n.unbroken("Vos groupes :")
    assert f"«{NBSP}À faire{NBSP}»{NBSP}!" == i18n.unbroken("« À faire » !")
    assert i18n.unbroken("dans %(span)s") == "dans %(span)s"


def test_the_language_switch_is_on_every_page_and_is_remembered(app, client, sign_in):
    for path in PUBLIC:
        assert 'action="/langue"' in client.get(path).text, path
    answer = client.post("/langue", data={"language": "en", "next": "/accessibilite", "csrf_token": token_of(client)})
    assert answer.headers["Location"] == "/accessibilite"
    assert "Accessibility statement" in client.get("/accessibilite", headers={"Accept-Language": "fr"}).text
    nadia, token = sign_in("p-nadia")
    nadia.post("/langue", data={"language": "en", "csrf_token": token})
    assert app.extensions["grenier"].languages.of("p-nadia") == "en"


def test_the_first_page_stands_without_its_services(tmp_path):
    class Away:
        def call(self, *_args):
            raise Unavailable()

    page = make_gateway(tmp_path, rpc=Away()).test_client().get("/", headers={"Accept-Language": "fr"})
    assert page.status_code == 200
    assert "momentanément indisponible" in page.text


def test_the_demo_mailbox_shows_what_was_caught(app, client):
    from grenier_infra.mailbox import store

    path = app.extensions["grenier"].settings.mailbox_file
    raw = b"From: a@x\r\nTo: nadia@example.org\r\nSubject: Votre lien\r\n\r\nOuvrez http://localhost:8400/connexion/lien/abc <b>\r\n"
    store(path, "grenier@localhost", ["nadia@example.org"], raw)
    page = client.get("/demo/mailbox").text
    assert "Votre lien" in page
    letter = client.get(re.search(r"/demo/mailbox/\d+", page).group()).text
    assert '<a href="http://localhost:8400/connexion/lien/abc"' in letter
    assert "<b>" not in letter
    assert client.get("/demo/mailbox/999").status_code == 404


def test_the_demo_clock_moves_by_steps_and_to_a_date(app, client):
    token = token_of(client)
    client.post("/demo/clock", data={"step": "24", "csrf_token": token})
    assert app.fakes["clock"].now() == NOW + timedelta(days=1)
    client.post("/demo/clock", data={"now": "2026-12-01T18:00", "csrf_token": token})
    assert app.fakes["clock"].now() == datetime(2026, 12, 1, 17, tzinfo=UTC)
