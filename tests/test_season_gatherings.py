"""Questions to the farm, news from it, reminders, help desks, events and meetings, through pages and API (S0:13-15, S0:26, S0:38, S0:51-56)."""

from __future__ import annotations

import re
import tomllib
from datetime import UTC, date, datetime, timedelta
from html import unescape
from importlib import resources
from typing import Any

import pytest
from icalendar import Calendar

from gateway.agenda import uid_of
from grenier.language import contracts, orders, season
from tests.house_app import Site

PLACE = "Salle des fêtes"
GROUP, ELSEWHERE = "amap", "ailleurs"
PEOPLE = {"ana": "maison-ana", "bob": "maison-bob", "cleo": "maison-cleo"}
EVENING = datetime(2026, 11, 12, 17, 30, tzinfo=UTC)
TERMS = season.Terms(
    title="Confitures", starts_on=date(2026, 11, 5), ends_on=date(2027, 6, 24), basket_kind="fixed_multiple",
    options=[season.BasketOption(option_id="pot", title="pot", price_cents=450)],
    deliveries=[season.PlannedDelivery(delivery_id=f"d{n}", on=on, place=PLACE)
                for n, on in enumerate((date(2026, 11, 5), date(2026, 11, 19), date(2026, 12, 10)), 1)],
)  # fmt: skip


def person(site: Site, name: str, **more: Any) -> None:
    keys = site.house.rooms["notify"].runtime.keys
    sealed = keys.seal(name, {"first_name": name.title(), "last_name": "Martin", "email": f"{name}@example.org"})
    site.house.record(f"person-{name}", contracts.PersonRegistered(person_id=name, sealed=sealed, **more))


def role(site: Site, name: str, role_: str, scope_kind: Any, scope_id: str) -> None:
    site.house.record(f"roles-{name}", contracts.RoleAssigned(assignment_id=f"role-{name}", person_id=name, role=role_,
                      scope_kind=scope_kind, scope_id=scope_id, valid_from=date(2026, 1, 1)))  # fmt: skip


@pytest.fixture
def site(tmp_path: Any) -> Site:
    """An AMAP with three households, coordinator coco, organiser olga, the farm's contact remi; a stranger in another group."""
    site = Site(tmp_path)
    for group_id in (GROUP, ELSEWHERE):
        site.house.record(f"group-{group_id}", contracts.GroupFounded(group_id=group_id, host_id="host", kind="csa",
                          name=f"AMAP {group_id.title()}", place=PLACE))  # fmt: skip
    for name in (*PEOPLE, "coco", "olga", "remi", "stranger"):
        person(site, name, group_id=GROUP)
    for name, home in {**PEOPLE, "stranger": "maison-ailleurs"}.items():
        group_id = ELSEWHERE if name == "stranger" else GROUP
        site.house.record(
            f"household-{home}", contracts.HouseholdFormed(household_id=home, group_id=group_id, person_ids=[name])
        )
    role(site, "coco", "coordinator", "group", GROUP)
    role(site, "olga", "organiser", "group", GROUP)
    role(site, "remi", "producer", "producer", "ferme")
    site.house.record(
        "producer-ferme",
        contracts.ProducerRegistered(producer_id="ferme", host_id="host", name="Verger Rémi", group_id=GROUP),
    )
    about: dict[str, Any] = {
        "contract_id": "k",
        "group_id": GROUP,
        "producer_id": "ferme",
        "coordinator_id": "coco",
        "terms": TERMS,
    }
    site.house.record("contract-k", season.ContractDrafted(**about), season.ContractOpened(**about, version=1))
    for name in ("ana", "bob"):
        subscribe(site, name)
    return site


def subscribe(site: Site, name: str) -> None:
    about = {"subscription_id": f"s-{name}", "contract_id": "k", "group_id": GROUP, "household_id": PEOPLE[name]}
    site.house.record("contract-k", season.SubscriptionRegistered(
        **about, person_id=name, lines=[season.SubscribedLine(option_id="pot", quantity=2)], starts_on=date(2026, 11, 5),
        amount_cents=2700, channel="web"), season.SubscriptionConfirmed(**about))  # fmt: skip


