"""Lists of households as strangers send them: each variant is read, or refused at its row and column; twice makes nobody twice."""

import io
from datetime import datetime

import openpyxl
import pytest
from season_house import Season

from gateway.table_files import XLSX

pytestmark = pytest.mark.behaviour("S0:28")
HEAD = "Prénom;Nom;Courriel;Téléphone;Début;Cotisation;N° adhérent\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return Season(tmp_path_factory.mktemp("lists"))


def bring(site, content: str | bytes, dry_run: int = 1, kind: str = "text/csv", group: str = "", **headers: str):
    raw = content.encode() if isinstance(content, str) else content
    path = f"/api/v1/groups/{group or site.amap}/households/import-file?dry_run={dry_run}"
    return site.client("Nadia").post(path, data=raw, content_type=kind, headers=headers)


def rows(answer) -> dict[int, tuple[str, dict[str, str]]]:
    """row → (who, {column: message})"""
    assert answer.status_code == 200, answer.text
    return {
        row["row"]: (row["who"], {fault["column"]: fault["message"] for fault in row["errors"]})
        for row in answer.json["rows"]
    }


def workbook(*lines) -> bytes:
    book = openpyxl.Workbook()
    for line in lines:
        book.active.append(line)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def named(site, search: str) -> list[dict]:
    return site.call("members", "Nadia", group_id=site.amap, search=search)["households"]


@pytest.mark.parametrize(
    ("content", "who"),
    [
        ("Nom;Courriel\nMARTIN Zoé;z@z.example\n", "Zoé Martin"),
        ("Nom et prénom;Mail\nLe Goff Yann;y@z.example\n", "Yann Le Goff"),
        ("Nom, prénom\nD’Arcy, Éloïse\n", "Éloïse D’Arcy"),
        ("Adhérent\nM. et Mme PETIT Luc\n", "Luc Petit"),
        ("Adhérents;Nom;Prénom(s)\nx;Dupont;Jean et Marie\n", "Jean Dupont / Marie Dupont"),
        ("Prénom;Nom\nJean & Marie;Durand / Petit\n", "Jean Durand / Marie Petit"),
        ("Nom complet\nJean DUPONT et Marie DURAND\n", "Jean Dupont / Marie Durand"),
        ("Nom;Prénom;Nom;Prénom\nDupont;Jean;Durand;Marie\n", "Jean Dupont / Marie Durand"),
        ("Nom;Prénom\nTremblay-Côté;Anne-Marie\n", "Anne-Marie Tremblay-Côté"),
        ("TÉL.; E-Mail ;NOM *;prenom\n0612345678;j@d.example;Dupont;Jean\n", "Jean Dupont"),
        ("\n;;\nListe 2026\n;;\nNom;Prénom\nDupont;Jean\n", "Jean Dupont"),
    ],
)
def test_names_are_read_however_they_are_written(site, content: str, who: str) -> None:
    ((found, faults),) = rows(bring(site, content)).values()
    assert (found, faults) == (who, {})


@pytest.mark.parametrize(
    ("line", "column", "told"),
    [
        ("A;B;pas-un-mail;;;;", "Courriel", "Une adresse ressemble à nom@exemple.fr."),
        ("A;B;a@b.example c@d.example;;;;", "Courriel", "Une seule adresse par personne."),
        ("A;B;;0612345678 / 0477123456;;;", "Téléphone", "Un seul numéro par personne."),
        ("A;B;;12;;;", "Téléphone", "Ce numéro n’existe pas ici."),
        ("A;B;;;31/02/2026;;", "Début", "Écrivez une date"),
        ("A;B;;;demain;;", "Début", "Écrivez une date"),
        ("A;B;;;;douze;", "Cotisation", "Écrivez un montant"),
        ("A;B;;;;-5;", "Cotisation", "Écrivez un montant"),
        ("A;B;;;;;x1", "N° adhérent", "Un nombre entier"),
        ("A;B;;;;;0", "N° adhérent", "Un nombre entier"),
        (";B;;;;;", "Prénom", "À remplir."),
        ("#REF!;B;;;;;", "Prénom", "Une erreur du tableur"),
        (f"{'é' * 201};B;;;;;", "Prénom", "Au plus 200 caractères."),
        ("A;B;;;;;;3 rue de la Paix", "ligne", "à droite des titres"),
    ],
)
def test_a_fault_is_told_at_its_row_and_column_in_french(site, line: str, column: str, told: str) -> None:
    ((_who, faults),) = rows(bring(site, f"{HEAD}{line}\n")).values()
    assert list(faults) == [column]
    assert told in faults[column]


