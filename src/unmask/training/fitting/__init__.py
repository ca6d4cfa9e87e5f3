"""What the loop is made of: the bench it runs on, its saved state, optimisers, mixing, attacks, and means of runs."""
