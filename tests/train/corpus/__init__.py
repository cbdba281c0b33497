"""Tests of the corpus builder."""
