"""The doors of the basket exchange, together."""

from __future__ import annotations

from contracts_svc.exchange.doors_baskets import BasketDoors
from contracts_svc.exchange.doors_takers import TakerDoors
from contracts_svc.exchange.questions import ExchangeQuestions


class ExchangeDoors(TakerDoors, BasketDoors, ExchangeQuestions):
    """See the README for payloads and permissions."""
