"""A day on which baskets are handed out: who keeps the baskets of those who cannot come, and which number is on each."""
