"""An AMAP in one process for the stories of the basket exchange: three households with vegetables and eggs, one neighbour group.

amap = Amap(tmp_path)
amap.ann.post(f"/api/v1/groups/{amap.group}/exchange/baskets", json=amap.basket("home"))
amap.mails("exchange-offered")        # (person, text) of what was said
"""

from __future__ import annotations

import re
from datetime import date
from email.message import EmailMessage
from pathlib import Path
from typing import Any, ClassVar
from uuid import NAMESPACE_URL, uuid5

from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from contracts_svc.exchange.basket_commands import basket_id
from gateway.app import create_app, gather
from gateway.places import Places
from gateway.projections import Balances
from grenier.language import contracts, season
from grenier.testing import House
from notify_svc.sending import Sender
from tests.house_app import HouseRpc, Site

THURSDAY = date(2026, 11, 5)
NEXT = date(2026, 11, 12)
CENTRE = "nadia"


def uid(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, name))


class Outbox:
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.sent: list[EmailMessage] = []

    def send(self, mail: EmailMessage) -> None:
        self.sent.append(mail)


class QuickSite(Site):
    """The gateway with the two services that the exchange needs. Its routes are built once per process, which takes
    seconds, so there is one of these at a time."""

    _built: ClassVar[Flask | None] = None

    def __init__(self, folder: Path) -> None:
        self.house = House(folder, "contracts", "notify", "gateway")
        self.clock, self.rpc = self.house.clock, HouseRpc(self.house)
        room = self.house.rooms["gateway"]
        collaborators = {
            "rpc": self.rpc, "clock": self.clock, "access_view": Places(room.runtime),
            "balances": Balances(room.runtime), "log": self.house.log, "defer": lambda work, *args: work(*args),
            "password_hasher": PasswordHasher(time_cost=1, memory_cost=8, parallelism=1),
        }  # fmt: skip
        if QuickSite._built is None:
            QuickSite._built = create_app(self.house.settings, **collaborators)
        else:
            gateway = gather(self.house.settings, **collaborators)
            gateway.rules = QuickSite._built.extensions["grenier"].rules
            QuickSite._built.extensions["grenier"] = gateway
        self.app = QuickSite._built
        self.app.testing = True


