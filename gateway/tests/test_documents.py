"""Documents as made from plain facts: what they say, that they are tagged, add up and are the same bytes each time."""

import io
import re
import time
from typing import Any

import pytest
from documents_samples import (
    GROUP,
    HOSTILE,
    cheque_facts,
    contract_facts,
    dates_facts,
    day_facts,
    deliveries,
    membership_facts,
    option,
    order_facts,
    quantity_facts,
    settlement_facts,
    statement_facts,
    subscription,
    terms,
)
from pypdf import PdfReader

from gateway.documents import (
    cheques,
    clauses,
    contract,
    membership,
    order_form,
    quantities,
    render,
    settlement,
    sign_off,
    statement,
    words,
)
from gateway.documents.products import amount_of, lines_of

EVERY = {
    "blank contract": lambda: ("contract", contract.shape(contract_facts())),
    "filled contract": lambda: ("contract", contract.shape(contract_facts(subscription=subscription()))),
    "sign-off sheet": lambda: ("sign_off", sign_off.shape(day_facts())),
    "sheet of dates": lambda: ("sign_off", sign_off.several(dates_facts(12))),
    "matrix": lambda: ("sign_off", sign_off.matrix(day_facts())),
    "by member": lambda: ("sign_off", sign_off.by_member(day_facts())),
    "cheques": lambda: ("listing", cheques.shape(cheque_facts())),
    "quantities": lambda: ("listing", quantities.shape(quantity_facts())),
    "order form": lambda: ("listing", order_form.shape(order_facts())),
    "summary": lambda: ("listing", order_form.summary(order_facts(filled=True))),
    "statement": lambda: ("listing", statement.shape(statement_facts())),
    "settlement": lambda: ("letter", settlement.shape(settlement_facts())),
    "membership form": lambda: ("letter", membership.shape(membership_facts())),
}


def read(template: str, data: dict[str, Any], size: float = render.SIZE_PT) -> PdfReader:
    return PdfReader(io.BytesIO(render.pdf(template, data, size)))


def text_of(template: str, data: dict[str, Any]) -> str:
    return flat("\n".join(page.extract_text() for page in read(template, data).pages))


def flat(text: str) -> str:
    return re.sub(r"[\s\u00a0\u202f]+", " ", text)


# -- what holds for all ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY)
def test_a_document_is_tagged_french_numbered_and_the_same_bytes_each_time(name: str) -> None:
    template, data = EVERY[name]()
    content = render.pdf(template, data)
    assert content == render.pdf(template, data)
    pdf = PdfReader(io.BytesIO(content))
    catalogue = pdf.root_object
    assert catalogue["/MarkInfo"]["/Marked"], "not tagged"
    assert "/StructTreeRoot" in catalogue
    assert str(catalogue["/Lang"]).startswith("fr")
    assert pdf.metadata is not None
    assert pdf.metadata.title == data["title"]
    for number, page in enumerate(pdf.pages, start=1):
        assert f"page {number} / {len(pdf.pages)}" in flat(page.extract_text())


def test_a_document_is_quick_enough_to_be_made_while_somebody_waits() -> None:
    template, data = EVERY["sign-off sheet"]()
    render.pdf(template, data)
    began = time.process_time()
    render.pdf(template, data)
    assert time.process_time() - began < 2


def test_larger_text_takes_more_pages() -> None:
    template, data = EVERY["sign-off sheet"]()
    assert len(read(template, data, 7.0).pages) < len(read(template, data, 12.0).pages)


@pytest.mark.parametrize(
    ("asked", "size"), [("8,5", 8.5), ("8.3", 8.5), ("9", 9.0), ("", 10.0), (None, 10.0), ("nan", 10.0), ("1e9", 10.0), ("x", 10.0), ("3", 10.0)]
)  # fmt: skip
def test_sizes_go_in_steps_of_a_half(asked: str | None, size: float) -> None:
    assert render.size_of(asked) == size


@pytest.mark.parametrize("name", ["filled contract", "sign-off sheet", "cheques", "settlement"])
def test_no_name_is_code(name: str) -> None:
    template, data = EVERY[name]()
    hostile = {**data, "title": HOSTILE, "footer": HOSTILE}
    assert "#panic(1)" in text_of(template, hostile)


