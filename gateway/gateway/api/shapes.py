"""Shapes of texts that several areas take, as patterns that the description shows and every JSON Schema reads alike.

A text that has the shape may still be refused by the service: 30 February, a country that nobody knows.
"""

from marshmallow import fields
from marshmallow.validate import Length, Regexp

DAY = Regexp(r"^(19|2[01])[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$", error="Not a valid date.")
MONTH = Regexp(r"^(19|2[01])[0-9]{2}-(0[1-9]|1[0-2])$")
HOUR = Regexp(r"^([01][0-9]|2[0-3]):[0-5][0-9]$")
SHA256 = Regexp(r"^[0-9a-f]{64}$")
COUNTRY = Regexp(r"^[A-Z]{2}$")
# Empty: none.
EMAIL = (Length(max=254), Regexp(r"^\s*$|^\s*[^@\s]+@[^@\s]+\.[^@\s]+\s*$", error="Not a valid email address."))


def day(**more) -> fields.String:
    """A local date of the group, as text: the services read it."""
    told = more.pop("metadata", {})
    return fields.String(validate=DAY, metadata={"format": "date", **told}, **more)


def mail_address(**more) -> fields.String:
    return fields.String(validate=EMAIL, **more)
