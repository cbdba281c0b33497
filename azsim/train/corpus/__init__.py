"""The speech corpus: sentences, voices, rooms and noise, turned into features.

::

    grammar ─> sentence ─┐
    voices ──> speaker ──┴─> TTS ─> true speech end ─> room ─> gain ─> noise ─> log-mel ─> shards
    recordings of people ─> loaders ────────────────────────────────────────────^

Everything is decided by a seed per utterance, so a corpus does not depend on
how many workers made it. What is held out is defined once, in ``heldout``.
"""
