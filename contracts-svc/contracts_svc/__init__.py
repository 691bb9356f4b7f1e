"""Persons, households, groups, memberships, roles and producers."""
