"""Banks shared out among inputs, weights and sums; frames that do not fit take more passes."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from azsim.chip.matvec import matvec
from azsim.chip.pool import PoolConfiguration, configure, configure_matrix
from azsim.devices.loader import load_device
from azsim.errors import InputError

AZ1 = load_device("az1").chip  # 8 banks of 128 KiB
KIB = 1024


def test_each_use_takes_whole_banks() -> None:
    assert configure(AZ1.sram, 1, 129 * KIB, 128 * KIB) == PoolConfiguration(1, 2, 1, 4)
    assert configure(AZ1.sram, 0, 0, 1024 * KIB) == PoolConfiguration(0, 0, 8, 0)
    assert configure(AZ1.sram, 1, 1, 1024 * KIB) is None


@pytest.mark.parametrize("frames", [1, 2, 63, 64, 1000])
def test_a_pass_holds_as_many_frames_as_fit(frames: int) -> None:
    pool, held = configure_matrix(AZ1, 1024, 512, frames)
    assert pool.activations + pool.weights + pool.outputs + pool.free == 8
    assert 1 <= held <= frames
    if held < frames:
        assert configure(AZ1.sram, (held + 1) * 512, 4 * 16 * KIB, 4 * (held + 1) * 1024) is None


def test_more_passes_fetch_the_weights_again() -> None:
    rng = np.random.default_rng(0)
    weights = rng.integers(-8, 8, (256, 128)).astype(np.int8)
    vectors = rng.integers(-8, 8, (1500, 128)).astype(np.int8)
    one, many = matvec(AZ1, weights, vectors[:700]), matvec(AZ1, weights, vectors)
    assert (one.passes, many.passes) == (1, 2)
    assert many.dram_bytes == 2 * one.dram_bytes
    assert many.effectual_products == 1500 * np.count_nonzero(weights)
    assert sum(many.causes.values()) == many.cycles


def test_one_frame_that_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match=r"chip\.sram\.bytes = 1048576: one frame of a 300000 x 4 matrix"):
        configure_matrix(AZ1, 300_000, 4, 1)


def test_a_chip_whose_weights_are_resident_spends_no_bank_on_tiles() -> None:
    eie = load_device("eie").chip
    assert configure_matrix(eie, 4096, 4096, 1)[0].weights == 0
    streaming = msgspec.structs.replace(eie.sram, residency="streamed", tile_positions=1 << 20)
    assert configure_matrix(msgspec.structs.replace(eie, sram=streaming), 4096, 4096, 1)[0].weights == 26
