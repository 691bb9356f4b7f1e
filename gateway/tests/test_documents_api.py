"""Documents, lists and imports over HTTP, with the real services behind: an AMAP with a winter contract (S0:23-30)."""

import csv
import io
import re

import openpyxl
import pytest
from pypdf import PdfReader
from season_house import Season

from gateway.documents import render

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """Three households with a confirmed basket, nine cheques expected, of which six have come."""
    site = Season(tmp_path_factory.mktemp("papers"))
    site.contract = site.opened()
    wanted = (("Ali", "Bey"), ("Zoé", "Martin"), ("Éloïse", "D’Arc"))
    site.subscriptions = [site.subscribed(site.contract, *names) for names in wanted]
    for one in site.subscriptions:
        site.call("confirm_subscription", "Camille", subscription_id=one)
    site.house.settle()
    found = site.call("contract", "Camille", contract_id=site.contract)
    site.delivery, site.on = (found["terms"]["deliveries"][2][name] for name in ("delivery_id", "on"))
    planned = site.call("cheques", "Camille", group_id=site.amap)["cheques"][:6]
    come = [
        {"subscription_id": one["subscription_id"], "cheque_id": one["cheque_id"], "number": f"000{at}", "bank": "Crédit coopératif",
         "issued_on": "2026-10-04"}
        for at, one in enumerate(planned)
    ]  # fmt: skip
    site.call("receive_cheques", "Camille", group_id=site.amap, at="help_desk", cheques=come)
    site.house.settle()
    return site


def get(house, path: str, who: str = "Camille"):
    return house.client(who).get("/api/v1" + path)


def text_of(answer) -> str:
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "application/pdf"
    pages = PdfReader(io.BytesIO(answer.data)).pages
    return re.sub(
        r"\s+", " ", " ".join(page.extract_text() for page in pages).replace("\u202f", " ").replace("\u00a0", " ")
    )


def rows_of(answer) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";"))


def sheet_of(answer):
    assert answer.content_type == XLSX, answer.text
    return openpyxl.load_workbook(io.BytesIO(answer.data)).active


# -- contracts ---------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("S0:23")
def test_the_contract_is_the_same_document_for_whoever_may_read_it(house) -> None:
    path = f"/contracts/{house.contract}/document.pdf?signed=0"
    seen = {get(house, path, who).data for who in ("Camille", "Ali", "Jeanne", "Zoé")}
    assert len(seen) == 1
    (content,) = seen
    assert get(house, path).headers["ETag"].strip('"') == render.digest(content)
    text = text_of(get(house, path))
    for told in (
        "Contrat d’engagement : Légumes d’hiver",
        "Ferme des Tilleuls",
        "Jeanne Tilleul",
        "Camille Perrin",
        "12 livraisons",
    ):
        assert told in text, told


@pytest.mark.behaviour("S0:28")
def test_a_filled_contract_has_the_household_s_amounts_and_cheques(house) -> None:
    path = f"/subscriptions/{house.subscriptions[0]}/document.pdf"
    text = text_of(get(house, path, "Ali"))
    for told in ("Ali Bey", "Panier 14,00 €", "Total dû 168,00 €", "3 règlements 168,00 €", "56,00 €"):
        assert told in text, told
    before = get(house, path + "?signed=0", "Ali").data
    signed = house.client("Ali").post(
        f"/api/v1/subscriptions/{house.subscriptions[0]}/signatures",
        json={"party": "member", "means": "tick", "document_sha256": render.digest(before)},
    )
    assert signed.status_code in (200, 201), signed.text
    text = text_of(get(house, path))
    assert "Ali Bey signé en ligne le" in text
    assert f"document vu : {render.digest(before)[:16]}…" in text
    assert get(house, path + "?signed=0").data == before, "what was signed can be made again"


@pytest.mark.parametrize("who", ["Éloïse", "Jeanne", ""])
def test_nobody_reads_somebody_else_s_contract(house, who: str) -> None:
    assert get(house, f"/subscriptions/{house.subscriptions[0]}/document.pdf", who).status_code in (401, 403, 404)


