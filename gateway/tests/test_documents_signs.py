"""Texts with signs that no bundled font has: the paper is printed all the same, an empty square in their place."""

import io

import pytest
from documents_samples import contract_facts
from pypdf import PdfReader
from season_house import Season

from gateway.documents import contract, render, signs
from gateway.documents.signs import MOST_WORDS, shown

EVERY_LATIN = "".join(chr(code) for code in range(0x20, 0x2100) if not signs._ODD.search(chr(code)))


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("Éloïse D’Arc — 12,50 €", "Éloïse D’Arc — 12,50 €"),
        ("Œufs 🥚 frais", "Œufs □ frais"),
        ("🍎🍐", "□□"),
        ("Famille 👨‍👩‍👧", "Famille □□□"),
        ("1️⃣ Pain", "1 Pain"),
        ("Miel ❤️", "Miel ❤️"),
        ("漢字\nligne", "□□\nligne"),
        ("a\x8db\x1ec\x00", "a□b□c□"),
        ("moitié \ud83e", "moitié □"),
        ("Ольга مرحبا", "Ольга مرحبا"),
    ],
)
def test_signs_without_a_glyph_are_empty_squares(typed: str, printed: str) -> None:
    data = {"title": "Pain", "rows": [[typed, 3], {"deep": typed}]}
    assert shown(data) == {"title": "Pain", "rows": [[printed, 3], {"deep": printed}]}
    render.pdf("contract", {**contract.shape(contract_facts()), "title": shown(typed)})


def test_what_is_never_looked_at_can_be_shown() -> None:
    assert signs._has_glyphs(EVERY_LATIN)


def test_a_paper_full_of_strange_signs_asks_the_compiler_but_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, has_glyphs = [], signs._has_glyphs
    monkeypatch.setattr(signs, "_has_glyphs", lambda text: asked.append(text) or has_glyphs(text))
    words = [f"{chr(0x4E00 + at)}Ж" for at in range(MOST_WORDS + 1)]
    assert shown(words) == ["□□"] * (MOST_WORDS + 1)
    assert len(asked) == 1


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Season:
    return Season(tmp_path_factory.mktemp("signs"))


def test_a_contract_with_a_picture_in_its_title_is_printed(house: Season) -> None:
    opened = house.opened(title="Paniers 🥕 d’hiver")
    answer = house.client("Camille").get(f"/api/v1/contracts/{opened}/document.pdf")
    assert answer.status_code == 200, answer.text
    assert "Paniers □ d’hiver" in PdfReader(io.BytesIO(answer.data)).pages[0].extract_text().replace("\u00a0", " ")
