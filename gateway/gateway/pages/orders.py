"""Words and lookups that the pages of orders share (shop, cycles, catalogue), and their lines of « À faire »."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext, ngettext

from gateway.access import rule
from gateway.calls import ask
from gateway.formats import day, money, of_month
from gateway.identity import identity, places
from gateway.pages.round_words import round_task
from gateway.problems import register
from gateway.tasks import Task, task_source
from grenier.errors import GrenierError

STATUS = {
    "scheduled": ("waiting", lazy_gettext("à venir")),
    "open": ("good", lazy_gettext("ouverte")),
    "closed": ("attention", lazy_gettext("close")),
    "frozen": ("off", lazy_gettext("arrêtée")),
    "cancelled": ("off", lazy_gettext("annulée")),
}
SUPPLIER_STATUS = {
    "placed": ("attention", lazy_gettext("à envoyer")),
    "sent": ("waiting", lazy_gettext("envoyée")),
    "acknowledged": ("good", lazy_gettext("confirmée")),
}
RULES = {
    "prorata": (lazy_gettext("Au prorata"), lazy_gettext("Chacun reçoit la même part de ce qu’il a demandé.")),
    "first_come": (
        lazy_gettext("Premiers arrivés"),
        lazy_gettext("Les premières commandes validées sont servies d’abord."),
    ),
    "per_household_cap": (
        lazy_gettext("Même plafond"),
        lazy_gettext("Le même maximum pour tous les foyers, aussi haut que possible."),
    ),
    "lottery": (
        lazy_gettext("Tirage au sort"),
        lazy_gettext("L’ordre est tiré au sort ; n’importe qui peut refaire le tirage."),
    ),
    "unavailable": (lazy_gettext("Produit indisponible"), lazy_gettext("Le produit a été retiré de la période.")),
}
ROLES = {
    "eater": lazy_gettext("pour son foyer"),
    "organiser": lazy_gettext("organisation du groupe"),
    "coordinator": lazy_gettext("coordination"),
    "treasurer": lazy_gettext("trésorerie"),
    "central_team": lazy_gettext("équipe centrale"),
    "logistician": lazy_gettext("logistique"),
    "producer": lazy_gettext("producteur"),
}
HARVEST = {
    "orders.order-confirmed": lazy_gettext("Commande validée"),
    "orders.order-amended": lazy_gettext("Commande modifiée"),
    "orders.order-cancelled": lazy_gettext("Commande annulée"),
    "orders.orders-regulated": lazy_gettext("Quantité réduite"),
}


def state_of(status: str) -> tuple[str, str]:
    kind, word = STATUS.get(status, ("off", status))
    return kind, str(word)


def names_of(*, households: Iterable[str] = (), persons: Iterable[str] = ()) -> dict[str, str]:
    """{id: label}; names are for reading only, so a page shows without them rather than not at all."""
    wanted = {"household_ids": sorted(set(households)), "person_ids": sorted(set(persons))}
    if not any(wanted.values()):
        return {}
    try:
        return ask("contracts", "names", **wanted)
    except GrenierError:
        return {}


def household_name(names: Mapping[str, str], household_id: str) -> str:
    return names.get(household_id) or _("Foyer %(id)s", id=household_id[:6])


def actor_name(names: Mapping[str, str], actor: str) -> str:
    if actor.startswith("system:"):
        return _("Grenier, automatiquement")
    return names.get(actor) or _("une personne du groupe")


def role_word(role: str) -> str:
    return str(ROLES.get(role, role))


def rule_word(rule_name: str) -> str:
    return str(RULES[rule_name][0]) if rule_name in RULES else rule_name


def month_name(month: str) -> str:
    """2026-11 → novembre 2026."""
    from datetime import date

    from babel.dates import format_date
    from flask_babel import get_locale

    return format_date(date.fromisoformat(f"{month}-01"), "LLLL y", locale=get_locale())


def cycle_name(cycle: Mapping[str, Any]) -> str:
    """« Novembre 2026 » for a month of the shared catalogue, the contract's title for one of its rounds."""
    return str(cycle.get("title") or "") or month_name(cycle["month"])


def host_ids() -> list[str]:
    """The host organisations for which this person holds a role."""
    return sorted({held.scope_id for held in places().roles if held.scope_kind == "federation"})


def group_names() -> dict[str, str]:
    return {group.group_id: group.name for group in places().groups}


def line_price(item: Mapping[str, Any]) -> str:
    """« 15,90 €/kg » or « 1,60 € »."""
    price = money(item["unit_price_cents"])
    return _("%(price)s/kg", price=price) if item.get("sale") == "weighed" else price


# -- refusals in people's words ----------------------------------------------------------------------------------