def api(site: Site, who: str, method: str, path: str, expect: int = 200, **body: Any) -> Any:
    answer = site.client(who).open(f"/api/v1{path}", method=method, json=body if method != "GET" else None)
    assert answer.status_code == expect, answer.text
    return answer.json


def page(site: Site, who: str, path: str, expect: int = 200, **form: str) -> str:
    """The words of a page; with `form` it is sent."""
    client = site.client(who)
    if form and not who:
        # Somebody with a browser and no token: the form's own token goes with it.
        shown = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
        form["csrf_token"] = shown[1] if shown else ""
    answer = client.post(path, data=form) if form else client.get(path)
    assert answer.status_code == expect, answer.text
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def uid(entry_id: str) -> str:
    return uid_of(entry_id, "localhost")


def told(site: Site, *templates: str) -> list[tuple[str, str]]:
    return sorted(
        (m.template, m.person_id) for m in site.house.events("notify.message-requested") if m.template in templates
    )


def letter(site: Site, who: str, template: str) -> dict[str, Any]:
    items = api(site, who, "GET", "/me/messages")["items"]
    return next(row for row in items if row["template"] == template)


# -- S0:13 ----------------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("S0:13")
def test_a_question_goes_to_the_farm_by_mail_and_its_answer_comes_back(site: Site) -> None:
    sent = site.client("cleo").post(
        f"/groupes/{GROUP}/questions/nouvelle", data={"contract_id": "k", "text": "Reprenez-vous les pots ?"}
    )
    assert sent.status_code == 302
    site.clock.advance(days=4)
    waiting = api(site, "coco", "GET", f"/groups/{GROUP}/questions?open=true")["items"]
    assert [(row["age_hours"], row["person_id"], row["contacts"]) for row in waiting] == [(96, "cleo", 1)]
    assert "1 question attend une réponse" in page(site, "coco", "/")
    link = re.search(r"/producteur/question/\S+", letter(site, "remi", "question-asked")["text"])
    assert link is not None
    head = site.house.log.head()
    text = page(site, "", link[0])
    assert "Reprenez-vous les pots ?" in text
    assert "Cleo" not in text
    assert site.house.log.head() == head
    assert "Merci !" in page(site, "", link[0], text="Oui, rincés.")
    assert "Oui, rincés." in letter(site, "cleo", "question-answered")["text"]
    # Published: everybody reads it, nobody reads who asked.
    where = f"/groupes/{GROUP}/questions/{waiting[0]['question_id']}"
    page(site, "ana", where, expect=404)
    assert site.client("coco").post(f"{where}/publication", data={"x": "1"}).status_code == 302
    seen = page(site, "ana", where)
    assert "Oui, rincés." in seen
    assert "Cleo" not in seen
    assert told(site, "question-published") == [("question-published", "ana"), ("question-published", "bob")]
    page(site, "stranger", where, expect=404)


@pytest.mark.behaviour("S0:13")
def test_the_farm_answers_with_its_account_and_the_coordinator_in_its_stead(site: Site) -> None:
    id_ = api(site, "ana", "POST", "/contracts/k/questions", 201, text="Combien de sucre ?")["id"]
    assert "Combien de sucre" in page(site, "remi", "/producteur/questions")
    assert "Merci" in page(site, "remi", f"/producteur/questions/{id_}", text="Un quart.")
    api(site, "coco", "POST", f"/questions/{id_}/answers", 201, text="Et c’est du sucre de canne.", publish=True)
    found = api(site, "bob", "GET", f"/questions/{id_}")
    assert [(row["by"], row["text"]) for row in found["answers"]] == [
        ("producer", "Un quart."), ("coordinator", "Et c’est du sucre de canne.")]  # fmt: skip
    assert found["person_id"] == ""
    api(site, "stranger", "POST", "/contracts/k/questions", 404, text="Et moi ?")
    api(site, "stranger", "GET", f"/questions/{id_}", 404)
    assert api(site, "ana", "GET", "/me/questions")["items"][0]["question_id"] == id_


