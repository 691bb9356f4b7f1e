"""T22: two lived months of every group, exported and read by hledger and beancount; every account agrees to the cent."""

from __future__ import annotations

import time

from tests.chaos.form import Form
from tests.contention.books import problems
from tests.house_app import Site
from tests.lived_month import live
from tests.proof import Row

TEST = "T22"


def run(form: Form) -> Row:
    began, found, accounts, lines = time.monotonic(), [], 0, 0
    with form.place("books") as folder:
        lived = live(Site(folder), households=form.count(24, 6), seed=form.seed)
        for group in lived.groups:
            client = lived.site.client(group.treasurer or group.coordinator)
            path = f"/api/v1/groups/{group.group_id}"
            texts = {name: client.get(f"{path}/journal?form={name}").text for name in ("hledger", "beancount")}
            trial = client.get(f"{path}/trial-balance").get_json()["accounts"]
            found += problems(folder, texts, trial)
            accounts, lines = accounts + len(trial), lines + texts["hledger"].count("\n")
    agree = accounts and not found
    figure = {
        "groups": len(lived.groups),
        "accounts": accounts,
        "journal_lines": lines,
        "agree": "100%" if agree else "no",
    }
    return Row(TEST, figure, found, time.monotonic() - began)