def test_every_fault_of_a_row_is_told_at_once(site) -> None:
    found = rows(bring(site, f"{HEAD}A;B;pas-un-mail;123;31/02/2026;douze;x\n;;;;;;\nA;C;;;1.9.26;0;n° 77\n"))
    assert set(found) == {2, 4}, "rows are numbered as in the spreadsheet"
    assert set(found[2][1]) == {"Courriel", "Téléphone", "Début", "Cotisation", "N° adhérent"}
    assert found[4][1] == {}


def test_a_workbook_with_days_as_numbers_and_numbers_without_their_nought(site) -> None:
    content = workbook(
        ["Foyers"], ["Prénom", "Nom", "Tél", "Début", "Fin", "Cotisation", "CP", "Ville", "Remarque"],
        ["Jo", "Serial", 612345678, datetime(2026, 9, 1), 46630, 12.5, 1000, "Bourg", "vient à vélo"],
    )  # fmt: skip
    answer = bring(site, content, 0, XLSX)
    assert answer.json["unread_columns"] == ["Remarque"]
    assert answer.json["written"] == 1
    (home,) = named(site, "serial")
    assert (home["valid_from"], home["valid_until"]) == ("2026-09-01", "2027-08-31")
    assert (home["persons"][0]["phone"], home["persons"][0]["address"]) == ("+33612345678", "01000 Bourg")


def test_a_list_brought_twice_makes_nobody_twice(site) -> None:
    content = "Prénom;Nom;Courriel;N° adhérent\nUna;Seule;;\nDeux;Mail;deux@x.example;\nTrois;Numéro;;903\nQuatre et Cinq;Couple;;\n"
    assert bring(site, content, 1).json["correct"] == 4
    assert named(site, "seule") == [], "a dry run writes nothing"
    assert bring(site, content, 0).json["written"] == 4
    again = bring(site, content.replace("Quatre et Cinq", "cinq & quatre"), 0)
    assert again.json["written"] == 0
    assert all(faults for _who, faults in rows(again).values())
    assert len(named(site, "seule")) == 1
    assert bring(site, "Prénom;Nom;N° adhérent\nUna;Seule;950\n", 0).json["written"] == 1, "a namesake with a number"


def test_twice_in_one_file_is_once(site) -> None:
    found = rows(bring(site, "Prénom;Nom;Courriel\nG;Hache;\ng;HACHE;\nUn;Mail;a@b.example\nC;D;A@B.EXAMPLE\n", 0))
    assert [bool(faults) for _who, faults in found.values()] == [False, True, False, True]


def test_a_request_that_broke_off_is_finished_by_repeating_it(site) -> None:
    content = "Prénom;Nom\n" + "".join(f"Rép{number};Été{number}\n" for number in range(30))
    first = bring(site, content, 0, **{"Idempotency-Key": "liste-1"})
    again = bring(site, content, 0, **{"Idempotency-Key": "liste-1"})
    assert (first.json["written"], again.json["written"]) == (30, 30), "the same act, told the same way"
    assert all(len(named(site, f"Été{number}")) == 1 for number in (0, 24, 25, 29))
    other = bring(site, content.replace("Rép", "Rap"), 0, **{"Idempotency-Key": "liste-1"})
    assert (other.status_code, other.json["code"]) == (422, "idempotency-key-reused")