@pytest.mark.parametrize(
    "path",
    ["/contracts/{c}/hand-over.pdf", "/contracts/{c}/subscriptions.csv", "/groups/{g}/cheques.xlsx", "/groups/{g}/families.csv",
     "/groups/{g}/sign-off/{on}.pdf", "/contracts/{c}/deliveries/{d}/quantities.csv", "/contracts/{c}/sign-off.xlsx"],
)  # fmt: skip
def test_lists_of_all_are_not_for_every_member(house, path: str) -> None:
    address = path.format(c=house.contract, g=house.amap, d=house.delivery, on=house.on)
    assert get(house, address, "Ali").status_code in (403, 404)
    assert get(house, address, "Camille").status_code == 200


# -- the day -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["columns", "members", "matrix"])
def test_the_sheet_of_a_day_names_each_household(house, layout: str) -> None:
    text = text_of(get(house, f"/groups/{house.amap}/sign-off/{house.on}.pdf?layout={layout}&size=8.5"))
    for name in ("Bey Ali", "Martin Zoé", "D’Arc Éloïse"):
        assert name in text


def test_a_sheet_for_the_season_has_a_column_per_date(house) -> None:
    rows = rows_of(get(house, f"/contracts/{house.contract}/sign-off.csv"))
    assert len(rows) == 3
    assert [rows[0][day] for day in ("05/11", "12/11", "21/01")] == ["1 PAN"] * 3


@pytest.mark.behaviour("S0:40")
def test_the_producer_s_quantities_are_those_of_the_baskets(house) -> None:
    path = f"/contracts/{house.contract}/deliveries/{house.delivery}/quantities"
    assert "Panier 3" in text_of(get(house, path + ".pdf"))
    assert [(row["Code"], row["Quantité"]) for row in rows_of(get(house, path + ".csv"))] == [("PAN", "3")]


def test_a_matrix_has_formulas_in_both_directions(house) -> None:
    sheet = sheet_of(get(house, f"/groups/{house.amap}/sign-off/{house.on}.xlsx?layout=matrix"))
    assert sheet.freeze_panes == "B2"
    assert sheet["C2"].value == "=SUM(B2:B2)"
    assert [sheet["B5"].value, sheet["C5"].value] == ["=SUM(B2:B4)", "=SUM(C2:C4)"]


# -- lists -------------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("S0:27")
def test_cheques_to_hand_over_are_those_that_have_come(house) -> None:
    text = text_of(get(house, f"/contracts/{house.contract}/hand-over.pdf"))
    assert "6 chèques 336,00 €" in text
    sheet = sheet_of(get(house, f"/groups/{house.amap}/cheques.xlsx"))
    head = [cell.value for cell in sheet[1]]
    column = sheet.cell(row=sheet.max_row, column=head.index("Montant (€)") + 1)
    assert column.value == f"=SUM({column.column_letter}2:{column.column_letter}{sheet.max_row - 1})"
    assert sum(cell.value for cell in sheet[column.column_letter][1:-1]) == 504
    assert "€" in column.number_format


@pytest.mark.behaviour("S0:30")
def test_the_families_leave_as_a_file(house) -> None:
    path = f"/groups/{house.amap}/families"
    assert [row["Foyer"] for row in rows_of(get(house, path + ".csv?as_of=2026-12-01"))] == ["Bey", "D’Arc", "Martin"]
    assert rows_of(get(house, path + ".csv?as_of=2026-10-01")) == []
    assert "AMAP des Confitures" in text_of(get(house, path + ".pdf?as_of=2026-12-01"))


def test_subscriptions_add_up_in_the_file(house) -> None:
    rows = rows_of(get(house, f"/contracts/{house.contract}/subscriptions.csv"))
    assert next((row["Foyer"], row["PAN"], row["Montant (€)"]) for row in rows) == ("Bey", "1", "168,00")


@pytest.mark.parametrize("path", ["/contracts/{c}/deliveries/nope/sign-off.pdf", "/groups/{g}/sign-off/2026-02-31.pdf",
                                  "/groups/{g}/sign-off/2030-01-01.pdf", "/contracts/{c}/document.odt", "/bundles/x/list.pdf"])  # fmt: skip
