"""Which modules are put on trial, by which tests; and the faults that change nothing, each with its reason."""

from __future__ import annotations

LEDGER, ORDERS, CONTRACTS = "ledger-svc/tests", "orders-svc/tests", "contracts-svc/tests"

# module -> (file, tests that are to notice, quickest first)
MODULES: dict[str, tuple[str, list[str]]] = {
    "ledger_svc.accounts": ("ledger-svc/ledger_svc/accounts.py", [f"{LEDGER}/test_ledger_account.py", f"{LEDGER}/test_ledger_till.py", f"{LEDGER}/test_ledger_house.py"]),
    "ledger_svc.account": ("ledger-svc/ledger_svc/account.py", [f"{LEDGER}/test_ledger_account.py", f"{LEDGER}/test_ledger_house.py"]),
    "ledger_svc.till": ("ledger-svc/ledger_svc/till.py", [f"{LEDGER}/test_ledger_till.py", f"{LEDGER}/test_ledger_house.py"]),
    "ledger_svc.contract_account": ("ledger-svc/ledger_svc/contract_account.py", [f"{LEDGER}/test_contract_account.py"]),
    "contracts_svc.rules.amounts": ("contracts-svc/contracts_svc/rules/amounts.py", [f"{CONTRACTS}/test_subscription_rules.py", f"{CONTRACTS}/test_subscription_real_contracts.py"]),
    "contracts_svc.rules.cheques": ("contracts-svc/contracts_svc/rules/cheques.py", [f"{CONTRACTS}/test_cheque_edges.py", f"{CONTRACTS}/test_subscription_rules.py", f"{CONTRACTS}/test_subscription_real_contracts.py"]),
    "contracts_svc.rules.dates": ("contracts-svc/contracts_svc/rules/dates.py", [f"{CONTRACTS}/test_pattern_edges.py", f"{CONTRACTS}/test_season_calendars.py", f"{CONTRACTS}/test_subscription_rules.py"]),
    "contracts_svc.contract.capacity": ("contracts-svc/contracts_svc/contract/capacity.py", [f"{CONTRACTS}/test_capacity_edges.py", f"{CONTRACTS}/test_subscription_decisions.py", f"{CONTRACTS}/test_subscription_dates.py", f"{CONTRACTS}/test_subscription_sequences.py"]),
    "orders_svc.regulation": ("orders-svc/orders_svc/regulation.py", [f"{ORDERS}/test_regulation.py"]),
    "orders_svc.credit": ("orders-svc/orders_svc/credit.py", ["tests/contention/test_credit_floor.py"]),
    "orders_svc.ordering": ("orders-svc/orders_svc/ordering.py", [f"{ORDERS}/test_cycle.py", f"{ORDERS}/test_orders_ordering.py", f"{ORDERS}/test_orders_month.py", "tests/contention/test_credit_floor.py"]),
    "orders_svc.closing": ("orders-svc/orders_svc/closing.py", [f"{ORDERS}/test_cycle.py", f"{ORDERS}/test_orders_month.py"]),
    "orders_svc.pricing": ("orders-svc/orders_svc/pricing.py", [f"{ORDERS}/test_pricing.py"]),
    "grenier.apportion": ("services/grenier/apportion.py", ["services/tests/test_foundation_splits.py"]),
    "logistics_svc.packing": ("logistics-svc/logistics_svc/packing.py", ["logistics-svc/tests/test_packing.py"]),
}  # fmt: skip

# Of the faults that are not listed below, so many must be noticed.
LEAST = {"ledger_svc": 1.0}

# (module, fault) -> why no test can tell it from the original.
EQUIVALENT: dict[tuple[str, str], str] = {
    ("ledger_svc.contract_account", "False for True"): "statements that were told are asked for by their number only",
    ("contracts_svc.rules.amounts", "Lt in minimum_cents <= 0"): "a share of nothing is nothing",
    (
        "orders_svc.regulation",
        "GtE in each.quantity > cap",
    ): "those at the ceiling come last, and fewer units are left than people above it",
    ("orders_svc.regulation", "GtE in quantity * people > left"): "when it fits exactly both ways give this quantity",
    ("orders_svc.regulation", "1 for 0"): "every place is written before it is read",
    (
        "orders_svc.regulation",
        "Lt in sum((each.quantity for each in ordered)) <= limit",
    ): "asked exactly the limit: every rule grants it",
    ("orders_svc.regulation", "False for True"): "the two lists are of one length by construction",
}
