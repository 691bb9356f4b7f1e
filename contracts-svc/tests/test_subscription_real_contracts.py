"""Contracts as they were really printed, to the cent: dates, prices, totals, six cheques."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from contracts_svc.rules import amounts, cheques
from grenier.language.season import BasketOption, PlannedDelivery, SubscribedLine

CONTRACTS = json.loads((Path(__file__).parent / "data" / "season_contracts.json").read_text())
CASES = [(one["contract"], series) for one in CONTRACTS for series in one["series"]]


def season(printed):
    """Every date of the contract, series by series."""
    found = []
    for series, told in printed["series"].items():
        days = [date.fromisoformat(text) for text in told.get("dates", ())] or [
            date.fromisoformat(told["weekly_from"]) + timedelta(weeks=week) for week in range(told["count"])
        ]
        found += [PlannedDelivery(delivery_id=f"{series}{day}", on=day, series=series) for day in days]
    return found


@pytest.mark.parametrize(("name", "series"), CASES, ids=[f"{name} {series}".strip() for name, series in CASES])
def test_a_printed_contract_comes_out_to_the_cent(name, series):
    printed = next(one for one in CONTRACTS if one["contract"] == name)
    expected, every = printed["series"][series], season(printed)
    options = [BasketOption(option_id=one["title"], **one) for one in printed["options"]]
    lines = [
        SubscribedLine(option_id=option.option_id, quantity=quantity)
        for option, quantity in zip(options, printed["quantities"], strict=True)
        if quantity
    ]
    first = min(delivery.on for delivery in every)
    taken = amounts.deliveries_taken(every, first, series=series)
    total = amounts.amount(lines, options, taken)
    assert total == expected["total_cents"]
    assert len(taken) == len(expected.get("dates", ())) or len(taken) == expected.get("count")
    assert cheques.split(total, 6) == expected["in_six"]


def test_whoever_takes_both_weeks_pays_both():
    for printed in CONTRACTS:
        every = season(printed)
        options = [BasketOption(option_id=one["title"], **one) for one in printed["options"]]
        pairs = zip(options, printed["quantities"], strict=True)
        lines = [SubscribedLine(option_id=option.option_id, quantity=number) for option, number in pairs]
        both = amounts.amount(lines, options, amounts.deliveries_taken(every, date(2000, 1, 1)))
        assert both == sum(told["total_cents"] for told in printed["series"].values())
