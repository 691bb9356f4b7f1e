"""T22: the books of a lived month, read by two programs that know nothing of us."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contention.books import problems
from tests.lived_month import Lived


@pytest.mark.proof("T22")
def test_hledger_and_beancount_agree_with_every_account(lived: Lived, tmp_path: Path) -> None:
    accounts = 0
    for group in lived.groups:
        client = lived.site.client(group.treasurer or group.coordinator)
        path = f"/api/v1/groups/{group.group_id}"
        texts = {form: client.get(f"{path}/journal?form={form}").text for form in ("hledger", "beancount")}
        trial = client.get(f"{path}/trial-balance").get_json()["accounts"]
        assert problems(tmp_path, texts, trial) == []
        accounts += len(trial)
    assert accounts > 20


@pytest.mark.proof("T22")
def test_a_cent_lost_on_the_way_is_found(lived: Lived, tmp_path: Path) -> None:
    group = lived.groups[0]
    client = lived.site.client(group.treasurer or group.coordinator)
    path = f"/api/v1/groups/{group.group_id}"
    texts = {form: client.get(f"{path}/journal?form={form}").text for form in ("hledger", "beancount")}
    trial = client.get(f"{path}/trial-balance").get_json()["accounts"]
    trial[0] = {**trial[0], "balance_cents": trial[0]["balance_cents"] + 1}
    assert len(problems(tmp_path, texts, trial)) == 2, "both see it"
