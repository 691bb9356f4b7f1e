"""Helpers of the season's templates: days, hours, the facts of a contract, what changed between versions."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask import Blueprint
from flask_babel import get_locale, lazy_gettext
from flask_babel import gettext as _

from gateway.formats import NBSP, day, money
from gateway.season import patterns, words

FIELDS: dict[str, Any] = {
    "title": lazy_gettext("Produit"),
    "complement": lazy_gettext("Complément"),
    "starts_on": lazy_gettext("Début"),
    "ends_on": lazy_gettext("Fin"),
    "basket_kind": lazy_gettext("Type de panier"),
    "options": lazy_gettext("Paniers et prix"),
    "deliveries": lazy_gettext("Livraisons"),
    "rounds": lazy_gettext("Périodes de commande"),
    "payment": lazy_gettext("Paiements"),
    "sign_up": lazy_gettext("Inscriptions"),
    "description": lazy_gettext("Description"),
    "producer_note": lazy_gettext("Le mot du producteur"),
    "farm_visits": lazy_gettext("Visites de la ferme"),
    "instructions": lazy_gettext("Consignes de distribution"),
    "mention": lazy_gettext("Mention particulière"),
    "price_cents": lazy_gettext("prix"),
    "on": lazy_gettext("date"),
    "starts": lazy_gettext("début"),
    "ends": lazy_gettext("fin"),
    "factor_percent": lazy_gettext("coefficient"),
    "cancelled": lazy_gettext("annulée"),
    "place": lazy_gettext("lieu"),
    "payee": lazy_gettext("À l’ordre de"),
    "calendar": lazy_gettext("Dates d’encaissement"),
    "counts": lazy_gettext("Nombres de chèques"),
    "max_households": lazy_gettext("Foyers au plus"),
}


def install(bp: Blueprint) -> None:
    for helper in (
        as_day,
        clock_span,
        term_facts,
        changed,
        timeline,
        rhythms,
        producer_name,
        series_options,
        means_options,
    ):
        bp.add_app_template_global(helper, helper.__name__)
    bp.record_once(lambda state: state.app.jinja_env.globals.update(season_words=words))


def as_day(value: str | date) -> date:
    """A civil date of an answer (ISO text), for `day()`."""
    return value if isinstance(value, date) else date.fromisoformat(value[:10])


def clock(text: str) -> str:
    hour, _sep, minutes = text.partition(":")
    if not str(get_locale()).startswith("fr"):
        return text
    return f"{int(hour)}{NBSP}h" + (f"{NBSP}{minutes}" if minutes not in ("", "00") else "")


def clock_span(starts: str, ends: str) -> str:
    """Local hours of a delivery: « 18 h 30 – 19 h 30 »."""
    return f"{clock(starts)}{NBSP}– {clock(ends)}" if starts and ends else clock(starts or ends or "0:00")


def rhythms() -> dict[str, Any]:
    return patterns.RHYTHMS


def series_options(series: Sequence[str]) -> list[tuple[str, str]]:
    return [("", _("choisir")), *((one, one) for one in series)]


def means_options(means: Sequence[str]) -> list[tuple[str, str]]:
    return [(one, words.means_word(one)) for one in means]


def producer_name(contract: Mapping[str, Any]) -> str:
    """The producer's name, whether the answer carries it as text or as a small object."""
    found = contract.get("producer") or contract.get("producer_name") or ""
    return str(found.get("name", "")) if isinstance(found, Mapping) else str(found)


