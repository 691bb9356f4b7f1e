"""What goes between the farm and the eaters, and where the collective meets: question, news, calendars, festive day, meeting, an import."""

from __future__ import annotations

import io
import json
import re
from datetime import date, datetime, timedelta
from typing import Any

import openpyxl
from icalendar import Calendar

from gateway.demo.client import Api
from gateway.demo.season import ZONE
from tests.story.play import step
from tests.story.scene import refused
from tests.story.season_scene import SeasonScene

MEETING_DAY, FESTIVE_WEEK = 28, 11
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LINK = re.compile(r"/producteur/question/(\S+)")


@step(
    "Une question part à la confiturière par courriel ; elle répond par le lien, sans compte ; tous la lisent", "S0:13"
)
def relayed(scene: SeasonScene) -> str:
    jam, household = scene.season.jam, next(each for each in scene.of("jam") if each.digital)
    eater, farm = scene.stage.at(household.person_id), scene.stage.at(jam.contact)
    asked = f"Reprenez-vous les pots vides ? ({scene.tag})"
    question = eater.post(f"/contracts/{jam.contract_id}/questions", text=asked)["id"]
    token = scene.stage.until("the mail to the farm", lambda: _link(farm, asked))
    seen = scene.api.get(f"/question-links/{token}")
    assert (seen["text"], seen["person_id"]) == (asked, ""), "the farm reads what is asked, not by whom"
    scene.api.post(f"/question-links/{token}", text="Oui, rincés et sans couvercle.")

    def answered() -> bool:
        (mine,) = [row for row in eater.get("/me/questions")["items"] if row["question_id"] == question]
        return bool(mine["state"] == "answered" and mine["answers"][0]["by"] == "producer")

    scene.stage.until("the answer came back", answered)
    other = next(each for each in scene.of("jam") if each.digital and each != household)
    refused(lambda: scene.stage.at(other.person_id).get(f"/questions/{question}"), "not-found", 404)
    scene.coordinator.post(f"/questions/{question}/publication")
    public = scene.stage.at(other.person_id).get(f"/questions/{question}")
    assert (public["answers"][0]["text"], public["person_id"]) == ("Oui, rincés et sans couvercle.", "")
    return f"{household.label} : « {asked} »"


def _link(farm: Api, asked: str) -> str | None:
    for message in farm.get("/me/messages", limit=200)["items"]:
        if message["template"] == "question-asked" and asked in message["text"]:
            found = LINK.search(message["text"])
            return found[1] if found else None
    return None


@step("Des nouvelles de la ferme vont aux inscrits, et disent de qui elles viennent", "S0:14")
def news(scene: SeasonScene) -> str:
    jam, where = scene.season.jam, f"/groups/{scene.group.group_id}/announcements"
    body = {"audience": f"contract:{jam.contract_id}", "from_producer": True}
    preview = scene.coordinator.get(f"{where}/preview", audience=body["audience"], from_producer="true")
    answer = scene.coordinator.post(where, subject="La récolte", body="Les abricots ont gelé cette nuit.", **body)
    who = scene.persons(*jam.amounts)
    assert answer["persons"] == preview["persons"] == len(who)
    scene.told("producer-announcement", who)
    reader = next(each for each in scene.of("jam") if each.digital and each.household_id in jam.amounts)
    letters = scene.stage.at(reader.person_id).get("/me/messages", limit=200)["items"]
    (letter,) = [each for each in letters if each["template"] == "producer-announcement"]
    assert "De la part de" in letter["text"]
    return f"{len(who)} personnes, de la part de la ferme"


@step(
    "Les livraisons sont dans le calendrier du groupe et, par une adresse secrète, dans celui de chacun",
    "S0:15",
    "S0:25",
)
def calendars(scene: SeasonScene) -> str:
    shown = events(scene.api, f"/calendrier/{scene.group.group_id}.ics")
    held = {day for contract in scene.season.contracts.values() for day in _days(contract.terms)}
    assert held <= {day for day, _title in shown}, "every delivery is announced"
    eater = scene.household(next(iter(scene.season.bread.amounts)))
    own = scene.stage.at(eater.person_id)
    path = "/calendrier" + own.post("/me/calendar-link")["url"].partition("/calendrier")[2]
    mine = {day for day, _title in events(scene.api, path)}
    theirs = [each for each in scene.season.contracts.values() if eater.household_id in each.amounts]
    assert {day for contract in theirs for day in _days(contract.terms)} <= mine
    own.delete("/me/calendar-link")
    return f"{len(shown)} rendez-vous publics, {len(mine)} pour {eater.label}"


def _days(terms: dict[str, Any]) -> set[date]:
    return {date.fromisoformat(each["on"]) for each in terms["deliveries"]}


def events(api: Api, path: str) -> list[tuple[date, str]]:
    kind, feed = api.file(path)
    assert kind.startswith("text/calendar"), kind
    found = Calendar.from_ical(feed.decode()).walk("VEVENT")
    return [(entry.decoded("dtstart").astimezone(ZONE).date(), str(entry["summary"])) for entry in found]


