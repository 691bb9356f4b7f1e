"""T13 for what services keep: a flipped bit is found, never taken for what was written. The log's own: infra/tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import damage
from tests.lived_month import Lived

pytestmark = pytest.mark.proof("T13")
FLIPS = 25
VERIFICATIONS = 6


def test_views_are_told_from_a_replay(lived: Lived, tmp_path: Path) -> None:
    found = damage.views(tmp_path, list(lived.site.house.log.read_all()), VERIFICATIONS)
    assert found["served"] == 0, found
    assert found["found"] > 0, found


def test_the_mirror_is_never_replayed_damaged(lived: Lived, tmp_path: Path) -> None:
    found = damage.mirror(tmp_path, list(lived.site.house.log.read_all()), FLIPS)
    assert found["served"] == 0, found
    assert found["found"] > FLIPS / 2, found


def test_a_damaged_key_opens_nothing_and_nobody_passes_for_erased(tmp_path: Path) -> None:
    found = damage.keys(tmp_path, FLIPS)
    assert found["served"] == 0, found
    assert found["found"], found  # most of the file is empty: a flip there changes nothing