def term_facts(contract: Mapping[str, Any], terms: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The terms that members ask about first."""
    pay, rules = terms.get("payment") or {}, terms.get("sign_up") or {}
    facts = [
        (_("Producteur"), producer_name(contract)),
        (_("Saison"), _("du %(start)s au %(end)s", start=day(as_day(terms["starts_on"]), weekday=False), end=day(as_day(terms["ends_on"]), weekday=False))),
        (_("Paiement"), _payment(pay)),
        (_("À l’ordre de"), pay.get("payee", "")),
    ]  # fmt: skip
    if rules.get("max_households"):
        facts.append((_("Places"), _("%(num)s foyers au plus", num=rules["max_households"])))
    if rules.get("minimum_cents"):
        facts.append((_("Montant minimum"), money(rules["minimum_cents"])))
    if rules.get("absences_max"):
        some = rules["absences_max"]
        facts.append((_("Absences"), _("autant qu’on veut") if some < 0 else _("%(num)s livraisons au plus", num=some)))
    if rules.get("closes_on"):
        facts.append((_("Inscriptions jusqu’au"), day(as_day(rules["closes_on"]))))
    return [fact for fact in facts if fact[1]]


def _payment(pay: Mapping[str, Any]) -> str:
    means = ", ".join(words.means_word(one) for one in pay.get("means") or [])
    counts = pay.get("counts") or []
    if counts and max(counts) > 1:
        return _("%(means)s, en %(num)s fois au plus", means=means, num=max(counts))
    return means


# -- versions ----------------------------------------------------------------------------------------------------


def changed(change: Mapping[str, Any]) -> str:
    """One change between two versions: « Paniers et prix, 1, prix : 12,00 € → 14,00 € »."""
    path = str(change.get("path", ""))
    parts = [_part(part) for part in path.split(".") if part]
    cents = path.endswith("_cents")
    before, after = (_value(change.get(name), cents) for name in ("before", "after"))
    return _("%(what)s : %(before)s → %(after)s", what=", ".join(parts), before=before, after=after)


def _part(part: str) -> str:
    if part.isdecimal():
        return str(int(part) + 1)
    return str(FIELDS.get(part, part.replace("_cents", "").replace("_", " ")))


def _value(value: Any, cents: bool) -> str:
    if value in (None, "", [], {}):
        return _("rien")
    if cents and isinstance(value, int):
        return money(value)
    if isinstance(value, bool):
        return _("oui") if value else _("non")
    if isinstance(value, Mapping):
        return str(value.get("title") or value.get("on") or "…")
    if isinstance(value, list):
        return ", ".join(_value(one, False) for one in value[:6]) + ("…" if len(value) > 6 else "")
    text = str(value)
    return text if len(text) <= 60 else text[:60] + "…"


STEP_WORDS: dict[str, Any] = {
    "drafted": lazy_gettext("Brouillon créé"),
    "revised": lazy_gettext("Brouillon modifié"),
    "submitted": lazy_gettext("Envoyé au producteur"),
    "changes-requested": lazy_gettext("Le producteur demande des changements"),
    "approved": lazy_gettext("Approuvé par le producteur"),
    "opened": lazy_gettext("Inscriptions ouvertes"),
    "sign-ups-closed": lazy_gettext("Inscriptions closes"),
    "sign-ups-reopened": lazy_gettext("Inscriptions rouvertes"),
    "delivery-moved": lazy_gettext("Livraison déplacée"),
    "delivery-cancelled": lazy_gettext("Livraison annulée"),
    "delivery-added": lazy_gettext("Livraison ajoutée"),
    "delivery-counted-anew": lazy_gettext("Livraison comptée autrement"),
    "ended": lazy_gettext("Contrat terminé"),
    "abandoned": lazy_gettext("Brouillon abandonné"),
    "subscription-registered": lazy_gettext("Inscription enregistrée"),
    "subscription-place-given": lazy_gettext("Place donnée"),
    "subscription-confirmed": lazy_gettext("Inscription confirmée"),
    "subscription-declined": lazy_gettext("Inscription déclinée"),
    "subscription-signed": lazy_gettext("Contrat signé"),
    "absences-set": lazy_gettext("Absences notées"),
    "basket-composed": lazy_gettext("Panier composé"),
    "sharers-set": lazy_gettext("Partage du panier"),
    "sharing-proposed": lazy_gettext("Partage proposé à un autre foyer"),
    "sharing-accepted": lazy_gettext("Partage accepté"),
    "sharing-declined": lazy_gettext("Partage décliné"),
    "sharing-withdrawn": lazy_gettext("Proposition de partage retirée"),
    "sharing-lapsed": lazy_gettext("Proposition de partage sans réponse"),
    "subscription-ended": lazy_gettext("Inscription arrêtée"),
    "schedule-agreed": lazy_gettext("Échéancier convenu"),
    "cheque-received": lazy_gettext("Chèque reçu"),
    "cheque-handed-over": lazy_gettext("Chèque remis au producteur"),
    "cheque-returned": lazy_gettext("Chèque rendu"),
}


def timeline(steps: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Steps of an answer as the component shows them, the newest first."""
    return [_told(step, names) for step in reversed(steps)]


def _told(step: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    name = str(step.get("what") or step.get("event") or "")
    short = name.removeprefix("contracts.").removeprefix("contract-")
    text = str(STEP_WORDS.get(short, short))
    if step.get("version"):
        text = _("%(what)s, version %(num)s", what=text, num=step["version"])
    if step.get("note"):
        text = f"{text} : {words.SIGNED.get(step['note'], step['note'])}"
    actor = str(step.get("actor") or "")
    who = _("Grenier, automatiquement") if actor.startswith("system:") else names.get(actor, "")
    return {"at": step["at"], "text": text, "who": who}
