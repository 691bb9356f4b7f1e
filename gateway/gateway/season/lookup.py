"""What pages of the season ask the services for: a contract of the group of the address, names, households, the zone."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from flask import abort, current_app

from gateway.calls import ask
from gateway.identity import places
from gateway.pages.ledger_words import names_for
from gateway.whole_lists import whole_list
from grenier.language import season


def zone_of(group_id: str) -> str:
    group = current_app.extensions["grenier"].access_view.group(group_id)
    return group.time_zone if group else "Europe/Paris"


def group_name(group_id: str) -> str:
    group = current_app.extensions["grenier"].access_view.group(group_id)
    return group.name if group else ""


def today(group_id: str) -> str:
    """The civil date in the group, by the app's clock."""
    now = current_app.extensions["grenier"].clock.now()
    return str(now.astimezone(ZoneInfo(zone_of(group_id))).date().isoformat())


def contract_of(group_id: str, contract_id: str) -> dict[str, Any]:
    """The contract, of this very group; anything else does not exist."""
    found = ask("contracts", "contract", contract_id=contract_id)
    if found["group_id"] != group_id:
        abort(404)
    return with_terms(found)


def with_terms(found: Mapping[str, Any]) -> dict[str, Any]:
    """`terms` with the deliveries as they stand after every move; `agreed`: as the producer approved them."""
    agreed = complete(found["terms"])
    moved = [delivery for month in found.get("months") or [] for delivery in month["deliveries"]]
    held = {"deliveries": complete({**agreed, "deliveries": moved})["deliveries"]} if moved else {}
    return {**found, "agreed": agreed, "terms": agreed | held}


def subscription_of(group_id: str, subscription_id: str) -> dict[str, Any]:
    found = ask("contracts", "subscription", subscription_id=subscription_id)
    if found["group_id"] != group_id:
        abort(404)
    return found


def own_households(group_id: str) -> list[str]:
    """The households of the person of this request that are members of the group today."""
    return [home.household_id for home in places().households if home.group_id == group_id and home.current]


def households_of(group_id: str, search: str = "") -> list[dict[str, Any]]:
    """Households of the group for choosing one, by name."""
    found = whole_list("contracts", "members", group_id=group_id, search=search)["households"]
    return sorted(found, key=lambda home: home["label"].casefold())


def household_names(rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Labels for every household that these rows name."""
    wanted = {row["household_id"] for row in rows} | {other for row in rows for other in row.get("household_ids") or []}
    return names_for(household_ids=wanted)


def as_date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def options_of(contract: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {option["option_id"]: option for option in contract["terms"]["options"]}


def deliveries_of(contract: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    return {delivery["delivery_id"]: delivery for delivery in contract["terms"]["deliveries"]}


# -- terms with nothing left out ---------------------------------------------------------------------------------


def complete(terms: Mapping[str, Any]) -> dict[str, Any]:
    """Answers leave out what is as usual; pages show and change all of it."""
    return dict(_plain(msgspec.convert(dict(terms), season.Terms, strict=False)))


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, date | datetime) else value
