"""Contracts of a group for those who look after them: the list, the dashboard of one, a new one, last season's again."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from gateway.access import access, rule
from gateway.calls import ask
from gateway.forms import Form
from gateway.menus import nav_item
from gateway.pages.members_words import people_named
from gateway.season import lookup, sections, shown, words
from gateway.season.patterns import warning_word
from gateway.season.refusals import spoken
from gateway.season.typed import Typed
from gateway.tables import Column, Table
from grenier.errors import GrenierError

bp = Blueprint("contracts", __name__)
shown.install(bp)
nav_item(
    lazy_gettext("Contrats"), "contracts.index", icon="document-text", order=18,
    who=rule(may="contracts.manage-contracts"), kinds=("csa",),
)  # fmt: skip
RENEW_WITHIN_DAYS = 60


@bp.get("/groupes/<group_id>/contrats")
@access(may="contracts.manage-contracts")
def index(group_id: str):
    found = ask("contracts", "group_contracts", group_id=group_id)["contracts"]
    due = ask("contracts", "contracts_to_renew", group_id=group_id, within_days=RENEW_WITHIN_DAYS)["contracts"]
    return _list(group_id, found).export() or render_template(
        "contracts/index.html",
        group_id=group_id,
        group_name=lookup.group_name(group_id),
        table=_list(group_id, found),
        due=due,
    )


def _list(group_id: str, found: list[dict[str, Any]]) -> Table:
    rows = [
        {
            "title": _title(row),
            "url": url_for("contracts.show", group_id=group_id, contract_id=row["contract_id"]),
            "producer": shown.producer_name(row),
            "state": words.contract_state(row | {"sign_ups_closed": row["sign_ups"]["state"] == "closed"}),
            "until": lookup.as_date(row["ends_on"]),
            "next_on": lookup.as_date(row.get("next_on")),
            "confirmed": row["subscriptions"]["confirmed"],
            "to_confirm": row["subscriptions"]["to_confirm"],
        }
        for row in found
    ]
    columns = [
        Column("title", _("Contrat"), link="url"),
        Column("producer", _("Producteur")),
        Column("state", _("État"), "state"),
        Column("next_on", _("Prochaine livraison"), "date"),
        Column("confirmed", _("Inscrits"), "number"),
        Column("to_confirm", _("À confirmer"), "number"),
        Column("until", _("Jusqu’au"), "date"),
    ]
    empty = (_("Aucun contrat encore"), _("Commencez par le premier : un titre, un producteur, une saison."))
    return Table("contrats", _("Contrats du groupe"), columns, rows, empty)


def _title(row: dict[str, Any]) -> str:
    return f"{row['title']} ({row['complement']})" if row.get("complement") else str(row["title"])


# -- a new one ---------------------------------------------------------------------------------------------------


@bp.route("/groupes/<group_id>/contrats/nouveau", methods=["GET", "POST"])
@access(may="contracts.manage-contracts")
def new(group_id: str):
    """S0:21: the first facts; the rest is filled in section by section."""
    producers = [
        (producer["producer_id"], producer["name"])
        for producer in ask("contracts", "federation")["producers"]
        if producer["group_id"] in ("", None, group_id)
    ]
    form = Form(initial={"basket_kind": "fixed_single"})
    if request.method == "POST" and (answer := _draft(form, group_id)):
        flash(_("Brouillon créé. Complétez-le section par section ; rien n’est public avant l’ouverture."), "success")
        return redirect(
            url_for("contract_editor.edit", group_id=group_id, contract_id=answer["id"], section="calendrier")
        )
    return form.render("contracts/new.html", group_id=group_id, producers=producers, kinds=words.BASKETS)


def _draft(form: Form, group_id: str) -> dict[str, Any] | None:
    typed = Typed(form)
    terms = sections.read_general(typed, {"basket_kind": typed.text("basket_kind")}, "")
    producer_id, name = typed.text("producer_id"), typed.text("producer_name", longest=120)
    if not producer_id and not name:
        typed.wrong("producer_id", _("Choisissez un producteur, ou écrivez le nom d’un nouveau."))
    if form.errors:
        return None
    if not producer_id:
        registered = form.tell(
            "contracts",
            "register_producer",
            name=name,
            place=typed.text("producer_place", longest=120),
            group_id=group_id,
        )
        if registered is None:
            return None
        producer_id = registered["id"]
    return spoken(
        form.tell("contracts", "draft_contract", group_id=group_id, producer_id=producer_id, terms=terms), form
    )


# -- one contract ------------------------------------------------------------------------------------------------


@bp.get("/groupes/<group_id>/contrats/<contract_id>")
@access(may="contracts.manage-contracts")
def show(group_id: str, contract_id: str):
    """The dashboard: where it stands, what is not in order, the next delivery, what to do next."""
    contract = lookup.contract_of(group_id, contract_id)
    state = words.standing(contract)
    live = state in ("opened", "closed", "ended")
    anomalies = ask("contracts", "anomalies", group_id=group_id, contract_id=contract_id) if live else {}
    names = lookup.household_names(row for found in anomalies.values() if isinstance(found, list) for row in found)
    return render_template(
        "contracts/show.html",
        contract=contract,
        warnings=[warning_word(warning) for warning in contract.get("warnings") or []] if state == "drafted" else [],
        names=people_named(step.get("actor", "") for step in contract.get("steps") or []),
        group_id=group_id,
        state=state,
        steps=words.steps_of(state),
        lacks=sections.missing(contract["terms"]),
        sections=sections.sections_of(contract["terms"]),
        anomalies=_told(anomalies, names),
        seats=_places(contract_id) if live else None,
    )


def _places(contract_id: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = ask("contracts", "subscriptions", contract_id=contract_id, limit=1)["places"]
    except GrenierError:
        return None
    return found


# What is not in order, the most pressing first: (key, title, what to do)
ANOMALIES = (
    ("to_confirm", lazy_gettext("Inscriptions à confirmer"), lazy_gettext("Relisez-les, puis confirmez.")),
    ("cheques_late", lazy_gettext("Chèques en retard"), lazy_gettext("Leur date d’encaissement est passée ou toute proche.")),
    ("cheques_missing", lazy_gettext("Chèques attendus"), lazy_gettext("À recevoir à la prochaine permanence.")),
    ("to_hand_over", lazy_gettext("Chèques à remettre"), lazy_gettext("Reçus, et dont la date arrive.")),
    ("unsigned", lazy_gettext("Contrats sans signature"), lazy_gettext("Le foyer, le producteur ou le groupe n’a pas signé.")),
    ("amounts_differ", lazy_gettext("Montants qui ont changé"), lazy_gettext("Une livraison annulée ou déplacée change la somme due.")),
    ("waiting", lazy_gettext("Liste d’attente"), lazy_gettext("Quand une place se libère, donnez-la à la première de la liste.")),
)  # fmt: skip


def _told(anomalies: dict[str, Any], names: dict[str, str]) -> list[dict[str, Any]]:
    told = []
    for key, title, advice in ANOMALIES:
        rows = anomalies.get(key) or []
        if rows:
            who = list(dict.fromkeys(names.get(row["household_id"], "…") for row in rows))
            told.append({"key": key, "title": title, "advice": advice, "count": len(rows), "who": who})
    return told


@bp.get("/groupes/<group_id>/contrats/<contract_id>/versions")
@access(may="contracts.manage-contracts")
def versions(group_id: str, contract_id: str):
    """Every version of the draft and what changed from the one before."""
    contract = lookup.contract_of(group_id, contract_id)
    found = ask("contracts", "contract_versions", contract_id=contract_id)["versions"]
    return render_template("contracts/versions.html", contract=contract, group_id=group_id, versions=found)


@bp.get("/groupes/<group_id>/contrats/<contract_id>/apercu")
@access(may="contracts.manage-contracts")
def preview(group_id: str, contract_id: str):
    """The contract as members will see it."""
    contract = lookup.contract_of(group_id, contract_id)
    return render_template("contracts/preview.html", contract=contract, group_id=group_id)


@bp.route("/groupes/<group_id>/contrats/<contract_id>/renouveler", methods=["GET", "POST"])
@access(may="contracts.manage-contracts")
def renew(group_id: str, contract_id: str):
    """S0:17: last season's contract again, with the same dates a season later."""
    contract, form = lookup.contract_of(group_id, contract_id), Form()
    if request.method == "POST":
        typed = Typed(form)
        asked = {name: typed.day(name) for name in ("starts_on", "ends_on")} | {
            "title": typed.text("title", longest=120)
        }
        payload = {name: value for name, value in asked.items() if value}
        if not form.errors and (
            answer := spoken(form.tell("contracts", "renew_contract", contract_id=contract_id, **payload), form)
        ):
            flash(_("Nouveau brouillon, d’après la saison passée. Vérifiez les dates et les prix."), "success")
            return redirect(
                url_for("contract_editor.edit", group_id=group_id, contract_id=answer["id"], section="calendrier")
            )
    return form.render("contracts/renew.html", contract=contract, group_id=group_id)
