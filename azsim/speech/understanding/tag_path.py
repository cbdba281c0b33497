"""The most likely sequence of tags that can be one: an inside of a slot only after its beginning.

**Source:** A. Viterbi, IEEE Trans. Inf. Theory 13 (1967), with transitions that are allowed or not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from azsim.speech.understanding.interpretation import OUTSIDE, follows


def allowed_pairs(tags: Sequence[str]) -> np.ndarray:
    """Whether tag j may follow tag i, bool ``(tags, tags)``."""
    return np.array([[follows(before, tag) for tag in tags] for before in tags])


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Logarithms of shares along the last axis, float64."""
    logits = np.asarray(logits, np.float64)
    above = logits - logits.max(axis=-1, keepdims=True)
    return above - np.log(np.exp(above).sum(axis=-1, keepdims=True))


def best_path(scores: np.ndarray, tags: Sequence[str], allowed: np.ndarray) -> tuple[tuple[str, ...], float]:
    """The tags of highest total score, ties to the lower index, and that score.

    Args:
        scores: logarithms of probabilities, ``(words, tags)``.
        tags: names of the columns.
        allowed: `allowed_pairs` of them.
    """
    if not len(scores):
        return (), 0.0
    first = np.array([follows(OUTSIDE, tag) for tag in tags])
    total = np.where(first, scores[0], -np.inf)
    back = np.zeros(scores.shape, np.int64)
    for word in range(1, len(scores)):
        onward = np.where(allowed, total[:, None], -np.inf)
        back[word] = onward.argmax(axis=0)
        total = onward[back[word], np.arange(len(tags))] + scores[word]
    path = [int(total.argmax())]
    for word in range(len(scores) - 1, 0, -1):
        path.append(int(back[word, path[-1]]))
    return tuple(tags[index] for index in reversed(path)), float(total.max())
