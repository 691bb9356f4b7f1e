"""Every page of the season with an address that exists: the route table filled in with what a small AMAP has.

A new page is found by itself. When its address asks for something that is not known here, say in `values` where such a
thing is found; a page that belongs to the month is looked at by `test_browser_access.py` and named in MONTH.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from itertools import product
from pathlib import Path
from typing import Any

from werkzeug.routing import Rule

from gateway import access
from gateway.demo import federation, season_acts, season_load
from gateway.demo.client import Api
from gateway.demo.month import Stage
from gateway.demo.season import Dates, Season
from gateway.identity import cookie_name
from notify_svc.sending import Sender
from tests.house_app import Site
from tests.in_process import client_of, no_pauses
from tests.story.season_scene import PLACES

HOUSEHOLDS = 9
NOW = datetime(2026, 11, 19, 9, tzinfo=UTC)
MONTH = {
    "catalogue", "catalogue_import", "components", "cycles", "deliveries", "demo", "docs", "federation", "health", "login",
    "operations", "pallets", "supply", "till", "windows",
}  # fmt: skip
# Pages of other moments than the one below, and files.
ELSEWHERE = {
    "static",
    "sheets.cutting",
    "sheets.labels",
    "mydata.erase",
    "distribution.absent",
    "distribution.closing",
    "messages.unsubscribe",
    "account.my_data",
    "sharing.stop",
}
FILES = (".pdf", ".ics", ".xlsx")
WHO = ("coordinator", "treasurer", "organiser", "producer", "central_team")
SECTIONS = ("general", "limites", "calendrier", "paniers", "commandes", "inscriptions", "paiements")
TURNS = re.compile(r"<(?:[^:<>]+(?:\([^)]*\))?:)?([^<>]+)>")
LINKS = {
    "questions.by_link": r"/producteur/question/([^\s>]+)",
    "exchange_links.basket": r"/intermittents/panier/([^\s>]+)",
    "exchange_links.leave": r"/intermittents/quitter/([^\s>]+)",
    "exchange_links.confirm": r"/intermittents/confirmer/([^\s>]+)",
}
TOLD = ("question-asked", "exchange-asked-taker", "exchange-enrolled", "exchange-confirm")
DUES = {
    "title": "Adhésions 2027", "opens_on": "2026-11-01", "closes_on": "2027-02-28", "valid_from": "2027-01-01",
    "valid_until": "2027-12-31", "group_dues_cents": -1, "network_dues_cents": 500,
}  # fmt: skip


@dataclass(frozen=True)
class Visit:
    role: str
    path: str


@dataclass
class Amap:
    """An AMAP in the middle of its season; `people`: role → person id."""

    site: Site
    stage: Stage
    season: Season
    people: dict[str, str] = field(default_factory=dict)
    values: dict[str, list[str]] = field(default_factory=dict)
    special: dict[str, dict[str, Any]] = field(default_factory=dict)

    def cookie(self, person_id: str) -> dict[str, str]:
        name = cookie_name(self.site.house.settings)
        return {"name": name, "value": self.site.app.extensions["grenier"].sessions.open(person_id)}

    def at(self, role: str) -> Api:
        return self.stage.at(self.people[role])

    # -- addresses -----------------------------------------------------------------------------------------------

    def visits(self) -> Iterator[Visit]:
        rules = access.rules_of(self.site.app)
        for route in sorted(self.site.app.url_map.iter_rules(), key=lambda each: each.rule):
            if "GET" in (route.methods or ()) and _of_the_season(route):
                role = self.special.get(route.endpoint, {}).get("role", _role(rules[route.endpoint]))
                yield from (Visit(role, path) for path in self.paths(route))

    def paths(self, route: Rule) -> Iterator[str]:
        given = self.values | self.special.get(route.endpoint, {})
        names = sorted(route.arguments)
        unknown = [name for name in names if name not in given]
        assert not unknown, f"{route.rule} ({route.endpoint}): which {unknown}? Say it in {Path(__file__).name}"
        for chosen in product(*(given[name] for name in names)):
            filled = dict(zip(names, chosen, strict=True))
            yield TURNS.sub(lambda found, filled=filled: filled[found[1]], route.rule)  # type: ignore[misc]


def _of_the_season(route: Rule) -> bool:
    return not (
        route.rule.startswith("/api/")
        or route.rule.endswith(FILES)
        or route.endpoint in ELSEWHERE
        or route.endpoint.partition(".")[0] in MONTH
    )


def _role(rule: access.Rule) -> str:
    if rule.kind == "role":
        return next(role for role in WHO if role in rule.roles)
    return "" if rule.kind == "public" else "eater"


# -- the world ---------------------------------------------------------------------------------------------------


def middle_of_a_season(folder: Path) -> Amap:
    no_pauses()
    site = Site(folder, now=NOW)
    stage = Stage(client_of(site, seed="pages"), federation.Federation("", ""), site.tick)
    stage.move_to(NOW - timedelta(days=39))
    stage.federation = federation.found(stage.api, 7, HOUSEHOLDS, places=PLACES)
    season = season_load.begin(stage, stage.federation.groups[0], NOW.date())
    stage.move_to(NOW - timedelta(days=29))
    season_load.order_round(stage, season, season_load.DELIVERED, 0.8)
    stage.move_to(season_load.delivered_at(season, season_load.DELIVERED))
    season_load.deliver_round(stage, season, season_load.DELIVERED)
    stage.move_to(NOW - timedelta(days=1))
    season_load.middle(stage, season)
    amap = Amap(site, stage, season)
    for account in stage.api.get("/demo")["accounts"]:
        amap.people.setdefault(account["role"], account["person_id"])
    assert season.guest is not None
    amap.people |= {"producer": season.bread.contact, "eater": season.guest.person_id}
    _fill(amap)
    return amap


def _fill(amap: Amap) -> None:
    """One of everything that an address may name."""
    stage, season, group = amap.stage, amap.season, amap.season.group
    jam, guest, here = season.jam, season.guest, f"/groups/{season.group.group_id}"
    assert guest is not None
    farm = (jam.producer_id, jam.contact)
    asked, agreed, drafted = (
        season_acts.draft(stage, group, "jam", _later(season, weeks), farm) for weeks in (14, 15, 16)
    )
    token = season_acts.submit(stage, group, asked)
    season_acts.answer_by_link(stage, season_acts.submit(stage, group, agreed), "approve")
    coordinator = season_acts.coordinator(stage, group)
    campaign = amap.at("organiser").post(f"{here}/dues-campaigns", **DUES)["id"]
    newcomer = {"first_name": "Lou", "last_name": "Faure", "email": "lou@exemple.fr"}
    amap.at("eater").post(f"{here}/exchange/takers", **newcomer)
    applied = stage.api.post(f"{here}/applications", **newcomer, charter_accepted=True)["id"]
    (offered,) = amap.at("eater").get("/exchanges")["offered"]
    mine = season.vegetables.subscriptions[guest.household_id]
    cheque = season_acts.cheques(stage, group, season.vegetables)["cheques"][0]
    bundle = coordinator.get(f"/contracts/{season.vegetables.contract_id}/bundles")["bundles"][0]["bundle_id"]
    # Ordered in both rounds: the last ones do.
    home = season_load.takers_of(season, "jam")[-1].household_id
    entry, own_entry = (_last_entry(amap, each) for each in (home, guest.household_id))
    question = coordinator.get(f"{here}/questions")["items"][0]["question_id"]
    activity = coordinator.get(f"{here}/activities")["activities"][0]["activity_id"]
    order = coordinator.get(f"/households/{home}/orders")["items"][0]["order_id"]
    other = amap.at("organiser").get(f"/persons/{amap.people['organiser']}")["person"]["email"]
    proposal = amap.at("eater").post(f"/subscriptions/{mine}/sharing-proposals", email=other)["proposal_id"]
    amap.values |= {name: [value] for name, value in {
        "group_id": group.group_id, "contract_id": jam.contract_id, "household_id": home, "entry_id": entry,
        "cycle_id": jam.round_id(season_load.OPEN), "subscription_id": mine, "cheque_id": cheque["cheque_id"],
        "distribution_id": season_acts.distribution_of(stage, group, jam.round_id(season_load.DELIVERED)),
        "delivery_id": season.vegetables.delivery(5)["delivery_id"], "date_id": jam.delivery(2)["delivery_id"],
        "campaign_id": campaign, "application_id": applied, "question_id": question, "activity_id": activity,
        "basket_id": offered["basket_id"], "person_id": guest.person_id, "code": "sign-ups-open", "lang": "fr",
        "document": "contract", "order_id": order, "proposal_id": proposal, "on": season.dates.thursday(season_load.NEXT_BASKETS).isoformat(),
    }.items()} | {"section": list(SECTIONS), "change": ["deplacer", "annuler", "compter"]}  # fmt: skip
    own, eater = {"household_id": [guest.household_id]}, {"contract_id": [season.vegetables.contract_id]}
    amap.special |= _at_links(amap) | {
        "contract_editor.edit": {"contract_id": [drafted.contract_id]},
        "cheques.show": {"subscription_id": [cheque["subscription_id"]]},
        "cheques.receipt": {"token": [coordinator.post(f"/bundles/{bundle}/receipt-link", person_id=season.vegetables.contact)["token"]]},
        "producer_answer.show": {"token": [token]},
        "contract_steps.abandon": {"contract_id": [drafted.contract_id]},
        "contract_steps.approve": {"contract_id": [asked.contract_id]},
        "contract_steps.submit": {"contract_id": [drafted.contract_id]},
        "contract_steps.open_contract": {"contract_id": [agreed.contract_id]},
        "contracts.preview": {"contract_id": [drafted.contract_id]},
        "exchange_baskets.accept": {"person_id": [offered["requests"][0]["person_id"]]},
        "sharing.answer": {"role": "organiser"}, "public.explain_problem": {"code": ["forbidden"]},
        **{f"shop.{name}": {"role": "coordinator"} for name in ("cancel", "counter", "discard", "history", "summary")},
        "accounts.reverse": {"role": "treasurer"}, "contract_accounts.reverse": {"role": "treasurer"},
        "stock.history": {"role": "coordinator"}, "questions.show": {"role": "coordinator"},
        "rounds.parcel": {"cycle_id": [jam.round_id(season_load.DELIVERED)]},
        "rounds.undo": {"cycle_id": [jam.round_id(season_load.DELIVERED)]},
        "subscribe.form_page": {"role": "organiser", "contract_id": [season.bread.contract_id]},
        "subscriptions.enter": {"contract_id": [season.bread.contract_id], "household_id": [group.households[0].household_id]},
        "exchange_desk.settings": {"role": "coordinator"}, "exchange_desk.takers": {"role": "coordinator"},
        "balance.statement": own, "balance.entry": {**own, "entry_id": [own_entry]}, "contract_accounts.mine": own, "pickup.summary": own,
        "households.show": own, "households.person": own, "exchange.offer": eater,
        "producer_answer.answer": {"contract_id": [season.bread.contract_id]},
    }  # fmt: skip


def _last_entry(amap: Amap, household_id: str) -> str:
    path = f"/contracts/{amap.season.jam.contract_id}/accounts/{household_id}"
    return str(amap.at("treasurer").get(path)["lines"][-1]["entry_id"])


def _later(season: Season, weeks: int) -> Dates:
    return Dates(season.dates.thursday(weeks))


class Outbox:
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.text = ""

    def send(self, mail: EmailMessage) -> None:
        body = mail.get_body(preferencelist=("plain",))
        self.text += body.get_content() if body is not None else ""


def _at_links(amap: Amap) -> dict[str, dict[str, Any]]:
    """The pages that are reached from a mail, by the links that the mails have."""
    outbox, house = Outbox(), amap.site.house
    sender = Sender(house.rooms["notify"].runtime, outbox)
    for told in house.events("notify.message-requested"):
        if told.channel == "email" and told.template in TOLD:
            sender.deliver(told.message_id)
    return {name: {"token": [re.findall(pattern, outbox.text)[-1]]} for name, pattern in LINKS.items()}
