"""The page that shows each component in each of its states: for those who design, and for the tests."""

from datetime import timedelta

from flask import Blueprint, current_app, render_template
from flask_babel import gettext as _
from marshmallow import Schema, fields

from gateway.access import access
from gateway.forms import Form
from gateway.tables import Column, Table
from gateway.tasks import Task
from grenier.clock import iso
from grenier.errors import Rejected

bp = Blueprint("components", __name__)


class Example(Schema):
    name = fields.String()


@bp.route("/composants", methods=["GET"])
@access("public")
def index():
    now = current_app.extensions["grenier"].clock.now()
    table = _table()
    exported = table.export()
    if exported is not None:
        return exported
    wrong, refused = Form(Example()), Form(Example())
    wrong.typed["quantity"] = "-2"
    wrong.errors = {
        "quantity": [_("La quantité ne peut pas être négative.")],
        "email": [_("Une adresse contient un @.")],
    }
    refused.refuse(Rejected("conflict"))
    context = {"wrong": wrong, "refused": refused, "form": Form(), "table": table, "nothing": _empty_table()}
    return render_template(
        "components/index.html", tasks=_tasks(now), steps=_steps(), entries=_entries(now), now=iso(now), **context
    )


def _tasks(now):
    return [
        Task(
            _("Votre commande n’est pas validée"),
            "#",
            _("Terminer ma commande"),
            _("6 produits, 34,20 €. Un brouillon ne compte pas : seules les commandes validées sont préparées."),
            now + timedelta(hours=5),
            5,
            icon="shopping-bag",
        ),
        Task(
            _("Faire la caisse de la distribution"),
            "#",
            _("Compter la caisse"),
            _("31 foyers servis, 412,60 € attendus en espèces."),
            now - timedelta(hours=14),
            30,
            icon="calculator",
        ),
        Task(
            _("Votre prochaine distribution"),
            "#",
            _("Voir ma commande"),
            _("Apportez vos sacs et vos bocaux. Salle des fêtes, entrée par la cour."),
            now + timedelta(days=6),
            icon="map-pin",
        ),
        Task(
            _("Il manque deux bénévoles samedi"),
            "#",
            _("Proposer mon aide"),
            _("Accueil et pesée, de 9 h à 11 h."),
            now + timedelta(days=3),
            120,
            "info",
            icon="hand-raised",
        ),
    ]


def _steps():
    return [
        {"label": _("Annoncer"), "state": "done", "detail": "Nadia B."},
        {"label": _("Commander"), "state": "done", "detail": _("58 commandes")},
        {"label": _("Réguler"), "state": "late", "detail": _("avant hier midi"), "url": "#"},
        {"label": _("Préparer"), "state": "current", "detail": _("2 tâches sur 5"), "url": "#"},
        {"label": _("Distribuer"), "state": "todo", "detail": _("samedi 28 novembre")},
        {"label": _("Compter"), "state": "todo"},
        {"label": _("Envoyer"), "state": "todo"},
    ]


def _entries(now):
    return [
        {
            "at": iso(now - timedelta(minutes=12)),
            "text": _("Comté ramené de 500 g à 400 g"),
            "who": "Nadia Belkacem",
            "role": _("organisatrice"),
            "for_whom": _("le foyer Martin"),
        },
        {
            "at": iso(now - timedelta(days=1)),
            "text": _("Commande validée : 6 produits, 34,20 €"),
            "who": "Paul Martin",
            "url": "#",
        },
        {"at": iso(now - timedelta(days=9)), "text": _("Période de commande ouverte"), "who": _("l’équipe centrale")},
    ]


def _table() -> Table:
    columns = [
        Column("product", _("Produit"), link="url"),
        Column("date", _("Livraison"), "date"),
        Column("quantity", _("Quantité"), "number"),
        Column("weight_g", _("Poids"), "weight", total=True),
        Column("price_cents", _("Montant"), "money", total=True),
        Column("state", _("État"), "state"),
    ]
    day = current_app.extensions["grenier"].clock.now().date()
    rows = [
        {
            "product": _("Lentilles vertes"),
            "date": day,
            "quantity": 2,
            "weight_g": 1000,
            "price_cents": 620,
            "state": ("good", _("reçu")),
            "url": "#",
        },
        {
            "product": _("Comté 12 mois"),
            "date": day,
            "quantity": 1,
            "weight_g": 412,
            "price_cents": 742,
            "state": ("attention", _("pesé autrement")),
            "url": "#",
        },
        {
            "product": _("Huile d’olive, bidon"),
            "date": day + timedelta(days=30),
            "quantity": 1,
            "weight_g": 4580,
            "price_cents": 5450,
            "state": ("problem", _("manquant")),
            "url": "#",
        },
        {
            "product": _("Farine T80"),
            "date": day + timedelta(days=30),
            "quantity": 12,
            "weight_g": 12000,
            "price_cents": 1980,
            "state": ("waiting", _("attendu")),
            "url": "#",
        },
    ]
    return Table("example", _("Lignes d’une commande"), columns, rows)


def _empty_table() -> Table:
    empty = (_("Aucune commande pour l’instant"), _("La période ouvre lundi à 8 h : vous recevrez un courriel."))
    return Table("nothing", _("Commandes"), [Column("product", _("Produit"))], [], empty)
