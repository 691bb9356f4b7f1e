"""Taking in many products at once: every row is read over and answered with its own errors; all are written, or none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from grenier.doors import Context
from grenier.errors import Invalid
from grenier.language.orders import ProductFacts
from grenier.runtime import Runtime, derived_id
from orders_svc import asks, product
from orders_svc.sorting import plain

Errors = dict[str, list[str]]


class Checked(msgspec.Struct, frozen=True):
    """One row: what was understood of it, or why it was not."""

    number: int
    name: str
    row: asks.ImportRow | None
    errors: Errors


def faults(facts: ProductFacts, producers: Iterable[str]) -> Errors:
    """What is wrong with a product, by field."""
    found: Errors = {}
    if not facts.name.strip():
        found["name"] = ["is missing"]
    if not facts.category.strip():
        found["category"] = ["is missing"]
    if facts.producer_id not in producers:
        found["producer_id"] = ["is not a producer of this host organisation"]
    if facts.sale == "weighed" and facts.portion_g <= 0:
        found["portion_g"] = ["is needed for a product sold by weight"]
    for name in ("portion_g", "net_weight_g", "whole_piece_g"):
        if getattr(facts, name) < 0:
            found[name] = ["must not be negative"]
    if facts.case_size < 1:
        found["case_size"] = ["must be at least 1"]
    return found


def check(facts: ProductFacts, producers: Iterable[str]) -> None:
    if found := faults(facts, producers):
        raise Invalid(fields=found)


def check_rows(rows: list[dict[str, Any]], producers: set[str], known: list[dict[str, Any]]) -> list[Checked]:
    """`known`: products on offer already; the same name from the same producer would be a double."""
    taken = {(plain(row["name"]), row["producer_id"]) for row in known}
    checked = []
    for number, raw in enumerate(rows, start=1):
        row, errors = _read_row(raw)
        if row is not None:
            errors = faults(row, producers)
            double = (plain(row.name), row.producer_id)
            if double in taken:
                errors["name"] = ["is there already for this producer"]
            taken.add(double)
        checked.append(Checked(number, str(raw.get("name") or ""), row, errors))
    return checked


def written_by_others(known: list[dict[str, Any]], command_id: str, rows: int) -> list[dict[str, Any]]:
    """Products without those of this very import: repeating it must not stumble over itself."""
    own = {_product_id(command_id, number) for number in range(1, rows + 1)} if command_id else set()
    return [row for row in known if row["product_id"] not in own]


def _product_id(command_id: str, number: int) -> str:
    return derived_id(command_id, f"row-{number}")


def _read_row(raw: dict[str, Any]) -> tuple[asks.ImportRow | None, Errors]:
    try:
        return msgspec.convert(raw, asks.ImportRow, strict=False), {}
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        return None, {path.strip("`").lstrip(".") or "row": [message]}


def carry_out(
    runtime: Runtime, ask: asks.ImportProducts, checked: list[Checked], context: Context, role: str
) -> dict[str, Any]:
    """Write every row as a product of its own, unless one is wrong or only a reading was asked for."""
    wrong = [each for each in checked if each.errors]
    if wrong and not ask.dry_run:
        fields = {f"rows.{each.number}.{name}": messages for each in wrong for name, messages in each.errors.items()}
        raise Invalid(fields=fields)
    answer: dict[str, Any] = {
        "rows": [{"row": each.number, "name": each.name, "errors": each.errors} for each in checked],
        "valid": len(checked) - len(wrong),
        "created": 0,
        "position": None,
    }
    if ask.dry_run:
        return answer
    for each in checked:
        written = _create(runtime, ask, each, context, role)
        answer["created"] += 1
        answer["position"] = written["position"]
    return answer


def _create(
    runtime: Runtime, ask: asks.ImportProducts, checked: Checked, context: Context, role: str
) -> dict[str, Any]:
    assert checked.row is not None
    product_id = _product_id(context.command_id, checked.number)
    facts = ProductFacts(**{name: getattr(checked.row, name) for name in ProductFacts.__struct_fields__})
    command = product.ListProduct(
        product_id=product_id,
        host_id=ask.host_id,
        facts=facts,
        price_cents=checked.row.price_cents,
        cost_cents=checked.row.cost_cents,
        effective_from=ask.effective_from,
    )
    return runtime.tell(product.decider, product_id, command, context, role=role, step=f"row-{checked.number}")
