"""The season on the home page: what waits for coordinators and for eaters (S0:17, S0:23, S0:26, S0:30)."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from gateway.access import rule
from gateway.calls import ask
from gateway.formats import day, money
from gateway.identity import places
from gateway.season import lookup
from gateway.season.words import cheques_in_words
from gateway.tasks import Task, task_source
from grenier.language.roles import PERMISSIONS

MINUTES_EACH = 2
SOON_DAYS = 14


def _groups(permission: str) -> list[str]:
    """AMAPs in which the person holds a role of the group itself."""
    allowed = {name for name, acts in PERMISSIONS.items() if permission in acts}
    held = {role.scope_id for role in places().roles if role.scope_kind == "group" and role.role in allowed}
    return [group.group_id for group in places().groups if group.group_id in held and group.kind == "csa"]


@task_source(rule(may="contracts.manage-contracts"))
def contracts_to_move_on() -> Iterable[Task]:
    """A draft that came back, one that is approved and may be opened, one that waits for its producer."""
    for group_id in _groups("contracts.manage-contracts"):
        for row in ask("contracts", "group_contracts", group_id=group_id)["contracts"]:
            if task := _contract_task(group_id, row):
                yield task


def _contract_task(group_id: str, row: dict[str, Any]) -> Task | None:
    address = {"group_id": group_id, "contract_id": row["contract_id"]}
    here, title = url_for("contracts.show", **address), row["title"]
    if row["status"] == "changes_requested":
        return Task(
            _("%(title)s : le producteur demande des changements", title=title),
            here,
            _("Lire"),
            urgency="soon",
            minutes=20,
            icon="chat-bubble-left",
        )
    if row["status"] == "approved":
        url = url_for("contract_steps.open_contract", **address)
        return Task(
            _("%(title)s est approuvé : ouvrir les inscriptions", title=title),
            url,
            _("Ouvrir"),
            minutes=5,
            icon="megaphone",
        )
    if row["status"] == "drafted":
        return Task(
            _("Terminer le brouillon : %(title)s", title=title),
            here,
            _("Continuer"),
            minutes=30,
            icon="pencil-square",
            urgency="info",
        )
    if row["status"] == "submitted":
        return Task(_("%(title)s est chez le producteur", title=title), here, _("Voir"), urgency="info", icon="clock")
    return None


@task_source(rule(may="contracts.manage-contracts"))
def subscriptions_to_treat() -> Iterable[Task]:
    for group_id in _groups("contracts.manage-contracts"):
        for row in ask("contracts", "group_contracts", group_id=group_id, status=["opened"])["contracts"]:
            count = row["subscriptions"]["to_confirm"]
            if count:
                url = url_for("subscriptions.index", group_id=group_id, contract_id=row["contract_id"])
                title = ngettext("%(num)d inscription à confirmer", "%(num)d inscriptions à confirmer", count)
                yield Task(title, url, _("Confirmer"), row["title"], minutes=MINUTES_EACH * count, icon="user-plus")


@task_source(rule(may="contracts.cheques"))
def cheques_to_move() -> Iterable[Task]:
    """Cheques to receive, and those whose cashing date comes near and that still lie with the group."""
    for group_id in _groups("contracts.cheques"):
        found = ask("contracts", "cheques", group_id=group_id)
        expected = found["by_state"].get("expected") or {"count": 0, "total_cents": 0}
        if expected["count"]:
            title = ngettext("%(num)d chèque à recevoir", "%(num)d chèques à recevoir", expected["count"])
            yield Task(title, url_for("cheques.receive", group_id=group_id), _("Recevoir"),
                       money(expected["total_cents"]), minutes=expected["count"], icon="banknotes")  # fmt: skip
        until = date.fromisoformat(lookup.today(group_id)) + timedelta(days=SOON_DAYS)
        near = [row for row in found["cheques"] if row["state"] == "received" and row["cash_on"] <= until.isoformat()]
        if near:
            title = ngettext(
                "%(num)d chèque à remettre au producteur", "%(num)d chèques à remettre au producteur", len(near)
            )
            first = min(row["cash_on"] for row in near)
            detail = _("Encaissement à partir du %(day)s", day=day(date.fromisoformat(first)))
            url = url_for("cheques.index", group_id=group_id, etat="received")
            yield Task(title, url, _("Remettre"), detail, minutes=15, icon="arrow-right")


# -- eaters ------------------------------------------------------------------------------------------------------


@task_source(rule("household"))
def my_season() -> Iterable[Task]:
    """The next delivery, cheques to bring, a contract to sign, contracts that are open."""
    kinds = {group.group_id: group.kind for group in places().groups}
    for home in places().households:
        if home.current and kinds.get(home.group_id) == "csa":
            yield from _home_tasks(home.group_id, home.household_id)


def _home_tasks(group_id: str, household_id: str) -> Iterable[Task]:
    mine = ask("contracts", "subscriptions_of_household", household_id=household_id)["subscriptions"]
    here = url_for("my_contracts.index", group_id=group_id)
    for row in mine:
        if (
            row["state"] in ("to_confirm", "confirmed")
            and row["household_id"] == household_id
            and not (row.get("signed") or {}).get("member")
        ):
            url = url_for("my_contracts.sign", group_id=group_id, subscription_id=row["subscription_id"])
            yield Task(
                _("Signer le contrat : %(title)s", title=row["contract_title"]),
                url,
                _("Signer"),
                minutes=2,
                icon="pencil",
            )
    if any(row["state"] in ("confirmed", "ended") for row in mine):
        yield from _to_come(group_id, household_id, here)
    held = {row["contract_id"] for row in mine if row["state"] in ("waiting", "to_confirm", "confirmed")}
    for row in ask("contracts", "group_contracts", group_id=group_id, status=["opened"])["contracts"]:
        if row["contract_id"] not in held and row["sign_ups"]["state"] == "open":
            url = url_for("subscribe.form_page", group_id=group_id, contract_id=row["contract_id"])
            closes = row["sign_ups"].get("closes_on")
            detail = _("Inscriptions jusqu’au %(day)s", day=day(date.fromisoformat(closes))) if closes else ""
            yield Task(
                _("Contrat ouvert : %(title)s", title=row["title"]),
                url,
                _("S’inscrire"),
                detail,
                minutes=5,
                urgency="info",
                icon="document-text",
            )


def _to_come(group_id: str, household_id: str, here: str) -> Iterable[Task]:
    coming = ask("contracts", "household_baskets", household_id=household_id)["baskets"]
    following = next((row for row in coming if not row["absent"] and row.get("mine", True)), None)
    if following:
        what = ", ".join(f"{line['quantity']} × {line['title']}" for line in following["lines"])
        title = _("%(title)s, %(day)s", title=following["title"], day=day(date.fromisoformat(following["on"])))
        yield Task(title, here, _("Voir"), what, urgency="info", icon="calendar-days")
    found = ask("contracts", "cheques", group_id=group_id, household_id=household_id, state="expected")["cheques"]
    if found:
        amounts = [row["amount_cents"] for row in sorted(found, key=lambda row: row["cash_on"])]
        yield Task(_("Apporter mes chèques"), here, _("Voir"), cheques_in_words(amounts), icon="banknotes")


# -- producers ---------------------------------------------------------------------------------------------------


@task_source(rule(role="producer", scope="producer"))
def contracts_to_answer() -> Iterable[Task]:
    for producer_id in sorted({held.scope_id for held in places().roles if held.role == "producer"}):
        for row in ask("contracts", "producer_contracts", producer_id=producer_id)["contracts"]:
            if row["status"] == "submitted":
                url = url_for("producer_answer.answer", contract_id=row["contract_id"])
                yield Task(
                    _("Relire le contrat : %(title)s", title=row["title"]),
                    url,
                    _("Répondre"),
                    minutes=15,
                    urgency="soon",
                    icon="document-text",
                )
