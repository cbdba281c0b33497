"""Quantise, prune, encode, decode. Hands on a `CompressedNetwork`: bitstreams and what they decode to."""
