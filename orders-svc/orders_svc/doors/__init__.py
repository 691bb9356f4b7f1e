"""Doors, by part of the service; service.py puts them together."""
