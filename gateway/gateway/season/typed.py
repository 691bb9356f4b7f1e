"""What somebody typed into a form of the season, read field by field: figures, days, hours; what is wrong stands at its field."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from gateway.forms import Form
from gateway.pages.ledger_words import cents_of, typed_euros

LONGEST_NUMBER = 7
# Beyond, there are no days before and after it to count with.
YEARS = range(1900, 2201)


class Typed:
    """Reads a `Form`; every reader answers a usable value and notes an error when there was none."""

    def __init__(self, form: Form) -> None:
        self.form = form

    def wrong(self, name: str, message: str) -> None:
        self.form.errors.setdefault(name, []).append(message)

    def text(self, name: str, required: bool = False, longest: int = 4000) -> str:
        found = str(self.form.typed.get(name, "")).strip()
        if required and not found:
            self.wrong(name, _("À remplir."))
        if len(found) > longest:
            self.wrong(name, _("Trop long."))
        return found

    def chosen(self, name: str) -> bool:
        return bool(self.form.typed.get(name))

    def several(self, name: str) -> list[str]:
        return [str(value) for value in self.form.typed.getlist(name) if value]

    def whole(self, name: str, empty: int = 0, least: int = 0, most: int = 9_999_999) -> int:
        """A whole number; `empty` when nothing was typed."""
        found = self.text(name).replace("\u00a0", "").replace(" ", "")
        if not found:
            return empty
        negative = found[0] in "-\u2212"
        digits = found[1:] if negative else found
        if not (digits.isascii() and digits.isdecimal()) or len(digits) > LONGEST_NUMBER:
            self.wrong(name, _("Un nombre entier."))
            return empty
        value = -int(digits) if negative else int(digits)
        if not least <= value <= most:
            self.wrong(name, _("Entre %(least)s et %(most)s.", least=least, most=most))
        return value

    def hundredths(self, name: str, empty: int = 0) -> int:
        """A decimal with at most two places, as hundredths: « 1,5 » → 150."""
        found = self.text(name)
        if not found:
            return empty
        value = cents_of(found)
        if value is None or value < 0:
            self.wrong(name, _("Un nombre, par exemple 1,5."))
            return empty
        return value

    def euros(self, name: str, required: bool = False, empty: int = 0) -> int:
        """An amount in cents."""
        found = self.text(name, required)
        if not found:
            return empty
        value = cents_of(found)
        if value is None or value < 0:
            self.wrong(name, _("Écrivez un montant en euros, par exemple 12,50."))
            return empty
        return value

    def day(self, name: str, required: bool = False) -> str | None:
        """An ISO date, or None."""
        found = self.text(name, required)
        if not found:
            return None
        try:
            told: date | None = date.fromisoformat(found)
        except ValueError:
            told = None
        if told is None or told.year not in YEARS:
            self.wrong(name, _("Une date, par exemple 2026-11-26."))
            return None
        return told.isoformat()

    def clock(self, name: str, empty: str = "") -> str:
        """A local time "18:30"."""
        found = self.text(name)
        if not found:
            return empty
        try:
            return time.fromisoformat(found).strftime("%H:%M")
        except ValueError:
            self.wrong(name, _("Une heure, par exemple 18:30."))
            return empty

    def instant(self, name: str, zone: str) -> str | None:
        """A local date and time as an ISO instant in UTC."""
        found = self.text(name)
        if not found:
            return None
        try:
            local: datetime | None = datetime.fromisoformat(found).replace(tzinfo=ZoneInfo(zone))
        except ValueError:
            local = None
        if local is None or local.year not in YEARS:
            self.wrong(name, _("Une date et une heure, comme 12/11/2026 20:00."))
            return None
        instant = local.astimezone(ZoneInfo("UTC"))
        if instant.astimezone(local.tzinfo).replace(tzinfo=None) != local.replace(tzinfo=None):
            self.wrong(name, _("Cette heure n’existe pas ce jour-là : on passe à l’heure d’été."))
            return None
        return instant.isoformat().replace("+00:00", "Z")


# -- the other way: what a field shows ---------------------------------------------------------------------------


def amount(cents: int) -> str:
    """Nothing for zero: an empty field says "none"."""
    return typed_euros(cents) if cents else ""


def figure(value: int, empty: int = 0) -> str:
    return "" if value == empty else str(value)


def decimal(hundredths: int, empty: int = 0) -> str:
    if hundredths == empty:
        return ""
    whole, rest = divmod(hundredths, 100)
    return f"{whole},{rest:02d}".rstrip("0").rstrip(",")


def local_instant(instant: str, zone: str) -> str:
    """The value of a datetime-local field."""
    if not instant:
        return ""
    return datetime.fromisoformat(instant).astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")
