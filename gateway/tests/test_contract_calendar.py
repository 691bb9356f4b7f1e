"""The dates of a contract for calendar programs (RFC 5545): public, without names; moved and cancelled dates replace the old ones."""

from datetime import UTC, datetime

import pytest
from icalendar import Calendar
from season_house import Season

from gateway import agenda_view


@pytest.fixture
def house(tmp_path):
    site = Season(tmp_path)
    site.contract = site.opened()
    site.house.settle()
    return site


def entries(answer) -> dict[str, dict]:
    assert answer.status_code == 200, answer.text
    assert answer.content_type.startswith("text/calendar")
    calendar = Calendar.from_ical(answer.data)
    assert str(calendar["VERSION"]) == "2.0"
    return {str(event["UID"]): event for event in calendar.walk("VEVENT")}


def feed(house, who: str = "") -> dict[str, dict]:
    return entries(house.client(who).get(f"/calendrier/{house.amap}/contrats/{house.contract}.ics"))


@pytest.mark.behaviour("S0:24")
def test_the_public_page_leads_to_the_dates_and_they_name_nobody(house) -> None:
    page = house.client("").get(f"/rejoindre/{house.amap}/contrats/{house.contract}").text
    assert f"/calendrier/{house.amap}/contrats/{house.contract}.ics" in page
    answer = house.client("").get(f"/calendrier/{house.amap}/contrats/{house.contract}.ics")
    found = entries(answer)
    assert len(found) == 12
    first = min(found.values(), key=lambda event: event.decoded("DTSTART"))
    assert first.decoded("DTSTART") == datetime(2026, 11, 5, 17, 30, tzinfo=UTC), "18:30 in Paris, winter time"
    assert first.decoded("DTEND") > first.decoded("DTSTART")
    assert {str(event["STATUS"]) for event in found.values()} == {"CONFIRMED"}
    for name in ("Perrin", "Tilleul ", "Bey", "@amap", house.people["Camille"], house.contract):
        assert name not in answer.text.replace(first["UID"], ""), name


@pytest.mark.behaviour("S0:25")
def test_a_date_that_is_moved_or_cancelled_keeps_its_place_in_the_calendar(house) -> None:
    before = feed(house)
    told = house.call("contract", "Camille", contract_id=house.contract)["terms"]["deliveries"]
    moved, gone = told[1]["delivery_id"], told[2]["delivery_id"]
    house.call(
        "move_delivery", "Camille", contract_id=house.contract, delivery_id=moved, on="2026-11-13", starts="19:00", ends="20:00",
        place="Préau", reason="Salle occupée",
    )  # fmt: skip
    house.call("cancel_delivery", "Camille", contract_id=house.contract, delivery_id=gone, reason="Neige")
    house.house.settle()
    after = feed(house)
    assert set(after) == set(before), "the same entries for ever"
    changed = {uid for uid in after if after[uid]["SEQUENCE"] != before[uid]["SEQUENCE"]}
    assert len(changed) == 2
    (cancelled,) = (after[uid] for uid in changed if str(after[uid]["STATUS"]) == "CANCELLED")
    (put_off,) = (after[uid] for uid in changed if str(after[uid]["STATUS"]) == "CONFIRMED")
    assert str(cancelled["DESCRIPTION"]) == "Neige"
    assert cancelled.decoded("DTSTART").date().isoformat() == told[2]["on"]
    assert put_off.decoded("DTSTART") == datetime(2026, 11, 13, 18, 0, tzinfo=UTC)
    assert str(put_off["LOCATION"]) == "Préau"
    assert put_off["SEQUENCE"] == 1


def test_my_own_dates_are_the_same_entries(house) -> None:
    one = house.subscribed(house.contract, "Ali", "Bey")
    house.call("confirm_subscription", "Camille", subscription_id=one)
    house.house.settle()
    page = house.client("Ali").get(f"/groupes/{house.amap}/mes-contrats/{one}").text
    address = f"/groupes/{house.amap}/mes-contrats/{one}/livraisons.ics"
    assert address in page
    mine = entries(house.client("Ali").get(address))
    assert set(mine) == set(feed(house)), "nothing stands twice in a calendar that has both"
    assert house.client("Paul").get(address).status_code in (403, 404)


