"""What the pages about goods share: words for states and refusals, names for ids, one way of carrying out a tap."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from babel.dates import format_date
from flask import current_app, flash, redirect
from flask_babel import get_locale, gettext
from flask_babel import lazy_gettext as _
from werkzeug.wrappers import Response

from gateway.calls import tell
from gateway.formats import as_instant
from gateway.forms import Form
from gateway.identity import places
from gateway.problems import problem, register
from gateway.whole_lists import names
from grenier.errors import Invalid, Rejected
from grenier.language.roles import PERMISSIONS

State = tuple[str, Any]

PALLET_STATES: dict[str, State] = {
    "planned": ("waiting", _("à préparer")),
    "prepared": ("good", _("prête")),
    "dispatched": ("good", _("partie")),
}
DELIVERY_STATES: dict[str, State] = {
    "planned": ("waiting", _("à préparer")),
    "prepared": ("attention", _("prête à partir")),
    "dispatched": ("attention", _("en route")),
    "received": ("good", _("reçue")),
}
HOUSEHOLD_STATES: dict[str, State] = {
    "expected": ("waiting", _("attendu")),
    "checked-in": ("attention", _("arrivé")),
    "served": ("good", _("servi")),
}
DISTRIBUTION_STATES: dict[str, State] = {
    "planned": ("waiting", _("prévue")),
    "received": ("attention", _("marchandises reçues")),
    "closed": ("good", _("terminée")),
}
OUTCOMES: dict[str, Any] = {
    "coming": _("arrive bientôt"),
    "someone-else": _("quelqu’un d’autre vient"),
    "gives-up": _("renonce"),
    "no-answer": _("pas de réponse"),
}
TIERS: dict[str, Any] = {
    "neighbourhood": _("quartier"),
    "solidarity": _("solidaire"),
    "boost": _("coup de pouce"),
}
REASONS: dict[str, Any] = {"missing": _("manquant"), "damaged": _("abîmé"), "other": _("autre raison")}
ROLES: dict[str, Any] = {
    "eater": _("adhérent"),
    "organiser": _("organisation du groupe"),
    "coordinator": _("coordination"),
    "treasurer": _("trésorerie"),
    "volunteer": _("bénévole"),
    "central_team": _("équipe centrale"),
    "logistician": _("logistique"),
}

register(
    "pallets-not-prepared", _("Toutes les palettes ne sont pas prêtes"), _("Préparez d’abord les palettes du groupe.")
)
register("delivery-dispatched", _("La livraison est déjà partie"), _("Une palette partie ne se modifie plus."))
register(
    "delivery-not-dispatched",
    _("La livraison n’est pas encore partie"),
    _("Elle pourra être réceptionnée dès que l’entrepôt l’aura fait partir."),
)
register("unknown-product", _("Produit inconnu ici"), _("Ce produit n’est pas au catalogue de ce mois."))
register("unknown-pallet", _("Palette inconnue"), _("Cette palette n’existe pas dans cette livraison."))
register("not-planned", _("Distribution non prévue"), _("Elle le sera quand les commandes du groupe seront figées."))
register("not-in-order", _("Pas dans cette commande"), _("Ce foyer n’a pas commandé ce produit."))
register(
    "slot-of-another-tier",
    _("Créneau réservé à d’autres"),
    _("Choisissez un créneau de votre catégorie d’adhésion."),
)
register(
    "already-signed-off",
    _("Ce foyer est déjà servi"),
    _("Annulez d’abord l’émargement pour changer ses lignes."),
)
register("not-weighed-goods", _("Ce produit ne se pèse pas"), _("Il est vendu à la pièce."))
register(
    "weight-implausible",
    _("Ce poids étonne"),
    _("%(weight_g)s g saisis pour %(nominal_g)s g commandés. Vérifiez la balance, ou confirmez."),
)
register("more-than-ordered", _("Plus que commandé"), _("La quantité dépasse ce que ce foyer a commandé."))
register("out-of-stock", _("Il n’en reste pas assez"), _("Stock disponible : %(available)s."))
register(
    "goods-not-received",
    _("La livraison n’est pas encore réceptionnée"),
    _("Réceptionnez-la avant de servir : le stock du groupe est vide."),
)
register(
    "total-changed", _("Le total a changé"), _("Quelqu’un a modifié la commande entre-temps. Relisez-la, puis émargez.")
)
register("already-here", _("Ce foyer est arrivé"), _("Il n’y a plus lieu de l’appeler."))
register(
    "households-waiting",
    _("Des foyers sont encore là"),
    _("Servez-les ou annulez leur arrivée avant de terminer la distribution."),
)
register("distribution-closed", _("La distribution est terminée"), _("Elle ne se modifie plus."))


def household_names(household_ids: Iterable[str]) -> dict[str, str]:
    """Labels of households as the person of this request may see them; an unseen one is named by its id's end."""
    wanted = sorted({household_id for household_id in household_ids if household_id})
    known = names(household_ids=wanted)
    return {household_id: known.get(household_id) or unnamed(household_id) for household_id in wanted}


