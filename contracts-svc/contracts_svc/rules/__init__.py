"""Rules of a season as pure functions: dates, amounts, cheques, sharing."""
