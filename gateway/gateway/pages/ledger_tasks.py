"""Money and messages on the home page: my balance with its reason, the till to count, households in the red, calls to make."""

from collections.abc import Iterable

from flask import current_app, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from gateway.access import rule
from gateway.calls import ask
from gateway.formats import money
from gateway.identity import places
from gateway.pages.ledger_words import entry_word
from gateway.tasks import Task, task_source
from grenier.language.roles import PERMISSIONS

CALL_MINUTES = 3
COUNT_MINUTES = 30


@task_source()
def my_balance() -> Iterable[Task]:
    """One line per household: what it has or owes, and the last thing that moved it."""
    for home in places().households:
        found = ask("ledger", "balance", household_id=home.household_id)
        last, cents = found["last"], found["balance_cents"]
        if last is None and not found["committed_cents"]:
            continue
        why = _("%(what)s, %(amount)s", what=entry_word(last), amount=money(last["effect_cents"], True)) if last else ""
        if found["committed_cents"]:
            more = _("commandé, pas encore retiré : %(amount)s", amount=money(found["committed_cents"]))
            why = f"{why} · {more}" if why else more
        title = (
            _("Je dois %(amount)s", amount=money(-cents))
            if cents < 0
            else _("Mon solde : %(amount)s", amount=money(cents))
        )
        url = url_for("balance.statement", household_id=home.household_id)
        yield Task(title, url, _("Voir pourquoi"), why, urgency="normal" if cents < 0 else "info", icon="banknotes")


@task_source(rule(may="ledger.count"))
def tills_to_count() -> Iterable[Task]:
    for group_id in _groups("ledger.count"):
        till = ask("ledger", "current_till", group_id=group_id)["till"]
        if till is None:
            continue
        title = _("Faire la caisse de %(group)s", group=_name(group_id))
        payments = ngettext("%(num)d paiement", "%(num)d paiements", till["payments"])
        detail = _("%(payments)s, %(cash)s d’espèces attendus", payments=payments, cash=money(till["cash_cents"]))
        url = url_for("till.count", group_id=group_id, till_id=till["till_id"])
        yield Task(title, url, _("Compter"), detail, minutes=COUNT_MINUTES, icon="calculator")


@task_source(rule(may="ledger.read"))
def households_in_the_red() -> Iterable[Task]:
    for group_id in _groups("ledger.read"):
        found = ask("ledger", "accounts", group_id=group_id, negative=True, size=1)
        if not found["negative"]:
            continue
        title = ngettext("%(num)d foyer débiteur", "%(num)d foyers débiteurs", found["negative"])
        detail = _("%(group)s : %(amount)s à recevoir", group=_name(group_id), amount=money(-found["negative_cents"]))
        yield Task(title, url_for("accounts.index", group_id=group_id, debiteurs=1), _("Voir"), detail, icon="scale")


@task_source(rule(may="notify.call"))
def calls_to_make() -> Iterable[Task]:
    for group_id in _groups("notify.call"):
        total = ask("notify", "call_list", group_id=group_id)["total"]
        if not total:
            continue
        title = ngettext("%(num)d personne à appeler", "%(num)d personnes à appeler", total)
        url = url_for("messages.calls", group_id=group_id)
        detail = _("%(group)s : elles n’ont pas de courriel, ou il n’est pas arrivé", group=_name(group_id))
        yield Task(title, url, _("Appeler"), detail, minutes=CALL_MINUTES * total, icon="phone")


def _groups(permission: str) -> list[str]:
    """Groups in which the person holds a role of the group itself: the centre has its own table of exceptions."""
    held = [role for role in places().roles if role.scope_kind == "group"]
    return sorted({role.scope_id for role in held if permission in PERMISSIONS.get(role.role, ())})


def _name(group_id: str) -> str:
    group = current_app.extensions["grenier"].access_view.group(group_id)
    return group.name if group else ""