register(
    "cycle-not-open",
    lazy_gettext("La période n’est pas encore ouverte"),
    lazy_gettext("Revenez à l’ouverture des commandes."),
)
register(
    "cycle-closed",
    lazy_gettext("Les commandes sont closes"),
    lazy_gettext("La période de commande est terminée. Adressez-vous aux personnes qui organisent votre groupe."),
)
register(
    "membership-inactive",
    lazy_gettext("Adhésion à renouveler"),
    lazy_gettext(
        "L’adhésion du foyer n’est pas à jour : elle se renouvelle à la prochaine permanence ou distribution."
    ),
)
register(
    "order-empty", lazy_gettext("Rien n’est choisi"), lazy_gettext("Choisissez au moins un produit avant de valider.")
)
register(
    "too-many-lines",
    lazy_gettext("Trop de produits différents"),
    lazy_gettext("Au plus %(maximum)s produits par commande."),
)
register(
    "product-unknown",
    lazy_gettext("Produit absent du catalogue"),
    lazy_gettext("Ce produit n’est pas proposé ce mois-ci."),
)
register(
    "product-unavailable",
    lazy_gettext("Produit indisponible"),
    lazy_gettext("« %(name)s » n’est plus disponible ce mois-ci."),
)
register(
    "quantity-out-of-range", lazy_gettext("Quantité hors limites"), lazy_gettext("« %(name)s » : de 1 à %(maximum)s.")
)
register(
    "over-household-maximum",
    lazy_gettext("Au-delà du maximum par foyer"),
    lazy_gettext("« %(name)s » : au plus %(maximum)s."),
)
register(
    "quantity-not-offered",
    lazy_gettext("Cette quantité n’est pas proposée"),
    lazy_gettext("« %(name)s » : possible %(quantities)s."),
)
register("sold-out", lazy_gettext("Il n’en reste pas assez"), lazy_gettext("« %(name)s » : il en reste %(left)s."))
register(
    "credit-floor",
    lazy_gettext("Au-delà de ce que le compte permet"),
    lazy_gettext(
        "Cette commande fait %(total)s ; il reste %(available)s à commander. Le compte est à %(balance)s, "
        "%(committed)s sont déjà réservés par d’autres commandes, et le groupe n’accepte pas de descendre sous %(floor)s."
    ),
)
register(
    "reason-required",
    lazy_gettext("Une raison est nécessaire"),
    lazy_gettext("Vous modifiez la commande d’un autre foyer : dites pourquoi, il en sera informé."),
)
register(
    "cycle-not-closed",
    lazy_gettext("Les commandes sont encore ouvertes"),
    lazy_gettext("Cela se fait après la clôture de la période."),
)
register(
    "still-over-asked",
    lazy_gettext("Des produits dépassent le maximum"),
    lazy_gettext("Régulez d’abord les produits trop demandés, puis arrêtez les commandes."),
)
register("cycle-frozen", lazy_gettext("Commandes arrêtées"), lazy_gettext("Les quantités sont définitives."))
register("rule-unknown", lazy_gettext("Règle inconnue"), lazy_gettext("Choisissez l’une des règles proposées."))
register(
    "catalogue-released",
    lazy_gettext("Catalogue déjà publié"),
    lazy_gettext("Un catalogue publié ne change plus. Publiez-en un nouveau pour corriger le mois."),
)
register("catalogue-empty", lazy_gettext("Catalogue vide"), lazy_gettext("Gardez au moins un produit."))
register(
    "window-scheduled",
    lazy_gettext("Période déjà programmée"),
    lazy_gettext("Cette période a déjà été programmée autrement."),
)
register(
    "window-in-the-past",
    lazy_gettext("La clôture est déjà passée"),
    lazy_gettext("Choisissez une date de clôture à venir."),
)
register("product-withdrawn", lazy_gettext("Produit retiré"), lazy_gettext("Ce produit n’est plus au catalogue."))
register(
    "product-listed",
    lazy_gettext("Produit déjà au catalogue"),
    lazy_gettext("Ce produit existe déjà sous une autre forme."),
)
register(
    "supplier-order-not-sent",
    lazy_gettext("Commande pas encore envoyée"),
    lazy_gettext("Elle se confirme une fois envoyée au producteur."),
)


# -- à faire -----------------------------------------------------------------------------------------------------


@task_source()
def orders_tasks() -> list[Task]:
    """Everything of orders that waits for this person; one question to the service."""
    if identity().person_id is None:
        return []
    todo = ask("orders", "todo")
    found = [_my_order(cycle) for cycle in todo["my_orders"]]
    found += [_regulate(cycle) for cycle in todo["regulate"]]
    found += [_drafts(cycle) for cycle in todo["drafts"]]
    found += [_release(month) for month in todo["release"]]
    found += [_schedule(catalogue) for catalogue in todo["schedule"]]
    found += [round_task(each) for each in todo.get("rounds", ())]
    found += _send(todo["send"])
    return found + [_acknowledge(order) for order in todo["acknowledge"]]


