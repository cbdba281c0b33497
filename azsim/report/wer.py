"""Word error rate with its uncertainty: errors by jiwer, intervals by resampling utterances or speakers.

Resampling keeps pairs together: the same utterances are drawn for both sides of a
difference, so that what is hard for everyone cancels.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import jiwer
import numpy as np

from azsim.report.percentiles import percentile

RESAMPLES = 2000
_BLOCK = 250


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its 95 % bootstrap interval; ``low`` and ``high`` are None where there is one cluster only."""

    value: float
    low: float | None
    high: float | None


APOSTROPHES = "\u2018\u2019\u02bc\u00b4\u0060\uff07\u2032"
"""Characters that are written for an apostrophe within a word."""


def normalise(text: str) -> str:
    """What is compared on both sides: words of letters, marks, digits and inner apostrophes, single spaces, no case.

    Unicode's compatibility composition (NFKC) comes first, then case folding, so that composed and decomposed letters
    are the same. Signs that only join or direct letters (category Cf) are left out. An apostrophe at a word's end is a
    quotation mark. Words are what spaces and punctuation part: in scripts without spaces a sentence is a word.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", _plain_apostrophes(text)).casefold())
    kept = "".join(_kept(letter) for letter in _plain_apostrophes(folded))  # a composition may hold one: \u0149
    return " ".join(word for part in kept.split() if (word := part.strip("'")))


def _plain_apostrophes(text: str) -> str:
    return "".join("'" if letter in APOSTROPHES else letter for letter in text)


def _kept(letter: str) -> str:
    category = unicodedata.category(letter)
    if category[0] in "LMN" or letter == "'":
        return letter
    return "" if category == "Cf" else " "


def count_edits(references: Sequence[str], hypotheses: Sequence[str]) -> np.ndarray:
    """int64 ``(utterances, 4)``: words substituted, deleted and inserted, and words of the reference."""
    counts = np.zeros((len(references), 4), dtype=np.int64)
    for row, reference, hypothesis in zip(counts, references, hypotheses, strict=True):
        said, heard = normalise(reference), normalise(hypothesis)
        if not said:
            row[2] = len(heard.split())
            continue
        result = jiwer.process_words(said, heard)
        row[:3] = result.substitutions, result.deletions, result.insertions
        row[3] = result.hits + result.substitutions + result.deletions
    return counts


def count_errors(references: Sequence[str], hypotheses: Sequence[str]) -> np.ndarray:
    """int64 ``(utterances, 2)``: word errors (substituted, deleted, inserted) and words of the reference."""
    edits = count_edits(references, hypotheses)
    return np.stack([edits[:, :3].sum(axis=1), edits[:, 3]], axis=1)


def wer_percent(counts: np.ndarray) -> float | None:
    """Errors over words of all utterances, in percent; None if nothing was said."""
    errors, words = counts.sum(axis=0)
    return 100.0 * float(errors) / float(words) if words else None


def bootstrap_wer(
    counts: np.ndarray, clusters: Sequence[str], seed: int = 0, resamples: int = RESAMPLES
) -> Interval | None:
    """WER in percent of ``counts`` (see ``count_errors``) with its interval.

    Args:
        counts: int64 ``(utterances, 2)``.
        clusters: speaker of each utterance; one that is empty is a cluster of its own.
        seed: the same seed draws the same clusters.

    Returns: None if nothing was said.

    **Source:** Bisani and Ney, "Bootstrap estimates for confidence intervals in ASR performance
    evaluation", ICASSP 2004.
    """
    value = wer_percent(counts)
    if value is None:
        return None
    sums = _sum_by_cluster(counts, clusters)
    return _interval(value, _resampled_rates(sums[None], seed, resamples)[0], len(sums))


def bootstrap_difference(
    counts: np.ndarray,
    baseline: np.ndarray,
    clusters: Sequence[str],
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Interval | None:
    """WER of ``counts`` less WER of ``baseline`` in percent, both over the same utterances in the same order.

    Raises:
        ValueError: the two sides differ in shape or in words of the reference.
    """
    if counts.shape != baseline.shape or not np.array_equal(counts[:, 1], baseline[:, 1]):
        raise ValueError("a paired difference needs the same utterances on both sides")
    ours, theirs = wer_percent(counts), wer_percent(baseline)
    if ours is None or theirs is None:
        return None
    sums = np.stack([_sum_by_cluster(counts, clusters), _sum_by_cluster(baseline, clusters)])
    rates = _resampled_rates(sums, seed, resamples)
    return _interval(ours - theirs, rates[0] - rates[1], sums.shape[1])


def _sum_by_cluster(counts: np.ndarray, clusters: Sequence[str]) -> np.ndarray:
    """int64 ``(clusters, 2)``, clusters in order of first appearance."""
    order: dict[str, int] = {}
    index = [order.setdefault(name or f"\0{position}", len(order)) for position, name in enumerate(clusters)]
    sums = np.zeros((len(order), 2), dtype=np.int64)
    np.add.at(sums, index, counts)
    return sums


def _resampled_rates(sums: np.ndarray, seed: int, resamples: int) -> np.ndarray:
    """float64 ``(sides, resamples)``: percent, of int64 ``(sides, clusters, 2)``; draws without a word left out."""
    random = np.random.default_rng(seed)
    clusters = sums.shape[1]
    blocks = []
    for start in range(0, resamples, _BLOCK):
        drawn = random.integers(0, clusters, size=(min(_BLOCK, resamples - start), clusters))
        totals = sums[:, drawn].sum(axis=2)
        totals = totals[:, (totals[..., 1] > 0).all(axis=0)]
        blocks.append(100.0 * totals[..., 0] / totals[..., 1])
    return np.concatenate(blocks, axis=1)


def _interval(value: float, draws: np.ndarray, clusters: int) -> Interval:
    if clusters < 2:
        return Interval(value, None, None)
    return Interval(value, percentile(draws, 2.5), percentile(draws, 97.5))
