"""Ways to reach a person, checked and brought into one form. Raises Invalid naming the field."""

from __future__ import annotations

import re

import phonenumbers

from grenier.errors import Invalid

_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\"]+")
MAX_EMAIL = 254
MAX_TEXT = 200
MAX_MESSAGE = 2_000


def email_address(text: str) -> str:
    """The address without surrounding blanks; "" stays ""."""
    email = text.strip()
    if email and (len(email) > MAX_EMAIL or not _EMAIL.fullmatch(email) or ".." in email):
        raise Invalid(fields={"email": ["Not an e-mail address."]})
    return email


def email_key(email: str) -> str:
    """What makes two addresses the same."""
    return email.strip().casefold()


def phone_number(text: str, region: str) -> str:
    """E.164, read with the group's region: 0692… is a number in Réunion (RE), not in metropolitan France (FR)."""
    if not text.strip():
        return ""
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise Invalid(fields={"phone": ["Not a phone number."]}) from error
    if not phonenumbers.is_valid_number(number):
        raise Invalid(fields={"phone": ["Not a valid phone number in this region."]})
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def is_region(code: str) -> bool:
    return code in phonenumbers.SUPPORTED_REGIONS


def details(fields: dict[str, str], region: str) -> dict[str, str]:
    """The personal fields of a request in the form that is sealed; collects every error before raising."""
    checked: dict[str, str] = {}
    errors: dict[str, list[str]] = {}
    for name, text in fields.items():
        try:
            checked[name] = _checked(name, text, region)
        except Invalid as invalid:
            errors |= invalid.facts["fields"]
    if errors:
        raise Invalid(fields=errors)
    return checked


def _checked(name: str, text: str, region: str) -> str:
    if name == "email":
        return email_address(text)
    if name == "phone":
        return phone_number(text, region)
    longest = MAX_MESSAGE if name == "message" else MAX_TEXT
    plain = text.strip() if name == "message" else " ".join(text.split())
    if len(plain) > longest:
        raise Invalid(fields={name: [f"At most {longest} characters."]})
    if name in ("first_name", "last_name") and not plain:
        raise Invalid(fields={name: ["Missing."]})
    return plain
