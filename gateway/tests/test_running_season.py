"""A season that runs already is brought over in one file: who takes what since when, with the cheques that are in our hands."""

import pytest
from season_house import Season

from gateway.cheque_columns import part_of
from gateway.documents.handed_out import number_of

pytestmark = pytest.mark.behaviour("S0:28")
WIDE = (
    "Nom;Début;PAN;Chèque 1 n°;Chèque 1 banque;Chèque 1 montant;Chèque 1 encaissement;N° chèque 2;Banque 2;Montant chèque 2;"
    "Date d’encaissement 2;Émis le;Remarque\n"
)


@pytest.fixture
def site(tmp_path):
    made = Season(tmp_path)
    made.contract = made.opened(
        starts_on="2026-09-01", sign_up={"opens_on": "2026-08-01", "closes_on": "2026-09-10"}, deliveries=[
            {"delivery_id": f"d{month}", "on": f"2026-{month:02}-15", "starts": "18:30", "ends": "19:30"} for month in range(9, 13)
        ],
    )  # fmt: skip
    return made


def bring(site, content: str, dry_run: int = 1, contract: str = "", **headers: str):
    path = f"/api/v1/contracts/{contract or site.contract}/subscriptions/import-file?dry_run={dry_run}"
    return site.client("Camille").post(path, data=content.encode(), content_type="text/csv", headers=headers)


def faults(answer) -> dict[int, str]:
    assert answer.status_code == 200, answer.text
    return {row["row"]: " ".join(fault["message"] for fault in row["errors"]) for row in answer.json["rows"]}


def cheques(site) -> list[tuple[int, str, str, str, str]]:
    held = site.client("Camille").get(f"/api/v1/groups/{site.amap}/cheques?contract_id={site.contract}").json["cheques"]
    return sorted(
        (one["amount_cents"], one["cash_on"], one["state"], one.get("number", ""), one.get("bank", "")) for one in held
    )


def test_cheques_come_with_their_numbers_banks_amounts_and_days(site) -> None:
    content = (
        WIDE + "Bey;15/09/2026;1;0000123;Crédit Mutuel;26,00 €;20/09/2026;0000124;La Nef;30;20/11/2026;01/09/2026;x\n"
    )
    told = bring(site, content)
    assert faults(told) == {2: ""}
    assert (told.json["unread_columns"], told.json["rows"][0]["amount_cents"]) == (["Remarque"], 5600)
    assert cheques(site) == [], "a dry run writes nothing"
    assert bring(site, content, 0).json["written"] == 1
    assert cheques(site) == [
        (2600, "2026-09-20", "received", "0000123", "Crédit Mutuel"),
        (3000, "2026-11-20", "received", "0000124", "La Nef"),
    ]
    (row,) = site.call("subscriptions", "Camille", contract_id=site.contract)["subscriptions"]
    assert (row["state"], row["amount_cents"], row["starts_on"]) == ("confirmed", 5600, "2026-09-15")
    again = bring(site, content, 0)
    assert (again.json["written"], len(cheques(site))) == (0, 2), "brought again, it makes nothing twice"
    assert "déjà une inscription" in faults(again)[2]


def test_a_row_for_each_cheque_is_read_too(site) -> None:
    content = (
        "Foyer;PAN;Début;N° de chèque;Banque;Montant;Encaissement\nBey;1;15/09/2026;11;LBP;28;01/10/2026\n"
        "Bey;1;;12;LBP;28;01/11/2026\nRossi;1;15/09/2026;;;;\n"
    )
    assert bring(site, content, 0).json["written"] == 2
    assert cheques(site) == [
        (2800, "2026-10-01", "received", "11", "LBP"),
        (2800, "2026-11-01", "received", "12", "LBP"),
    ]


def test_numbers_alone_take_amounts_and_days_from_the_contract(site) -> None:
    assert (
        bring(site, "Nom;PAN;Début;Chèque 1;Chèque 2;Banque\nBey;1;15/09/2026;1234567;1234568;LBP\n", 0).json["written"]
        == 1
    )
    assert [(amount, number) for amount, _on, _state, number, _bank in cheques(site)] == [
        (2800, "1234567"),
        (2800, "1234568"),
    ]
    assert {bank for *_rest, bank in cheques(site)} == {"LBP"}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            "Bey;15/09/2026;1;1;A;26;20/09/2026;2;A;31;20/11/2026;;",
            "Les chèques font 57,00\u00a0€, 56,00\u00a0€ sont dus.",
        ),
        ("Bey;15/09/2026;1;1;A;26;20/09/2026;2;A;;20/11/2026;;", "Un montant pour chaque chèque, ou pour aucun."),
        ("Bey;15/09/2026;1;1;A;26;20/09/2026;2;A;30;;;", "Une date d’encaissement pour chaque chèque"),
        ("Bey;15/09/2026;1;1;A;26;20/09/2026;1;A;30;20/11/2026;;", "Deux chèques ont le même numéro."),
        ("Bey;15/09/2026;1;1;A;vingt;20/09/2026;;;;;;", "Écrivez un montant"),
        ("Bey;15/09/2026;1;1;A;56;31/02/2026;;;;;;", "Écrivez une date"),
        ("Bey;15/09/2026;1;1;A;56;20/09/2026;;;;;01/01/2027;", "Pas dans l’avenir."),
        ("Bey;15/09/2026;1;1;A;56;20/09/2028;;;;;;", "Une banque n’accepte plus ce chèque"),
        ("Personne;15/09/2026;1;1;A;56;20/09/2026;;;;;;", "Aucun foyer de ce groupe."),
        (";15/09/2026;1;1;A;56;20/09/2026;;;;;;", "Le foyer n’est pas nommé."),
        ("Bey;15/09/2026;;1;A;56;20/09/2026;;;;;;", "Aucune quantité."),
        ("Bey;15/09/2026;0,5;1;A;56;20/09/2026;;;;;;", "Un nombre entier"),
    ],
)
def test_what_does_not_add_up_is_told_before_anything_is_written(site, row: str, told: str) -> None:
    assert told in faults(bring(site, WIDE + row + "\n"))[2]
    assert bring(site, WIDE + row + "\n", 0).json["written"] == 0
    assert cheques(site) == []


