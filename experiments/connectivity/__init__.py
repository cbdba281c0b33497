"""The parts of `experiments/availability.py`: requests asked, tables, figures, page."""
