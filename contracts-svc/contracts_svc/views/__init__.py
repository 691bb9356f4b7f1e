"""Read models of contracts-svc: one file per question that people ask."""
