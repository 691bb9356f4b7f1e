"""Subscriptions to a contract for those who look after it: to confirm, at the help desk, signed on paper, ended early."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from gateway.access import access
from gateway.calls import tell
from gateway.forms import Form
from gateway.pages.members_words import act, people_named, refusal
from gateway.season import choices, lookup, words
from gateway.season.refusals import spoken
from gateway.season.typed import Typed
from gateway.tables import Column, Table
from gateway.whole_lists import whole_list
from grenier.errors import Invalid, Rejected

bp = Blueprint("subscriptions", __name__)
BASE = "/groupes/<group_id>/contrats/<contract_id>"
PAGE = 100


def _found(contract_id: str, *states: str) -> dict[str, Any]:
    return whole_list("contracts", "subscriptions", contract_id=contract_id, state=list(states))


@bp.get(f"{BASE}/inscriptions")
@access(may="contracts.manage-contracts")
def index(group_id: str, contract_id: str):
    contract, found = lookup.contract_of(group_id, contract_id), _found(contract_id)
    rows = found["subscriptions"]
    names = lookup.household_names(rows)
    waiting = [row for row in rows if row["state"] == "waiting"]
    table = _table(group_id, contract, rows, names)
    return table.export() or render_template(
        "subscriptions/index.html",
        contract=contract,
        group_id=group_id,
        table=table,
        to_confirm=[_told(row, names, contract) for row in rows if row["state"] == "to_confirm"],
        waiting=[_told(row, names, contract) for row in sorted(waiting, key=lambda row: row["position"])],
        seats=found["places"],
    )


def _told(row: dict[str, Any], names: dict[str, str], contract: dict[str, Any]) -> dict[str, Any]:
    return {
        **row,
        "home": words.home_of(names, row["household_id"]),
        "taken": words.taken(row["lines"], lookup.options_of(contract)),
    }


def _table(group_id: str, contract: dict[str, Any], rows: list[dict[str, Any]], names: dict[str, str]) -> Table:
    told = [
        {
            **_told(row, names, contract),
            "url": url_for("subscriptions.show", group_id=group_id, contract_id=contract["contract_id"], subscription_id=row["subscription_id"]),
            "state_word": words.subscription_state(row["state"]),
            "since": lookup.as_date(row["starts_on"]),
            "signed_word": words.signed_by(row.get("signed") or {}),
        }
        for row in rows
    ]  # fmt: skip
    columns = [
        Column("home", _("Foyer"), link="url"),
        Column("taken", _("Prend")),
        Column("since", _("Depuis le"), "date"),
        Column("amount_cents", _("Montant"), "money", total=True),
        Column("signed_word", _("Signé par")),
        Column("state_word", _("État"), "state"),
    ]
    empty = (_("Personne n’est encore inscrit"), _("Saisissez une inscription, ou attendez les inscriptions en ligne."))
    return Table("inscriptions", _("Inscriptions au contrat"), columns, told, empty, page_size=PAGE)


@bp.post(f"{BASE}/inscriptions/confirmer")
@access(may="contracts.manage-contracts")
def confirm(group_id: str, contract_id: str):
    """The coordinator's yes to those that are ticked; each is confirmed or told why not."""
    lookup.contract_of(group_id, contract_id)
    done = 0
    for subscription_id in request.form.getlist("subscription_ids"):
        try:
            tell("contracts", "confirm_subscription", subscription_id=subscription_id)
            done += 1
        except (Rejected, Invalid) as refused:
            flash(refusal(refused), "problem")
    if done:
        flash(
            ngettext(
                "%(num)d inscription confirmée ; le foyer est prévenu, ses chèques sont attendus.",
                "%(num)d inscriptions confirmées ; les foyers sont prévenus, leurs chèques sont attendus.",
                done,
            ),
            "success",
        )
    elif not request.form.getlist("subscription_ids"):
        flash(_("Cochez au moins une inscription."), "attention")
    return redirect(url_for("subscriptions.index", group_id=group_id, contract_id=contract_id))


