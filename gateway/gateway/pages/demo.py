"""Demonstration installations only: sign in as somebody, read the mails that were caught, move the clock."""

from datetime import datetime, timedelta

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import get_timezone
from flask_babel import gettext as _

from gateway.access import access
from gateway.formats import as_instant, instant_text
from gateway.pages.login import demo_accounts, local_path, sign_in
from grenier.clock import OffsetClock
from grenier_infra import mailbox as mailbox_of

bp = Blueprint("demo", __name__, url_prefix="/demo")
MAX_STEP = timedelta(days=92)


@bp.post("/connexion")
@access("demo")
def sign_in_as():
    wanted = request.form.get("person_id", "")
    if wanted not in {account["person_id"] for account in demo_accounts()}:
        abort(404)
    return sign_in(wanted, redirect(local_path(request.form.get("next", ""))))


@bp.get("/mailbox")
@access("demo")
def mailbox():
    mails = mailbox_of.mails(current_app.extensions["grenier"].settings.mailbox_file)
    wanted = request.args.get("q", "").strip().casefold()
    if wanted:
        mails = [mail for mail in mails if wanted in f"{mail.recipient} {mail.subject}".casefold()]
    return render_template("demo/mailbox.html", mails=mails)


@bp.get("/mailbox/<int:mail_id>")
@access("demo")
def mail(mail_id: int):
    found = mailbox_of.read(current_app.extensions["grenier"].settings.mailbox_file, mail_id)
    if found is None:
        abort(404)
    return render_template("demo/mail.html", mail=found)


@bp.get("/clock")
@access("demo")
def clock():
    return render_template("demo/clock.html", now=app_clock().now())


@bp.post("/clock")
@access("demo")
def move_clock():
    now = app_clock().now()
    moved = _asked(now)
    if moved is None:
        flash(_("Indiquez une date et une heure."), "problem")
        return redirect(url_for("demo.clock"))
    app_clock().set(moved)
    flash(_("Nous sommes maintenant le %(instant)s.", instant=instant_text(moved)), "success")
    return redirect(url_for("demo.clock"))


def app_clock() -> OffsetClock:
    """The clock that can be moved; a demonstration always has one."""
    found = current_app.extensions["grenier"].clock
    if not hasattr(found, "set"):
        abort(404)
    return found


def _asked(now: datetime) -> datetime | None:
    step = request.form.get("step", "")
    if step.isdecimal() and len(step) <= 6:
        return now + min(timedelta(hours=int(step)), MAX_STEP)
    try:
        local = datetime.fromisoformat(request.form.get("now", ""))
    except ValueError:
        return None
    zoned = local if local.tzinfo else get_timezone().localize(local)
    return as_instant(zoned)
