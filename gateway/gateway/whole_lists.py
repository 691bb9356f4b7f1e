"""Lists that services answer page by page, asked for to their end: what is printed, exported or added up lacks nobody.

whole_list("contracts", "members", group_id=…)["households"]
"""

from typing import Any

from gateway.calls import ask

PAGE = 500
NAMES_AT_ONCE = 1000
# The list in the answer; by pages that are counted from 1, or by how many rows come before. All tell their `total`.
BY_PAGE = {
    ("contracts", "members"): "households",
    ("ledger", "accounts"): "items",
    ("ledger", "contract_accounts"): "items",
}
BY_OFFSET = {("contracts", "subscriptions"): "subscriptions", ("orders", "parcels"): "items"}


def whole_list(service: str, method: str, /, **asked: Any) -> dict[str, Any]:
    """What the query answers, with all rows of its list."""
    key = BY_PAGE.get((service, method)) or BY_OFFSET[service, method]
    answer: dict[str, Any] = {}
    rows: list[Any] = []
    page = 0
    while not answer or (answer[key] and len(rows) < answer["total"]):
        page += 1
        where = {"page": page, "size": PAGE} if (service, method) in BY_PAGE else {"limit": PAGE, "offset": len(rows)}
        answer = ask(service, method, **asked, **where)
        rows += answer[key]
    return {**answer, key: rows}


def names(**ids: list[str]) -> dict[str, str]:
    """`contracts.names` of however many; at most so many are told in one answer."""
    found: dict[str, str] = {}
    for kind, wanted in ids.items():
        for at in range(0, len(wanted), NAMES_AT_ONCE):
            found |= ask("contracts", "names", **{kind: wanted[at : at + NAMES_AT_ONCE]})
    return found
