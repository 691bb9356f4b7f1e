"""Baskets that somebody keeps: what the keeper is told, and what becomes of it when the delivery moves (domain 1.5.1, S0:22)."""

from datetime import UTC, date, datetime

import pytest
from icalendar import Calendar
from season_api import Api
from season_house import Season

from grenier.language import keeping, season
from notify_svc.sending import Sender


class Outbox:
    def __init__(self):
        self.sent = []

    def send(self, mail):
        self.sent.append(mail)


class Kept:
    """A contract of its own, on a day of its own (`on`) and the next one: Ali and Éloïse have a basket, Zoé keeps them."""

    def __init__(self, site, first, entrusted=True):
        self.site, self.house = site, site.house
        self.days = [first.isoformat(), date.fromordinal(first.toordinal() + 1).isoformat()]
        self.contract = site.opened(
            title=f"Légumes du {first}", deliveries=[{"delivery_id": f"k{at}", "on": day, "starts": "18:30", "ends": "19:30"} for at, day in enumerate(self.days)]
        )  # fmt: skip
        told = site.call("contract", "Camille", contract_id=self.contract)["terms"]["deliveries"]
        self.ids = {row["on"]: row["delivery_id"] for row in told}
        self.subscriptions = {}
        for who, last in (("Ali", "Bey"), ("Éloïse", "D’Arc")):
            one = self.subscriptions[last] = site.subscribed(self.contract, who, last)
            site.call("confirm_subscription", "Camille", subscription_id=one)
        self.on, self.keeper = self.days[0], site.people["Zoé"]
        self.api("Zoé", "PUT", "/keepers/me", most=3)
        if entrusted:
            self.entrust()
        self.since = len(self.house.events("notify.message-requested"))

    def api(self, who, verb, path, status=200, on="", **body):
        return Api(self.site, who)(verb, f"/groups/{self.site.amap}/keeping/{on or self.on}{path}", status, **body)

    def entrust(self, who="Ali", last="Bey", keeper="Zoé", **more):
        keeper_id = self.site.people[keeper]
        return self.api(who, "PUT", f"/baskets/{self.site.homes[last]}", keeper_id=keeper_id, **more)

    def move(self, to, **more):
        self.site.call("move_delivery", "Camille", contract_id=self.contract, delivery_id=self.ids[self.on], on=to,
                       reason="Salle prise", **more)  # fmt: skip

    def told(self, *templates):
        """(template, first name) of what was said since."""
        names = {person: first for first, person in self.site.people.items()}
        requested = self.house.events("notify.message-requested")[self.since :]
        return sorted((m.template, names[m.person_id]) for m in requested if m.template in templates)

    def mails(self, template):
        """The mails of a template since, as they went out."""
        outbox, runtime = Outbox(), self.house.rooms["notify"].runtime
        for message in self.house.events("notify.message-requested")[self.since :]:
            if message.template == template:
                Sender(runtime, outbox).deliver(message.message_id)
        self.house.settle()
        return outbox.sent


def entry(mail):
    [part] = [one for one in mail.walk() if one.get_content_type() == "text/calendar"]
    calendar = Calendar.from_ical(part.get_payload(decode=True))
    [event] = calendar.walk("VEVENT")
    return str(calendar["METHOD"]), event


def text(mail):
    return mail.get_body(("plain",)).get_content()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return Season(tmp_path_factory.mktemp("kept"))


@pytest.mark.behaviour("S0:41")
def test_a_keeper_hears_of_every_basket_and_has_it_in_the_calendar(site):
    kept = Kept(site, date(2026, 11, 16), entrusted=False)
    kept.entrust()
    [mail] = kept.mails("keeping-entrusted")
    assert mail["To"] == "Zoé Martin <3@x.example>"
    assert "Bey : vous gardez son panier du lundi 16 novembre 2026" in str(mail["Subject"])
    assert "1 Panier" in text(mail)
    assert "Ali Bey" in text(mail)
    method, event = entry(mail)
    assert (method, event.decoded("DTSTART"), event["STATUS"]) == ("REQUEST", datetime(2026, 11, 16, 17, 30, tzinfo=UTC), "CONFIRMED")  # fmt: skip
    assert (event["ATTENDEE"], event["LOCATION"]) == ("mailto:3@x.example", "Salle des fêtes")
    kept.api("Ali", "DELETE", f"/baskets/{site.homes['Bey']}")
    [gone] = kept.mails("keeping-taken-back")
    method, off = entry(gone)
    assert (method, off["UID"], off["STATUS"]) == ("CANCEL", event["UID"], "CANCELLED")
    assert off["SEQUENCE"] > event["SEQUENCE"]
    kept.entrust()
    assert entry(kept.mails("keeping-entrusted")[-1])[1]["SEQUENCE"] > off["SEQUENCE"]


