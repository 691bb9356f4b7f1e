"""Loaded before every test of the repository."""

# The folder `gateway/` and the package in it have one name: the package must be known before pytest names the folder's tests.
import gateway  # noqa: F401
