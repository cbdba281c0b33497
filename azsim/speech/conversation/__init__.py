"""Whole conversations: what opens a turn, what closes it, and the turns of a sound of any length."""
