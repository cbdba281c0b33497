"""From encoder outputs to labels: greedy or a beam, in exact integers; anything that follows `Search` will do."""
