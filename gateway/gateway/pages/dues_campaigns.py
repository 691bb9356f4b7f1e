"""Dues campaigns: opened for a period, paid at a help desk with a free amount, each payment a membership (S0:51-53)."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from gateway.access import access, rule
from gateway.calls import ask
from gateway.forms import Form
from gateway.menus import nav_item
from gateway.pages.members_words import act
from gateway.season import lookup, words
from gateway.season.refusals import spoken
from gateway.season.typed import Typed, amount
from gateway.tables import Column, Table

bp = Blueprint("dues_campaigns", __name__)
nav_item(
    lazy_gettext("Cotisations"),
    "dues_campaigns.index",
    icon="identification",
    order=52,
    who=rule(may="contracts.read-members"),
    kinds=("csa",),
)
BASE = "/groupes/<group_id>/cotisations"


def _campaign(group_id: str, campaign_id: str) -> dict[str, Any]:
    from flask import abort

    found = ask("contracts", "dues_campaign", campaign_id=campaign_id)
    if found["group_id"] != group_id if "group_id" in found else False:
        abort(404)
    return found


@bp.get(BASE)
@access(may="contracts.read-members")
def index(group_id: str):
    found = ask("contracts", "dues_campaigns", group_id=group_id)["campaigns"]
    return render_template(
        "dues/index.html", group_id=group_id, group_name=lookup.group_name(group_id), campaigns=found
    )


@bp.route(f"{BASE}/nouvelle", methods=["GET", "POST"])
@access(may="contracts.settings")
def new(group_id: str):
    form = Form(initial=_usual(lookup.today(group_id)))
    if request.method == "POST":
        typed = Typed(form)
        days = {name: typed.day(name, required=True) for name in ("opens_on", "closes_on", "valid_from", "valid_until")}
        free = typed.chosen("free")
        payload = {
            "title": typed.text("title", required=True, longest=120),
            "group_dues_cents": -1 if free else typed.euros("group_dues", required=True),
            "network_dues_cents": typed.euros("network_dues"),
        }
        for first, last in (("opens_on", "closes_on"), ("valid_from", "valid_until")):
            begins, ends = days[first], days[last]
            if begins and ends and ends < begins:
                typed.wrong(last, _("La fin vient après le début."))
        if not form.errors and (
            answer := spoken(form.tell("contracts", "open_dues_campaign", group_id=group_id, **days, **payload), form)
        ):
            flash(_("La campagne est ouverte. Prévoyez les permanences dans « Bénévoles »."), "success")
            return redirect(url_for("dues_campaigns.show", group_id=group_id, campaign_id=answer["id"]))
    return form.render("dues/new.html", group_id=group_id)


def _usual(today: str) -> dict[str, str]:
    """January and February, for the calendar year."""
    year = int(today[:4]) + (1 if int(today[5:7]) >= 9 else 0)
    return {"title": _("Cotisations %(year)s", year=year), "opens_on": f"{year}-01-01", "closes_on": f"{year}-02-28",
            "valid_from": f"{year}-01-01", "valid_until": f"{year}-12-31"}  # fmt: skip


@bp.get(f"{BASE}/<campaign_id>")
@access(may="contracts.read-members")
def show(group_id: str, campaign_id: str):
    """Who has paid, who has not."""
    campaign = _campaign(group_id, campaign_id)
    rows = [
        {
            **row,
            "total": sum(row.get(name) or 0 for name in ("group_dues_cents", "network_dues_cents", "gift_cents")),
            "on": lookup.as_date((row.get("at") or row.get("on") or "")[:10]),
        }
        for row in campaign["payments"]
    ]
    columns = [
        Column("label", _("Foyer")),
        Column("on", _("Le"), "date"),
        Column("group_dues_cents", _("Cotisation"), "money", total=True),
        Column("network_dues_cents", _("Réseau"), "money", total=True),
        Column("gift_cents", _("Don"), "money", total=True),
        Column("total", _("Total"), "money", total=True),
    ]
    table = Table(
        "cotisations",
        _("Cotisations reçues"),
        columns,
        rows,
        (_("Rien encore"), _("Les cotisations se reçoivent à une permanence.")),
    )
    return table.export() or render_template("dues/show.html", group_id=group_id, campaign=campaign, table=table)


@bp.route(f"{BASE}/<campaign_id>/recevoir", methods=["GET", "POST"])
@access(may="contracts.manage-members")
def pay(group_id: str, campaign_id: str):
    """At the desk: the household, the amounts, the cheque."""
    campaign = _campaign(group_id, campaign_id)
    free = campaign["group_dues_cents"] < 0
    form = Form(
        initial={
            "group_dues": "" if free else amount(campaign["group_dues_cents"]),
            "network_dues": amount(campaign["network_dues_cents"]),
        }
    )
    if request.method == "POST":
        typed = Typed(form)
        payload = {
            "household_id": typed.text("household_id", required=True),
            "group_dues_cents": typed.euros("group_dues", required=True),
            "network_dues_cents": typed.euros("network_dues"),
            "gift_cents": typed.euros("gift"),
            "means": typed.text("means") or "cheque",
        }
        for name in ("number", "bank"):
            if found := typed.text(name, longest=80):
                payload[name] = found
        if not form.errors and (
            answer := spoken(form.tell("contracts", "pay_dues", campaign_id=campaign_id, **payload), form)
        ):
            flash(
                _("Cotisation reçue ; l’adhésion est à jour sous le numéro %(num)s.", num=answer.get("number") or "–"),
                "success",
            )
            return redirect(url_for("dues_campaigns.pay", group_id=group_id, campaign_id=campaign_id))
    homes = [("", _("choisir")), *((row["household_id"], row["label"]) for row in campaign["missing"])]
    return form.render("dues/pay.html", group_id=group_id, campaign=campaign, homes=homes, free=free, words=words)


@bp.post(f"{BASE}/<campaign_id>/clore")
@access(may="contracts.settings")
def close(group_id: str, campaign_id: str):
    _campaign(group_id, campaign_id)
    back = url_for("dues_campaigns.show", group_id=group_id, campaign_id=campaign_id)
    return act("contracts", "close_dues_campaign", back, _("La campagne est close."), campaign_id=campaign_id)
