from __future__ import annotations

import numpy as np
import pytest

from azsim.train.corpus import noise
from azsim.train.corpus.scene import NoisePool


@pytest.mark.parametrize("name", list(noise.MAKERS))
def test_makers_give_unit_level_and_repeat(name: str) -> None:
    make = noise.MAKERS[name]
    sound = make(np.random.default_rng(1), 16_000)
    assert sound.shape == (16_000,)
    assert sound.dtype == np.float32
    assert np.sqrt(np.mean(sound**2)) == pytest.approx(1.0, rel=1e-3)
    assert np.array_equal(sound, make(np.random.default_rng(1), 16_000))


def test_colour_tilts_the_spectrum() -> None:
    def low_share(slope: float) -> float:
        power = np.abs(np.fft.rfft(noise.coloured(np.random.default_rng(0), 32_000, slope))) ** 2
        return float(power[:2000].sum() / power.sum())

    assert low_share(0.0) == pytest.approx(0.12, abs=0.03)
    assert low_share(0.0) < low_share(1.0) < low_share(2.0)


def test_babble_mixes_voices(pool: NoisePool) -> None:
    sound = noise.babble(np.random.default_rng(0), 20_000, pool.voices)
    assert sound.shape == (20_000,)
    assert np.sqrt(np.mean(sound**2)) == pytest.approx(1.0, rel=1e-3)


def test_cut_goes_round() -> None:
    cut = noise.cut(np.random.default_rng(0), np.arange(5.0), 12)
    assert np.array_equal(np.diff(cut) % 5, np.ones(11))