def test_what_does_not_exist_is_not_found(house, path: str) -> None:
    assert get(house, path.format(c=house.contract, g=house.amap)).status_code == 404


def test_a_size_that_nobody_reads_is_refused(house) -> None:
    assert get(house, f"/contracts/{house.contract}/document.pdf?size=99").status_code == 422


def test_a_form_and_a_letter(house) -> None:
    assert "Je soussigné·e" in text_of(get(house, f"/groups/{house.amap}/membership-form.pdf", "Ali"))
    home = house.homes["Bey"]
    assert "Ali Bey" in text_of(get(house, f"/groups/{house.amap}/membership-form.pdf?household_id={home}"))
    assert "Décompte" in text_of(get(house, f"/households/{home}/statement.pdf", "Ali"))
    assert "Régularisation" in text_of(get(house, f"/contracts/{house.contract}/settlement/{home}/letter.pdf", "Ali"))


# -- the group's own words ---------------------------------------------------------------------------------------


def test_a_group_writes_its_own_clauses_and_takes_them_back(house) -> None:
    path, contract = f"/api/v1/groups/{house.amap}/clauses/contract", f"/contracts/{house.contract}/document.pdf"
    nadia = house.client("Nadia")
    assert nadia.put(path, json={"clauses": {"mention": "Bocaux **consignés** : 0,20 €."}}).status_code == 200
    assert "Bocaux consignés" in text_of(get(house, contract))
    assert (
        get(house, f"/groups/{house.amap}/clauses", "Ali").json["clauses"]["contract"]["mention"].startswith("Bocaux")
    )
    assert nadia.put(path, json={"clauses": {"mention": ""}}).status_code == 200
    assert "Bocaux" not in text_of(get(house, contract))
    assert nadia.put(path, json={"clauses": {"other": "x"}}).status_code == 422
    assert house.client("Ali").put(path, json={"clauses": {"mention": "x"}}).status_code == 403


# -- imports -----------------------------------------------------------------------------------------------------


@pytest.fixture
def site(tmp_path):
    made = Season(tmp_path)
    made.contract = made.opened()
    return made


def bring(site, path: str, content: bytes, dry_run: int = 1, who: str = "Camille"):
    file = {"file": (io.BytesIO(content), "liste.csv")}
    return site.client(who).post(f"/api/v1{path}?dry_run={dry_run}", data=file)


@pytest.mark.behaviour("S0:28")
def test_subscriptions_come_from_a_file_after_a_dry_run(site) -> None:
    path = f"/contracts/{site.contract}/subscriptions/import-file"
    content = (
        "Inscriptions hiver;;;;\nFoyer;Pan;Demi-Panier;Nb de chèques;Confirmé\nBEY Ali;1;;3;oui\nmartin;x;;1;\nPersonne;1;;1;\n"
        "D'Arc;1;1;2;\nRossi;deux;;1;\nNguyen Lefevre;;;1;\n"
    ).encode("cp1252")
    told = bring(site, path, content).json
    assert (told["correct"], told["written"]) == (2, 0)
    faults = {row["row"]: {fault["column"] for fault in row["errors"]} for row in told["rows"] if row["errors"]}
    assert faults[5] == {"Foyer"}
    assert faults[7] == {"Pan"}
    assert {3, 4} & set(faults) == set()
    assert site.call("subscriptions", "Camille", contract_id=site.contract)["total"] == 0
    assert bring(site, path, content, 0).json["written"] == 2
    made = site.call("subscriptions", "Camille", contract_id=site.contract)["subscriptions"]
    assert {row["household_id"]: row["state"] for row in made} == {
        site.homes["Bey"]: "confirmed",
        site.homes["Martin"]: "to_confirm",
    }
    again = bring(site, path, content, 0).json
    assert again["written"] == 0, "a second time the same households are taken already"