def test_nothing_is_told_of_what_is_not_published(house) -> None:
    for contract in (house.draft(), "no-contract"):
        assert house.client("").get(f"/calendrier/{house.amap}/contrats/{contract}.ics").status_code == 404
    assert house.client("").get(f"/calendrier/another-group/contrats/{house.contract}.ics").status_code == 404


def test_what_comes_is_kept_when_there_is_more_than_a_page_tells(house, monkeypatch) -> None:
    """Years of deliveries stand in the agenda: the oldest ones fall out first, whatever the order they were planned in."""
    house.opened(title="Fraises", ends_on="2027-06-30", deliveries=[
        {"delivery_id": f"new{day}", "on": f"2027-06-{day:02}", "starts": "18:30", "ends": "19:30"} for day in range(1, 11)
    ])  # fmt: skip
    house.house.settle()
    monkeypatch.setattr(agenda_view, "MOST", 10)
    told = house.client("Camille").get(f"/api/v1/groups/{house.amap}/agenda").json["items"]
    assert [row["starts_at"][:7] for row in told] == ["2027-06"] * 10
    public = entries(house.client("").get(f"/calendrier/{house.amap}.ics"))
    assert min(event.decoded("DTSTART") for event in public.values()) > datetime(2027, 6, 1, tzinfo=UTC)


def test_who_shares_a_basket_takes_the_dates_of_its_own_turns(house) -> None:
    first = house.call("contract", "Camille", contract_id=house.contract)["terms"]["deliveries"][0]["delivery_id"]
    both = [house.homes["Bey"], house.homes["Rossi"]]
    one = house.subscribed(house.contract, "Camille", "Bey", household_ids=both, anchor_delivery_id=first)
    house.call("confirm_subscription", "Camille", subscription_id=one)
    house.house.settle()
    address = f"/groupes/{house.amap}/mes-contrats/{one}/livraisons.ics"
    assert address in house.client("Paul").get(f"/groupes/{house.amap}/mes-contrats/{one}").text
    ali, paul = (set(entries(house.client(who).get(address))) for who in ("Ali", "Paul"))
    assert not ali & paul
    assert ali | paul == set(feed(house))


def own(house, who: str) -> dict[str, str]:
    """What somebody's own agenda has of the house's contract: {day: whether it was cancelled}."""
    told = house.client(who).get("/api/v1/me/agenda").json["items"]
    return {row["starts_at"][:10]: row["cancelled"] for row in told if row["subject_id"] == house.contract}


@pytest.mark.behaviour("S0:28")
def test_whoever_shares_no_more_has_none_of_the_dates_to_come(house) -> None:
    dates = house.call("contract", "Camille", contract_id=house.contract)["terms"]["deliveries"]
    both = [house.homes["Bey"], house.homes["Rossi"]]
    one = house.subscribed(
        house.contract, "Camille", "Bey", household_ids=both, anchor_delivery_id=dates[0]["delivery_id"]
    )
    assert own(house, "Paul") == {}, "nothing is promised yet"
    house.call("confirm_subscription", "Camille", subscription_id=one)
    house.call(
        "cancel_delivery", "Camille", contract_id=house.contract, delivery_id=dates[5]["delivery_id"], reason="Gel"
    )
    house.house.settle()
    assert own(house, "Paul")[dates[5]["on"]] is True
    house.call("leave_sharing", "Paul", subscription_id=one, household_id=house.homes["Rossi"])
    house.house.settle()
    assert own(house, "Paul") == {}
    assert len(own(house, "Ali")) == len(dates), "who signed has all of them again, and what was cancelled"
    house.call("end_subscription", "Camille", subscription_id=one, on=dates[3]["on"], reason="Déménagement")
    house.house.settle()
    assert sorted(own(house, "Ali")) == [each["on"] for each in dates[:3]]
