"""The echo canceller: it learns a path, keeps it while someone speaks, leaves speech alone, and is an NLMS filter."""

from __future__ import annotations

import numpy as np
import pytest

from azsim.errors import InputError
from azsim.speech.echo_canceller import BLOCK, EchoCanceller, erle_db, flops_per_block, partitions_of
from azsim.speech.features import SAMPLE_RATE_HZ

SECOND = SAMPLE_RATE_HZ


def sounds(seconds: int, path_ms: int, seed: int = 1):
    """Noise from the loudspeaker, and the same through a decaying path."""
    rng = np.random.default_rng(seed)
    played = 0.1 * rng.standard_normal(seconds * SECOND).astype(np.float32)
    length = path_ms * SAMPLE_RATE_HZ // 1000
    path = rng.standard_normal(length) * np.exp(-5 * np.arange(length) / length)
    return played, np.convolve(played, 0.3 * path)[: len(played)].astype(np.float32), rng


def test_it_learns_a_path_within_its_length():
    played, echo, _ = sounds(3, 60)
    left = EchoCanceller(80).cancel(echo, played)
    assert erle_db(echo[2 * SECOND :], left[2 * SECOND :]) > 30


def test_what_is_longer_than_the_filter_stays():
    played, echo, _ = sounds(3, 300)
    left = EchoCanceller(80).cancel(echo, played)
    assert 3 < erle_db(echo[2 * SECOND :], left[2 * SECOND :]) < 20


def test_speech_over_the_echo_neither_spoils_the_filter_nor_gets_lost():
    played, echo, rng = sounds(5, 60)
    speech = np.zeros_like(echo)
    burst = slice(2 * SECOND, 4 * SECOND)
    speech[burst] = 3 * echo.std() * rng.standard_normal(2 * SECOND).astype(np.float32)
    left = EchoCanceller(80).cancel(echo + speech, played)
    assert erle_db(echo[burst], left[burst] - speech[burst]) > 15
    assert erle_db(echo[4 * SECOND :], left[4 * SECOND :]) > 15


def test_silence_from_the_loudspeaker_changes_nothing():
    speech = np.random.default_rng(2).standard_normal(SECOND).astype(np.float32)
    assert np.array_equal(EchoCanceller(40).cancel(speech, np.zeros_like(speech)), speech)


def test_a_path_that_changes_is_learnt_anew():
    played, echo, _ = sounds(8, 60)
    other = np.convolve(played, np.r_[np.zeros(200), 0.5]).astype(np.float32)[: len(played)]
    changed = np.where(np.arange(len(echo)) < 2 * SECOND, echo, other)
    left = EchoCanceller(80).cancel(changed, played)
    assert erle_db(changed[7 * SECOND :], left[7 * SECOND :]) > 15


def test_the_filter_output_is_the_convolution_with_its_partitions():
    """Overlap-save against a direct convolution with the impulse response that the partitions hold."""
    played, echo, _ = sounds(1, 30)
    canceller = EchoCanceller(40)
    blocks = len(played) // BLOCK
    for block in range(blocks):
        part = slice(block * BLOCK, (block + 1) * BLOCK)
        before = np.fft.irfft(canceller._filter, axis=1)[:, :BLOCK].ravel()
        left = canceller.block(echo[part], played[part])
        estimate = np.convolve(played[: part.stop], before)[part]
        assert np.allclose(echo[part] - left, estimate, atol=1e-4)


def test_cost_and_size():
    assert partitions_of(120) == 12
    assert partitions_of(121) == 13
    assert flops_per_block(240) > 1.8 * flops_per_block(120)
    with pytest.raises(InputError, match="at least 10"):
        EchoCanceller(5)
