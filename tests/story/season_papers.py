"""Every kind of paper is fetched and looked into; lists leave as spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import openpyxl
from pypdf import PdfReader

from tests.story.play import step
from tests.story.season_scene import SeasonScene

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@step("Le registre des familles, à la date de son choix, part en tableur", "S0:30")
def register(scene: SeasonScene) -> str:
    day, where = scene.season.dates.thursday(5), f"/groups/{scene.group.group_id}/families"
    held = scene.coordinator.get(where, as_of=day.isoformat(), limit=200)["households"]
    kind, data = scene.coordinator.file(f"/api/v1{where}.csv?as_of={day.isoformat()}")
    assert data.startswith(b"\xef\xbb\xbf"), "a French spreadsheet opens it without a question"
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig")), delimiter=";"))
    assert len(rows) == len(held) == len({row["household_id"] for row in held})
    assert kind.startswith("text/csv")
    early = scene.coordinator.file(f"/api/v1{where}.csv?as_of=2001-01-01")[1]
    assert len(early.decode("utf-8-sig").splitlines()) == 1, "nobody belonged before the beginning"
    return f"{len(rows)} familles au {day:%d/%m/%Y}"


@step("Les listes partent en tableur avec de vraies formules", "S0:27", "S0:44")
def spreadsheets(scene: SeasonScene) -> str:
    jam, names = scene.season.jam, []
    for path in (
        f"/groups/{scene.group.group_id}/cheques.xlsx", f"/contracts/{jam.contract_id}/balances.xlsx",
        f"/contracts/{scene.season.vegetables.contract_id}/subscriptions.xlsx",
    ):  # fmt: skip
        kind, data = scene.coordinator.file(f"/api/v1{path}")
        assert kind == XLSX
        sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
        sums = [cell.value for cell in sheet[sheet.max_row] if str(cell.value).startswith("=SUM(")]
        assert sums, f"{path} adds nothing up"
        names.append(f"{sheet.max_row - 2} lignes")
    return "chèques, soldes, inscriptions : " + ", ".join(names)


@step(
    "Chaque papier s'imprime : PDF balisé, en français, pages comptées",
    "S0:23",
    "S0:27",
    "S0:37",
    "S0:40",
    "S0:42-43",
    "S0:49",
)
def papers(scene: SeasonScene) -> str:
    pages = {}
    for name, path in paths(scene):
        kind, data = scene.coordinator.file(f"/api/v1{path}")
        assert kind == "application/pdf", f"{name}: {kind}"
        reader = PdfReader(io.BytesIO(data))
        root = reader.trailer["/Root"]
        assert root["/MarkInfo"]["/Marked"], f"{name} has no tags"
        assert "/StructTreeRoot" in root, f"{name} has no structure"
        assert str(root["/Lang"]).startswith("fr"), f"{name} speaks no French"
        pages[name] = len(reader.pages)
        assert 1 <= pages[name] <= 12, f"{name}: {pages[name]} pages"
        assert any(page.extract_text().strip() for page in reader.pages)
    return f"{len(pages)} papiers, {sum(pages.values())} pages"


def paths(scene: SeasonScene) -> Iterator[tuple[str, str]]:
    season, group = scene.season, scene.group.group_id
    jam, vegetables = season.jam, season.vegetables
    household = next(each for each in scene.notes["orders-0"])
    subscription = vegetables.subscriptions[next(iter(vegetables.amounts))]
    delivery, on = vegetables.delivery(1)["delivery_id"], vegetables.delivery(1)["on"]
    bundles = scene.coordinator.get(f"/contracts/{jam.contract_id}/bundles")["bundles"]
    yield "contrat", f"/contracts/{vegetables.contract_id}/document.pdf"
    yield "contrat rempli", f"/subscriptions/{subscription}/document.pdf"
    yield "inscriptions", f"/contracts/{vegetables.contract_id}/subscriptions.pdf"
    yield "soldes", f"/contracts/{jam.contract_id}/balances.pdf"
    for layout in ("columns", "members", "matrix"):
        yield f"émargement {layout}", f"/groups/{group}/sign-off/{on}.pdf?layout={layout}&size=8.5"
    yield "émargement d'une livraison", f"/contracts/{vegetables.contract_id}/deliveries/{delivery}/sign-off.pdf"
    yield "émargement de la saison", f"/contracts/{vegetables.contract_id}/sign-off.pdf"
    yield "quantités", f"/contracts/{vegetables.contract_id}/deliveries/{delivery}/quantities.pdf"
    yield "chèques à remettre", f"/contracts/{vegetables.contract_id}/hand-over.pdf"
    yield "remise", f"/bundles/{bundles[0]['bundle_id']}/list.pdf"
    yield "chèques", f"/groups/{group}/cheques.pdf"
    yield "bon de commande", f"/cycles/{jam.round_id(0)}/order-form.pdf"
    yield "récapitulatif", f"/cycles/{jam.round_id(0)}/orders/{household}/summary.pdf"
    yield "colis", f"/cycles/{jam.round_id(0)}/parcels.pdf"
    yield "décompte", f"/households/{household}/statement.pdf?contract_id={jam.contract_id}"
    yield "régularisation", f"/contracts/{jam.contract_id}/settlement/{household}/letter.pdf"
    yield "bulletin d'adhésion", f"/groups/{group}/membership-form.pdf"
    yield "familles", f"/groups/{group}/families.pdf"