# -- S0:14, S0:15 ---------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("S0:14")
def test_news_from_the_farm_reach_the_subscribers_and_say_whose_they_are(site: Site) -> None:
    news = {"audience": "contract:k", "subject": "La récolte", "body": "Les abricots ont gelé.", "from_producer": "1"}
    preview = page(site, "coco", f"/groupes/{GROUP}/messages/annonce", act="preview", **news)
    assert "2 personnes recevront ce message" in preview
    assert "Verger Rémi : La récolte" in preview
    assert (
        site.client("coco").post(f"/groupes/{GROUP}/messages/annonce", data={"act": "send", **news}).status_code == 302
    )
    assert told(site, "producer-announcement") == [("producer-announcement", "ana"), ("producer-announcement", "bob")]
    assert "De la part de Verger Rémi" in letter(site, "ana", "producer-announcement")["text"]


@pytest.mark.behaviour("S0:15")
def test_deliveries_are_announced_in_calendars_and_reminded_of(site: Site) -> None:
    def events(path: str) -> dict[str, tuple[str, int, str]]:
        answer = site.client().get(path)
        assert answer.content_type.startswith("text/calendar")
        found = Calendar.from_ical(answer.data).walk("VEVENT")
        return {str(e["uid"]): (e["dtstart"].dt.isoformat(), int(e["sequence"]), str(e["status"])) for e in found}

    feed = f"/calendrier/{GROUP}.ics"
    before = events(feed)
    assert before[uid("d2")] == ("2026-11-19T17:30:00+00:00", 0, "CONFIRMED")
    site.house.record("contract-k", season.DeliveryMoved(
        contract_id="k", group_id=GROUP, delivery_id="d2", from_on=date(2026, 11, 19),
        delivery=season.PlannedDelivery(delivery_id="d2", on=date(2026, 11, 20), place=PLACE), reason="La salle est prise.",
    ), season.DeliveryCancelled(contract_id="k", group_id=GROUP, delivery_id="d3", on=date(2026, 12, 10), reason="Gel."),
        season.DeliveryAdded(contract_id="k", group_id=GROUP, delivery=season.PlannedDelivery(delivery_id="d9", on=date(2026, 12, 12)), reason="Rattrape le gel."))  # fmt: skip
    after = events(feed)
    assert after[uid("d9")] == ("2026-12-12T17:30:00+00:00", 0, "CONFIRMED")
    assert after[uid("d2")] == ("2026-11-20T17:30:00+00:00", 1, "CONFIRMED")
    assert after[uid("d3")][1:] == (1, "CANCELLED")
    assert "Livraison : Confitures" in page(site, "ana", f"/groupes/{GROUP}/agenda")
    # The reminder says what one gets; the group says when it leaves.
    api(site, "coco", "PUT", f"/groups/{GROUP}/reminders", delivery_hours=24)
    site.clock.set(datetime(2026, 11, 19, 18, tzinfo=UTC))
    site.tick()
    assert told(site, "delivery-reminder") == [("delivery-reminder", "ana"), ("delivery-reminder", "bob")]
    assert ") : 2 pot" in letter(site, "ana", "delivery-reminder")["text"]


@pytest.mark.behaviour("S0:15")
def test_my_own_calendar_by_a_secret_address(site: Site) -> None:
    desk = plan(site, title="Permanence", kind="help_desk", slots=[slot("accueil")])
    api(site, "ana", "PUT", f"/activities/{desk}/slots/slot-1/volunteers/me")
    url = api(site, "ana", "POST", "/me/calendar-link", 201)["url"]
    path = "/calendrier" + url.partition("/calendrier")[2]
    found = [str(event["uid"]) for event in Calendar.from_ical(site.client().get(path).data).walk("VEVENT")]
    assert sorted(found) == sorted(map(uid, ["d1", "d2", "d3", desk]))
    newer = api(site, "ana", "POST", "/me/calendar-link", 201)["url"]
    assert newer != url
    assert site.client().get(path).status_code == 404
    other = api(site, "cleo", "POST", "/me/calendar-link", 201)["url"]
    text = site.client().get("/calendrier" + other.partition("/calendrier")[2]).text
    assert "BEGIN:VEVENT" not in text


