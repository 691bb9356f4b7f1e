"""A basket for several households: proposed by the one that signed, answered by the other one, ended by either (S0:28)."""

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from gateway.access import access, rule
from gateway.calls import ask
from gateway.forms import Form
from gateway.identity import places
from gateway.pages.members_words import act, people_named
from gateway.season import choices, lookup, words
from gateway.season.refusals import spoken
from gateway.season.typed import Typed
from gateway.tasks import Task, task_source

bp = Blueprint("sharing", __name__)
BASE = "/groupes/<group_id>/mes-contrats/<subscription_id>/partage"


def _mine(group_id: str, subscription_id: str) -> dict[str, Any]:
    """The subscription of one's own household; others who may see it look after it on pages of their own."""
    found = lookup.subscription_of(group_id, subscription_id)
    if found["household_id"] not in lookup.own_households(group_id):
        abort(404)
    return found


@bp.route(BASE, methods=["GET", "POST"])
@access("member")
def propose(group_id: str, subscription_id: str):
    """Who shares the basket, and the question to one more household: by an address, without a list to look through."""
    found, form = _mine(group_id, subscription_id), Form()
    contract = lookup.contract_of(group_id, found["contract_id"])
    if request.method == "POST":
        typed = Typed(form)
        asked = {"email": typed.text("email", required=True, longest=254)}
        if anchor := typed.text("anchor_delivery_id"):
            asked["anchor_delivery_id"] = anchor
        if not form.errors and spoken(
            form.tell("contracts", "propose_sharing", subscription_id=subscription_id, **asked), form
        ):
            flash(
                _("C’est envoyé : si un foyer du groupe utilise cette adresse, il lit votre proposition et y répond."),
                "success",
            )
            return redirect(url_for("sharing.propose", group_id=group_id, subscription_id=subscription_id))
    proposals = ask("contracts", "sharing_of_subscription", subscription_id=subscription_id)["proposals"]
    names = lookup.household_names([found])
    return form.render(
        "sharing/propose.html", found=found, contract=contract, group_id=group_id,
        waiting=next((row for row in proposals if row["state"] == "open"), None),
        declined=next((row for row in proposals[:1] if row["state"] == "declined"), None),
        others=[(home, words.home_of(names, home)) for home in found["household_ids"] if home != found["household_id"]],
        dates=choices.remaining(contract["terms"], max(found["starts_on"], lookup.today(group_id)), found.get("series", "")),
    )  # fmt: skip


@bp.post(f"{BASE}/retirer")
@access("member")
def withdraw(group_id: str, subscription_id: str):
    _mine(group_id, subscription_id)
    back = url_for("sharing.propose", group_id=group_id, subscription_id=subscription_id)
    done = _("Proposition retirée ; le panier reste le vôtre.")
    return act("contracts", "withdraw_sharing", back, done, proposal_id=request.form.get("proposal_id", ""))


@bp.route(f"{BASE}/arreter/<household_id>", methods=["GET", "POST"])
@access("member")
def stop(group_id: str, subscription_id: str, household_id: str):
    """A household shares no longer: by itself, or by the one that signed. First what that means."""
    found = lookup.subscription_of(group_id, subscription_id)
    own = lookup.own_households(group_id)
    if household_id not in found["household_ids"][1:] or not {household_id, found["household_id"]} & set(own):
        abort(404)
    contract = lookup.contract_of(group_id, found["contract_id"])
    signer = found["household_id"] in own
    back = url_for("my_contracts.show", group_id=group_id, subscription_id=subscription_id)
    if request.method == "POST":
        done = _("C’est noté ; les foyers concernés sont prévenus.")
        back = back if signer else url_for("my_contracts.index", group_id=group_id)
        method, what = ("set_sharers", _without(found, household_id)) if signer else ("leave_sharing", {"household_id": household_id})  # fmt: skip
        return act("contracts", method, back, done, subscription_id=subscription_id, **what)
    home = words.home_of(lookup.household_names([found]), household_id)
    return render_template(
        "sharing/stop.html", found=found, contract=contract, group_id=group_id, home=home, signer=signer, back=back
    )


def _without(found: dict[str, Any], household_id: str) -> dict[str, Any]:
    rest = [home for home in found["household_ids"] if home != household_id]
    if len(rest) == 1:
        return {"household_ids": [], "anchor_delivery_id": ""}
    return {"household_ids": rest, "anchor_delivery_id": found["anchor_delivery_id"]}


# -- the household that is asked ---------------------------------------------------------------------------------


@bp.route("/groupes/<group_id>/partages/<proposal_id>", methods=["GET", "POST"])
@access("member")
def answer(group_id: str, proposal_id: str):
    """What is proposed, on which dates it would be our turn, and two buttons."""
    proposal = ask("contracts", "sharing_proposal", proposal_id=proposal_id)
    if proposal["group_id"] != group_id:
        abort(404)
    if not proposal["asked"]:
        return redirect(url_for("sharing.propose", group_id=group_id, subscription_id=proposal["subscription_id"]))
    if request.method == "POST":
        return _answered(group_id, proposal)
    contract = lookup.contract_of(group_id, proposal["contract_id"])
    people = people_named([proposal["person_id"]])
    return render_template(
        "sharing/answer.html",
        proposal=proposal,
        contract=contract,
        group_id=group_id,
        who=people.get(proposal["person_id"]) or _("Un autre foyer"),
        taken=words.taken(proposal["lines"], lookup.options_of(contract)),
    )


def _answered(group_id: str, proposal: dict[str, Any]):
    back = url_for("my_contracts.index", group_id=group_id)
    if request.form.get("answer") == "accept":
        done = _("C’est d’accord : vos tours sont dans vos contrats, l’autre foyer est prévenu.")
        return act("contracts", "accept_sharing", back, done, proposal_id=proposal["proposal_id"])
    done = _("Vous avez décliné ; l’autre foyer est prévenu.")
    return act("contracts", "decline_sharing", back, done, proposal_id=proposal["proposal_id"])


@task_source(rule("household"))
def to_answer() -> Iterable[Task]:
    kinds = {group.group_id: group.kind for group in places().groups}
    for home in places().households:
        if not home.current or kinds.get(home.group_id) != "csa":
            continue
        for row in ask("contracts", "sharing_to_answer", household_id=home.household_id)["proposals"]:
            who = people_named([row["person_id"]]).get(row["person_id"])
            title = _("Partager un panier : %(title)s", title=row["contract_title"])
            url = url_for("sharing.answer", group_id=home.group_id, proposal_id=row["proposal_id"])
            detail = _("Proposé par %(name)s", name=who) if who else ""
            yield Task(title, url, _("Répondre"), detail, minutes=3, icon="users")