def test_a_file_that_broke_off_is_finished_with_the_same_key(site) -> None:
    """The first row was registered and no more; its confirmation and its cheque follow, and the second row, each once."""
    content = WIDE + "".join(f"{name};15/09/2026;1;{name}1;A;56;20/09/2026;;;;;;\n" for name in ("Bey", "Rossi"))
    one = bring(site, content, 0, **{"Idempotency-Key": "saison"})
    two = bring(site, content, 0, **{"Idempotency-Key": "saison"})
    assert (one.json["written"], two.json["written"]) == (2, 2)
    assert faults(two) == {2: "", 3: ""}
    assert len(cheques(site)) == 2
    assert site.call("subscriptions", "Camille", contract_id=site.contract)["total"] == 2


def test_what_a_head_or_a_cell_says_is_never_dropped_in_silence(site) -> None:
    refused = bring(site, "Nom;PAN 15/10/2026;PAN 16/10/2026\nBey;1;1\n")
    assert refused.json["errors"]["file"] == ["«\u00a0PAN 16/10/2026\u00a0»\u00a0: pas de livraison ce jour-là."]
    assert faults(bring(site, "Nom;PAN;Moyen\nBey;1;virement\n"))[2] == "Ce contrat ne se règle pas ainsi."
    assert "droite des titres" in faults(bring(site, "Nom;PAN\nBey;1;9\n"))[2]


def test_members_cannot_enter_cheques_of_their_own(site) -> None:
    contract = site.opened(title="Autre")
    option = site.call("contract", "Camille", contract_id=contract)["terms"]["options"][0]["option_id"]
    wish = {"household_id": site.homes["Bey"], "lines": [{"option_id": option, "quantity": 1}], "cheques": [{}, {}]}
    answer = site.client("Ali").post(f"/api/v1/contracts/{contract}/subscriptions", json=wish)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["cheques"])


def test_a_contract_by_order_rounds_needs_no_quantity(site) -> None:
    contract = site.opened(
        title="Confitures", basket_kind="ordered", rounds=[{"round_id": "r11", "delivery_id": "d11", "opens_at": "2026-10-20T08:00:00Z",
        "closes_at": "2026-10-30T20:00:00Z"}], deliveries=[{"delivery_id": "d11", "on": "2026-11-15"}],
        payment={"payee": "Ferme", "means": ["cheque"], "counts": [1], "prepayment_cents": 6000},
    )  # fmt: skip
    content = "Nom;Chèque 1 n°;Chèque 1 banque\nBey;99;LBP\nRossi;;\n"
    assert faults(bring(site, content, 1, contract)) == {2: "", 3: ""}
    assert bring(site, content, 0, contract).json["written"] == 2


def test_how_many_households_a_file_may_name_is_told_on_the_page(site) -> None:
    page = site.client("Camille").get(site.path("contrats", site.contract, "inscriptions", "importer")).text
    assert "Au plus 300 foyers par fichier" in page


def test_a_head_of_very_many_figures_is_no_cheque() -> None:
    assert part_of("Chèque " + "⅒" * 1600) is None


LONG = "Nom;Produit;Quantité;Début\n"


def test_a_household_is_taken_in_wholly_or_not_at_all(site) -> None:
    """A fault in its first row keeps the rows below it from being registered by themselves."""
    answer = bring(site, LONG + "Bey;PAN;1;31/02/2026\nBey;DEMI;2;\nRossi;PAN;1;15/09/2026\n", 0)
    assert answer.json["written"] == 1
    assert set(faults(answer)) == {2, 4}
    assert "Écrivez une date" in faults(answer)[2]
    (row,) = site.call("subscriptions", "Camille", contract_id=site.contract)["subscriptions"]
    assert row["household_id"] == site.homes["Rossi"]


def test_what_is_wrong_in_a_further_row_of_a_household_counts_as_well(site) -> None:
    answer = bring(site, LONG + "Bey;PAN;1;15/09/2026\nBey;DEMI;2;;à côté\n", 0)
    assert answer.json["written"] == 0
    assert "droite des titres" in faults(answer)[2]


def test_a_column_whose_head_stands_twice_is_named_among_those_not_read(site) -> None:
    told = bring(
        site, "Nom;PAN;N° de chèque;Encaissement;N° de chèque;Encaissement\nBey;1;11;01/10/2026;12;01/11/2026\n"
    )
    assert told.json["unread_columns"] == ["N° de chèque (bis)", "Encaissement (bis)"]


def test_the_file_says_the_state_of_a_subscription_as_the_page_does(site) -> None:
    contract = site.opened(title="Noix")
    site.call("withdraw_subscription", "Paul", subscription_id=site.subscribed(contract, "Paul", "Rossi"))
    told = site.client("Camille").get(f"/api/v1/contracts/{contract}/subscriptions.csv").text
    assert "Rossi;déclinée;" in told


def test_the_numbers_of_several_baskets_stand_in_their_order() -> None:
    baskets = [{"household_ids": ["h"], "number": number} for number in (10, 2)]
    assert number_of({"contracts": [{"baskets": baskets}]}, {"ids": ("h",)}) == "2, 10"