@pytest.mark.parametrize("kind", ["text/csv", "application/octet-stream", XLSX])
def test_a_program_sends_the_file_itself_or_in_a_form(site, kind: str) -> None:
    assert rows(bring(site, "Prénom;Nom\nA;B\n", kind=kind))[2] == ("A B", {})
    path = f"/api/v1/groups/{site.amap}/households/import-file"
    sent = {"fichier": (io.BytesIO(b"Nom;Pr\xe9nom\nB;A\n"), "liste.csv")}
    assert rows(site.client("Nadia").post(path, data=sent))[2] == ("A B", {})


def test_another_group_s_list_is_not_for_strangers(site) -> None:
    path = f"/api/v1/groups/{site.amap}/households/import-file"
    for who, status in (("Ali", 403), ("Jeanne", (403, 404)), ("", 401)):
        answer = site.client(who).post(path, data=b"Nom;Pr\xe9nom\nB;A\n", content_type="text/csv")
        assert answer.status_code in (status if isinstance(status, tuple) else (status,))
    assert bring(site, "Nom;Prénom\nB;A\n", group="00000000-0000-0000-0000-000000000001").status_code in (403, 404)


def test_formulas_come_out_as_text(site) -> None:
    assert bring(site, "Prénom;Nom\n=cmd|' /C calc'!A0;@SUM(1)\n", 0).json["written"] == 1
    exported = site.client("Nadia").get(site.path("membres?format=csv")).text
    assert "'@SUM(1)" in exported or "'=cmd" in exported
    assert not any(cell.strip('"').startswith(("=", "@")) for line in exported.splitlines() for cell in line.split(";"))
    book = openpyxl.load_workbook(io.BytesIO(site.client("Nadia").get(site.path("membres?format=xlsx")).data))
    assert all(
        cell.data_type != "f" for line in book.active.iter_rows() for cell in line if "SUM(1)" in str(cell.value)
    )


def test_the_page_says_what_stays_aside_and_what_it_does_not_read(site) -> None:
    content = "Prénom;Nom;Remarque\nPage;Une;x\n;Deux;y\n".encode("mac_roman")
    seen = site.client("Nadia").post(site.path("membres/importer"), data={"file": (io.BytesIO(content), "a.csv")}).text
    assert "1 ligne restera de côté" in seen
    seen = seen.replace("\u00a0", " ")
    assert "Colonnes que nous ne lisons pas : Remarque." in seen
    assert "Prénom : À remplir." in seen


def test_how_many_there_may_be_is_told_before_and_when_there_are_more(site) -> None:
    page = site.client("Nadia").get(site.path("membres/importer")).text
    assert "Au plus 500 foyers par fichier" in page
    for lines in (501, 2500):
        refused = bring(site, "Prénom;Nom\n" + "A;B\n" * lines)
        assert refused.status_code == 422
        assert "500 au plus par fichier" in refused.json["errors"]["file"][0], (
            "the limit of this list, whatever the file"
        )
        assert "en plusieurs" in refused.json["errors"]["file"][0]


@pytest.mark.parametrize(
    ("head", "cell", "told"),
    [
        ("Courriel 2", "b@b.example", "Une seule adresse par personne."),
        ("Tél. 2", "0612345679", "Un seul numéro par personne."),
    ],
)
def test_an_address_of_a_second_person_who_is_not_named_is_not_dropped(site, head: str, cell: str, told: str) -> None:
    ((_who, faults),) = rows(
        bring(site, f"Prénom;Nom;Courriel;Téléphone;{head}\nAnne;Seconde;anne@seconde.example;0612345678;{cell}\n")
    ).values()
    assert faults == {head: told}
    ((who, faults),) = rows(bring(site, f"Prénom;Nom;{head}\nJean et Marie;Seconde;{cell}\n")).values()
    assert (who, faults) == ("Jean Seconde / Marie Seconde", {})
