"""Roles, where they hold, and what each may do. Services authorise from this table and their own view of assignments.

A permission is "<service>.<act>". A role held for the federation holds in every group of its host organisation.
Own-account acts of eaters (order, read my statement) need no role: they need membership of the household.
"""

from __future__ import annotations

GROUP_ROLES: dict[str, frozenset[str]] = {
    # The organisers of an autonomous group (S1:2-102): everything inside their group but the money.
    "organiser": frozenset(
        {
            "contracts.read-members",
            "contracts.manage-members",
            "contracts.assign-roles",
            "contracts.settings",
            "contracts.manage-contracts",
            "contracts.cheques",
            "contracts.exchange",
            "orders.read",
            "orders.proxy",
            "orders.regulate",
            "logistics.read",
            "logistics.receive",
            "logistics.distribute",
            "logistics.count",
            "ledger.read",
            "ledger.till",
            "notify.read",
            "notify.announce",
            "notify.call",
            "matching.read",
            "matching.manage",
        }
    ),
    # The coordinator of a contract or product (S0): orders, balances, questions of the eaters.
    "coordinator": frozenset(
        {
            "contracts.read-members",
            "contracts.manage-members",
            "contracts.manage-contracts",
            "contracts.cheques",
            "contracts.exchange",
            "orders.read",
            "orders.proxy",
            "orders.regulate",
            "logistics.read",
            "logistics.distribute",
            "ledger.read",
            "ledger.prepay",
            "notify.read",
            "notify.announce",
            "notify.call",
            "matching.read",
            "matching.manage",
        }
    ),
    "treasurer": frozenset(
        {
            "contracts.read-members",
            "contracts.cheques",
            "orders.read",
            "logistics.read",
            "ledger.read",
            "ledger.till",
            "ledger.count",
            "ledger.prepay",
            "ledger.correct",
            "notify.call",
        }
    ),
    # A helper on the day: sees the orders to hand out, nothing of the money.
    "volunteer": frozenset({"logistics.read", "logistics.distribute", "matching.read"}),
}

FEDERATION_ROLES: dict[str, frozenset[str]] = {
    # S1:125-128: the salaried team, of the federation and no group's.
    "central_team": frozenset(
        {
            "contracts.found",
            "contracts.read-members",
            "contracts.manage-members",
            "contracts.assign-roles",
            "contracts.settings",
            "contracts.erase",
            "orders.read",
            "orders.catalogue",
            "orders.windows",
            "orders.regulate",
            "orders.proxy",
            "orders.suppliers",
            "logistics.read",
            "logistics.pallets",
            "logistics.dispatch",
            "ledger.read",
            "ledger.verify",
            "notify.read",
            "notify.announce",
            "notify.templates",
            "matching.read",
            "matching.manage",
        }
    ),
    "logistician": frozenset({"orders.read", "logistics.read", "logistics.pallets", "logistics.dispatch"}),
    "territorial_coordinator": frozenset({"matching.read", "matching.experts"}),
}

# Roles that hold for one producer or for oneself only; what they may do is asked with that scope.
OTHER_ROLES: dict[str, frozenset[str]] = {
    "producer": frozenset({"contracts.own-contracts", "orders.supplier-orders"}),
    "volunteer_expert": frozenset({"matching.own"}),
    "occasional_taker": frozenset(),
    "role_holder": frozenset(),
}

PERMISSIONS: dict[str, frozenset[str]] = GROUP_ROLES | FEDERATION_ROLES | OTHER_ROLES
