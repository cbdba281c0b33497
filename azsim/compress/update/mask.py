"""Which weights of a matrix an update may touch, from a seed: nobody has to send the places.

::

    seed, position ──mix──> 32 bits ──below threshold?──> in the mask      (a share threshold / 2^32 of all positions)

The trainer changes only these weights; maker and device both derive their places from the seed.

**Source:** the idea, updates of selected parameters, arXiv:2108.01561; the mixer is SplitMix64 (Steele, Lea and Flood,
OOPSLA 2014).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from azsim import budget
from azsim.errors import InputError

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MULTIPLIERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
SHIFTS = tuple(np.uint64(n) for n in (30, 27, 31, 32))
FULL = 1 << 32


@dataclass(frozen=True, slots=True)
class SeededMask:
    """A share of the positions of one matrix.

    Attributes:
        seed: 64 bits.
        threshold: the mask holds about ``threshold / 2^32`` of the positions; 1 to 2^32 - 1.
    """

    seed: int
    threshold: int

    def of(self, shape: tuple[int, int]) -> np.ndarray:
        """bool array of that shape: True where the weight may change; raises `InputError` if memory is short."""
        budget.require(32 * shape[0] * shape[1], what=f"the mask of a matrix of {shape[0]:,} x {shape[1]:,}")
        with np.errstate(over="ignore"):
            mixed = np.uint64(self.seed) + GOLDEN * np.arange(1, shape[0] * shape[1] + 1, dtype=np.uint64)
            for shift, multiplier in zip(SHIFTS, MULTIPLIERS):
                mixed = (mixed ^ (mixed >> shift)) * multiplier
        mixed ^= mixed >> SHIFTS[2]
        return (mixed >> SHIFTS[3] < np.uint64(self.threshold)).reshape(shape)


def seeded_mask(seed: int, matrix: str, share: float) -> SeededMask:
    """The mask of one matrix of a network.

    Args:
        seed: of the release.
        matrix: its name, so that matrices of one shape do not share a mask.
        share: of the positions, above 0 and below 1.

    Raises:
        InputError: the share is not between 0 and 1.
    """
    threshold = round(share * FULL) if 0 < share < 1 else 0
    if not 0 < threshold < FULL:
        raise InputError(f"share = {share!r}: a masked update takes a share above 0 and below 1")
    digest = hashlib.sha256(f"{seed}:{matrix}".encode()).digest()
    return SeededMask(int.from_bytes(digest[:8], "little"), threshold)