class Amap:
    """Monday noon, 2 November 2026; deliveries on Thursdays 5 and 12, 18:30 in Paris. `people`: first name → person."""

    def __init__(self, folder: Path) -> None:
        self.site = QuickSite(folder)
        self.house = self.site.house
        self.people: dict[str, str] = {}
        self.homes: dict[str, str] = {}
        self.group, self.other = uid("amap"), uid("other")
        # Everything is taken in at once, at the end.
        self.house.settle = lambda: None  # type: ignore[method-assign]
        self._found()
        for name in ("Ann Diallo", "Bob Martin", "Cat Petit", "Orga Roy"):
            self.enrol(self.group, name)
        self.enrol(self.other, "Zoe Loin")
        self.role("Orga", "organiser", self.group)
        self.contract, self.deliveries = uid("contract"), {THURSDAY: uid("d1"), NEXT: uid("d2")}
        self._open_contract()
        del self.house.settle
        self.house.settle()
        self.outbox = Outbox()

    # -- people --------------------------------------------------------------------------------------------------

    def _found(self) -> None:
        host = contracts.HostOrganisationRegistered(
            host_id="host", name="Fédé", time_zone="Europe/Paris", founder_id=""
        )
        self.house.record("host-host", host)
        for group, name in ((self.group, "AMAP des Confitures"), (self.other, "AMAP du Bocal")):
            self.house.record(
                f"group-{group}",
                contracts.GroupFounded(group_id=group, host_id="host", kind="csa", name=name, place="Salle des fêtes",
                                       phone_region="FR"),
            )  # fmt: skip

    def enrol(self, group: str, name: str) -> str:
        first, last = name.split()
        person, home = uid(name), uid(last)
        keys = self.house.rooms["contracts"].runtime.keys
        fields = {
            "first_name": first,
            "last_name": last,
            "email": f"{first.lower()}@x.example",
            "phone": "+33612345678",
        }
        self.house.record(
            f"person-{person}",
            contracts.PersonRegistered(person_id=person, sealed=keys.seal(person, fields), group_id=group),
        )
        self.house.record(
            f"household-{home}", contracts.HouseholdFormed(household_id=home, group_id=group, person_ids=[person])
        )
        self.people[first], self.homes[first] = person, home
        return person

    def role(self, first: str, role: str, group: str) -> None:
        assigned = contracts.RoleAssigned(
            assignment_id=uid(f"role {first}"), person_id=self.people[first], role=role, scope_kind="group",
            scope_id=group, valid_from=date(2026, 1, 1),
        )  # fmt: skip
        self.house.record(f"roles-{self.people[first]}", assigned)

    # -- the contract --------------------------------------------------------------------------------------------

    def _open_contract(self) -> None:
        options = [
            season.BasketOption(option_id=uid("big"), title="Grand panier", price_cents=1400),
            season.BasketOption(option_id=uid("eggs"), title="Douzaine d’œufs", price_cents=350),
        ]
        terms = season.Terms(
            title="Légumes de saison", starts_on=THURSDAY, ends_on=NEXT, basket_kind="free_quantity_multiple",
            options=options, instructions="Les œufs sont dans le bac bleu.",
            deliveries=[season.PlannedDelivery(delivery_id=key, on=day) for day, key in self.deliveries.items()],
        )  # fmt: skip
        ids = {"contract_id": self.contract, "group_id": self.group}
        stream = f"contract-{self.contract}"
        self.house.record(
            stream,
            season.ContractDrafted(**ids, producer_id=uid("farm"), coordinator_id="", terms=terms),
            season.ContractOpened(**ids, producer_id=uid("farm"), coordinator_id="", version=1, terms=terms),
        )
        for first in ("Ann", "Bob", "Cat"):
            lines = [
                season.SubscribedLine(option_id=uid("big"), quantity=1),
                season.SubscribedLine(option_id=uid("eggs"), quantity=2),
            ]
            registered = season.SubscriptionRegistered(
                **ids, subscription_id=self.subscription(first), household_id=self.homes[first],
                person_id=self.people[first], lines=lines, starts_on=THURSDAY, amount_cents=4200, channel="web",
            )  # fmt: skip
            confirmed = season.SubscriptionConfirmed(
                **ids, subscription_id=self.subscription(first), household_id=self.homes[first]
            )
            self.house.record(stream, registered, confirmed)

    def subscription(self, first: str) -> str:
        return uid(f"subscription {first}")

    def basket(self, first: str = "Ann", day: date = THURSDAY, **more: Any) -> dict[str, Any]:
        """The body that offers this household's basket."""
        return {"contract_id": self.contract, "subscription_id": self.subscription(first),
                "delivery_id": self.deliveries[day], **more}  # fmt: skip

    def basket_id(self, first: str = "Ann", day: date = THURSDAY) -> str:
        return basket_id(self.subscription(first), self.deliveries[day])

    # -- acting --------------------------------------------------------------------------------------------------

    def as_(self, first: str) -> FlaskClient:
        return self.site.client(self.people.get(first, first))

    def api(self, first: str, method: str, path: str, status: int = 200, **body: Any) -> Any:
        client = self.as_(first) if first else self.site.app.test_client()
        answer = client.open(f"/api/v1{path}", method=method, json=body if method not in ("GET", "DELETE") else None)
        assert answer.status_code == status, answer.get_data(as_text=True)
        return answer.get_json()

    def takes(self, *firsts: str) -> None:
        for first in firsts:
            self.api(first, "PUT", f"/groups/{self.group}/exchange/takers/me")

    def offer(self, first: str = "Ann", status: int = 200, **more: Any) -> str:
        self.api(first, "POST", f"/groups/{self.group}/exchange/baskets", status, **self.basket(first, **more))
        return self.basket_id(first, more.get("day", THURSDAY))

    def events(self, prefix: str) -> list[Any]:
        return self.house.events(prefix)

    # -- mails ---------------------------------------------------------------------------------------------------

    def mails(self, template: str = "") -> list[EmailMessage]:
        """Send what waits, and answer the mails of a template, in order."""
        runtime = self.house.rooms["notify"].runtime
        before = len(self.outbox.sent)
        requested = [e for e in self.house.events("notify.message-requested") if e.channel == "email"]
        templates = getattr(self, "_templates", {})
        for message in requested:
            count = len(self.outbox.sent)
            Sender(runtime, self.outbox).deliver(message.message_id)
            if len(self.outbox.sent) > count:
                templates[id(self.outbox.sent[-1])] = message.template
        self._templates = templates
        self.house.settle()
        assert len(self.outbox.sent) >= before
        return [mail for mail in self.outbox.sent if not template or templates[id(mail)] == template]

    def mail(self, template: str) -> tuple[EmailMessage, str]:
        """The only mail of a template, and its text."""
        [mail] = self.mails(template)
        return mail, text_of(mail)


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(preferencelist=("plain",))
    assert body is not None
    return str(body.get_content())


def link_in(text: str, part: str) -> str:
    """The path of the first link of a mail that contains this."""
    return next(word.split("8400", 1)[1] for word in text.split() if word.startswith("http") and part in word)


def page(amap: Amap, first: str, path: str, status: int = 200) -> str:
    """The words of a page, without its markup."""
    answer = (amap.as_(first) if first else amap.site.app.test_client()).get(path)
    assert answer.status_code == status, answer.get_data(as_text=True)[:2000]
    words = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", answer.get_data(as_text=True), flags=re.DOTALL)
    return re.sub(r"[\s\u00a0]+", " ", words.replace("&#39;", "'"))


def press(amap: Amap, first: str, path: str, **fields: str) -> str:
    """Send a form of a page and follow; the words of where it leads."""
    client = amap.as_(first) if first else amap.site.app.test_client()
    token = (
        re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).get_data(as_text=True)) if not first else None
    )
    answer = client.post(path, data=fields | ({"csrf_token": token[1]} if token else {}), follow_redirects=True)
    assert answer.status_code == 200, answer.get_data(as_text=True)[:2000]
    return answer.get_data(as_text=True)
