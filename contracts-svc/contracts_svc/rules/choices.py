"""What may be chosen in each of the seven kinds of baskets.

    fixed_single            one option, once, for the season
    fixed_multiple          several options, each once
    free_quantity_single    one option, as many as one likes
    free_quantity_multiple  several options, as many as one likes
    modular                 composed delivery by delivery
    modular_fixed           at each delivery nothing, or always the same number
    ordered                 nothing now: ordered round by round

"Once" is the option's own list of quantities where it has one.
"""

from __future__ import annotations

from collections.abc import Sequence

from grenier.errors import Invalid
from grenier.language.season import BasketOption, PlannedDelivery, SubscribedLine, Terms

MODULAR = ("modular", "modular_fixed")
SINGLE = ("fixed_single", "free_quantity_single")
FIXED = ("fixed_single", "fixed_multiple")
MOST_UNITS = 1000


def check_lines(terms: Terms, lines: Sequence[SubscribedLine], taken: Sequence[PlannedDelivery]) -> None:
    """Raises Invalid naming the field ("lines", "lines.0.quantity") for a choice that this contract does not offer."""
    if terms.basket_kind == "ordered":
        if lines:
            raise Invalid(fields={"lines": ["Nothing is chosen now: it is ordered round by round."]})
        return
    if not lines:
        raise Invalid(fields={"lines": ["At least one option."]})
    if terms.basket_kind in SINGLE and len(lines) > 1:
        raise Invalid(fields={"lines": ["One option only."]})
    options = {option.option_id: option for option in terms.options}
    if len({line.option_id for line in lines}) < len(lines):
        raise Invalid(fields={"lines": ["The same option stands there twice."]})
    for place, line in enumerate(lines):
        option = options.get(line.option_id)
        if option is None:
            raise Invalid(fields={f"lines.{place}.option_id": ["Not an option of this contract."]})
        if terms.basket_kind in MODULAR:
            _check_composed(terms, place, line, option, taken)
        else:
            _check_season(terms, place, line, option)


def _check_season(terms: Terms, place: int, line: SubscribedLine, option: BasketOption) -> None:
    if line.per_delivery:
        raise Invalid(fields={f"lines.{place}.per_delivery": ["The same at each delivery."]})
    allowed = option.quantities or ([1] if terms.basket_kind in FIXED else [])
    check_quantity(f"lines.{place}.quantity", line.quantity, allowed)


def check_quantity(field: str, quantity: int, allowed: Sequence[int]) -> None:
    if allowed and quantity not in allowed:
        raise Invalid(fields={field: [f"One of {', '.join(str(one) for one in sorted(allowed))}."]})
    if not 1 <= quantity <= MOST_UNITS:
        raise Invalid(fields={field: [f"Between 1 and {MOST_UNITS}."]})


def _check_composed(
    terms: Terms, place: int, line: SubscribedLine, option: BasketOption, taken: Sequence[PlannedDelivery]
) -> None:
    field = f"lines.{place}.per_delivery"
    if line.quantity:
        raise Invalid(fields={f"lines.{place}.quantity": ["Composed delivery by delivery."]})
    dates = {delivery.delivery_id for delivery in taken}
    for delivery_id, quantity in line.per_delivery.items():
        if delivery_id not in dates:
            raise Invalid(fields={field: [f"{delivery_id} is not a delivery of this subscription."]})
        if option.delivery_ids and delivery_id not in option.delivery_ids and quantity:
            raise Invalid(fields={field: [f"Not delivered on {delivery_id}."]})
        if quantity:
            check_quantity(field, quantity, option.quantities)
    if terms.basket_kind == "modular_fixed" and len({q for q in line.per_delivery.values() if q}) > 1:
        raise Invalid(fields={field: ["Nothing, or always the same number."]})
