"""The contract as a document: what the producer approves and what members sign, by its SHA-256 (`gateway.printing` asks for the facts)."""

from collections.abc import Mapping
from typing import Any

from gateway import printing
from gateway.documents import render


def contract_pdf(contract: Mapping[str, Any], group: Mapping[str, Any], token: str = "") -> bytes:
    """The newest version, before anybody signed; by the producer's link when there is a `token`."""
    return printing.contract_to_sign(token=token)[0] if token else printing.contract_to_sign(contract["contract_id"])[0]


def subscription_pdf(subscription_id: str) -> bytes:
    """Filled in for one subscription, before anybody signed."""
    return printing.subscription_to_sign(subscription_id)[0]


def digest(content: bytes) -> str:
    return render.digest(content)
