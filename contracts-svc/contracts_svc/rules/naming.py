"""Ids of options, deliveries and order rounds, made of the contract and of what they name.

The same terms give the same ids, so recording them twice changes nothing; two contracts never share one, whatever names
a request uses inside itself ("d1"). An id that is a UUID already is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID, uuid5

import msgspec

from grenier.language.season import BasketOption, PlannedDelivery, RoundPlan, Terms


def named(terms: Terms, contract_id: str) -> Terms:
    """The terms with an id for everything, and with every reference following it."""
    give = _Names(contract_id)
    deliveries, on = give.ids(terms.deliveries, "delivery_id", _delivery)
    options, _ = give.ids(terms.options, "option_id", _option)
    rounds = [
        msgspec.structs.replace(each, delivery_id=on.get(each.delivery_id, each.delivery_id)) for each in terms.rounds
    ]
    rounds, _ = give.ids(rounds, "round_id", _round)
    options = [
        msgspec.structs.replace(option, delivery_ids=[on.get(each, each) for each in option.delivery_ids])
        for option in options
    ]
    return msgspec.structs.replace(terms, deliveries=deliveries, options=options, rounds=rounds)


def _delivery(delivery: PlannedDelivery) -> str:
    return f"delivery/{delivery.on}/{delivery.series}/{delivery.starts}"


def _option(option: BasketOption) -> str:
    return f"option/{option.title}/{option.code}/{option.unit}/{option.net_weight_g}"


def _round(each: RoundPlan) -> str:
    return f"round/{each.delivery_id}"


class _Names:
    def __init__(self, contract_id: str) -> None:
        self._contract_id = contract_id

    def ids(self, parts: list[Any], field: str, what: Callable[[Any], str]) -> tuple[list[Any], Mapping[str, str]]:
        """The parts with their ids, and {id as it was given: id as it is}."""
        kind, counted, found, known = field.removesuffix("_id"), Counter[str](), [], {}
        for part in parts:
            given = getattr(part, field)
            if not given:
                counted[what(part)] += 1
                made = self._id(f"{what(part)}/{counted[what(part)]}")
            else:
                made = given if _is_uuid(given) else self._id(f"{kind}:{given}")
                known[given] = made
            found.append(msgspec.structs.replace(part, **{field: made}))
        return found, known

    def _id(self, name: str) -> str:
        # The id of a contract is a UUID in every request that comes through the gateway.
        base = UUID(self._contract_id) if _is_uuid(self._contract_id) else uuid5(UUID(int=0), self._contract_id)
        return str(uuid5(base, name))


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
