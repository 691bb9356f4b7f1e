"""What a group's people are reminded of by themselves: what they ordered in a round, and what they owe (S0:15, S0:47)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from tests.jam_season import CLOSES, OPENS, SERVICES, JamSeason

DELIVERED = datetime(2026, 11, 26, 17, 30, tzinfo=UTC)


@pytest.fixture
def season(tmp_path: Path) -> JamSeason:
    return JamSeason(tmp_path, scope="group", services=(*SERVICES, "notify"))


def asked(season: JamSeason, template: str) -> list[tuple[str, str]]:
    """(person, what the mail says of it) of every message of a template, in the order of the log."""
    people = {person_id: name for name, person_id in season.person.items()}
    return [
        (people[event.person_id], str(event.params.get("balance_cents", "")))
        for event in season.house.events("notify.message-requested")
        if event.template == template
    ]


def mail(season: JamSeason, name: str, template: str) -> str:
    """The text of a message, as the person reads it."""
    items = season.house.call("notify", "my_messages", actor=season.person[name])["items"]
    text = next(row["text"] for row in items if row["template"] == template)
    return str(text).replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.behaviour("S0:15")
def test_who_ordered_in_a_round_is_reminded_before_its_delivery(season: JamSeason) -> None:
    season.ordered()
    season.at(CLOSES)
    season.api("coline").post(f"/cycles/{season.first}/freeze")
    season.at(DELIVERED - timedelta(hours=49))
    assert asked(season, "delivery-reminder") == []
    season.at(DELIVERED - timedelta(hours=47))
    season.at(DELIVERED - timedelta(hours=46))
    assert sorted(asked(season, "delivery-reminder")) == [("amel", ""), ("bruno", "")], "once, and not Carla"
    told = mail(season, "amel", "delivery-reminder")
    assert "- Confitures de l’Ardèche (18 h 30 – 19 h 30, Halle) : 3 Confiture de figues, 1 Confiture de prunes" in told
    assert asked(season, "distribution-reminder") == [], "the message of a monthly order speaks of paying on the spot"


@pytest.mark.behaviour("S0:15")
def test_a_round_that_is_still_open_is_waited_for(season: JamSeason) -> None:
    season.api("coline").put(f"/groups/{season.group}/reminders", {"delivery_hours": 336})
    season.ordered()
    season.at(CLOSES - timedelta(hours=1))
    assert asked(season, "delivery-reminder") == []
    season.order("carla", fig=1)
    season.at(CLOSES + timedelta(minutes=1))
    assert sorted(name for name, _ in asked(season, "delivery-reminder")) == ["amel", "bruno", "carla"]


@pytest.mark.behaviour("S0:47")
def test_who_is_in_the_red_is_told_and_reminded_as_often_as_the_group_says(season: JamSeason) -> None:
    season.deposit("amel", 3000)
    season.delivered()
    season.at(DELIVERED + timedelta(days=3))
    assert asked(season, "negative-balance") == [], "only by hand, until the group decides otherwise"
    coline = season.site.client(season.person["coline"])
    told = coline.post(
        f"/groupes/{season.group}/agenda/rappels",
        data={"delivery_hours": "48", "balance_days": "14", "idempotency_key": str(uuid4())},
        follow_redirects=True,
    )
    assert "C’est noté pour les prochains rappels." in told.get_data(as_text=True)
    assert season.api("coline").get(f"/groups/{season.group}/reminders") == {"delivery_hours": 48, "balance_days": 14}
    for days in (4, 5, 17):
        season.at(DELIVERED + timedelta(days=days))
    assert asked(season, "negative-balance") == [("bruno", "-1240")]
    season.at(DELIVERED + timedelta(days=19))
    assert asked(season, "negative-balance") == [("bruno", "-1240")] * 2
    (notice, _) = season.house.events("ledger.balance-went-negative")
    assert notice.contract_id == season.contract
    assert "-12,40 € pour le contrat « Confitures de l’Ardèche »" in mail(season, "bruno", "negative-balance")
    season.deposit("bruno", 2000)
    season.at(DELIVERED + timedelta(days=60))
    assert len(asked(season, "negative-balance")) == 2, "who has paid is left alone"
    for service in ("ledger", "notify"):
        assert season.house.dump(service) == season.house.rebuilt_dump(service)


def test_what_the_settings_may_be(season: JamSeason) -> None:
    path = f"/groups/{season.group}/reminders"
    season.at(OPENS)
    coline = season.api("coline")
    for wrong in ({"balance_days": -1}, {"balance_days": 367}, {"balance_days": "7"}):
        found = coline("put", path, wrong)
        assert (coline.status, list(found["errors"])) == (422, ["balance_days"])
    coline.put(path, {"balance_days": 7})
    assert coline.get(path) == {"delivery_hours": 48, "balance_days": 7}
    assert season.api("amel").refused("put", path, {"balance_days": 7}) == "forbidden"
