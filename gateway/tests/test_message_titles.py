"""Every message that may be sent has a title in people's words: no list shows a template's code."""

from pathlib import Path

from gateway.pages.messages import TITLES

TEMPLATES = Path(__file__).parents[2] / "notify-svc" / "notify_svc" / "templates"


def test_every_message_has_a_title() -> None:
    codes = {path.stem for path in TEMPLATES.glob("*.toml")}
    assert len(codes) > 50
    assert not codes - set(TITLES)