@pytest.mark.behaviour("S0:41")
def test_of_another_keeper_the_one_before_hears_too(site):
    kept = Kept(site, date(2026, 11, 19))
    kept.api("Paul", "PUT", "/keepers/me", most=1)
    kept.entrust(keeper="Paul")
    assert kept.told("keeping-entrusted", "keeping-taken-back") == [
        ("keeping-entrusted", "Paul"),
        ("keeping-taken-back", "Zoé"),
    ]


@pytest.mark.behaviour("S0:22", "S0:41")
def test_a_delivery_on_another_day_asks_both_anew_and_nobody_is_put_down_for_it(site):
    kept = Kept(site, date(2026, 11, 22))
    to = "2027-01-08"
    kept.move(to)
    assert kept.told("keeping-moved", "keeping-off") == [("keeping-moved", "Ali"), ("keeping-moved", "Zoé")]
    [to_ali, to_zoe] = sorted(kept.mails("keeping-moved"), key=lambda mail: str(mail["To"]))
    assert "vendredi 8 janvier 2027" in text(to_ali)
    assert f"/gardes/{to}" in text(to_ali)
    assert entry(to_zoe)[0] == "CANCEL"
    day = kept.api("Ali", "GET", "", on=to)
    assert (day["keepers"], day["entrusted"]) == ([], [])
    assert kept.api("Ali", "GET", "", 404) is not None, "nothing is handed out on the old day"
    kept.api("Zoé", "PUT", "/keepers/me", on=to, most=1)
    kept.entrust(on=to)
    assert [row["household_id"] for row in kept.api("Ali", "GET", "", on=to)["entrusted"]] == [site.homes["Bey"]]


@pytest.mark.behaviour("S0:22")
def test_numbers_on_the_boxes_go_along(site):
    kept = Kept(site, date(2026, 11, 25))
    kept.api("Camille", "POST", "/numbers")
    before = site.house.events("contracts.baskets-numbered")[-1]
    kept.move("2027-01-09")
    after = site.house.events("contracts.baskets-numbered")[-1]
    assert (after.on, after.numbers) == (date(2027, 1, 9), before.numbers)
    # Whoever has no box yet gets the next number.
    one = site.subscribed(kept.contract, "Paul", "Rossi")
    site.call("confirm_subscription", "Camille", subscription_id=one)
    kept.api("Camille", "POST", "/numbers", on="2027-01-09")
    assert [each.number for each in site.house.events("contracts.baskets-numbered")[-1].numbers] == [3]


@pytest.mark.behaviour("S0:22")
def test_other_hours_on_the_same_day_are_told_to_the_keeper(site):
    kept = Kept(site, date(2026, 11, 28))
    kept.move(kept.on, starts="10:00", ends="11:00", place="Préau")
    assert kept.told("keeping-changed", "keeping-moved", "keeping-off") == [("keeping-changed", "Zoé")]
    [mail] = kept.mails("keeping-changed")
    method, event = entry(mail)
    assert (method, event.decoded("DTSTART")) == ("REQUEST", datetime(2026, 11, 28, 9, 0, tzinfo=UTC))
    assert event["LOCATION"] == "Préau"
    assert "10\u00a0h – 11\u00a0h, Préau" in text(mail)


@pytest.mark.behaviour("S0:22")
def test_a_cancelled_delivery_frees_keepers_also_those_nobody_counted_on(site):
    kept = Kept(site, date(2026, 12, 1))
    kept.api("Paul", "PUT", "/keepers/me", most=1)
    site.call("cancel_delivery", "Camille", contract_id=kept.contract, delivery_id=kept.ids[kept.on], reason="Gel")
    assert kept.told("keeping-off") == [("keeping-off", "Ali"), ("keeping-off", "Paul"), ("keeping-off", "Zoé")]


