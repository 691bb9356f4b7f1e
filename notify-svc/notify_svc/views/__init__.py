"""One file per question people ask about messages."""
