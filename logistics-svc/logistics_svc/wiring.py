"""Puts logistics-svc together."""

from __future__ import annotations

from grenier.runtime import Service
from logistics_svc.policies import POLICIES
from logistics_svc.service import Logistics
from logistics_svc.views import distributions, history, pallets, shortages, stock

VIEWS = (pallets.view, distributions.view, stock.view, shortages.view, history.view)


def service() -> Service:
    return Service(name="logistics", views=VIEWS, doors=Logistics, policies=POLICIES)