def test_what_nobody_prints_is_refused_before_it_is_laid_out() -> None:
    data = {**EVERY["matrix"]()[1], "rows": [["x"] * 100] * 1000}
    with pytest.raises(render.TooLong):
        render.pdf("sign_off", data)


def test_heads_of_tables_are_repeated() -> None:
    pages = [flat(page.extract_text()) for page in read(*EVERY["cheques"]()).pages]
    assert len(pages) >= 2
    assert all("Encaissement Adhérent·e Émetteur Banque Numéro Montant" in page for page in pages[:2])


# -- the contract ------------------------------------------------------------------------------------------------


def test_a_blank_contract_says_all_that_is_agreed() -> None:
    text = text_of(*EVERY["blank contract"]())
    for told in ("Contrat d’engagement : Légumes", "Éloïse d’Arc", "Agriculture biologique", "novembre 2026", "5, 12, 19, 26",
                 "3 (×2)", "À l’ordre de EARL Bourbonnais", "15/11/2026", "L’adhérent·e", "Le·a producteur·rice", f"Pour {GROUP['name']}",
                 "version 3 du 1er octobre 2026", "Panier de légumes de saison 14,00 €", "51 livraisons"):  # fmt: skip
        assert told in text, told


def test_the_lines_of_a_filled_contract_add_up_to_what_is_due() -> None:
    taken, agreed = subscription(), terms()
    days = [
        each
        for each in agreed["deliveries"]
        if not each["cancelled"] and each["on"] >= taken["starts_on"] and each["delivery_id"] != "d20"
    ]
    lines = lines_of(agreed, taken, days)
    assert [len(line.dates) for line in lines] == [41, 41]
    # 41 × 14,00 and 41 × 2 portions of 250 g at 15,90 a kilogram.
    assert [line.amount_cents for line in lines] == [57_400, 32_595]
    assert (
        sum(line.amount_cents for line in lines)
        == taken["amount_cents"]
        == sum(each["amount_cents"] for each in taken["cheques"])
    )
    text = text_of(*EVERY["filled contract"]())
    for told in (
        "574,00 €",
        "325,95 €",
        "Total dû 899,95 €",
        "3 règlements 899,95 €",
        "Début de l’engagement 14 janvier 2027",
        "25/03/2027",
    ):
        assert told in text, told


def test_own_dates_are_bold_and_past_ones_struck() -> None:
    months = contract.shape(contract_facts(subscription=subscription()))["months"]
    marks = {(month["month"], day["text"]): (day["own"], day["struck"]) for month in months for day in month["days"]}
    assert marks["novembre 2026", "5"] == (False, True)
    assert marks["janvier 2027", "14"] == (True, False)
    assert marks["mars 2027", "25"] == (False, False), "an absence"
    assert marks["novembre 2026", "26"] == (False, True), "cancelled"


def test_a_composed_basket_is_told_date_by_date() -> None:
    agreed = terms("modular", deliveries=deliveries(3))
    taken = subscription(
        starts_on="2026-11-05", absences=[], cheques=[], amount_cents=3650,
        lines=[{"option_id": "pan", "per_delivery": {"d0": 1, "d1": 1, "d2": 0}}, {"option_id": "demi", "per_delivery": {"d0": 0, "d1": 0, "d2": 1}},
               ],
    )  # fmt: skip
    data = contract.shape(contract_facts(terms=agreed, subscription={**taken, "amount_cents": 3550}))
    assert [row[2] for row in data["products"]] == [words.money(1400), words.money(1400), words.money(750)]
    assert [row[:3] for row in data["detail"]][-1] == ["19/11/2026", "Demi-panier de légumes", "1"]
    assert data["product_totals"][-1] == words.money(3550)


def test_weeks_a_and_b_stand_apart() -> None:
    days = deliveries(4)
    for at, each in enumerate(days):
        each["series"] = "AB"[at % 2]
    agreed = terms(deliveries=days)
    taken = subscription(starts_on="2026-11-05", series="B", absences=[], cheques=[], amount_cents=2800,
                         lines=[{"option_id": "pan", "quantity": 1}])  # fmt: skip
    data = contract.shape(contract_facts(terms=agreed, subscription=taken))
    assert data["products"] == [
        ["12/11, 26/11", "B", "Panier de légumes de saison", words.money(1400), "1", words.money(2800)]
    ]
    blank = contract.shape(contract_facts(terms=agreed))["products"]
    assert [row[0] for row in blank][:2] == ["Panier de légumes de saison – A", "Panier de légumes de saison – B"]


