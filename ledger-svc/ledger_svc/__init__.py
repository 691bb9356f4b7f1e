"""Eater accounts, tills, payments and cash counts in balanced postings."""
