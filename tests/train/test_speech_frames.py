"""Speech is found by its energy in a quiet recording; gaps that are sounds of speech are bridged, pauses are not."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="trains with PyTorch, the extra `train`")

from azsim.train.speech_frames import speech_frames


def recording(*parts: tuple[int, float]) -> np.ndarray:
    rng = np.random.default_rng(4)
    levels = np.concatenate([np.full(length, level) for length, level in parts])
    return (levels[:, None] + rng.normal(0, 0.1, (len(levels), 64))).astype(np.float16)


def test_a_pause_is_quiet_and_a_closure_is_speech() -> None:
    found = speech_frames(recording((30, 5), (40, 14), (8, 5), (40, 14), (30, 5), (20, 14), (50, 5)))
    wanted = np.zeros(218, bool)
    wanted[30:118] = wanted[148:168] = True
    np.testing.assert_array_equal(found, wanted)


def test_a_click_is_no_speech_and_where_nothing_stands_out_all_is() -> None:
    assert not speech_frames(recording((50, 5), (4, 14), (50, 5), (60, 14), (40, 5)))[:100].any()
    assert speech_frames(recording((100, 5))).all()
