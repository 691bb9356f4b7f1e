"""A contract with a producer: its life and the subscriptions to it, decided in one stream `contract-<id>`."""
