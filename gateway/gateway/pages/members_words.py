"""What the pages about people share: words for roles, states and refusals, form fields that speak French, one tap."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from flask import flash, redirect
from flask_babel import gettext
from flask_babel import lazy_gettext as _
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from gateway.calls import ask, tell
from gateway.forms import Form
from gateway.messages import localized, speaks
from gateway.problems import problem, register
from grenier.errors import GrenierError, Invalid, Rejected

ROLES: dict[str, Any] = {
    "eater": _("membre"),
    "organiser": _("organisation du groupe"),
    "coordinator": _("coordination"),
    "treasurer": _("trésorerie"),
    "volunteer": _("bénévole"),
    "central_team": _("équipe centrale"),
    "logistician": _("logistique"),
    "territorial_coordinator": _("coordination territoriale"),
    "producer": _("production"),
    "volunteer_expert": _("bénévole-expert"),
    "occasional_taker": _("intermittent"),
    "referent": _("référent des paniers échangés"),
    "role_holder": _("mandat de cercle"),
}
KINDS: dict[str, Any] = {
    "csa": _("AMAP"),
    "buying_group": _("groupement d’achat"),
    "third_place": _("tiers-lieu"),
}
MEMBERSHIP_STATES: dict[str, tuple[str, Any]] = {
    "active": ("good", _("à jour")),
    "future": ("waiting", _("à venir")),
    "expired": ("attention", _("échue")),
    "ended": ("off", _("terminée")),
    "none": ("off", _("sans adhésion")),
}
DUTIES: dict[str, tuple[Any, Any]] = {
    "announce": (_("Annoncer l’ouverture"), _("Écrire aux membres avant l’ouverture des commandes.")),
    "help_desk": (_("Tenir la permanence"), _("Prendre les commandes des personnes sans ordinateur.")),
    "regulate": (_("Réguler les commandes"), _("Ramener sous le maximum les produits trop demandés.")),
    "call_volunteers": (_("Mobiliser les bénévoles"), _("Relancer quand il manque du monde.")),
    "call_no_shows": (_("Appeler les absents"), _("Téléphoner à qui n’est pas venu chercher sa commande.")),
    "verify_cash": (_("Vérifier la caisse"), _("Recompter l’enveloppe après la distribution.")),
}

AT_MOST = re.compile(r"At most (\d+) characters\.")
# What the service says about a field, in the words of the pages.
MESSAGES: dict[str, Any] = {
    "Missing.": _("À remplir."),
    "Not an e-mail address.": _("Une adresse ressemble à nom@exemple.fr."),
    "Not a phone number.": _("Ce n’est pas un numéro de téléphone."),
    "Not a valid phone number in this region.": _(
        "Ce numéro n’existe pas ici. Pour un numéro d’ailleurs, commencez par + et l’indicatif du pays."
    ),
    "This address is in use already; leave it empty.": _(
        "Cette adresse sert déjà à quelqu’un : laissez vide, ou retrouvez la personne dans la liste."
    ),
    "Stands in another row already.": _("Déjà dans une autre ligne."),
    "A household of these names is here already.": _(
        "Un foyer de ce nom est déjà là. Si c’en est un autre, donnez-lui un courriel ou un numéro d’adhérent."
    ),
    "This number belongs to another household.": _("Ce numéro est celui d’un autre foyer."),
    "Not before valid_from.": _("La fin vient après le début."),
    "Not negative.": _("Un montant positif ou nul."),
    "An e-mail address or a phone number is needed.": _("Donnez un courriel ou un téléphone, pour la réponse."),
    "Not a time zone, such as Europe/Paris or Indian/Reunion.": _("Fuseau inconnu. Par exemple Europe/Paris."),
    "Not a region, such as FR or RE.": _("Région inconnue. Par exemple FR ou RE."),
    "Zero or below: how far an account may be in the red.": _("Zéro ou moins."),
    "Not before the membership began.": _("Pas avant le début de l’adhésion."),
    "After starts_at.": _("La fin vient après le début."),
    "Missing or too long.": _("À remplir, en 200 caractères au plus."),
    "Every tier has a name, a rate above zero and dues that are not negative.": _(
        "Chaque catégorie a un nom, un taux supérieur à zéro et une cotisation positive ou nulle."
    ),
}

for _code, _title, _detail in (
    ("federation-exists", _("La fédération existe déjà"), _("Connectez-vous pour continuer.")),
    ("setup-token-wrong", _("Code d’installation incorrect"), _("Il s’affiche sur la machine où Grenier est installé.")),
    ("tier-in-use", _("Cette catégorie sert encore"), _("Une catégorie ne disparaît pas : changez son nom ou son taux.")),
    ("number-taken", _("Numéro déjà pris"), _("Le numéro %(number)s est celui d’un autre foyer.")),
    ("number-kept", _("Ce foyer a déjà un numéro"), _("Il garde le numéro %(number)s.")),
    ("last-of-household", _("Dernière personne du foyer"), _("Un foyer ne reste pas vide : terminez plutôt l’adhésion.")),
    ("membership-overlaps", _("Une adhésion court déjà"), _("Commencez la nouvelle après la fin de l’autre.")),
    ("membership-ended", _("Adhésion terminée"), _("Enregistrez une nouvelle adhésion.")),
    ("role-held", _("Ce rôle est déjà tenu"), _("Cette personne a déjà ce rôle à ces dates.")),
    ("last-central-team", _("Dernière personne de l’équipe centrale"), _("Donnez d’abord ce rôle à quelqu’un d’autre.")),
    ("charter-not-accepted", _("La charte n’est pas acceptée"), _("Lisez la charte du groupe et cochez la case.")),
    ("application-decided", _("Demande déjà traitée"), _("Quelqu’un y a répondu entre-temps.")),
    ("email-known", _("Cette personne est déjà membre"), _("Son adresse sert déjà. Ajoutez-la à son foyer.")),
    ("person-erased", _("Personne effacée"), _("Ses données n’existent plus.")),
    ("address-of-another", _("Ce courriel ne se change pas ici"), _("Cette personne a d’autres rôles ou d’autres groupes : elle change elle-même son adresse.")),
    ("application-missing", _("Demande inconnue"), _("Vérifiez l’adresse.")),
    ("federation-missing", _("Pas encore de fédération"), _("Fondez-la d’abord.")),
    ("group-exists", _("Ce groupe existe déjà"), _("Ouvrez-le dans la liste des groupes.")),
    ("group-missing", _("Groupe inconnu"), _("Vérifiez l’adresse.")),
    ("household-exists", _("Ce foyer existe déjà"), _("Ouvrez-le dans la liste des foyers.")),
    ("household-missing", _("Foyer inconnu"), _("Vérifiez l’adresse.")),
    ("household-size", _("Un foyer compte au moins une personne"), _("De %(at_least)s à %(at_most)s personnes.")),
    ("membership-exists", _("Cette adhésion existe déjà"), _("Rechargez la page pour la voir.")),
    ("membership-missing", _("Adhésion inconnue"), _("Vérifiez l’adresse.")),
    ("person-missing", _("Personne inconnue"), _("Vérifiez l’adresse.")),
    ("producer-exists", _("Ce producteur existe déjà"), _("Ouvrez-le dans la liste des producteurs.")),
    ("role-missing", _("Rôle inconnu"), _("Il n’est plus tenu par personne : rechargez la page.")),
    ("slot-full", _("Ce créneau est complet"), _("Merci ! Choisissez-en un autre.")),
    ("already-busy", _("Déjà pris à cette heure"), _("Un autre créneau tombe en même temps.")),
    ("activity-over", _("C’est passé"), _("Ce qui est terminé ne change plus : on ne s’y inscrit pas.")),
    ("activity-begun", _("Le créneau a commencé"), _("Prévenez la personne qui organise.")),
    ("nobody-missing", _("Tout le monde est là"), _("Il ne manque personne : inutile de relancer.")),
    ("not-signed-up", _("Pas d’inscription"), _("Cette personne n’est pas inscrite à ce créneau.")),
):  # fmt: skip
    register(_code, _title, _detail)


def role_word(code: str) -> str:
    """A role in words; what is no code stays as it is."""
    return str(ROLES.get(code, code))


def state_of(household: Mapping[str, Any]) -> tuple[str, str]:
    kind, word = MEMBERSHIP_STATES[household["state"]]
    return kind, str(word)


# -- forms -------------------------------------------------------------------------------------------------------

FILL = {"required": _("À remplir."), "null": _("À remplir."), "invalid": _("Ceci ne convient pas.")}


def text(required: bool = False, longest: int = 200, **more: Any) -> fields.String:
    """A text field with French errors."""
    length = validate.Length(max=longest, error=_("Trop long."))
    return fields.String(required=required, validate=length, error_messages=FILL, **more)


def chosen(options: Iterable[str], **more: Any) -> fields.String:
    allowed = validate.OneOf(list(options), error=_("Choisissez dans la liste."))
    return fields.String(required=True, validate=allowed, error_messages=FILL, **more)


def spoken(form: Form) -> Form:
    """The service's messages about fields in the words of the page."""
    form.errors = {name: [say(message) for message in found] for name, found in form.errors.items()}
    return form