def _my_order(cycle: Mapping[str, Any]) -> Task:
    order, draft = cycle["order"], cycle["draft"]
    address = {key: cycle[key] for key in ("group_id", "cycle_id", "household_id")}
    group = group_names().get(cycle["group_id"], "")
    if draft:
        return Task(
            _("Ma commande n’est pas validée"),
            url_for("shop.counter", **address),
            _("Finir ma commande"),
            detail=_("%(group)s : un brouillon attend, il ne compte pas encore.", group=group),
            deadline=cycle["closes_at"],
            minutes=5,
            urgency="soon",
            icon="shopping-bag",
        )
    if order:
        return Task(
            _("Ma commande : %(amount)s", amount=money(order["total_cents"])),
            url_for("shop.summary", **address),
            _("Voir ma commande"),
            detail=_("%(group)s : validée, modifiable jusqu’à la clôture.", group=group),
            deadline=cycle["closes_at"],
            urgency="info",
            icon="check-circle",
        )
    return Task(
        _("Commander : %(title)s", title=cycle["title"])
        if cycle.get("title")
        else _("Commander pour %(month)s", month=month_name(cycle["month"])),
        url_for("shop.counter", **address),
        _("Commander"),
        detail=_("%(group)s : les commandes sont ouvertes.", group=group),
        deadline=cycle["closes_at"],
        minutes=15,
        icon="shopping-bag",
    )


def _regulate(cycle: Mapping[str, Any]) -> Task:
    over = cycle["over_asked"]
    address = {"group_id": cycle["group_id"], "cycle_id": cycle["cycle_id"]}
    if over:
        title = ngettext("%(num)d produit dépasse le maximum", "%(num)d produits dépassent le maximum", over)
        url, button = url_for("cycles.over_asked", **address), _("Réguler")
    else:
        title, url, button = _("Arrêter les commandes"), url_for("cycles.show", **address), _("Voir et arrêter")
    return Task(title, url, button, detail=cycle["group_name"], deadline=cycle["regulation_deadline"], minutes=20,
                icon="scale")  # fmt: skip


def _drafts(cycle: Mapping[str, Any]) -> Task:
    title = ngettext("%(num)d commande non validée", "%(num)d commandes non validées", cycle["drafts"])
    url = url_for("cycles.show", group_id=cycle["group_id"], cycle_id=cycle["cycle_id"]) + "#brouillons"
    return Task(title, url, _("Voir qui prévenir"), detail=cycle["group_name"], deadline=cycle["closes_at"],
                minutes=10, icon="clock")  # fmt: skip


def _release(month: Mapping[str, Any]) -> Task:
    title = _("Publier le catalogue %(of_month)s", of_month=of_month(month["month"]))
    return Task(title, url_for("catalogue.release", month=month["month"]), _("Préparer le catalogue"), minutes=30,
                icon="tag")  # fmt: skip


def _schedule(catalogue: Mapping[str, Any]) -> Task:
    title = _("Programmer les commandes %(of_month)s", of_month=of_month(catalogue["month"]))
    url = url_for("windows.schedule", catalogue_id=catalogue["catalogue_id"])
    return Task(title, url, _("Programmer"), minutes=15, icon="calendar-days")


def _send(orders: Sequence[Mapping[str, Any]]) -> list[Task]:
    by_window: dict[str, list[Mapping[str, Any]]] = {}
    for order in orders:
        by_window.setdefault(order["window_id"], []).append(order)
    return [
        Task(
            ngettext("%(num)d commande fournisseur à envoyer", "%(num)d commandes fournisseurs à envoyer", len(found)),
            url_for("supply.index", window_id=window_id),
            _("Voir les commandes"),
            detail=month_name(found[0]["month"]),
            minutes=5 * len(found),
            icon="paper-airplane",
        )
        for window_id, found in by_window.items()
    ]


def _acknowledge(order: Mapping[str, Any]) -> Task:
    title = _("Commande %(of_month)s à confirmer", of_month=of_month(order["month"]))
    url = url_for("supply.show", supplier_order_id=order["supplier_order_id"])
    detail = _("envoyée %(day)s, %(amount)s", day=day(order["sent_at"]), amount=money(order["cost_cents"]))
    return Task(title, url, _("Lire et confirmer"), detail=detail, minutes=5, icon="truck")


ORGANISES = rule(may="orders.regulate")
