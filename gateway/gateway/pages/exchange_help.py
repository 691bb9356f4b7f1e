"""Explanations beside the exchange's pages: words, coming and going, running the space (S4:30-32)."""

from flask import Blueprint, render_template

from gateway.access import access

bp = Blueprint("exchange_help", __name__)


@bp.get("/aide/intermittents/glossaire")
@access("public")
def glossary():
    return render_template("exchange/help_glossary.html")


@bp.get("/aide/intermittents/administration")
@access("public")
def administration():
    return render_template("exchange/help_administration.html")


@bp.get("/aide/intermittents/inscription")
@access("public")
def enrolment():
    return render_template("exchange/help_enrolment.html")
