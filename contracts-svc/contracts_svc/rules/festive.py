"""Public holidays where a group is: France by default, with what Alsace, Moselle and the overseas departments add."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache

import holidays

from grenier.errors import Invalid

# Regions of phone numbers that are departments of France to the calendar.
OVERSEAS = {"RE": "974", "GP": "971", "MQ": "972", "GF": "973", "YT": "976"}


def place_of(region: str) -> tuple[str, str]:
    """Country and subdivision of a group's phone region: "RE" is France, 974."""
    return ("FR", OVERSEAS[region]) if region in OVERSEAS else (region or "FR", "")


def check_place(country: str, subdivision: str) -> None:
    known = holidays.list_supported_countries()
    if country not in known:
        raise Invalid(fields={"country": ["A country's two letters, such as FR."]})
    if subdivision and subdivision not in known[country]:
        raise Invalid(fields={"subdivision": [f"One of {', '.join(known[country])}."]})


def holidays_of(country: str, subdivision: str, days: Iterable[date]) -> dict[date, str]:
    """{date: name in French where there is one}, for the years that these days lie in; {} for an unknown country."""
    years = sorted({day.year for day in days})
    return {day: name for year in years for day, name in _year(country, subdivision, year).items()}


@cache
def _year(country: str, subdivision: str, year: int) -> dict[date, str]:
    try:
        found = holidays.country_holidays(country, subdiv=subdivision or None, years=year, language="fr")
    except NotImplementedError:
        return {}
    return dict(found)
