"""What was heard is kept for the very sounds that it was heard in, and for no others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra `train`")

from experiments.studies.hearing import ListeningTest


def listening(seed: int, frames: int = 12) -> ListeningTest:
    sound = np.random.default_rng(seed).normal(0, 1, (frames, 64)).astype(np.float32)
    return ListeningTest([sound], ["a"], [""], np.array([False]), np.array([False]), [sound[:6]])


def test_equal_sounds_have_one_digest_and_others_of_their_length_another():
    assert listening(1).digest == listening(1).digest
    assert listening(1).digest != listening(2).digest
    assert listening(1).digest != replace(listening(1), wake_end_ms=[60]).digest
    assert listening(1).digest != replace(listening(1), calibration=listening(2).calibration).digest
