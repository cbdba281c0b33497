"""Recipes that make the models (PyTorch, the optional extra `train`)."""
