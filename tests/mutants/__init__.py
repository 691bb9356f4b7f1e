"""T31: small faults put into the domain modules one at a time; the tests must notice each of them."""