def unnamed(household_id: str) -> str:
    return gettext("Foyer …%(end)s", end=household_id[-4:])


def names_of(person_ids: Iterable[str]) -> dict[str, str]:
    wanted = sorted({person for person in person_ids if person and not person.startswith("system:")})
    return names(person_ids=wanted)


def tier_name(tier: str) -> str:
    return str(TIERS.get(tier, tier))


def now() -> Any:
    return current_app.extensions["grenier"].clock.now()


def month_name(month: str) -> str:
    """« novembre 2026 » for "2026-11"."""
    return str(format_date(date.fromisoformat(f"{month}-01"), "LLLL yyyy", locale=get_locale()))


def is_past(instant: str) -> bool:
    return bool(as_instant(instant) < now())


def my_groups(permission: str) -> list[str]:
    """Groups in which the person holds a role of the group itself with this permission (not through the federation)."""
    held = [role for role in places().roles if role.scope_kind == "group"]
    return sorted({role.scope_id for role in held if permission in PERMISSIONS.get(role.role, ())})


def my_federations(permission: str) -> list[str]:
    held = [role for role in places().roles if role.scope_kind == "federation"]
    return sorted({role.scope_id for role in held if permission in PERMISSIONS.get(role.role, ())})


def group_name(group_id: str) -> str:
    group = current_app.extensions["grenier"].access_view.group(group_id)
    return group.name if group else ""


def act(method: str, back: str, success: str, /, **payload: Any) -> Response:
    """One tap: carry it out, say what happened, go back. A refusal by a rule is told where the person was."""
    try:
        tell("logistics", method, **payload)
    except (Rejected, Invalid) as refused:
        flash(refusal(refused), "problem")
    else:
        flash(success, "success")
    return redirect(back)


def refusal(refused: Rejected | Invalid) -> str:
    found = problem(refused.code, refused.status, refused.facts)
    if errors := found.get("errors"):
        found["detail"] = " ".join(dict.fromkeys(" ".join(told) for told in errors.values()))
    return gettext("%(title)s. %(detail)s", title=found["title"], detail=found["detail"])


def typed_whole(form: Form, name: str) -> int | None:
    """The whole number in a field; None when it is empty or none, which the form then says at the field."""
    try:
        return whole(form.value(name))
    except Invalid as wrong:
        form.errors[name] = wrong.facts["fields"]["quantity"]
        return None


def whole(text: str | None) -> int | None:
    """A whole number as typed, or None when the field is empty; Invalid when it is neither."""
    text = (text or "").strip().replace("\u00a0", "").replace(" ", "")
    if not text:
        return None
    if not text.isdecimal() or len(text) > 7:
        raise Invalid(fields={"quantity": [gettext("Un nombre entier est attendu.")]})
    return int(text)
