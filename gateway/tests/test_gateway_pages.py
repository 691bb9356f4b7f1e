"""Pages: sound HTML, both languages, « À faire », navigation, tables, forms and how figures are written."""

import io
import re
import zipfile
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser

import pytest
from flask import g, render_template_string
from gateway_fakes import NOW, fields, make_gateway, token_of
from marshmallow import Schema
from marshmallow import fields as ma

from gateway import formats, i18n, menus, tasks
from gateway.access import rule
from gateway.forms import Form
from gateway.messages import localized
from gateway.tables import Column, Table
from gateway.tasks import Task
from grenier.errors import Invalid, Rejected, Unavailable

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


@pytest.fixture
def sources():
    """The task sources and menu entries of this test only."""
    kept = dict(tasks._SOURCES), dict(menus._ITEMS)
    tasks._SOURCES.clear()
    menus._ITEMS.clear()
    yield
    for registry, before in zip((tasks._SOURCES, menus._ITEMS), kept, strict=True):
        registry.clear()
        registry.update(before)


def test_what_presses_most_stands_first(sources, sign_in):
    @tasks.task_source()
    def mine():
        yield Task("plus tard", "/x", "Faire", deadline=NOW + timedelta(days=9))
        yield Task("bientôt", "/x", "Faire", deadline=NOW + timedelta(hours=2), minutes=5)
        yield Task("sans date", "/x", "Faire")
        yield Task("pour information", "/x", "Voir", urgency="info")
        yield Task("en retard", "/x", "Faire", deadline=NOW - timedelta(hours=2))

    client, _token = sign_in("p-paul")
    page = client.get("/", headers={"Accept-Language": "fr"}).text
    order = [
        page.index(f'task__title">{title}<')
        for title in ("en retard", "bientôt", "plus tard", "sans date", "pour information")
    ]
    assert order == sorted(order)
    assert "environ 5\u00a0min" in page


def test_a_source_that_is_away_is_said_and_hides_nothing(sources, sign_in):
    @tasks.task_source()
    def away():
        raise Unavailable()

    @tasks.task_source()
    def here():
        return [Task("autre chose", "/x", "Faire")]

    @tasks.task_source(rule(may="orders.regulate"))
    def not_mine():
        return [Task("réguler", "/x", "Faire")]

    client, _token = sign_in("p-paul")
    page = client.get("/").text
    assert "autre chose" in page
    assert "incomplète" in page
    assert "réguler" not in page


def test_nothing_to_do_says_so(sources, sign_in):
    client, _token = sign_in("p-paul")
    assert "Rien ne vous attend" in client.get("/", headers={"Accept-Language": "fr"}).text


def test_the_menu_shows_what_one_may_open(sources, sign_in):
    menus.nav_item("Pour tous", "account.index", icon="home", order=1)
    menus.nav_item("Pour la trésorerie", "docs.index", icon="home", who=rule(role="treasurer"))
    menus.nav_item("Page absente", "nowhere.index", icon="home")
    paul, _ = sign_in("p-paul")
    nadia, _ = sign_in("p-nadia")
    assert "Pour tous" in paul.get("/compte").text
    assert "Pour la trésorerie" not in paul.get("/compte").text
    assert "Pour la trésorerie" in nadia.get("/compte").text
    assert "Page absente" not in nadia.get("/compte").text
    assert 'href="/compte" aria-current="page"' in nadia.get("/compte").text


def test_the_group_switcher_offers_own_groups_only(sign_in):
    nadia, token = sign_in("p-nadia")
    page = nadia.get("/").text
    assert 'value="g-ocean"' in page
    assert 'value="g-confitures"' not in page
    assert nadia.post("/groupe", data={"group_id": "g-ocean", "csrf_token": token}).status_code == 302
    assert 'menu__label"><span class="only-reader">Groupe : </span>VRAC Océan'.replace(" :", f"{NBSP}:") in nadia.get(
        "/", headers={"Accept-Language": "fr"}
    ).text.replace("Groupe :", f"Groupe{NBSP}:")
    assert nadia.post("/groupe", data={"group_id": "g-confitures", "csrf_token": token}).status_code == 404


