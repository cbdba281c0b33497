"""One matrix: the product is right, its cost is made of its parts, and skipping pays where it should."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from azsim import budget
from azsim.compress.codecs import encode
from azsim.deploy.matvec import matvec
from azsim.devices.loader import load_device
from azsim.errors import InputError

AZ1 = load_device("az1")
RNG = np.random.default_rng(0)
WEIGHTS = (RNG.integers(-15, 16, (256, 192)) * (RNG.random((256, 192)) < 0.5)).astype(np.int8)
FRAMES = RNG.integers(-128, 128, (3, 192)).astype(np.int8)


@pytest.mark.parametrize("activations", [FRAMES, FRAMES[0]])
def test_the_product_and_the_counts(activations: np.ndarray) -> None:
    cost = matvec(AZ1, WEIGHTS, activations, codec="zvsv", weight_bits=5)
    exact = activations.astype(object) @ WEIGHTS.T.astype(object)
    assert cost.output.dtype == np.int32
    assert np.array_equal(cost.output, exact.astype(np.int32))
    frames = np.atleast_2d(activations).shape[0]
    assert cost.effectual_products == frames * np.count_nonzero(WEIGHTS)
    assert cost.positions == frames * WEIGHTS.size
    assert sum(cost.causes.values()) == cost.cycles
    assert cost.elapsed_ps == cost.cycles * 2500
    assert cost.dram_bytes == cost.stream_bytes == len(encode(WEIGHTS, "zvsv", 5).data)
    assert cost.bits_per_weight == pytest.approx(8 * cost.stream_bytes / WEIGHTS.size)
    assert min(cost.energy_pj.values()) > 0 or cost.energy_pj["vector"] == 0


def test_resident_weights_are_faster_and_fetch_nothing() -> None:
    streamed, compressed, decoded = (
        matvec(AZ1, WEIGHTS, FRAMES[0], codec="zvsv", weight_bits=5, residency=mode)
        for mode in ("streamed", "compressed", "decoded")
    )
    assert streamed.cycles > compressed.cycles > decoded.cycles
    assert compressed.dram_bytes == decoded.dram_bytes == 0
    assert decoded.causes["decoder"] == decoded.causes["dram"] == 0


def test_skipping_is_hidden_when_streamed_and_shows_when_resident() -> None:
    dense = msgspec.structs.replace(AZ1.chip, lanes=msgspec.structs.replace(AZ1.chip.lanes, skip="none"))
    gains = {}
    for mode in ("streamed", "decoded"):
        times = [matvec(chip, WEIGHTS, FRAMES[0], residency=mode).cycles for chip in (dense, AZ1.chip)]
        gains[mode] = times[0] / times[1]
    assert gains["streamed"] < 1.05
    assert 1.3 < gains["decoded"] <= WEIGHTS.size / np.count_nonzero(WEIGHTS)


def test_a_chip_alone_gives_the_same_cycles() -> None:
    alone = matvec(AZ1.chip, WEIGHTS, FRAMES)
    assert alone.cycles == matvec(AZ1, WEIGHTS, FRAMES).cycles
    assert "dram" not in alone.energy_pj


def test_a_word_that_is_no_place_for_weights_is_refused() -> None:
    said = r"residency = 'stream': must be one of 'streamed', 'compressed', 'decoded'; did you mean 'streamed'\?"
    with pytest.raises(InputError, match=said):
        matvec(AZ1, WEIGHTS, FRAMES, residency="stream")


def test_streams_without_end_are_refused_before_any_work() -> None:
    decoder = msgspec.structs.replace(AZ1.chip.decoder, streams=65_535)
    chip = msgspec.structs.replace(AZ1.chip, decoder=decoder)
    with budget.limited(1 << 20), pytest.raises(InputError, match=r"chip\.decoder\.streams = 65535: 65,535 decoder"):
        matvec(chip, WEIGHTS, FRAMES)


@pytest.mark.parametrize(
    ("weights", "activations", "said"),
    [
        (WEIGHTS.astype(np.float32), FRAMES, "weights: float32"),
        (WEIGHTS[0], FRAMES, "must be int8"),
        (WEIGHTS, FRAMES.astype(np.int16), "activations: int16"),
        (WEIGHTS, FRAMES[:, :5], r"must be int8 \(192,\)"),
        (WEIGHTS, FRAMES[:0], "activations"),
    ],
)
def test_wrong_arrays_are_refused_in_one_line(weights: np.ndarray, activations: np.ndarray, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        matvec(AZ1, weights, activations)
    assert "\n" not in str(caught.value)
