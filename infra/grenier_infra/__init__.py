"""The embedded event node, the local launcher and what an operator needs."""
