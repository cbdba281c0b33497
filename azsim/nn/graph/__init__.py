"""A network is a graph: operators over named tensors, state from step to step, the same outputs whatever the pieces."""
