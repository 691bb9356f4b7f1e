"""Lists of products as suppliers and other programs write them: heads, prices before tax, and faults at the head that stands there."""

import pytest
from flask import Flask
from flask_babel import Babel

from gateway import product_import
from grenier.errors import Invalid


@pytest.fixture(autouse=True)
def french():
    app = Flask(__name__)
    Babel(app, default_locale="fr")
    with app.test_request_context("/"):
        yield


def rows(content: str | bytes, **usual: str):
    sheet = product_import.read_products(content.encode() if isinstance(content, str) else content)
    return product_import.rows_of(sheet, {"Moulin des Aulnes": "p1"}, usual)


@pytest.mark.parametrize(
    ("content", "name", "cents"),
    [
        ("name;category;producer;price;cost\nFarine T80;Farines;Moulin des Aulnes;3,10;2,80\n", "Farine T80", 310),
        ("avail.;Order number;Name;Unit;Price (net);VAT;Deposit;Category;Manufacturer\nYes;12;Farine;1kg;2.00;5.5;0;F;moulin des aulnes\n", "Farine", 211),
        ('"deux lignes de titres !";;;;;\n"Nom du produit";"Réf";"Bio";"Prix H.T";"taux de TVA"\n"Jus 75 cl";"A1";1;2,56;5,5\n', "Jus 75 cl", 270),
        ("producer,sku,name,display_name,category,units,unit_type,price,on_hand\nMoulin des Aulnes,1,Son,Son fin,F,1,g,2,100\n", "Son", 200),
        ("name,category,supplier,packaging,unit,price_cents\nSucre,Epicerie,Moulin des Aulnes,5kg,kg,1400\n", "Sucre", 1400),
        ("Désignation\tPrix TTC\tBio\nBlé\t1 234,50 €\toui\n", "Blé", 123450),
    ],
)  # fmt: skip
def test_heads_of_other_programs_are_known(content: str, name: str, cents: int) -> None:
    (row,) = rows(content, producer_id="p1", category="Divers")
    assert (row["name"], row["price_cents"], row["producer_id"]) == (name, cents, "p1")
    assert row["category"]


def test_what_cannot_be_read_is_left_for_the_service_to_name() -> None:
    (row,) = rows("nom;prix;producteur;colis\nTomme;douze;Inconnu;six\n")
    assert (row["price_cents"], row["producer_id"], row["case_size"]) == ("douze", "Inconnu", "six")
    (row,) = rows("nom;prix ht;tva\nTomme;douze;5,5\n")
    assert row["price_cents"] == "douze"


def test_faults_are_told_in_french_at_the_head_of_the_file() -> None:
    sheet = product_import.read_products(b"Liste\n\nNom;Prix HT;Fournisseur;TVA\nTomme;x;y;5,5\nLait;1;y;5,5\n")
    answer = {"rows": [
        {"name": "Tomme", "errors": {"price_cents": ["Expected `int`, got `str`"], "producer_id": ["is not a producer of this host organisation"]}},
        {"name": "Lait", "errors": {}},
    ]}  # fmt: skip
    (wrong,) = product_import.told(sheet, answer)
    assert (wrong["row"], [head for head, _message in wrong["faults"]]) == (4, ["Prix HT", "Fournisseur"])
    assert wrong["faults"][0][1] == "Écrivez un montant, par exemple 12,50."


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4", b"BNN;3;0;X\n1;;;;;;Pain\n", b"a;b\n1;2\n", b"name;price\n"])
def test_what_is_no_list_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid):
        product_import.read_products(content)


@pytest.mark.parametrize(
    ("rate", "cents"), [("0.055", 1055), ("0,2", 1200), ("0.9", 1009), ("5,5 %", 1055), ("0,9 %", 1009), ("0", 1000)]
)
def test_a_rate_that_a_spreadsheet_keeps_as_a_fraction_is_a_percentage(rate: str, cents: int) -> None:
    """A cell that shows 5,5 % holds 0.055."""
    (row,) = rows(f"nom;prix ht;tva\nTomme;10;{rate}\n")
    assert row["price_cents"] == cents


@pytest.mark.parametrize(
    ("content", "head"),
    [
        ("nom;prix ht;tva\nTomme;10;\nLait;1;5,5\n", "tva"),
        ("nom;prix ht;tva\nTomme;10; % \nLait;1;0\n", "tva"),
        ("nom;prix ht\nTomme;10\n", "TVA"),
    ],
)
def test_a_price_before_tax_without_its_rate_is_a_fault_of_its_row(content: str, head: str) -> None:
    """Not 0 %: nobody is charged less than what the group pays because a cell was left empty."""
    sheet = product_import.read_products(content.encode())
    tomme, *others = product_import.rows_of(sheet, {}, {})
    assert tomme["price_cents"] == "10 HT", "no number that a service could take for cents"
    assert [type(row["price_cents"]) for row in others] == [int] * len(others)
    refused = {"name": "Tomme", "errors": {"price_cents": ["Expected `int`"], "cost_cents": ["Expected `int`"]}}
    told = product_import.told(sheet, {"rows": [refused, *({"name": "Lait", "errors": {}} for _other in others)]})
    assert [(wrong["row"], [where for where, _said in wrong["faults"]]) for wrong in told] == [(2, [head])]


def test_a_price_with_tax_needs_no_rate() -> None:
    (row,) = rows("nom;prix ttc;prix ht;tva\nTomme;12,50;10;\n")
    assert row["price_cents"] == 1250


def test_a_price_beyond_all_prices_is_left_for_the_service_to_refuse() -> None:
    (row,) = rows("nom;prix ht;tva\nTomme;999999999999;99999\n")
    assert row["price_cents"] == "999999999999"