def test_long_lists_and_the_template_are_read_too(site) -> None:
    path = f"/contracts/{site.contract}/subscriptions/import-file"
    number = site.call("household", "Camille", household_id=site.homes["Rossi"])["number"]
    told = bring(
        site, path, f"N° adhérent\tProduit\tQuantité\n{number}\tpanier\t1\n{number}\tTruite\t1\n".encode("utf-16")
    ).json
    assert [fault["message"] for fault in told["rows"][0]["errors"]] == [
        "Ce contrat ne propose pas «\u00a0Truite\u00a0»."
    ]
    template = site.client("Camille").get(f"/api/v1/contracts/{site.contract}/subscriptions/import-template.xlsx")
    assert [cell.value for cell in openpyxl.load_workbook(io.BytesIO(template.data)).worksheets[0][1]][-2:] == [
        "PAN",
        "DEMI",
    ]
    assert bring(site, path, template.data).status_code == 200


@pytest.mark.parametrize("content", [b"", b"\0\1\2", b"PK\x03\x04", b";" * 10_000, b"nom;PAN\n", b"a;b\n1;2\n"])
def test_no_file_is_a_fault_of_ours(site, content: bytes) -> None:
    for path in (
        f"/contracts/{site.contract}/subscriptions/import-file",
        f"/groups/{site.amap}/households/import-file",
    ):
        answer = bring(site, path, content)
        assert answer.status_code == 422, answer.text
        assert answer.json["errors"]["file"]


def test_members_do_not_import(site) -> None:
    for path in (
        f"/contracts/{site.contract}/subscriptions/import-file",
        f"/groups/{site.amap}/households/import-file",
    ):
        assert bring(site, path, b"Nom;PAN\nBey;1\n", 0, "Ali").status_code in (403, 404, 422)
    assert site.call("subscriptions", "Camille", contract_id=site.contract)["total"] == 0


def test_households_come_from_a_file_with_the_faults_at_its_own_heads(site) -> None:
    content = "NOM;Prénom;E-mail;Tél.;CP;Ville\nDUPONT;Zoé;z@x.example;06 12 34 56 78;42000;Saint-Étienne\nFaux;Lui;pas-un-mail;12;;\n"
    path = f"/groups/{site.amap}/households/import-file"
    told = bring(site, path, content.encode("cp1252")).json
    assert [fault["column"] for fault in told["rows"][1]["errors"]] == ["E-mail", "Tél."]
    assert bring(site, path, content.encode(), 0).json["written"] == 1
    (home,) = site.call("members", "Camille", group_id=site.amap, search="dupont")["households"]
    assert home["persons"][0]["address"] == "42000 Saint-Étienne"


def test_the_pages_show_the_rows_before_they_are_written(site) -> None:
    client, address = site.client("Camille"), site.path("contrats", site.contract, "inscriptions/importer")
    seen = client.post(address, data={"file": (io.BytesIO(b"Foyer;PAN\nBey;1\nXxx;1\n"), "a.csv")})
    assert "168,00" in seen.text
    assert "Aucun foyer de ce groupe." in seen.text
    content = re.search(r'<textarea name="content" hidden>(.*?)</textarea>', seen.text, re.DOTALL)
    assert content is not None
    assert client.post(address, data={"step": "write", "content": content.group(1)}).status_code == 302
    assert site.call("subscriptions", "Camille", contract_id=site.contract)["total"] == 1
    hub = client.get(site.path("contrats", site.contract, "documents")).text
    assert "Feuille d’émargement" in hub
    assert "Feuille d’émargement" not in site.client("Ali").get(site.path("contrats", site.contract, "documents")).text


def test_a_group_s_words_are_edited_on_a_page(site) -> None:
    site.call(
        "assign_role", "Nadia", person_id=site.people["Paul"], role="organiser", scope_kind="group", scope_id=site.amap
    )
    site.house.settle()
    client = site.client("Paul")
    assert "Règlement" not in client.get(site.path("textes")).text
    answer = client.post(site.path("textes", "contract"), data={"mention": "Bocaux consignés."})
    assert answer.status_code == 302
    assert "1 texte à vous" in client.get(site.path("textes")).text
    assert client.post(site.path("textes", "contract"), data={"mention": "x" * 5000}).status_code == 422
