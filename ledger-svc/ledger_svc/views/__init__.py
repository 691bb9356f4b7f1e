"""One file per question people ask of the ledger."""
