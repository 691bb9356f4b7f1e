"""The sections of a contract's editor: what each shows of the terms, and the terms as they are after what was typed.

    SECTIONS[name].show(terms, zone) → {field: text}
    SECTIONS[name].read(typed, terms, zone) → terms        errors stand at the fields

`terms` is the JSON of grenier.language.season.Terms. Lists (baskets, dates, rounds) have modules of their own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString

from gateway.season import baskets, calendars, rounds
from gateway.season.typed import Typed, amount, decimal, figure

Terms = dict[str, Any]
MOST_CHEQUES = 12


@dataclass(frozen=True)
class Section:
    """One page of the editor. `help`: what it is for, in one sentence."""

    name: str
    label: LazyString
    help: LazyString
    show: Callable[[Terms, str], dict[str, Any]]
    read: Callable[[Typed, Terms, str], Terms]


def show_general(terms: Terms, _zone: str) -> dict[str, Any]:
    names = ("title", "complement", "starts_on", "ends_on", "description", "producer_note", "instructions", "mention")
    return {name: terms.get(name) or "" for name in names} | {"farm_visits": figure(terms.get("farm_visits", 0))}


def read_general(typed: Typed, terms: Terms, _zone: str) -> Terms:
    starts_on, ends_on = typed.day("starts_on", required=True), typed.day("ends_on", required=True)
    if starts_on and ends_on and ends_on < starts_on:
        typed.wrong("ends_on", _("La fin vient après le début."))
    return terms | {
        "title": typed.text("title", required=True, longest=120),
        "complement": typed.text("complement", longest=120),
        "starts_on": starts_on or terms.get("starts_on"),
        "ends_on": ends_on or terms.get("ends_on"),
        "description": typed.text("description"),
        "producer_note": typed.text("producer_note"),
        "farm_visits": typed.whole("farm_visits", most=20),
        "instructions": typed.text("instructions"),
        "mention": typed.text("mention"),
    }


def show_limits(terms: Terms, _zone: str) -> dict[str, Any]:
    rules = terms.get("sign_up") or {}
    unlimited = rules.get("absences_max", 0) == -1
    return {
        "max_households": figure(rules.get("max_households", 0)),
        "max_shares": decimal(rules.get("max_shares_bp", 0) // 100),
        "minimum": amount(rules.get("minimum_cents", 0)),
        "absences_max": "" if unlimited else figure(rules.get("absences_max", 0)),
        "absences_free": "1" if unlimited else "",
        "absences_from": rules.get("absences_from") or "",
        "absences_until": rules.get("absences_until") or "",
        "co_members_max": str(rules.get("co_members_max", 3)),
        "requires_contract_id": rules.get("requires_contract_id", ""),
        "main_contract": "1" if rules.get("main_contract") else "",
    }


def read_limits(typed: Typed, terms: Terms, _zone: str) -> Terms:
    rules = dict(terms.get("sign_up") or {})
    rules |= {
        "max_households": typed.whole("max_households", most=10_000),
        # Shares are typed in whole baskets (« 12,5 ») and kept in hundredths of a percent of one.
        "max_shares_bp": typed.hundredths("max_shares") * 100,
        "minimum_cents": typed.euros("minimum"),
        "absences_max": -1 if typed.chosen("absences_free") else typed.whole("absences_max", most=60),
        "absences_from": typed.day("absences_from"),
        "absences_until": typed.day("absences_until"),
        "co_members_max": typed.whole("co_members_max", empty=3, most=10),
        "requires_contract_id": typed.text("requires_contract_id"),
        "main_contract": typed.chosen("main_contract"),
    }
    if rules["absences_from"] and rules["absences_until"] and rules["absences_until"] < rules["absences_from"]:
        typed.wrong("absences_until", _("La fin vient après le début."))
    return terms | {"sign_up": rules}


def show_sign_up(terms: Terms, _zone: str) -> dict[str, Any]:
    rules = terms.get("sign_up") or {}
    return {
        "opens_on": rules.get("opens_on") or "",
        "closes_on": rules.get("closes_on") or "",
        "closes_hours_before": str(rules.get("closes_hours_before", 24)),
    }


def read_sign_up(typed: Typed, terms: Terms, _zone: str) -> Terms:
    rules = dict(terms.get("sign_up") or {})
    rules |= {
        "opens_on": typed.day("opens_on"),
        "closes_on": typed.day("closes_on"),
        "closes_hours_before": typed.whole("closes_hours_before", empty=24, most=1000),
    }
    if rules["opens_on"] and rules["closes_on"] and rules["closes_on"] < rules["opens_on"]:
        typed.wrong("closes_on", _("La fin vient après le début."))
    return terms | {"sign_up": rules}


def show_payment(terms: Terms, _zone: str) -> dict[str, Any]:
    pay = terms.get("payment") or {}
    splits = pay.get("splits_percent") or {}
    return {
        "payee": pay.get("payee", ""),
        "means": list(pay.get("means") or ["cheque"]),
        "counts": [str(count) for count in pay.get("counts") or []],
        "calendar": "\n".join(str(day) for day in pay.get("calendar") or []),
        "minimum_cheque": amount(pay.get("minimum_cheque_cents", 0)),
        "splits": "\n".join(" / ".join(str(part) for part in parts) for _count, parts in sorted(splits.items())),
        "prepayment": amount(pay.get("prepayment_cents", 0)),
        "references": pay.get("references", ""),
    }


def read_payment(typed: Typed, terms: Terms, _zone: str) -> Terms:
    means = typed.several("means")
    if not means:
        typed.wrong("means", _("Choisissez au moins un moyen de paiement."))
    pay = dict(terms.get("payment") or {})
    pay |= {
        "payee": typed.text("payee", longest=120),
        "means": means,
        "calendar": calendars.days_of(typed, "calendar"),
        "counts": sorted({int(count) for count in typed.several("counts") if count.isdecimal() and len(count) < 3}),
        "minimum_cheque_cents": typed.euros("minimum_cheque"),
        "splits_percent": _splits(typed),
        "prepayment_cents": typed.euros("prepayment"),
        "references": typed.text("references", longest=500),
    }
    if "cheque" in means and pay["counts"] and len(pay["calendar"]) < max(pay["counts"]):
        typed.wrong("calendar", _("Il faut au moins %(num)s dates d’encaissement.", num=max(pay["counts"])))
    return terms | {"payment": pay}


def _splits(typed: Typed) -> dict[str, list[int]]:
    """One line a split, in percent: « 50 / 25 / 25 »."""
    found: dict[str, list[int]] = {}
    for line in typed.text("splits", longest=500).splitlines():
        parts = [part.strip().removesuffix("%").strip() for part in line.split("/") if part.strip()]
        if not parts:
            continue
        if not all(part.isdecimal() and len(part) < 4 for part in parts) or sum(map(int, parts)) != 100:
            typed.wrong("splits", _("Chaque ligne fait 100 en tout, par exemple 50 / 25 / 25."))
            continue
        found[str(len(parts))] = [int(part) for part in parts]
    return found


SECTIONS: dict[str, Section] = {
    section.name: section
    for section in (
        Section("general", lazy_gettext("Général"), lazy_gettext("Le produit, la saison, ce que dit le producteur."), show_general, read_general),
        Section("limites", lazy_gettext("Limites"), lazy_gettext("Combien de foyers, combien d’absences, combien au moins."), show_limits, read_limits),
        Section("calendrier", lazy_gettext("Calendrier"), lazy_gettext("Les dates de livraison, proposées puis ajustées une à une."), calendars.show, calendars.read),
        Section("paniers", lazy_gettext("Paniers et prix"), lazy_gettext("Ce que l’on peut prendre, et à quel prix."), baskets.show, baskets.read),
        Section("commandes", lazy_gettext("Périodes de commande"), lazy_gettext("Quand on commande, pour quelle livraison."), rounds.show, rounds.read),
        Section("inscriptions", lazy_gettext("Inscriptions"), lazy_gettext("Quand on peut s’inscrire, et jusqu’à quand avant une livraison."), show_sign_up, read_sign_up),
        Section("paiements", lazy_gettext("Paiements"), lazy_gettext("À l’ordre de qui, en combien de chèques, encaissés quand."), show_payment, read_payment),
    )
}  # fmt: skip


def sections_of(terms: Terms) -> list[Section]:
    """The sections that this contract has: order rounds only when goods are ordered before each delivery."""
    ordered = terms.get("basket_kind") == "ordered"
    return [section for name, section in SECTIONS.items() if name != "commandes" or ordered]


def missing(terms: Terms) -> dict[str, str]:
    """{section: what it still lacks} before the producer can be asked."""
    lacks = {}
    if not terms.get("deliveries"):
        lacks["calendrier"] = _("aucune date de livraison")
    if not terms.get("options"):
        lacks["paniers"] = _("aucun panier")
    if terms.get("basket_kind") == "ordered" and not terms.get("rounds"):
        lacks["commandes"] = _("aucune période de commande")
    pay = terms.get("payment") or {}
    if not pay.get("payee"):
        lacks["paiements"] = _("à l’ordre de qui ?")
    return lacks
