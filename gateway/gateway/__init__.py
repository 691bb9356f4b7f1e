"""The gateway: the only door for people and web clients (pages, REST API, event stream)."""

__version__ = "0.1.0"
