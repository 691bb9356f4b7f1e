"""What a subscription comes to, line by line, for paper: which deliveries count, how many units, how much.

amount of a line = Σ over its deliveries of factor × quantity × price (domain 1.3), in integer cents; what is due in all comes
from contracts-svc, which owns the rule. The factor is hundredths, a portion so many grams of a price per kilogram.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from gateway.documents.words import money, number, weight

Facts: TypeAlias = Mapping[str, Any]
GRAMS_PER_KG = 1000
UNITS = {"piece": "", "kg": "kg", "g": "g", "l": "l"}


@dataclass(frozen=True)
class Line:
    option: Facts
    quantity: int
    per_delivery: Mapping[str, int]
    dates: tuple[Facts, ...]

    def at(self, delivery: Facts) -> int:
        """Units at one delivery; none where the option is not delivered."""
        if all(each["delivery_id"] != delivery["delivery_id"] for each in self.dates):
            return 0
        return self.per_delivery.get(delivery["delivery_id"], self.quantity)

    @property
    def amount_cents(self) -> int:
        return amount_of(self.option, [(self.at(each), each) for each in self.dates])


def deliveries_of(terms: Facts, taken: Facts | None, option: Facts | None = None) -> list[Facts]:
    """The deliveries that count for a subscription (and an option), by date; all that are held when there is none."""
    absent = set(taken.get("absences", ())) if taken else set()
    series = taken.get("series", "") if taken else ""
    since = str(taken["starts_on"]) if taken else ""
    only = set(option.get("delivery_ids", ())) if option else set()
    held = [
        each
        for each in terms.get("deliveries", [])
        if not each.get("cancelled")
        and str(each["on"]) >= since
        and each["delivery_id"] not in absent
        and (not series or each.get("series", "") in ("", series))
        and (not only or each["delivery_id"] in only)
    ]
    return sorted(held, key=lambda each: str(each["on"]))


def lines_of(terms: Facts, taken: Facts, dates: Iterable[Facts]) -> list[Line]:
    options = {each["option_id"]: each for each in terms.get("options", [])}
    days = list(dates)
    found = []
    for line in taken.get("lines", []):
        option = options.get(line["option_id"], {"option_id": line["option_id"], "title": "–", "price_cents": 0})
        only = set(option.get("delivery_ids", ()))
        inside = tuple(each for each in days if not only or each["delivery_id"] in only)
        found.append(Line(option, line.get("quantity", 0), line.get("per_delivery") or {}, inside))
    return found


def amount_of(option: Facts, taken: Iterable[tuple[int, Facts]]) -> int:
    """Cents for (units, delivery) pairs: summed in hundredths of units, rounded once, half up."""
    units = sum(quantity * int(each.get("factor_percent", 100)) for quantity, each in taken)
    grams = (option.get("portion_g") or GRAMS_PER_KG) if option.get("sale") == "weighed" else GRAMS_PER_KG
    return (2 * units * option["price_cents"] * grams + 100 * GRAMS_PER_KG) // (200 * GRAMS_PER_KG)


def unit_price(option: Facts) -> str:
    price = money(option["price_cents"])
    if option.get("sale") == "weighed":
        return f"{price}/kg"
    unit = UNITS.get(option.get("unit", "piece"), "")
    return f"{price}/{unit}" if unit else price


def portion_text(option: Facts) -> str:
    """« Comté, portion de 250 g », « Pain complet (500 g) »."""
    if option.get("sale") == "weighed" and option.get("portion_g"):
        return f"{option['title']}, portion de {weight(option['portion_g'])}"
    return (
        f"{option['title']} ({weight(option['net_weight_g'])})" if option.get("net_weight_g") else str(option["title"])
    )


def code_of(option: Facts) -> str:
    """The short name at the head of a column."""
    return str(option.get("code") or option["title"])


def shares_of(option: Facts, quantity: float) -> float:
    """Whole baskets that so many units make."""
    return quantity * option.get("share_bp", 10_000) / 10_000


def parts_text(shares: float) -> str:
    return f"{number(round(shares, 2))} part" + ("s" if shares >= 2 else "")