@speaks
def say(message: str) -> str:
    known = MESSAGES.get(message)
    if known is None and message.startswith("Expected"):
        known = _("Ceci ne convient pas.")
    if known is None and message.startswith("One of"):
        known = _("Choisissez dans la liste.")
    if known is None and (most := AT_MOST.fullmatch(message)):
        return gettext("Au plus %(max)s caractères.", max=most.group(1))
    return str(known or message)


def cents(typed: str) -> int | None:
    """Euros as typed ("12", "12,50") in cents; None when empty. Raises Invalid."""
    plain = typed.strip().replace("\u00a0", "").replace("€", "").replace(" ", "").replace(",", ".")
    if not plain:
        return None
    whole, _point, part = plain.partition(".")
    if (
        not (whole.isascii() and whole.isdecimal())
        or len(whole) > 6
        or len(part) > 2
        or (part and not part.isdecimal())
    ):
        raise Invalid(fields={"dues": [gettext("Un montant en euros, par exemple 12,50.")]})
    return int(whole) * 100 + int((part + "00")[:2])


def iso_day(typed: str, name: str) -> str:
    """A date as typed into a date field, or "" when empty. Raises Invalid."""
    try:
        return date.fromisoformat(typed).isoformat() if typed else ""
    except ValueError as error:
        raise Invalid(fields={name: [gettext("Une date, par exemple 2026-11-26.")]}) from error


# -- one tap -----------------------------------------------------------------------------------------------------


def act(service: str, method: str, back: str, success: str, /, **payload: Any) -> Response:
    """Carry out a command, say what happened, go back; a refusal by a rule is told where the person was."""
    try:
        tell(service, method, **payload)
    except (Rejected, Invalid) as refused:
        flash(refusal(refused), "problem")
    else:
        flash(success, "success")
    return redirect(back)


def refusal(refused: GrenierError) -> str:
    """One sentence for a flash: the rule in words, or what is wrong with which field."""
    if isinstance(refused, Invalid) and refused.facts.get("fields"):
        return " ".join(localized(say(message)) for found in refused.facts["fields"].values() for message in found)
    found = problem(refused.code, refused.status, refused.facts)
    return gettext("%(title)s. %(detail)s", title=found["title"], detail=found["detail"])


def people_named(person_ids: Iterable[str]) -> dict[str, str]:
    """Names as the person of this request may see them."""
    wanted = sorted({person for person in person_ids if person and not person.startswith("system:")})
    return dict(ask("contracts", "names", person_ids=wanted)) if wanted else {}
