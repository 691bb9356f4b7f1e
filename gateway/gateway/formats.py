"""How amounts, weights and instants are written, in the language of the page and the time zone of the group.

money(1240)               12,40 €          money(-250, signed=True)   −2,50 €     (cents)
weight(1250)              1,250 kg         weight(80)                 80 g        (grams)
day(date)                 jeudi 26 novembre (the year only when it is not this one)
time_of(instant)          18 h 30          (English: 18:30)
slot(start, end)          jeudi 26 novembre, 18 h – 20 h
of_month("2026-10")       d’octobre 2026
phone("+33465711540")     04 65 71 15 40
when(instant)             dans 2 h, demain à 18 h, jeudi à 20 h, then the day
"""

from datetime import UTC, date, datetime, timedelta

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal
from flask import Flask, current_app
from flask_babel import get_locale, get_timezone, gettext, ngettext

from gateway.identity import current_group

NBSP = "\u00a0"
MINUS = "\u2212"
Instant = datetime | str


def install(app: Flask) -> None:
    helpers = (
        money,
        weight,
        number,
        day,
        time_of,
        slot,
        when,
        instant_text,
        duration,
        percent,
        inclusive,
        of_month,
        phone,
    )
    app.jinja_env.globals.update({helper.__name__: helper for helper in helpers})


def money(cents: int | None, signed: bool = False) -> str:
    """Integer cents as euros; `signed` shows the plus too (movements of an account)."""
    if cents is None:
        return "–"
    text = format_currency(abs(cents) / 100, "EUR", locale=get_locale())
    sign = MINUS if cents < 0 else ("+" if signed and cents > 0 else "")
    return sign + text.replace(" ", NBSP)


def weight(grams: int | None) -> str:
    """Grams below one kilogram, else kilograms with the decimals that matter."""
    if grams is None:
        return "–"
    if abs(grams) < 1000:
        return f"{number(grams)}{NBSP}g"
    pattern = "#,##0" if grams % 1000 == 0 else "#,##0.000"
    return f"{format_decimal(grams / 1000, format=pattern, locale=get_locale())}{NBSP}kg"


def number(value: float | int) -> str:
    return format_decimal(value, locale=get_locale()).replace("-", MINUS)


def percent(basis_points: int) -> str:
    """Basis points (10000 = all) as a percentage."""
    return f"{number(round(basis_points / 100, 1))}{NBSP}%"


def day(value: date | Instant, weekday: bool = True) -> str:
    """A civil date as people say it; a date that is not an instant belongs to no time zone."""
    local = value if type(value) is date else _local(value).date()  # type: ignore[arg-type]
    head = f"{_name(local, 'EEEE')} " if weekday else ""
    number_of_day = "1er" if local.day == 1 and _french() else str(local.day)
    year = "" if local.year == _local(_now()).year else f" {local.year}"
    return f"{head}{number_of_day}{NBSP}{_name(local, 'MMMM')}{year}"


def time_of(value: Instant) -> str:
    """The wall-clock time: 18 h 30 in French, 18:30 in English."""
    local = _local(value)
    if not _french():
        return f"{local:%H:%M}"
    minutes = f"{NBSP}{local:%M}" if local.minute else ""
    return f"{local.hour}{NBSP}h{minutes}"


def slot(start: Instant, end: Instant) -> str:
    """A span of hours on one day."""
    return f"{day(start)}, {time_of(start)}{NBSP}– {time_of(end)}"


def of_month(month: str) -> str:
    """A month ("2026-10") after a noun: « d’octobre 2026 », « de novembre 2026 », "of October 2026"."""
    name = format_date(date.fromisoformat(f"{month}-01"), "LLLL y", locale=get_locale())
    if not _french():
        return f"of {name}"
    return f"d’{name}" if name[0] in "ao" else f"de {name}"


def phone(number: str | None) -> str:
    """A stored number as people dial it: French ones in pairs, others as they are; empty when there is none."""
    if not number:
        return ""
    if not (number.startswith("+33") and len(number) == 12):
        return number
    national = "0" + number.removeprefix("+33")
    return NBSP.join(national[at : at + 2] for at in range(0, 10, 2))


def instant_text(value: Instant) -> str:
    """Day and time in full, for those who point at or print a relative time."""
    return gettext("%(day)s à %(time)s", day=day(value), time=time_of(value))


def when(value: Instant) -> str:
    """Relative when near, the weekday within a week, else the day."""
    moment, now = _local(value), _local(_now())
    ahead, minutes = moment >= now, round(abs((moment - now).total_seconds()) / 60)
    if minutes < 1:
        return gettext("à l’instant")
    if minutes < 60:
        text = ngettext("%(num)d minute", "%(num)d minutes", minutes)
    elif minutes < 6 * 60:
        text = ngettext("%(num)d heure", "%(num)d heures", round(minutes / 60))
    else:
        return _near_day(moment, now)
    return gettext("dans %(span)s", span=text) if ahead else gettext("il y a %(span)s", span=text)


def _near_day(moment: datetime, now: datetime) -> str:
    days, time = (moment.date() - now.date()).days, time_of(moment)
    if days == 0:
        return gettext("aujourd’hui à %(time)s", time=time)
    if days == 1:
        return gettext("demain à %(time)s", time=time)
    if days == -1:
        return gettext("hier à %(time)s", time=time)
    if 1 < days < 7:
        return gettext("%(day)s à %(time)s", day=_name(moment.date(), "EEEE"), time=time)
    return gettext("%(day)s à %(time)s", day=day(moment), time=time)


def duration(minutes: int) -> str:
    """An estimated time: 20 min, 1 h 30, 2 h."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest}{NBSP}min"
    return f"{hours}{NBSP}h" + (f"{NBSP}{rest:02d}" if rest else "")


def inclusive(with_points: str, plain: str) -> str:
    """« adhérent·e » or « adhérent », as the group decided."""
    group = current_group()
    return with_points if group is None or group.inclusive else plain


def as_instant(value: Instant) -> datetime:
    """An aware UTC instant from a datetime or from ISO-8601 text as events carry it."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _local(value: Instant) -> datetime:
    return as_instant(value).astimezone(get_timezone())


def _now() -> datetime:
    return current_app.extensions["grenier"].clock.now()


def _name(value: date, pattern: str) -> str:
    return format_date(value, pattern, locale=get_locale())


def _french() -> bool:
    return str(get_locale()).startswith("fr")


def in_days(days: int) -> date:
    """The civil date so many days from now in the group's time zone."""
    return (_local(_now()) + timedelta(days=days)).date()
