"""What happened to an order, fact by fact, in words."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from gateway.formats import money
from gateway.pages import orders as words


def entry(fact: Mapping[str, Any], products: Mapping[str, str], names: Mapping[str, str]) -> dict[str, Any]:
    """One fact as the timeline shows it."""
    facts = fact["facts"]
    behalf = fact["on_behalf_of"]
    return {
        "at": fact["at"],
        "text": f"{words.HARVEST.get(fact['event'], fact['event'])} : {_what(fact['event'], facts, products)}".rstrip(
            " :"
        ),
        "who": words.actor_name(names, fact["actor"]),
        "role": words.role_word(fact["role"]) if fact["role"] else "",
        "for_whom": words.household_name(names, behalf) if behalf else "",
    }


def _what(event: str, facts: Mapping[str, Any], products: Mapping[str, str]) -> str:
    if event == "orders.orders-regulated":
        return _(
            "%(product)s, %(before)s → %(after)s (%(rule)s), %(from_amount)s → %(to_amount)s",
            product=products.get(facts["product_id"], ""),
            before=facts["from_quantity"],
            after=facts["to_quantity"],
            rule=words.rule_word(facts["rule"]),
            from_amount=money(facts["from_amount_cents"]),
            to_amount=money(facts["to_amount_cents"]),
        )
    lines = ", ".join(f"{line['quantity']} × {products.get(line['product_id'], '')}" for line in facts.get("lines", []))
    parts = [lines, money(facts["total_cents"]) if "total_cents" in facts else ""]
    if facts.get("channel") == "paper":
        parts.append(_("sur papier"))
    if facts.get("reason"):
        parts.append(_("raison : %(reason)s", reason=facts["reason"]))
    return ", ".join(part for part in parts if part)
