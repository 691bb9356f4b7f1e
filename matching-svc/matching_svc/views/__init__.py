"""Read models of matching-svc: one file per question that people ask."""