@pytest.mark.behaviour("S0:23")
def test_who_signed_which_document_stands_in_the_boxes_and_not_in_what_is_signed() -> None:
    signed = [
        {
            "party": "producer",
            "name": "Anne-Cécile Bourbonnais",
            "means": "link",
            "at": "2026-10-20T18:00:00Z",
            "document_sha256": "ab" * 32,
        }
    ]
    text = text_of("contract", contract.shape(contract_facts(signatures=signed)))
    assert "Anne-Cécile Bourbonnais signé par lien personnel le 20/10/2026 à 20 h" in text
    assert "document vu : abababababababab…" in text


def test_a_group_without_points_writes_without_them() -> None:
    data = contract.shape(contract_facts(group={**GROUP, "inclusive": False}, subscription=subscription()))
    assert "·" not in text_of("contract", data).replace(
        f"{GROUP['name']} · Légumes et confitures de la ferme · version", ""
    )


@pytest.mark.parametrize(("told", "plain"), [("adhérent·e·s", "adhérents"), ("producteur·rice", "producteur"), ("Le·a référent·e", "Le référent"),
                                             ("trésorier·ère", "trésorier"), ("a · b", "a · b")])  # fmt: skip
def test_points_go_without_hurting_the_word(told: str, plain: str) -> None:
    assert words.plain(told, inclusive=False) == plain


def test_a_group_s_own_clause_stands_in_the_place_of_the_house_s() -> None:
    text = text_of(
        "contract",
        contract.shape(contract_facts(clauses={"privacy": "Rien ne sort **d’ici**.\n\n- ni le nom\n- ni {ordre}"})),
    )
    assert "Rien ne sort d’ici." in text
    assert "ni EARL Bourbonnais-Chèvrefeuille" in text
    assert "gestion de ce contrat" not in text


def test_clauses_are_paragraphs_points_and_bold_and_nothing_else() -> None:
    assert clauses.parsed("a **b**\nc\n\n- d\n#panic(1)") == [
        {"item": False, "runs": [["a ", False], ["b", True], [" ", False], ["c", False]]},
        {"item": True, "runs": [["d", False]]},
        {"item": False, "runs": [["#panic(1)", False]]},
    ]


# -- the day -----------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("S4:57")
def test_the_sheet_shows_whose_basket_somebody_else_takes() -> None:
    data = sign_off.shape(day_facts())
    assert ["Légumes (2 × PAN)", "Benbrahim El Idrissi Aïcha", "Œdipe Çelik", "réservé"] in data["exchanged"]
    assert [row[4] for row in data["rows"] if "2*" in row] == ["" for row in data["rows"] if "2*" in row]
    assert "* panier remis à une autre personne" in text_of("sign_off", data)


def test_those_who_share_a_basket_stand_on_one_row_with_whose_turn_it_is() -> None:
    rows = sign_off.shape(day_facts())["rows"]
    shared = [row for row in rows if " / " in row[1] and "tour de" in row[-2]]
    assert len(shared) == 1
    assert len({row[1] for row in rows}) <= len(rows)


def test_totals_of_the_sheet_are_the_sums_of_its_columns() -> None:
    data = sign_off.shape(day_facts())
    first = next(at for at, column in enumerate(data["columns"]) if column["label"] == "PAN")
    for at in range(first, first + 4):
        told = sum(int(row[at].rstrip("*")) for row in data["rows"] if row[at])
        assert data["totals"][at] == words.number(told)
    text = flat(" ".join(data["summary"]))
    assert re.search(r"Légumes : \d+ × PAN, \d+ × DEMI ; en tout : [\d,]+ parts", text)


def test_somebody_absent_takes_nothing() -> None:
    facts = day_facts()
    basket = next(each for each in facts["contracts"][0]["baskets"] if each["absent"])
    data = sign_off.shape({**facts, "contracts": facts["contracts"][:1]})
    row = next(row for row in data["rows"] if row[0] == str(int(basket["household_ids"][0][1:]) + 1))
    assert not any(row[3:5])


