"""The reference pages say what the code says."""

from grenier.language.registry import ENTRIES
from grenier.language.roles import PERMISSIONS
from tests import reference


def test_the_committed_pages_are_up_to_date() -> None:
    assert reference.stale() == [], "python -m tests.reference writes them anew"


def test_every_event_every_role_and_every_permission_is_there() -> None:
    pages = reference.pages()
    assert all(f"| `{name}` |" in pages["evenements.md"] for name in ENTRIES)
    assert all(f"(`{role}`)" in pages["roles.md"] for role in PERMISSIONS)
    assert {name for names in PERMISSIONS.values() for name in names} == set(reference.PERMISSION_WORDS)
