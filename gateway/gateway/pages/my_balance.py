"""« Mon solde »: the statement of one's own household, and what the statement of any household is made of (S0:42-46)."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask_babel import get_timezone, lazy_gettext, ngettext
from flask_babel import gettext as _

from gateway.access import access, rule
from gateway.calls import ask
from gateway.formats import day, money, weight
from gateway.identity import person_id, places
from gateway.menus import nav_item
from gateway.pages.ledger_words import account_word, entry_word, household_label, names_for, timeline
from gateway.tables import Column, Table
from grenier.clock import local_instant

bp = Blueprint("balance", __name__)
nav_item(lazy_gettext("Mon solde"), "balance.mine", icon="banknotes", order=30, who=rule("household"))
MINE = "/mon-compte/<household_id>"


@bp.get("/mon-compte")
@access("person")
def mine():
    """The statement of one's household; with several, which one."""
    homes = places().households
    if len(homes) == 1:
        return redirect(url_for(".statement", household_id=homes[0].household_id))
    groups = {group.group_id: group.name for group in places().groups}
    rows = [
        {
            "group": groups.get(home.group_id, ""),
            "url": url_for(".statement", household_id=home.household_id),
            "balance_cents": ask("ledger", "balance", household_id=home.household_id)["balance_cents"],
        }
        for home in homes
    ]
    columns = [Column("group", _("Groupe"), link="url"), Column("balance_cents", _("Solde"), "money")]
    empty = (
        _("Pas encore de foyer"),
        _("Votre groupe vous rattachera à un foyer quand votre adhésion sera enregistrée."),
    )
    return render_template("accounts/mine.html", table=Table("comptes", _("Mes comptes"), columns, rows, empty))


@bp.get(MINE)
@access("person")
def statement(household_id: str):
    return statement_page(household_id, "")


@bp.get(MINE + "/ecritures/<entry_id>")
@access("person")
def entry(household_id: str, entry_id: str):
    return entry_page(household_id, entry_id, "")


def statement_page(household_id: str, group_id: str):
    """What, when, how much, and the balance after it; each line opens to its facts."""
    since, until, span = days_asked()
    found = ask("ledger", "statement", household_id=household_id, **span)
    if group_id and found["group_id"] != group_id:
        abort(404)
    names = names_for(household_ids=[household_id])
    rows = [
        {
            **line,
            "what": entry_word(line),
            "url": _entry_url(line["entry_id"], household_id, group_id),
            "note": line["reason"] or (_("annulée depuis") if line["reversed_by"] else ""),
        }
        for line in reversed(found["lines"])
    ]
    columns = [
        Column("at", _("Quand"), "instant"),
        Column("what", _("Quoi"), link="url"),
        Column("note", _("Remarque")),
        Column("effect_cents", _("Montant"), "movement"),
        Column("running_cents", _("Solde ensuite"), "money"),
    ]
    empty = (_("Aucune écriture"), _("Les produits retirés et les paiements apparaîtront ici."))
    table = Table("releve", _("Relevé du compte"), columns, rows, empty)
    exported = table.export()
    return exported or render_template(
        "accounts/statement.html",
        found=found,
        table=table,
        name=household_label(names, household_id),
        household_id=household_id,
        group_id=group_id,
        until=until,
        since=since,
        tuesday=_last_tuesday(),
        why=why_balance(found),
        contracts=ask("ledger", "contract_balances", household_id=household_id)["items"],
    )


def days_asked() -> tuple[date | None, date | None, dict[str, str]]:
    """What the address asks for, and the same as instants: since, until, {since, as_of}."""
    until, since = _day("au"), _day("depuis")
    span = {}
    if until:
        span["as_of"] = _instant(until + timedelta(days=1), -1)
    if since:
        span["since"] = _instant(since)
    return since, until, span


def entry_page(household_id: str, entry_id: str, group_id: str, contract_id: str = ""):
    """One amount, opened: the lines, the postings, and the chain of facts with who, when, in which role, for whom."""
    told = ask("ledger", "explain", entry_id=entry_id)
    if told["entry"]["household_id"] != household_id or (group_id and told["entry"]["group_id"] != group_id):
        abort(404)
    names = names_for(
        [fact["actor"] for fact in told["facts"]],
        [household_id, *(fact.get("on_behalf_of", "") for fact in told["facts"])],
    )
    lines = [{**line, "taken": _taken(line), "price": _price(line)} for line in told["lines"]]
    columns = [
        Column("name", _("Produit")),
        Column("taken", _("Pris")),
        Column("price", _("Prix unitaire")),
        Column("amount_cents", _("Montant"), "money", total=True),
    ]
    postings = [{**row, "account": account_word(row["account"], names)} for row in told["postings"]]
    return render_template(
        "accounts/entry.html",
        entry=told["entry"],
        what=entry_word(told["entry"]),
        lines=Table("lignes", _("Détail"), columns, lines),
        postings=postings,
        facts=timeline(told["facts"], names),
        name=household_label(names, household_id),
        household_id=household_id,
        group_id=group_id,
        contract_id=contract_id,
        own_act=told["entry"]["actor"] == person_id(),
    )


def _entry_url(entry_id: str, household_id: str, group_id: str) -> str:
    if group_id:
        return url_for("accounts.group_entry", group_id=group_id, household_id=household_id, entry_id=entry_id)
    return url_for(".entry", household_id=household_id, entry_id=entry_id)


def _taken(line: Mapping[str, Any]) -> str:
    if _by_weight(line):
        return weight(line["weight_g"])
    return ngettext("%(num)d unité", "%(num)d unités", line["quantity"])


def _price(line: Mapping[str, Any]) -> str:
    return money(line["unit_price_cents"]) + ("/kg" if _by_weight(line) else "")


def _by_weight(line: Mapping[str, Any]) -> bool:
    """Goods by the piece carry their weight as well; their amount is a multiple of the price."""
    return bool(line["weight_g"]) and line["amount_cents"] != line["quantity"] * line["unit_price_cents"]


def _day(name: str) -> date | None:
    """A civil date of the address; nonsense counts as none."""
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


def _instant(on: date, add_us: int = 0) -> str:
    """The beginning of a local day as an instant; `add_us` microseconds later."""
    return (local_instant(on, 0, 0, str(get_timezone())) + timedelta(microseconds=add_us)).isoformat()


def _last_tuesday() -> date:
    today = current_app.extensions["grenier"].clock.now().astimezone(get_timezone()).date()
    return today - timedelta(days=(today.weekday() - 1) % 7 or 7)


def why_balance(found: Mapping[str, Any]) -> str:
    """One line of why: the last thing that moved the balance."""
    if not found["lines"]:
        return _("Rien n’a encore été compté sur ce compte.")
    last = found["lines"][-1]
    return _("Dernier mouvement : %(what)s, %(amount)s, %(day)s.", what=entry_word(last),
             amount=money(last["effect_cents"], signed=True), day=day(last["at"]))  # fmt: skip
