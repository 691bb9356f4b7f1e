"""My contracts: what I get next, what I pay when, what I may still change."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from gateway import printing
from gateway.access import access, rule
from gateway.calls import ask
from gateway.forms import Form
from gateway.menus import nav_item
from gateway.pages.members_words import people_named
from gateway.season import choices, lookup, words
from gateway.season.refusals import spoken
from gateway.season.typed import Typed

bp = Blueprint("my_contracts", __name__)
nav_item(
    lazy_gettext("Mes contrats"), "my_contracts.index", icon="document-text", order=16, who=rule("household"), kinds=("csa",)
)  # fmt: skip
NEXT = 6
BASE = "/groupes/<group_id>/mes-contrats/<subscription_id>"
CURRENT = ("waiting", "to_confirm", "confirmed")


@bp.get("/groupes/<group_id>/mes-contrats")
@access("member")
def index(group_id: str):
    homes = lookup.own_households(group_id)
    mine = [
        row
        for home in homes
        for row in ask("contracts", "subscriptions_of_household", household_id=home)["subscriptions"]
    ]
    today = lookup.today(group_id)
    baskets = [
        row
        for home in homes
        for row in ask("contracts", "household_baskets", household_id=home, from_on=today)["baskets"]
    ]
    held = {row["contract_id"] for row in mine if row["state"] in CURRENT}
    offered = [
        row
        for row in ask("contracts", "group_contracts", group_id=group_id, status=["opened"])["contracts"]
        if row["contract_id"] not in held
    ]
    cheques = [
        row for home in homes for row in ask("contracts", "cheques", group_id=group_id, household_id=home)["cheques"]
    ]
    return render_template(
        "subscriptions/mine.html",
        group_id=group_id,
        group_name=lookup.group_name(group_id),
        subscriptions=[row for row in mine if row["state"] in CURRENT],
        past=[row for row in mine if row["state"] not in CURRENT],
        baskets=sorted(baskets, key=lambda row: (row["on"], row.get("starts", "")))[:NEXT],
        offered=offered if homes else [],
        expected=[row for row in cheques if row["state"] == "expected"],
        homes=homes,
        words=words,
    )


@bp.get(BASE)
@access("member")
def show(group_id: str, subscription_id: str):
    found = lookup.subscription_of(group_id, subscription_id)
    contract = lookup.contract_of(group_id, found["contract_id"])
    dates = choices.remaining(
        contract["terms"], max(found["starts_on"], lookup.today(group_id)), found.get("series", "")
    )
    names = lookup.household_names([found])
    people = people_named(row.get("actor", "") for row in found.get("history") or [])
    homes = lookup.own_households(group_id)
    return render_template(
        "subscriptions/show.html",
        found=found,
        contract=contract,
        group_id=group_id,
        options=lookup.options_of(contract),
        dates=dates,
        absent=set(found.get("absences") or []),
        sharers=[words.home_of(names, home) for home in found.get("household_ids") or []],
        names=people,
        own=found["household_id"] in homes,
        turns=_turns(subscription_id, homes, lookup.today(group_id)) if found["household_ids"] else {},
        leaving=[home for home in found.get("household_ids") or [] if home in homes],
        words=words,
    )


def _turns(subscription_id: str, homes: list[str], today: str) -> dict[str, bool]:
    """Of a shared basket: on which dates it is ours to fetch."""
    rows = [
        row
        for home in homes
        for row in ask("contracts", "household_baskets", household_id=home, from_on=today)["baskets"]
    ]
    shared = [row for row in rows if row["subscription_id"] == subscription_id]
    return {
        row["delivery_id"]: any(one["mine"] for one in shared if one["delivery_id"] == row["delivery_id"])
        for row in shared
    }


@bp.route(f"{BASE}/absences", methods=["GET", "POST"])
@access("member")
def absences(group_id: str, subscription_id: str):
    """Deliveries that the household leaves out; amount and cheques stay as signed."""
    found = lookup.subscription_of(group_id, subscription_id)
    contract, form = lookup.contract_of(group_id, found["contract_id"]), Form()
    if request.method == "POST":
        wanted = Typed(form).several("delivery_ids")
        if spoken(form.tell("contracts", "set_absences", subscription_id=subscription_id, delivery_ids=wanted), form):
            flash(_("C’est noté : rien ne sera préparé pour vous à ces dates."), "success")
            return redirect(url_for("my_contracts.show", group_id=group_id, subscription_id=subscription_id))
    chosen = set(form.typed.getlist("delivery_ids")) if form.sent else set(found.get("absences") or [])
    dates = choices.remaining(contract["terms"], found["starts_on"], found.get("series", ""))
    return form.render(
        "subscriptions/absences.html", found=found, contract=contract, group_id=group_id, dates=dates, chosen=chosen
    )


@bp.route(f"{BASE}/panier/<date_id>", methods=["GET", "POST"])
@access("member")
def compose(group_id: str, subscription_id: str, date_id: str):
    """What a household takes at one date of a basket that is composed."""
    found = lookup.subscription_of(group_id, subscription_id)
    contract = lookup.contract_of(group_id, found["contract_id"])
    delivery = lookup.deliveries_of(contract).get(date_id)
    back = url_for("my_contracts.show", group_id=group_id, subscription_id=subscription_id)
    if delivery is None:
        return redirect(back)
    form = Form()
    options = [option for option in contract["terms"]["options"] if choices.delivered(option, delivery)]
    if request.method == "POST":
        typed = Typed(form)
        asked = {option["option_id"]: typed.whole(f"quantity.{option['option_id']}", most=1000) for option in options}
        quantities = {name: number for name, number in asked.items() if number}
        if not form.errors and spoken(
            form.tell(
                "contracts",
                "compose_basket",
                subscription_id=subscription_id,
                delivery_id=date_id,
                quantities=quantities,
            ),
            form,
        ):
            flash(_("Votre panier du jour est enregistré."), "success")
            return redirect(back)
    planned = {
        line["option_id"]: (line.get("per_delivery") or {}).get(date_id, line.get("quantity", 0))
        for line in found["lines"]
    }
    return form.render(
        "subscriptions/compose.html", found=found, contract=contract, group_id=group_id, delivery=delivery, options=options,
        planned=planned, back=back,
    )  # fmt: skip


@bp.route(f"{BASE}/signer", methods=["GET", "POST"])
@access("member")
def sign(group_id: str, subscription_id: str):
    """The tick on the document that the page links to, by its hash."""
    found = lookup.subscription_of(group_id, subscription_id)
    contract, form = lookup.contract_of(group_id, found["contract_id"]), Form()
    if request.method == "POST":
        if not Typed(form).chosen("agreed"):
            form.errors["agreed"] = [_("Cochez la case pour signer.")]
        else:
            sha = printing.subscription_to_sign(subscription_id)[1]
            if spoken(
                form.tell(
                    "contracts",
                    "sign_subscription",
                    subscription_id=subscription_id,
                    party="member",
                    means="tick",
                    document_sha256=sha,
                ),
                form,
            ):
                flash(_("Signé. Votre nom, l’heure et l’empreinte du document sont gardés."), "success")
                return redirect(url_for("my_contracts.show", group_id=group_id, subscription_id=subscription_id))
    return form.render("subscriptions/sign.html", found=found, contract=contract, group_id=group_id)


@bp.route(f"{BASE}/retirer", methods=["GET", "POST"])
@access("member")
def withdraw(group_id: str, subscription_id: str):
    """Before the coordinator's yes a household may take its subscription back."""
    found = lookup.subscription_of(group_id, subscription_id)
    contract, form = lookup.contract_of(group_id, found["contract_id"]), Form()
    if request.method == "POST":
        reason = Typed(form).text("reason", longest=300)
        if spoken(
            form.tell("contracts", "withdraw_subscription", subscription_id=subscription_id, reason=reason), form
        ):
            flash(_("Inscription retirée. Vous pouvez vous réinscrire tant que c’est ouvert."), "success")
            return redirect(url_for("my_contracts.index", group_id=group_id))
    return form.render("subscriptions/withdraw.html", found=found, contract=contract, group_id=group_id)
