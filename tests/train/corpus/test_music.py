from __future__ import annotations

import numpy as np
import pytest

from azsim.train.corpus.music import compose


def test_track_has_the_asked_shape_and_peak() -> None:
    track = compose(1, 4.0, 16_000)
    assert track.shape == (64_000, 2)
    assert track.dtype == np.float32
    assert np.abs(track).max() == pytest.approx(0.9, rel=1e-4)


def test_seed_decides() -> None:
    assert np.array_equal(compose(2, 3.0, 8000), compose(2, 3.0, 8000))
    assert not np.array_equal(compose(2, 3.0, 8000), compose(3, 3.0, 8000))


def test_no_long_silence_and_a_quiet_end() -> None:
    track = compose(5, 8.0, 8000)
    level = np.sqrt(np.square(track.mean(axis=1)).reshape(-1, 4000).mean(axis=1))
    assert (level[:-1] > 0.01).all()
    assert np.abs(track[-20:]).max() < 0.05


def test_stereo_is_not_two_monos() -> None:
    track = compose(4, 4.0, 8000)
    assert np.abs(track[:, 0] - track[:, 1]).max() > 0.05