def test_a_modular_contract_has_a_page_of_its_own() -> None:
    data = sign_off.shape(day_facts())
    assert [page["title"] for page in data["pages"]] == ["Confitures : détail des paniers"]
    last = flat(read("sign_off", data).pages[-1].extract_text())
    assert "1 × Gelée de coings" in last


def test_sums_of_the_matrix_meet_in_its_corner() -> None:
    data = sign_off.matrix(day_facts())
    assert sum(int(row[-1]) for row in data["rows"]) == int(data["totals"][-1])
    assert sum(int(each) for each in data["totals"][1:-1]) == int(data["totals"][-1])


def test_prices_by_member_are_those_of_the_option() -> None:
    data = sign_off.by_member(day_facts())
    options = {each["title"]: each for contract_of in day_facts()["contracts"] for each in contract_of["options"]}
    assert amount_of(options["Gelée de coings"], [(3, {})]) == 1440
    assert amount_of(option("x", "Comté", 1590, sale="weighed", portion_g=1250), [(1, {})]) == 1988, (
        "19,88 of 1,250 kg at 15,90"
    )
    assert data["totals"][6].endswith("€")


# -- money -------------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("S0:27")
def test_the_list_of_cheques_has_their_sum_and_room_for_the_producer() -> None:
    facts = cheque_facts()
    text = text_of("listing", cheques.shape(facts))
    total = sum(each["amount_cents"] for each in facts["cheques"])
    assert flat(f"60 chèques {words.money(total)}") in text
    assert "SCI des Mûriers" in text
    assert "3 contrats signés remis avec les chèques" in text
    receipt = {"name": "Anne-Cécile Bourbonnais", "means": "link", "at": "2026-11-27T10:00:00Z"}
    assert "signé par lien personnel le 27/11/2026 à 11 h" in text_of(
        "listing", cheques.shape(cheque_facts(receipt=receipt))
    )


@pytest.mark.behaviour("S0:40")
def test_the_producer_reads_totals_and_each_basket() -> None:
    facts = quantity_facts()
    data = quantities.shape(facts)
    counted = {told["option_id"]: told["units_percent"] // 100 for told in facts["totals"]}
    assert [row[2] for row in data["sections"][0]["rows"]] == [
        words.number(counted["fraise"]),
        words.number(counted["coing"]),
    ]
    assert len(data["sections"][1]["rows"]) == len([each for each in facts["baskets"] if not each["absent"]])


@pytest.mark.behaviour("S0:42-44")
def test_a_statement_runs_from_line_to_line_to_the_balance() -> None:
    facts = statement_facts()
    rows = statement.shape(facts)["sections"][0]
    assert rows["rows"][-1][-1] == words.money(facts["balance_cents"]) == rows["totals"][-1]
    assert "en votre faveur" in statement.balance_words(1)
    assert "à régler" in statement.balance_words(-1)


@pytest.mark.behaviour("S0:49")
@pytest.mark.parametrize(("kind", "told"), [("refund", "Nous vous remboursons 12,34 € par virement."), ("payment", "de régler 12,34 € avant le 30 novembre 2027"),
                                            ("transfer", "12,34 € sont reportés sur le contrat « Confitures 2028 »")])  # fmt: skip
def test_the_letter_says_what_becomes_of_the_balance(kind: str, told: str) -> None:
    text = text_of("letter", settlement.shape(settlement_facts(kind)))
    assert told in text
    assert "+29,70 €" in text


def test_order_forms_are_blank_or_filled() -> None:
    blank, filled = order_facts(), order_facts(filled=True)
    assert "0,00 €" not in text_of("listing", order_form.shape(blank))
    text = text_of("listing", order_form.shape(filled))
    assert flat(f"Total de la commande : {words.money(filled['total_cents'])}") in text
    assert text_of("listing", order_form.summary(filled)).count("Confiture de") == len(
        [line for line in filled["lines"] if line["quantity"]]
    )


def test_the_membership_form_adds_up_when_it_is_filled() -> None:
    text = text_of("letter", membership.shape(membership_facts(filled=True)))
    assert "Total 28,00 €" in text
    assert "prix libre" in text_of("letter", membership.shape(membership_facts()))
