"""The contract as a document: what the producer approves and what members sign, by its SHA-256."""

from collections.abc import Mapping
from typing import Any

from gateway.documents import contract as paper
from gateway.documents import render
from gateway.season.shown import producer_name


def facts_of(contract: Mapping[str, Any], group: Mapping[str, Any]) -> dict[str, Any]:
    """What the document says, from the contract's own facts alone: the same version is always the same bytes."""
    return {
        "group": {"name": group.get("name", ""), "place": group.get("place", ""), "inclusive": group.get("inclusive_language", True)},
        "producer": {"name": producer_name(contract), "place": contract.get("producer_place", "")},
        "referents": [],
        "terms": contract["terms"],
        "version": contract["version"],
        "dated": contract["terms"]["starts_on"],
        "clauses": {},
        "signatures": [],
        "subscription": None,
    }  # fmt: skip


def contract_pdf(contract: Mapping[str, Any], group: Mapping[str, Any]) -> bytes:
    return render.pdf("contract", paper.shape(facts_of(contract, group)))


def digest(content: bytes) -> str:
    return render.digest(content)
