"""The parts of `experiments/contention.py`: what is run, how, and the report."""
