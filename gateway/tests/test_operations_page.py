"""The operators' page: what is well in one line, what is not with what to do about it."""

from typing import Any

import pytest

WELL = {
    "kind": "process",
    "state": "well",
    "role": "le portail : pages et API",
    "latency_ms": 12.4,
    "facts": {"restarts": 1},
}
DISK = {"kind": "disk", "state": "well", "facts": {"free_bytes": 78_530_000_000}}


class FakeOverview:
    def __init__(self, **more: Any) -> None:
        self.components = {"gateway": WELL, "disk": DISK, **more}

    def look(self) -> dict[str, Any]:
        named = sorted(name for name, part in self.components.items() if part["state"] != "well")
        return {"status": "attention" if named else "well", "named": named, "at": "2026-11-22T09:00:00+00:00",
                "components": dict(self.components)}  # fmt: skip


@pytest.fixture
def page(app, sign_in):
    """page(name={…}) → the text of the page when these parts are there too."""

    def look(**more: Any) -> str:
        app.extensions["grenier-overview"] = FakeOverview(**more)
        client, _token = sign_in("p-lea")
        answer = client.get("/exploitation")
        assert answer.status_code == 200
        return answer.get_data(as_text=True).replace("\u202f", " ").replace("\xa0", " ")

    yield look
    app.extensions.pop("grenier-overview", None)


def test_all_is_well_in_one_line(page) -> None:
    text = page()
    assert "2 parties répondent" in text
    assert "À regarder" not in text
    assert "78,5 Go libres" in text
    assert "1 redémarrage<" in text
    assert "12 ms" in text


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("down", "logs/serve-orders.log"),
        ("held", "grenier release serve-orders"),
        ("silent", "grenier restart serve-orders"),
        ("parked", "grenier parked retry"),
        ("behind", "rien n’est perdu"),
    ],
)
def test_what_is_not_well_comes_first_with_what_to_do(page, state: str, said: str) -> None:
    text = page(
        **{"serve-orders": {"kind": "process", "state": state, "role": "les portes", "problems": ["TimeoutError"]}}
    )
    assert "1 partie à regarder" in text
    assert said in text
    assert text.index("serve-orders") < text.index("Ce qui va bien") < text.index("Go libres")
    assert ("TimeoutError" in text) == (state != "silent")


def test_without_a_launcher_the_page_says_where_to_look(app, sign_in) -> None:
    overview = FakeOverview()
    overview.components = {}
    app.extensions["grenier-overview"] = overview
    client, _token = sign_in("p-lea")
    assert "/health/ready" in client.get("/exploitation").get_data(as_text=True)
    app.extensions.pop("grenier-overview", None)
