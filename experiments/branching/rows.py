"""One line of the table: what a case hears, what it computes, and how it compares with the large branch alone."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from azsim.report.wer import Interval, bootstrap_difference, bootstrap_wer
from experiments.branching.cases import BranchingCase
from experiments.branching.hearing import CaseRecognition, share_in_speech
from experiments.branching.material import Material

UNKNOWN_INTERVAL = Interval(float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True)
class BranchingResult:
    """Rates in percent, 95 % intervals; ``saved_percent``: products less than the reference's."""

    case: str
    run: str
    hears: str
    recordings: int
    stored_bytes: int
    mega_products_per_s: float
    saved_percent: float
    large_percent: float
    large_in_speech_percent: float
    large_outside_percent: float
    switches_per_s: float
    wer_synthetic_percent: float
    wer_synthetic_low: float
    wer_synthetic_high: float
    wer_real_percent: float
    wer_real_low: float
    wer_real_high: float
    difference_synthetic_percent: float
    difference_synthetic_low: float
    difference_synthetic_high: float
    difference_real_percent: float
    difference_real_low: float
    difference_real_high: float


def row_of(
    case: BranchingCase, heard: CaseRecognition, reference: CaseRecognition, material: Material
) -> BranchingResult:
    """A case beside the reference, recording by recording."""
    intervals: list[float] = []
    differences: list[float] = []
    for which in (~material.is_real, material.is_real):
        clusters = list(itertools.compress(material.clusters, which))
        rate = bootstrap_wer(heard.counts[which], clusters) or UNKNOWN_INTERVAL
        gap = bootstrap_difference(heard.counts[which], reference.counts[which], clusters) or UNKNOWN_INTERVAL
        intervals += _parts(rate)
        differences += _parts(gap)
    inside, outside = share_in_speech(heard, material.spans)
    return BranchingResult(
        case.label, case.run, case.hears, len(heard.counts), heard.stored_bytes, heard.products_per_s / 1e6,
        100 * (1 - heard.products_per_s / reference.products_per_s), 100 * heard.large_share, 100 * inside,
        100 * outside, heard.switches_per_s, *intervals, *differences,
    )  # fmt: skip


def _parts(interval: Interval) -> list[float]:
    return [float(np.nan if part is None else part) for part in (interval.value, interval.low, interval.high)]
