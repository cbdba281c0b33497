"""Banks shared out among inputs, weights and sums; frames that do not fit take more passes."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from azsim.chip.pool import PoolConfiguration, configure, configure_matrix
from azsim.deploy.matvec import matvec
from azsim.devices.loader import load_device
from azsim.devices.sram import in_lines, sram_use
from azsim.errors import InputError

AZ1 = load_device("az1").chip  # 8 banks of 128 KiB
KIB = 1024


def test_each_use_takes_whole_banks() -> None:
    assert configure(AZ1.sram, 1, 129 * KIB, 128 * KIB) == PoolConfiguration(1, 2, 1, 4)
    assert configure(AZ1.sram, 0, 0, 1024 * KIB) == PoolConfiguration(0, 0, 8, 0)
    assert configure(AZ1.sram, 1, 1, 1024 * KIB) is None


@pytest.mark.parametrize("frames", [1, 2, 63, 64, 1000])
def test_a_pass_holds_as_many_frames_as_fit(frames: int) -> None:
    pool, held = configure_matrix(AZ1, 1024, 512, frames, sram_use(AZ1.sram))
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
        configure_matrix(AZ1, 300_000, 4, 1, sram_use(AZ1.sram))


def test_a_chip_whose_weights_are_resident_spends_no_bank_on_tiles() -> None:
    eie = load_device("eie").chip
    assert configure_matrix(eie, 4096, 4096, 1, sram_use(eie.sram))[0].weights == 0
    streaming = msgspec.structs.replace(eie.sram, residency="streamed", tile_positions=1 << 20)
    chip = msgspec.structs.replace(eie, sram=streaming)
    assert configure_matrix(chip, 4096, 4096, 1, sram_use(streaming))[0].weights == 26


def test_weights_that_stay_take_banks_and_must_fit() -> None:
    rng = np.random.default_rng(0)
    weights, vector = rng.integers(-8, 8, (700, 512)).astype(np.int8), np.ones(512, np.int8)
    for residency, kept in (("streamed", 0), ("compressed", None), ("decoded", weights.size)):
        cost = matvec(AZ1, weights, vector, residency=residency)
        use = sram_use(
            AZ1.sram, largest_tile_bytes=16384 + cost.stream_bytes - weights.size, largest_tile_positions=16384
        )
        kept_bytes = in_lines(cost.stream_bytes if kept is None else kept)
        assert cost.pool.weights <= -(-(use.buffer_bytes + kept_bytes) // (128 * KIB))
        assert cost.pool.weights >= -(-kept_bytes // (128 * KIB))
    large = np.ones((3000, 3000), np.int8)
    said = r"chip\.sram\.bytes = 1048576: one frame of a 3000 x 3000 matrix .* 9000192 of resident weights .*stream the"
    with pytest.raises(InputError, match=said):
        matvec(AZ1, large, np.ones(3000, np.int8), residency="decoded")
    assert matvec(AZ1, large, np.ones(3000, np.int8)).pool.weights == 1
