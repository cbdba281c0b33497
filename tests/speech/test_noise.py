from __future__ import annotations

from typing import get_args, get_type_hints

import numpy as np
import pytest

from azsim.devices.board_spec import SurroundingsSpec
from azsim.speech import noise


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


def test_a_road_is_loud_below_500_hz() -> None:
    power = np.abs(np.fft.rfft(noise.road(np.random.default_rng(0), 32_000))) ** 2
    assert power[:1000].sum() > 0.85 * power.sum()
    assert power[1000:].sum() > 0.005 * power.sum()


def test_noise_is_mixed_in_at_its_level_below_the_speech() -> None:
    speech = np.zeros(16_000)
    speech[4_000:8_000] = 0.2
    sound = noise.road(np.random.default_rng(0), 16_000)
    added = noise.mixed(speech, sound, 6.0, 4_000, 8_000) - speech
    assert 10 * np.log10(0.04 / np.mean(added**2)) == pytest.approx(6.0, abs=0.01)


def test_a_device_may_stand_in_every_noise_there_is() -> None:
    assert get_args(get_type_hints(SurroundingsSpec)["noise"]) == tuple(noise.MAKERS)


def test_babble_mixes_voices() -> None:
    voices = [noise.hum(np.random.default_rng(seed), 9_000) for seed in range(4)]
    sound = noise.babble(np.random.default_rng(0), 20_000, voices)
    assert sound.shape == (20_000,)
    assert np.sqrt(np.mean(sound**2)) == pytest.approx(1.0, rel=1e-3)


def test_cut_goes_round() -> None:
    cut = noise.cut(np.random.default_rng(0), np.arange(5.0), 12)
    assert np.array_equal(np.diff(cut) % 5, np.ones(11))