@bp.get(f"{BASE}/inscriptions/<subscription_id>")
@access(may="contracts.manage-contracts")
def show(group_id: str, contract_id: str, subscription_id: str):
    contract, found = lookup.contract_of(group_id, contract_id), lookup.subscription_of(group_id, subscription_id)
    names = lookup.household_names([found])
    return render_template(
        "subscriptions/manage.html",
        contract=contract,
        group_id=group_id,
        found=_told(found, names, contract),
        sharers=[words.home_of(names, home) for home in found.get("household_ids") or []],
        names=people_named(row.get("actor", "") for row in found.get("history") or []),
        words=words,
    )


@bp.post(f"{BASE}/inscriptions/<subscription_id>/place")
@access(may="contracts.manage-contracts")
def give_place(group_id: str, contract_id: str, subscription_id: str):
    back = url_for("subscriptions.index", group_id=group_id, contract_id=contract_id)
    done = _(
        "Place donnée : l’inscription est à confirmer, son montant est recompté à partir de la prochaine livraison."
    )
    return act("contracts", "give_place", back, done, subscription_id=subscription_id)


@bp.route(f"{BASE}/inscriptions/<subscription_id>/decliner", methods=["GET", "POST"])
@access(may="contracts.manage-contracts")
def decline(group_id: str, contract_id: str, subscription_id: str):
    contract, found = lookup.contract_of(group_id, contract_id), lookup.subscription_of(group_id, subscription_id)
    form = Form()
    if request.method == "POST":
        reason = Typed(form).text("reason", longest=300)
        if spoken(form.tell("contracts", "decline_subscription", subscription_id=subscription_id, reason=reason), form):
            flash(_("Inscription déclinée ; le foyer est prévenu."), "success")
            return redirect(url_for("subscriptions.index", group_id=group_id, contract_id=contract_id))
    home = words.home_of(lookup.household_names([found]), found["household_id"])
    return form.render("subscriptions/decline.html", contract=contract, group_id=group_id, found=found, home=home)


# -- the end before the end --------------------------------------------------------------------------------------


@bp.route(f"{BASE}/inscriptions/<subscription_id>/arreter", methods=["GET", "POST"])
@access(may="contracts.manage-contracts")
def end(group_id: str, contract_id: str, subscription_id: str):
    """Deliveries from a day on are not taken: first what remains due, then the act."""
    contract, found = lookup.contract_of(group_id, contract_id), lookup.subscription_of(group_id, subscription_id)
    form = Form(initial={"recompute": "1", "on": lookup.today(group_id)})
    home = words.home_of(lookup.household_names([found]), found["household_id"])
    asked: dict[str, Any] | None = None
    if request.method == "POST":
        typed = Typed(form)
        asked = {
            "on": typed.day("on", required=True),
            "reason": typed.text("reason", required=True, longest=300),
            "recompute": typed.chosen("recompute"),
        }
        if form.errors:
            asked = None
        elif request.form.get("act") == "confirm":
            if answer := spoken(
                form.tell("contracts", "end_subscription", subscription_id=subscription_id, **asked), form
            ):
                flash(_("Inscription arrêtée pour %(home)s.", home=home), "success")
                return redirect(
                    url_for(
                        "subscriptions.show",
                        group_id=group_id,
                        contract_id=contract_id,
                        subscription_id=answer["id"] if answer.get("id") == subscription_id else subscription_id,
                    )
                )
            asked = None
    return form.render(
        "subscriptions/end.html", contract=contract, group_id=group_id, found=found, home=home, asked=asked,
        left=_left(contract, found, asked["on"]) if asked and asked["on"] else None,
    )  # fmt: skip


def _left(contract: dict[str, Any], found: dict[str, Any], on: str) -> dict[str, Any]:
    """What the subscription comes to when it ends on that day: the deliveries before it."""
    dates = choices.remaining(contract["terms"], found["starts_on"], found.get("series", ""))
    absent = set(found.get("absences") or [])
    before = [row for row in dates if row["on"] < on and row["delivery_id"] not in absent]
    options = lookup.options_of(contract)
    cents = sum(
        _line_cents(line, options[line["option_id"]], before) for line in found["lines"] if line["option_id"] in options
    )
    return {"deliveries": len(before), "amount_cents": cents, "difference_cents": found["amount_cents"] - cents}


