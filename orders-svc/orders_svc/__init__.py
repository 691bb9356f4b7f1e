"""Catalogue, order cycles, orders, regulation, aggregation and supplier orders."""
