"""Pallets, deliveries, stock, distributions and cutting sheets."""
