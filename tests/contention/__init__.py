"""Money, stock and time under contention: T16 to T24 and T28, where they cross the borders of a service."""
