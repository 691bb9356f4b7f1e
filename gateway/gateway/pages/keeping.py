"""I cannot come: somebody keeps my baskets. I can: I keep those of others. And the numbers on the boxes of a day (domain 1.5.1)."""

from datetime import date
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from gateway.access import access
from gateway.calls import ask
from gateway.pages.members_words import MESSAGES, act
from gateway.problems import register
from gateway.season import lookup, words
from grenier.errors import NotFound

bp = Blueprint("keeping", __name__)
DAY = "/groupes/<group_id>/gardes/<on>"
MOST = tuple(range(1, 6))

for _code, _title, _detail in (
    ("day-over", lazy_gettext("La distribution est passée"), lazy_gettext("Celle du %(on)s a eu lieu.")),
    ("keeper-needed", lazy_gettext("On compte sur vous"), lazy_gettext("Foyers dont le panier est gardé : %(households)s. Ils choisissent d’abord quelqu’un d’autre.")),
    ("keeper-missing", lazy_gettext("Cette personne ne garde plus de panier"), lazy_gettext("Choisissez quelqu’un d’autre.")),
    ("keeper-full", lazy_gettext("Plus de place"), lazy_gettext("Cette personne garde déjà autant de paniers qu’elle le peut : choisissez quelqu’un d’autre.")),
    ("nothing-that-day", lazy_gettext("Rien à garder"), lazy_gettext("Ce foyer n’a pas de panier à prendre ce jour-là.")),
):  # fmt: skip
    register(_code, _title, _detail)
MESSAGES["Somebody of another household."] = lazy_gettext("Choisissez quelqu’un d’un autre foyer.")


def _day(on: str) -> str:
    try:
        return date.fromisoformat(on).isoformat()
    except ValueError as error:
        raise NotFound from error


@bp.get("/groupes/<group_id>/gardes")
@access("member")
def index(group_id: str):
    """The next distribution, with the way to the others."""
    days = ask("contracts", "keeping_days", group_id=group_id)["days"]
    return _shown(group_id, days[0], days) if days else render_template("keeping/none.html", group_id=group_id)


@bp.get(DAY)
@access("member")
def show(group_id: str, on: str):
    return _shown(group_id, _day(on), ask("contracts", "keeping_days", group_id=group_id)["days"])


def _shown(group_id: str, on: str, days: list[str]):
    found = ask("contracts", "keeping_day", group_id=group_id, on=on)
    mine = lookup.own_households(group_id)
    kept = {row["household_id"]: row["keeper_id"] for row in found["entrusted"]}
    # Whoever belongs to two households is told which basket is meant.
    names = lookup.household_names([{"household_id": one} for one in mine]) if len(mine) > 1 else {}
    labels = {one: words.home_of(names, one) if names else "" for one in mine}
    return render_template(
        "keeping/show.html", group_id=group_id, group_name=lookup.group_name(group_id), found=found, on=on, days=days,
        homes=[{"household_id": one, "label": labels[one], "keeper": _keeper(found, kept.get(one, ""))} for one in mine],
        names={row["person_id"]: row["name"] for row in found["keepers"]}, as_date=date.fromisoformat, mosts=MOST,
        me=next((row for row in found["keepers"] if row["mine"]), None),
        with_me=[row for row in found["entrusted"] if any(one["mine"] and one["person_id"] == row["keeper_id"] for one in found["keepers"])],
        free=[row for row in found["keepers"] if row["left"] > 0 and not row["mine"]],
    )  # fmt: skip


def _keeper(found: dict[str, Any], person_id: str) -> dict[str, Any] | None:
    return next((row for row in found["keepers"] if row["person_id"] == person_id), None)


def _act(method: str, group_id: str, on: str, said: Any, **more: Any):
    back = url_for(".show", group_id=group_id, on=on)
    return act("contracts", method, back, str(said), group_id=group_id, on=_day(on), **more)


@bp.post(f"{DAY}/garder")
@access("member")
def offer(group_id: str, on: str):
    typed = request.form.get("most", "")
    most = int(typed) if typed in map(str, MOST) else MOST[2]
    said = _("Merci : votre nom est proposé à ceux qui ne peuvent pas venir.")
    return _act("offer_keeping", group_id, on, said, most=most)


@bp.post(f"{DAY}/ne-plus-garder")
@access("member")
def withdraw(group_id: str, on: str):
    return _act("withdraw_keeping", group_id, on, _("C’est noté : personne ne vous confiera de panier."))


@bp.post(f"{DAY}/confier/<household_id>")
@access("member")
def entrust(group_id: str, on: str, household_id: str):
    said = _("C’est noté sur la feuille d’émargement : convenez ensemble de l’heure.")
    keeper = request.form.get("keeper_id", "")[:100]
    return _act("entrust_baskets", group_id, on, said, household_id=household_id, keeper_id=keeper)


@bp.post(f"{DAY}/reprendre/<household_id>")
@access("member")
def take_back(group_id: str, on: str, household_id: str):
    return _act("take_back_baskets", group_id, on, _("C’est noté : vous venez."), household_id=household_id)


@bp.post(f"{DAY}/numeros")
@access(may="contracts.exchange")
def number(group_id: str, on: str):
    said = _("Les paniers sont numérotés dans l’ordre de la feuille d’émargement.")
    return _act("number_baskets", group_id, on, said)
