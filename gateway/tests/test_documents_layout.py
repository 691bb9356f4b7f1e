"""What a look at the pictures has taught: wide sheets, households in one piece, lines to write on, French signs, sorting."""

import io
import re
from typing import Any

import pytest
from documents_samples import (
    contract_facts,
    dates_facts,
    day_facts,
    membership_facts,
    option,
    order_facts,
    quantity_facts,
)
from pypdf import PdfReader

from gateway.documents import contract, membership, order_form, quantities, render, sign_off, words


def pages_of(template: str, data: dict[str, Any], size: float = render.SIZE_PT) -> list[str]:
    pages = PdfReader(io.BytesIO(render.pdf(template, data, size))).pages
    return [re.sub(r"\s+", " ", page.extract_text()) for page in pages]


def many(how_many: int) -> dict[str, Any]:
    """A day with so many products, of which everybody takes some."""
    options = [option(f"o{at}", f"Produit {at}", 480, code=f"P{at:02d}") for at in range(how_many)]
    baskets = [
        {"household_ids": [f"h{at}"], "absent": False, "picker_household_id": f"h{at}", "exchange": None,
         "lines": [{"option_id": f"o{(at + more) % how_many}", "quantity": 1} for more in range(4)]}
        for at in range(60)
    ]  # fmt: skip
    told = {"title": "Épicerie", "instructions": "", "modular": False, "options": options, "baskets": baskets}
    return day_facts(contracts=[told])


# -- wide sheets -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [8.0, 12.0])
def test_a_season_of_dates_is_dealt_out_over_several_strips(size: float) -> None:
    pages = pages_of("sign_off", sign_off.several(dates_facts(52)), size)
    heads = [page for page in pages if re.search(r"N° Nom \d\d/\d\d", page)]
    strips = list(dict.fromkeys(tuple(re.findall(r"\b\d\d/\d\d\b", page)) for page in heads))
    assert len(strips) > 1
    dates = [date for strip in strips for date in strip]
    assert len(dates) == len(set(dates)) == 52, "each date once, on one strip"
    assert all(len(strip) < 26 for strip in strips), "no head runs over its column"


def test_thirty_products_stay_legible_beside_names_and_signatures() -> None:
    pages = [page for page in pages_of("sign_off", sign_off.shape(many(30))) if "Signature" in page and "P" in page]
    first = re.search(r"N° Nom Téléphone (.*?) Commentaire Signature", pages[0])
    assert first, pages[0][:200]
    assert len(first.group(1).split()) < 30
    found = {code for page in pages for code in re.findall(r"\bP\d\d\b", page)}
    assert len(found) == 30


def test_a_household_s_products_are_not_parted_by_the_end_of_a_page() -> None:
    pages = pages_of("sign_off", sign_off.by_member(day_facts()))
    assert len(pages) > 2
    for page in pages[1:-1]:
        head, _, rest = page.partition("Signature ")
        if "Qté" in head:
            assert re.match(r"\d+ [^\d]", rest), f"the page begins in the middle of a household: {rest[:80]}"


# -- the sheet's other parts -------------------------------------------------------------------------------------


def test_keepers_numbers_duties_and_takers_stand_on_the_sheet() -> None:
    facts = day_facts()
    for told in facts["contracts"]:
        for basket in told["baskets"]:
            basket["number"] = 100 + int(basket["household_ids"][0][1:])
    text = " ".join(pages_of("sign_off", sign_off.shape(facts)))
    assert "gardé par Éloïse d’Arc" in text
    assert re.search(r"Paniers gardés .*Éloïse d’Arc, 06 00 00 00 01 .*n° 112 :", text)
    assert "à remettre à Œdipe Çelik" in text
    assert "absence prévue" in text
    assert "Çelik Françoise accueil 18 h – 19 h 30" in text
    assert "Martin Zoé, accueil" in text
    assert "rangement" in text
    assert "105 Benbrahim El Idrissi Aïcha" in text, "the number of the basket stands before the name"


def test_names_are_sorted_as_in_a_directory() -> None:
    names = ["Œdipe", "Zoé", "Łukasz", "Ångström", "Øre", "Martin", "d’Arc", "Lune"]
    assert sorted(names, key=words.alphabetical) == [
        "Ångström",
        "d’Arc",
        "Łukasz",
        "Lune",
        "Martin",
        "Œdipe",
        "Øre",
        "Zoé",
    ]


# -- forms and signs ---------------------------------------------------------------------------------------------


def test_a_blank_order_form_has_lines_and_not_dots() -> None:
    text = " ".join(pages_of("listing", order_form.shape(order_facts())))
    assert "...." not in text
    for told in ("Nom et prénom", "N° d’adhésion", "Total de la commande"):
        assert told in text, told


def test_a_column_without_figures_is_left_out() -> None:
    assert "Poids" not in " ".join(pages_of("listing", quantities.shape(quantity_facts())))


def test_the_membership_form_names_the_group() -> None:
    assert pages_of("letter", membership.shape(membership_facts()))[0].startswith("AMAP des Confitures")


def test_french_signs_never_begin_a_line() -> None:
    pages = PdfReader(io.BytesIO(render.pdf("contract", contract.shape(contract_facts())))).pages
    text = "\n".join(page.extract_text() for page in pages)
    assert re.search(r"groupe\u202f;", text)
    assert re.search(r"engagement\u00a0:", text)
    assert not re.search(r" [;:?!]", text)