@pytest.fixture
def french(app):
    """Inside a request in French, nobody signed in."""
    with app.test_request_context("/", headers={"Accept-Language": "fr"}):
        yield app


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (lambda: formats.money(1240), "12,40 €"),
        (lambda: formats.money(-250), "−2,50 €"),
        (lambda: formats.money(5000, signed=True), "+50,00 €"),
        (lambda: formats.money(0, signed=True), "0,00 €"),
        (lambda: formats.money(123456789), "1 234 567,89 €"),
        (lambda: formats.money(None), "–"),
        (lambda: formats.weight(80), "80 g"),
        (lambda: formats.weight(1250), "1,250 kg"),
        (lambda: formats.weight(12000), "12 kg"),
        (lambda: formats.weight(999), "999 g"),
        (lambda: formats.day(date(2026, 11, 26)), "jeudi 26 novembre"),
        (lambda: formats.day(date(2027, 1, 1)), "vendredi 1er janvier 2027"),
        (lambda: formats.time_of(datetime(2026, 11, 26, 17, 30, tzinfo=UTC)), "18 h 30"),
        (lambda: formats.slot("2026-11-26T17:00:00Z", "2026-11-26T19:00:00Z"), "jeudi 26 novembre, 18 h – 20 h"),
        (lambda: formats.of_month("2026-10"), "d’octobre 2026"),
        (lambda: formats.of_month("2026-11"), "de novembre 2026"),
        (lambda: formats.phone("+33465711540"), "04 65 71 15 40"),
        (lambda: formats.phone("+41227360000"), "+41227360000"),
        (lambda: formats.when(NOW + timedelta(minutes=20)), "dans 20 minutes"),
        (lambda: formats.when(NOW - timedelta(hours=3)), "il y a 3 heures"),
        (lambda: formats.when(NOW + timedelta(hours=8)), "aujourd’hui à 18 h 30"),
        (lambda: formats.when(NOW + timedelta(hours=24)), "demain à 10 h 30"),
        (lambda: formats.when(NOW - timedelta(hours=24)), "hier à 10 h 30"),
        (lambda: formats.when(NOW + timedelta(days=3)), "jeudi à 10 h 30"),
        (lambda: formats.when(NOW + timedelta(days=30)), "mercredi 23 décembre à 10 h 30"),
        (lambda: formats.duration(90), "1 h 30"),
        (lambda: formats.duration(20), "20 min"),
        (lambda: formats.percent(550), "5,5 %"),
        (lambda: formats.inclusive("adhérent·e", "adhérent"), "adhérent·e"),
    ],
)
def test_figures_are_written_as_people_say_them(french, made, text):
    assert made().replace("\u202f", " ").replace(NBSP, " ") == text


def test_english_has_its_own_forms(app):
    with app.test_request_context("/", headers={"Accept-Language": "en"}):
        assert formats.money(1240) == "€12.40"
        assert formats.time_of("2026-11-26T17:30:00Z") == "18:30"
        assert formats.day(date(2026, 11, 26)).replace(NBSP, " ") == "Thursday 26 November"
        assert formats.when(NOW + timedelta(hours=1)) == "in 1 hour"


def test_times_are_those_of_the_group(app):
    secret = app.extensions["grenier"].sessions.open("p-nadia")
    session = app.extensions["grenier"].sessions.find(secret)
    app.extensions["grenier"].sessions.choose_group(session, "g-ocean")
    with app.test_request_context("/", headers={"Cookie": f"grenier-8400={secret}", "Accept-Language": "fr"}):
        assert formats.time_of("2026-11-26T17:30:00Z").replace(NBSP, " ") == "21 h 30"
    secret = app.extensions["grenier"].sessions.open("p-tom")
    with app.test_request_context("/", headers={"Cookie": f"grenier-8400={secret}"}):
        assert formats.inclusive("adhérent·e", "adhérent") == "adhérent"


COLUMNS = [
    Column("name", "Produit"),
    Column("cents", "Montant", "money", total=True),
    Column("grams", "Poids", "weight", total=True),
    Column("state", "État", "state"),
]
ROWS = [
    {"name": "Épeautre", "cents": 1240, "grams": 500, "state": ("good", "reçu")},
    {"name": "=cmd()", "cents": -5, "grams": None, "state": ("problem", "manquant")},
    {"name": "abricots", "cents": 99, "grams": 1250, "state": None},
]


def table_at(app, query: str) -> Table:
    with app.test_request_context(f"/x?{query}", headers={"Accept-Language": "fr"}):
        return Table("lines", "Lignes", COLUMNS, ROWS)


def test_tables_sort_filter_and_add_up(app):
    assert [row["cents"] for row in table_at(app, "sort=cents").rows] == [-5, 99, 1240]
    assert [row["cents"] for row in table_at(app, "sort=-cents").rows] == [1240, 99, -5]
    assert [row["name"] for row in table_at(app, "q=MANQU").rows] == ["=cmd()"]
    assert [row["name"] for row in table_at(app, "sort=secret").rows] == [row["name"] for row in ROWS]
    assert table_at(app, "").totals == {"cents": 1334, "grams": 1750}


def test_csv_opens_in_a_french_spreadsheet_and_computes_nothing(app):
    with app.test_request_context("/x?format=csv", headers={"Accept-Language": "fr"}):
        text = Table("lines", "Lignes", COLUMNS, ROWS).export().get_data(as_text=True)
    assert text.startswith("\ufeff")
    assert text.splitlines()[0] == "\ufeffProduit;Montant (€);Poids (kg);État"
    assert "Épeautre;12,40;0,500;reçu" in text
    assert "'=cmd();-0,05;;manquant" in text


def test_xlsx_has_numbers_and_a_formula(app):
    with app.test_request_context("/x?format=xlsx"):
        content = Table("lines", "Lignes", COLUMNS, ROWS).export().get_data()
    sheet = zipfile.ZipFile(io.BytesIO(content)).read("xl/worksheets/sheet1.xml").decode()
    assert "<v>12.4</v>" in sheet
    assert "<f>SUM(B2:B4)</f><v>13.34</v>" in sheet
    assert "cmd()</f>" not in sheet


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
