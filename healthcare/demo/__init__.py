"""A believable clinic to look at, try out and measure on: deterministic by seed, any size."""