# -- S0:38 ----------------------------------------------------------------------------------------------------------


@pytest.mark.behaviour("S0:38")
def test_a_round_calls_its_subscribers_and_reminds_who_has_not_ordered(site: Site) -> None:
    closes = site.clock.now() + timedelta(days=7)
    site.house.record("cycle-r", orders.CycleOpened(cycle_id="r", group_id=GROUP, closes_at=closes, contract_id="k"))
    assert told(site, "round-opened") == [("round-opened", "ana"), ("round-opened", "bob")]
    reminded = orders.OrdersReminded(
        cycle_id="r", group_id=GROUP, contract_id="k", closes_at=closes, household_ids=["maison-bob"]
    )
    site.house.record("cycle-r", reminded)
    assert told(site, "round-reminder") == [("round-reminder", "bob")]
    assert "vous n’avez pas encore commandé" in letter(site, "bob", "round-reminder")["subject"]


# -- S0:26, S0:51-56 ------------------------------------------------------------------------------------------------


def slot(task: str, hours: int = 0, needed: int = 2) -> dict[str, Any]:
    starts = EVENING + timedelta(hours=hours)
    return {
        "task": task,
        "starts_at": starts.isoformat(),
        "ends_at": (starts + timedelta(hours=1)).isoformat(),
        "needed": needed,
    }


def plan(site: Site, **more: Any) -> str:
    body = {"kind": "meeting", "title": "Collectif", "place": PLACE, "starts_at": EVENING.isoformat(),
            "ends_at": (EVENING + timedelta(hours=2)).isoformat()} | more  # fmt: skip
    return str(api(site, "coco", "POST", f"/groups/{GROUP}/activities", 201, **body)["id"])


@pytest.mark.behaviour("S0:26", "S0:51-53")
def test_help_desks_are_planned_announced_and_staffed(site: Site) -> None:
    form = {
        "kind": "help_desk", "title": "Permanence cotisations", "place": PLACE, "day": "2027-01-14", "begins": "18:30", "ends": "19:30",
        "agenda": "Apportez votre chèque.", "material": "reçus\nstylos", "task-0": "accueil", "needed-0": "2", "times": "4", "every": "week",
    }  # fmt: skip
    answer = site.client("coco").post(f"/groupes/{GROUP}/benevoles/nouvelle", data=form)
    assert answer.status_code == 302
    desks = [
        row
        for row in api(site, "ana", "GET", f"/groups/{GROUP}/activities")["activities"]
        if row["kind"] == "help_desk"
    ]
    assert [row["starts_at"][:16] for row in desks] == [f"2027-01-{day}T17:30" for day in (14, 21, 28)] + [
        "2027-02-04T17:30"
    ]
    one = f"/groupes/{GROUP}/benevoles/{desks[0]['activity_id']}"
    assert "stylos" in page(site, "ana", one)
    assert "3 personnes recevront l’invitation" in page(site, "coco", f"{one}/annonce")
    assert site.client("coco").post(f"{one}/annonce", data={"x": "1"}).status_code == 302
    assert told(site, "help-desk") == [("help-desk", name) for name in ("ana", "bob", "cleo")]
    assert "Apportez votre chèque." in letter(site, "cleo", "help-desk")["text"]
    site.client("ana").post(f"{one}/slot-1/inscription", data={"x": "1"})
    assert "Vous y êtes" in page(site, "ana", one)
    page(site, "ana", f"{one}/annonce", expect=403)


