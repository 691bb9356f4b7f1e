"""Ids that follow from a cycle, so that every service can name a group's distribution without asking."""

from __future__ import annotations

from grenier.runtime import derived_id


def distribution_id(cycle_id: str) -> str:
    return derived_id(cycle_id, "distribution")


def delivery_id(cycle_id: str) -> str:
    return derived_id(cycle_id, "delivery")


def pallet_id(delivery: str, number: int) -> str:
    return derived_id(delivery, f"pallet-{number}")
