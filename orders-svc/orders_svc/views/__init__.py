"""Read models of orders-svc: one file per question."""