@step("Une distribution festive cherche des bras : chacun voit les créneaux où il est libre", "S0:54")
def festive(scene: SeasonScene) -> str:
    day = scene.season.dates.thursday(FESTIVE_WEEK)
    id_ = plan(scene, day, 18, 3, kind="festive_distribution", title=f"Distribution festive {scene.tag}",
               open_to_public=True, slots=[slot(day, 16, "montage"), slot(day, 18, "service"), slot(day, 20, "vaisselle")])  # fmt: skip
    helper = next(each for each in scene.group.households if each.digital)
    one = scene.stage.at(helper.person_id)
    free = {"free_from": instant(day, 18), "free_until": instant(day, 20)}
    fitting = one.get(f"/activities/{id_}", **free)["slots"]
    assert [each["task"] for each in fitting] == ["service"]
    one.put(f"/activities/{id_}/slots/{fitting[0]['slot_id']}/volunteers/me")
    other = plan(scene, day, 18, 2, kind="event", title="Bal des confitures", slots=[slot(day, 18, "buvette")])
    (bar,) = one.get(f"/activities/{other}")["slots"]
    refused(lambda: one.put(f"/activities/{other}/slots/{bar['slot_id']}/volunteers/me"), "already-busy")
    scene.coordinator.post(f"/activities/{other}/cancel", reason="Faute d’orchestre.")
    titles = [title for on, title in events(scene.api, f"/calendrier/{scene.group.group_id}.ics") if on == day]
    assert any(scene.tag in title for title in titles), titles
    scene.notes["festive"] = (id_, fitting[0]["slot_id"], helper)
    return f"{helper.label} servira ; le bal du même soir est annulé"


@step("Le collectif se réunit : invitations, réponses, présences, compte rendu", "S0:56")
def meeting(scene: SeasonScene) -> str:
    day = scene.season.dates.first + timedelta(days=MEETING_DAY)
    id_ = plan(scene, day, 20, 2, kind="meeting", title="Réunion du collectif", invited="collective", agenda="1. Bilan")
    one, group = f"/activities/{id_}", scene.group
    scene.coordinator.post(f"{one}/announce")
    collective = {group.organiser, group.coordinator, group.treasurer}

    def invited() -> set[str] | None:
        who = {message["person_id"] for message in scene.messages("activity-invitation")}
        return who if who >= collective else None

    who = scene.stage.until("the collective is invited", invited)
    assert who <= collective | {group.volunteer}, "who holds no role is not the collective"
    for person_id, coming in ((group.organiser, "yes"), (group.treasurer, "no")):
        scene.stage.at(person_id).put(f"{one}/answers/me", coming=coming)
    refused(lambda: scene.coordinator.put(f"{one}/minutes", text="Trop tôt."), "activity-not-begun")
    scene.go(day, 0, 22)
    for person_id in (group.organiser, group.coordinator):
        scene.coordinator.put(f"{one}/attendance/{person_id}", present=True)
    scene.coordinator.put(f"{one}/minutes", text="Décidé : cinq commandes l’an prochain aussi.")
    seen = scene.stage.at(group.organiser).get(one)
    assert (seen["state"], seen["minutes"]) == ("minuted", "Décidé : cinq commandes l’an prochain aussi.")
    assert {guest["person_id"] for guest in seen["guests"] if guest["present"]} == {group.organiser, group.coordinator}
    return f"{len(who)} invités, 2 présents, compte rendu publié"


@step("Une liste d'inscriptions est essayée à blanc : chaque ligne fausse est nommée, rien n'est écrit", "S0:28")
def dry_run(scene: SeasonScene) -> str:
    contract = scene.season.bread
    new = next(each for each in scene.group.households if each.household_id not in contract.subscriptions)
    number = scene.coordinator.get(f"/households/{new.household_id}")["number"]
    rows = f"N° adhérent;SEMI;NOIX\n{number};1;\n999999;1;\n{number};deux;\n"
    path = f"/contracts/{contract.contract_id}/subscriptions"
    before = scene.coordinator.get(path)["total"]
    template = scene.coordinator.file(f"/api/v1{path}/import-template.xlsx")
    heads = [cell.value for cell in next(openpyxl.load_workbook(io.BytesIO(template[1])).worksheets[0].iter_rows())]
    assert template[0] == XLSX
    assert {"SEMI", "NOIX"} <= set(heads)
    answer = told(scene.coordinator, f"/api/v1{path}/import-file?dry_run=1", rows.encode())
    assert (answer["written"], answer["correct"]) == (0, 1)
    assert [bool(row["errors"]) for row in answer["rows"]] == [False, True, True]
    assert scene.coordinator.get(path)["total"] == before
    return f"3 lignes : {answer['correct']} juste, 2 avec leur faute"


# -- short words -------------------------------------------------------------------------------------------------


def instant(day: date, hour: int, minute: int = 0) -> str:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE).isoformat()


def slot(day: date, hour: int, task: str, needed: int = 2) -> dict[str, Any]:
    return {"task": task, "starts_at": instant(day, hour), "ends_at": instant(day, hour + 2), "needed": needed}


def plan(scene: SeasonScene, day: date, hour: int, hours: int, **more: Any) -> str:
    body = {"place": scene.group.place, "starts_at": instant(day, hour), "ends_at": instant(day, hour + hours), **more}
    return str(scene.coordinator.post(f"/groups/{scene.group.group_id}/activities", **body)["id"])


def told(api: Api, path: str, content: bytes) -> dict[str, Any]:
    kind, answer = api.file(path, content)
    assert "json" in kind, kind
    found: dict[str, Any] = json.loads(answer)
    return found