def _line_cents(line: dict[str, Any], option: dict[str, Any], dates: list[dict[str, Any]]) -> int:
    """As the service counts: hundredths of units over the dates, rounded once, half up."""
    units = sum(
        (line.get("per_delivery") or {}).get(row["delivery_id"], line.get("quantity", 0))
        * row.get("factor_percent", 100)
        for row in dates
        if choices.delivered(option, row)
    )
    if option.get("sale") == "weighed":
        return int((2 * units * option["price_cents"] * (option.get("portion_g") or 1000) + 100_000) // 200_000)
    return int((2 * units * option["price_cents"] + 100) // 200)


# -- sharing a basket --------------------------------------------------------------------------------------------


@bp.route(f"{BASE}/inscriptions/<subscription_id>/partage", methods=["GET", "POST"])
@access(may="contracts.manage-contracts")
def sharers(group_id: str, contract_id: str, subscription_id: str):
    """Which households share the basket, and with which delivery the turns begin."""
    contract, found = lookup.contract_of(group_id, contract_id), lookup.subscription_of(group_id, subscription_id)
    form = Form()
    if request.method == "POST":
        typed = Typed(form)
        homes = [
            found["household_id"],
            *(home for home in typed.several("household_ids") if home != found["household_id"]),
        ]
        payload = {
            "household_ids": homes if len(homes) > 1 else [],
            "anchor_delivery_id": typed.text("anchor_delivery_id"),
        }
        if spoken(form.tell("contracts", "set_sharers", subscription_id=subscription_id, **payload), form):
            flash(_("Les tours sont notés : chaque foyer voit les siens."), "success")
            return redirect(
                url_for(
                    "subscriptions.show", group_id=group_id, contract_id=contract_id, subscription_id=subscription_id
                )
            )
    return form.render(
        "subscriptions/sharers.html", contract=contract, group_id=group_id, found=found,
        homes=[home for home in lookup.households_of(group_id) if home["household_id"] != found["household_id"]],
        chosen=set(form.typed.getlist("household_ids")) if form.sent else set(found.get("household_ids") or []),
        dates=choices.remaining(contract["terms"], found["starts_on"], found.get("series", "")),
    )  # fmt: skip


# -- signed on paper, many at once -------------------------------------------------------------------------------


@bp.route(f"{BASE}/signatures", methods=["GET", "POST"])
@access(may="contracts.manage-contracts")
def signatures(group_id: str, contract_id: str):
    """S0:26: the contracts signed at the help desk, ticked off the pile."""
    contract = lookup.contract_of(group_id, contract_id)
    party = request.values.get("party", "member")
    if party not in words.PARTIES:
        party = "member"
    if request.method == "POST":
        return _signed(group_id, contract_id, party)
    rows = [
        row
        for row in _found(contract_id)["subscriptions"]
        if row["state"] in ("to_confirm", "confirmed") and not (row.get("signed") or {}).get(party)
    ]
    names = lookup.household_names(rows)
    told = sorted((_told(row, names, contract) for row in rows), key=lambda row: row["home"].casefold())
    return render_template(
        "subscriptions/signatures.html", contract=contract, group_id=group_id, rows=told, party=party, words=words
    )


def _signed(group_id: str, contract_id: str, party: str):
    done = 0
    for subscription_id in request.form.getlist("subscription_ids"):
        try:
            tell("contracts", "sign_subscription", subscription_id=subscription_id, party=party, means="paper")
            done += 1
        except (Rejected, Invalid) as refused:
            flash(refusal(refused), "problem")
    if done:
        flash(
            ngettext("%(num)d signature sur papier enregistrée.", "%(num)d signatures sur papier enregistrées.", done),
            "success",
        )
    else:
        flash(_("Cochez au moins un contrat."), "attention")
    return redirect(url_for("subscriptions.signatures", group_id=group_id, contract_id=contract_id, party=party))
