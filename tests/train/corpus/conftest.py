"""A pool without speech programs, and the rule by which tests that need them are skipped."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from azsim.train.corpus.music import compose
from azsim.train.corpus.scene import NoisePool

PROGRAMS = ("espeak-ng", "flite", "festival")


@pytest.fixture(scope="session")
def engines() -> tuple[str, ...]:
    """The speech programs, or a skip where one is missing."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    return PROGRAMS


@pytest.fixture(scope="session")
def pool() -> NoisePool:
    """A little music, and tones in place of babbling people."""
    tones = tuple(np.sin(np.arange(8000) * step).astype(np.float32) for step in (0.05, 0.11, 0.23))
    return NoisePool((compose(3, 2.0, 16_000).mean(axis=1),), tones)


@pytest.fixture
def spoken() -> np.ndarray:
    """A tone between two silences: sound from 0.30 s to 0.80 s of a second at 16 kHz."""
    sound = np.zeros(16_000, np.float32)
    sound[4800:12_800] = np.sin(2 * np.pi * 440 * np.arange(8000) / 16_000)
    return sound