@pytest.mark.behaviour("S0:54")
def test_an_event_takes_hands_for_the_time_they_have(site: Site) -> None:
    id_ = plan(site, kind="festive_distribution", title="Distribution festive", open_to_public=True,
               slots=[slot("montage", -2), slot("service"), slot("vaisselle", 1)])  # fmt: skip
    one = f"/groupes/{GROUP}/benevoles/{id_}"
    free = page(site, "ana", f"{one}?de=2026-11-12T18:30&a=2026-11-12T19:30")
    assert "service" in free
    assert "vaisselle" not in free
    api(site, "ana", "PUT", f"/activities/{id_}/slots/slot-2/volunteers/me")
    other = plan(site, kind="event", title="Fête", slots=[slot("buvette")])
    refused = api(site, "ana", "PUT", f"/activities/{other}/slots/slot-1/volunteers/me", 409)
    assert refused["code"] == "already-busy"
    assert "Distribution festive" in site.client().get(f"/calendrier/{GROUP}.ics").text
    form = {
        "title": "Distribution festive",
        "place": "Préau",
        "begins_at": "2026-11-13T18:30",
        "closes_at": "2026-11-13T20:30",
        "reason": "Pluie.",
    }
    assert site.client("coco").post(f"{one}/modifier", data=form).status_code == 302
    assert told(site, "activity-changed") == [("activity-changed", "ana")]
    api(site, "coco", "POST", f"/activities/{id_}/cancel", reason="Orage.")
    assert "Orage." in letter(site, "ana", "activity-cancelled")["text"]
    assert "annulé" in page(site, "ana", f"/groupes/{GROUP}/agenda")
    assert api(site, "bob", "PUT", f"/activities/{id_}/slots/slot-1/volunteers/me", 409)["code"] == "activity-cancelled"


@pytest.mark.behaviour("S0:56")
def test_a_meeting_from_the_invitation_to_the_minutes(site: Site) -> None:
    id_ = plan(site, invited="collective", agenda="1. Bilan")
    assembly = plan(site, kind="general_meeting", title="Assemblée générale")
    one = f"/groupes/{GROUP}/benevoles/{id_}"
    for each in (id_, assembly):
        api(site, "coco", "POST", f"/activities/{each}/announce")
    assert told(site, "activity-invitation") == [
        ("activity-invitation", name) for name in ("ana", "bob", "cleo", "coco", "olga")
    ]
    assert "Collectif" in page(site, "olga", "/")
    site.client("olga").post(f"{one}/reponse", data={"coming": "yes"})
    assert api(site, "coco", "PUT", f"/activities/{id_}/minutes", 409, text="Trop tôt.")["code"] == "activity-not-begun"
    site.clock.set(EVENING + timedelta(hours=3))
    assert "a dit oui" in page(site, "coco", f"{one}/presences")
    for who in ("olga", "cleo"):
        site.client("coco").post(f"{one}/presences", data={"person_id": who, "present": "1"})
    assert site.client("coco").post(f"{one}/compte-rendu", data={"text": "Décidé : deux contrats."}).status_code == 302
    found = api(site, "ana", "GET", f"/activities/{id_}")
    assert (found["state"], found["minutes"]) == ("minuted", "Décidé : deux contrats.")
    assert {row["person_id"] for row in found["guests"] if row["present"]} == {"olga", "cleo"}
    assert "Décidé : deux contrats." in letter(site, "olga", "minutes-published")["text"]
    assert "Décidé : deux contrats." in page(site, "ana", one)
    page(site, "stranger", one, expect=404)
    page(site, "ana", f"{one}/compte-rendu", expect=403)


def test_every_mail_leads_to_a_page_that_there_is(site: Site) -> None:
    templates = resources.files("notify_svc") / "templates"
    paths = {
        file.name: tomllib.loads(file.read_text(encoding="utf-8")).get("path", "")
        for file in templates.iterdir()
        if file.name.endswith(".toml")
    }
    routes = site.app.url_map.bind("localhost")
    lost = {name: path for name, path in paths.items() if path and not routes.test(re.sub(r"[{}]", "", path), "GET")}
    assert lost == {}
    assert len(paths) > 40
