"""What the tests across services share: a month lived once for those that only look at it."""

from __future__ import annotations

import pytest

from tests.house_app import Site
from tests.lived_month import Lived, live


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """Tests may add to it, each in its own corner; nothing is taken away."""
    return live(Site(tmp_path_factory.mktemp("lived")))
