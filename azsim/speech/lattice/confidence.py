"""How sure each word is: the probability of the lattice's edges that say it there, and its calibration.

::

    best path     turn   on   the   light          edges of the same word at about the same time are the same word,
    other paths   turn   off  the   light          whatever comes before and after it
                  1.00  0.6   1.00  1.00

A posterior is a probability only among what the search kept. A temperature, fitted on speech that was neither trained
nor scored on, makes of it the share of such words that are right.

**Source:** sums over overlapping edges: Wessel et al., "Confidence measures for large vocabulary continuous speech
recognition", 2001; temperature: Guo et al., arXiv:1706.04599.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from azsim.speech.lattice.lattice import Lattice
from azsim.speech.lattice.posterior import posteriors
from azsim.speech.transcript import Word

APART_MS = 120
"""Between two intervals of what is still the same word: two encoder outputs. **Source:** assumed."""
LEAST_DOUBT = 1e-4
"""Nothing is surer than 1 less this."""


def word_posteriors(lattice: Lattice, words: Sequence[Word]) -> tuple[float, ...]:
    """Probability that each word was said there, 0 to 1."""
    shares = posteriors(lattice).edges
    spelled: dict[str, list[int]] = {}
    for edge, word in enumerate(lattice.words):
        spelled.setdefault(word, []).append(edge)
    found = []
    for word in words:
        edges = np.array(spelled.get(word.text, []), np.int64)
        apart = np.maximum(lattice.start_ms[edges] - word.end_ms, word.start_ms - lattice.end_ms[edges])
        found.append(min(1.0, float(shares[edges[apart <= APART_MS]].sum())))
    return tuple(found)


def calibrated(posterior: float, temperature: float) -> float:
    """The confidence of a posterior: its log-odds divided by the temperature."""
    sure = min(1 - LEAST_DOUBT, max(LEAST_DOUBT, posterior))
    return 1 / (1 + math.exp(-math.log(sure / (1 - sure)) / temperature))
