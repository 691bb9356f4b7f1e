"""No list is cut off: what is printed, exported, added up or chosen from lacks nobody, however many they are (S0:30, S0:27)."""

import csv
import io

import pytest
from season_house import Season

from gateway import whole_lists
from gateway.pages import cheques, subscriptions
from gateway.whole_lists import names, whole_list


class Many:
    """1,201 rows, told page by page as the services do, and never more than 500 at once."""

    ROWS = tuple(range(1201))

    def __init__(self):
        self.calls = 0

    def __call__(self, _service, method, **asked):
        self.calls += 1
        size = asked.get("size") or asked["limit"]
        assert size <= 500
        first = (asked["page"] - 1) * size if "page" in asked else asked["offset"]
        key = {"members": "households", "subscriptions": "subscriptions"}.get(method, "items")
        return {key: [*self.ROWS[first : first + size]], "total": len(self.ROWS), "more": asked["group_id"]}


@pytest.mark.parametrize(("service", "method"), [*whole_lists.BY_PAGE, *whole_lists.BY_OFFSET])
def test_1201_rows_come_whole_and_once(monkeypatch, service, method):
    many = Many()
    monkeypatch.setattr(whole_lists, "ask", many)
    answer = whole_list(service, method, group_id="g")
    key = (whole_lists.BY_PAGE | whole_lists.BY_OFFSET)[service, method]
    assert (answer[key], answer["more"], many.calls) == ([*Many.ROWS], "g", 3)


def test_a_list_without_rows_is_asked_for_once(monkeypatch):
    monkeypatch.setattr(Many, "ROWS", ())
    many = Many()
    monkeypatch.setattr(whole_lists, "ask", many)
    assert (whole_list("contracts", "members", group_id="g")["households"], many.calls) == ([], 1)


def test_however_many_names_are_asked_for(monkeypatch):
    asked = []
    monkeypatch.setattr(whole_lists, "ask", lambda *_where, **ids: asked.append(ids) or {one: one for one in next(iter(ids.values()))})  # fmt: skip
    homes = [f"h{number}" for number in range(2500)]
    assert names(person_ids=["p"], household_ids=homes) == {one: one for one in ["p", *homes]}
    assert [len(one) for ids in asked for one in ids.values()] == [1, 1000, 1000, 500]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Six households with a subscription each, confirmed, in three cheques: more than three pages of two."""
    house = Season(tmp_path_factory.mktemp("whole"))
    house.contract = house.opened()
    for who, last in zip(("Camille", "Ali", "Zoé", "Éloïse", "Paul", "Inès"), ("Perrin", "Bey", "Martin", "D’Arc", "Rossi", "Nguyen-Lefèvre"), strict=True):  # fmt: skip
        house.call("confirm_subscription", "Camille", subscription_id=house.subscribed(house.contract, who, last))
    house.house.settle()
    return house


@pytest.fixture
def short_pages(monkeypatch):
    monkeypatch.setattr(whole_lists, "PAGE", 2)
    for module in (subscriptions, cheques):
        monkeypatch.setattr(module, "PAGE", 4)


def rows(answer):
    assert answer.status_code == 200, answer.text
    return [row for row in csv.reader(io.StringIO(answer.data.decode("utf-8-sig")), delimiter=";") if row]


@pytest.mark.behaviour("S0:30")
@pytest.mark.parametrize(
    "path",
    [
        "/groupes/{g}/membres?format=csv",
        "/groupes/{g}/registre?date=2026-11-01&format=csv",
        "/groupes/{g}/contrats/{c}/inscriptions?format=csv",
        "/api/v1/contracts/{c}/subscriptions.csv",
    ],
)
@pytest.mark.usefixtures("short_pages")
def test_files_have_every_household(site, path):
    told = rows(site.client("Camille").get(path.format(g=site.amap, c=site.contract)))
    text = "\n".join(";".join(row) for row in told)
    for last in site.homes:
        assert last in text, path


@pytest.mark.behaviour("S0:27")
@pytest.mark.usefixtures("short_pages")
def test_the_file_of_cheques_has_all_of_them(site):
    told = rows(site.client("Zoé").get(f"/groupes/{site.amap}/cheques?format=csv"))
    text = "\n".join(";".join(row) for row in told)
    assert [text.count(last) for last in site.homes] == [3] * 6


@pytest.mark.usefixtures("short_pages")
def test_a_long_list_goes_over_several_pages_with_the_sum_of_all(site):
    path = f"/groupes/{site.amap}/contrats/{site.contract}/inscriptions"
    first, second = (site.client("Camille").get(f"{path}{query}").text for query in ("", "?offset=4"))
    assert "1–4 sur 6" in first
    assert "5–6 sur 6" in second
    table = [text.split('<table class="table"')[1] for text in (first, second)]
    found = [{last for last in site.homes if f">{last.replace('’', '’')}<" in text} for text in table]
    assert [len(homes) for homes in found] == [4, 2]
    assert found[0] | found[1] == set(site.homes)
    sums = {text.split("<tfoot")[1].split("</tfoot>")[0] for text in table}
    assert len(sums) == 1, "the total is of the whole list on every page"
    filtered = site.client("Camille").get(f"{path}?q=rossi").text.split('<table class="table"')[1]
    assert ">Rossi<" in filtered
    assert ">Bey<" not in filtered


@pytest.mark.usefixtures("short_pages")
def test_who_is_chosen_from_a_list_is_on_one_of_its_pages(site, monkeypatch):
    from gateway.pages import desk

    monkeypatch.setattr(desk, "PAGE", 4)
    path = f"/groupes/{site.amap}/contrats/{site.contract}/permanence"
    pages = [site.client("Camille").get(f"{path}?offset={offset}").text for offset in (0, 4)]
    assert all(any(f"<strong>{last}</strong>" in page for page in pages) for last in site.homes)