def test_what_else_is_handed_out_that_day_stays_kept(site):
    kept, other = Kept(site, date(2026, 12, 4)), site.opened(title="Œufs", deliveries=[
        {"delivery_id": "e1", "on": "2026-12-04", "starts": "18:30", "ends": "19:30"}])  # fmt: skip
    one = site.subscribed(other, "Ali", "Bey")
    site.call("confirm_subscription", "Camille", subscription_id=one)
    kept.move("2027-01-10")
    assert kept.told("keeping-moved", "keeping-off") == []
    [row] = kept.api("Ali", "GET", "")["entrusted"]
    assert row["keeper_id"] == kept.keeper
    site.call("end_subscription", "Camille", subscription_id=one, on=kept.on, reason="Trop d’œufs")
    assert kept.told("keeping-off") == [("keeping-off", "Ali"), ("keeping-off", "Zoé")]
    assert kept.api("Ali", "GET", "")["entrusted"] == []
    assert [row["person_id"] for row in kept.api("Ali", "GET", "")["keepers"]] == [kept.keeper]


def test_who_stops_taking_baskets_has_none_kept(site):
    kept = Kept(site, date(2026, 12, 7))
    site.call("end_subscription", "Camille", subscription_id=kept.subscriptions["Bey"], on=kept.on, reason="Départ")
    assert kept.told("keeping-off") == [("keeping-off", "Ali"), ("keeping-off", "Zoé")]


def test_a_basket_that_somebody_else_takes_is_kept_by_nobody(site):
    kept = Kept(site, date(2026, 12, 16))
    which = {
        "contract_id": kept.contract,
        "subscription_id": kept.subscriptions["Bey"],
        "delivery_id": kept.ids[kept.on],
    }
    site.call("enrol_as_taker", "Paul", group_id=site.amap)
    site.call("offer_basket", "Ali", **which)
    basket = site.house.events("contracts.basket-offered")[-1].basket_id
    site.call("request_basket", "Paul", basket_id=basket)
    assert kept.told("keeping-off") == [], "it is only offered"
    site.call("accept_taker", "Ali", basket_id=basket, person_id=site.people["Paul"])
    assert kept.told("keeping-off") == [("keeping-off", "Ali"), ("keeping-off", "Zoé")]
    refused = kept.api("Ali", "PUT", f"/baskets/{site.homes['Bey']}", 409, keeper_id=kept.keeper)
    assert refused["code"] == "nothing-that-day"
    site.call("withdraw_request", "Paul", basket_id=basket)
    kept.entrust()


def test_whoever_counted_on_somebody_who_is_erased_looks_for_another_keeper(site):
    kept = Kept(site, date(2026, 12, 10))
    kept.api("Inès", "PUT", "/keepers/me", most=1)
    kept.entrust("Éloïse", "D’Arc", "Inès")
    site.call("erase_person", "Inès", person_id=site.people["Inès"])
    assert kept.told("keeping-keeper-gone") == [("keeping-keeper-gone", "Éloïse")]
    day = kept.api("Éloïse", "GET", "")
    assert [row["person_id"] for row in day["keepers"]] == [kept.keeper]
    assert [row["household_id"] for row in kept.api("Camille", "GET", "")["entrusted"]] == [site.homes["Bey"]]


def test_a_day_that_is_over_stays_as_it_was(site):
    kept = Kept(site, date(2026, 12, 13))
    gone = season.DeliveryCancelled(contract_id=kept.contract, group_id=site.amap, delivery_id=kept.ids[kept.on],
                                    on=date.fromisoformat(kept.on), reason="Gel")  # fmt: skip
    before = site.house.clock.now()
    site.house.clock.set(before.replace(month=12, day=24))
    site.house.record(f"contract-{kept.contract}", gone)
    assert kept.told("keeping-off") == []
    site.house.clock.set(before)
    assert not [event for event in site.house.events("contracts.baskets-taken-back")
                if isinstance(event, keeping.BasketsTakenBack) and event.on.isoformat() == kept.on]  # fmt: skip


def test_the_views_say_the_same_after_a_rebuild(site):
    for service in ("contracts", "notify"):
        assert site.house.dump(service) == site.house.rebuilt_dump(service)
