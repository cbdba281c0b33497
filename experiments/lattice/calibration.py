"""How far a word's posterior is the share of such words that are right, before and after a temperature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import jiwer
import numpy as np
from matplotlib.figure import Figure
from scipy.optimize import minimize_scalar

from azsim.report.figures.style import report_style
from azsim.report.wer import normalise
from azsim.speech.lattice.confidence import calibrated

BINS = 10


@dataclass(frozen=True)
class Sure:
    """Words of a set: the posterior of each, and whether it was said."""

    posterior: np.ndarray
    right: np.ndarray

    def at(self, temperature: float) -> np.ndarray:
        """Confidences."""
        return np.array([calibrated(one, temperature) for one in self.posterior])


def right_words(reference: str, words: Sequence[str]) -> list[bool]:
    """Whether each word has an equal counterpart in the best alignment."""
    said, found = normalise(reference), [normalise(word) for word in words]
    if not said or not words:
        return [False] * len(words)
    right = [False] * len(words)
    for chunk in jiwer.process_words(said, " ".join(found)).alignments[0]:
        if chunk.type == "equal":
            right[chunk.hyp_start_idx : chunk.hyp_end_idx] = [True] * (chunk.hyp_end_idx - chunk.hyp_start_idx)
    return right


def fitted(sure: Sure) -> float:
    """The temperature under which what happened is most probable."""

    def loss(log_temperature: float) -> float:
        confidence = sure.at(float(np.exp(log_temperature)))
        return -float(np.mean(np.log(np.where(sure.right, confidence, 1 - confidence))))

    return float(np.exp(minimize_scalar(loss, bounds=(-1.5, 3.5), method="bounded").x))


def bins(confidence: np.ndarray, right: np.ndarray) -> list[tuple[float, float, int]]:
    """Mean confidence, share that is right, and words of each tenth that has any."""
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    found = []
    for one in range(BINS):
        own = place == one
        if own.any():
            found.append((float(confidence[own].mean()), float(right[own].mean()), int(own.sum())))
    return found


def ece_percent(confidence: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error: mean distance of confidence and share that is right, weighted by words."""
    return 100 * sum(count * abs(sure - share) for sure, share, count in bins(confidence, right)) / len(right)


def reliability(curves: dict[str, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """The share of words that are right against their confidence."""
    with report_style():
        figure = Figure(figsize=(5.2, 4.2), layout="constrained")
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], color="#999999", linewidth=1)
        for name, (confidence, right) in curves.items():
            points = bins(confidence, right)
            axes.plot([x for x, _, _ in points], [y for _, y, _ in points], marker="o", label=name)
        axes.set_xlabel("confidence of a word")
        axes.set_ylabel("share of words that are right")
        axes.legend()
    return figure
