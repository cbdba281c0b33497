"""Parts of ``experiments/updates.py``."""
