"""Word lattices: what the recogniser heard, with the alternatives and their probabilities."""
