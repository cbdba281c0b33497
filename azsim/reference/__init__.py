"""Slow machines, closed forms and random cases that define what is right: truth for tests and for the validation."""
