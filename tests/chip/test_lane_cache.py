"""Lane times remembered by content: computed once, never another matrix's, and equal to the ones computed anew."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
import pytest

from azsim.chip import lane_cache
from azsim.chip.build import build_schedules
from azsim.chip.lane_cache import lane_cost_of
from azsim.chip.lanes import lane_cost
from azsim.chip.row_order import balanced_order
from azsim.compress.codecs import encode
from azsim.compress.layout import TileLayout
from azsim.compress.network import CompressedMatrix, CompressedNetwork
from azsim.devices.loader import load_device
from tests.chip.networks import compress_by_hand

AZ1 = load_device("az1").chip


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry per lane time that is really computed, from an empty memory."""
    made: list[int] = []

    def counted(function: Callable[..., object], mark: int) -> Callable[..., object]:
        return lambda *given: made.append(mark) or function(*given)

    monkeypatch.setattr(lane_cache, "lane_cost", counted(lane_cost, 1))
    monkeypatch.setattr(lane_cache, "pack_masks", counted(lane_cache.pack_masks, 2))
    for kept in (lane_cache._costs, lane_cache._masks):
        monkeypatch.setattr(lane_cache, "_costs" if kept is lane_cache._costs else "_masks", type(kept)())
    return made


def alone(weights: np.ndarray, codec: str = "zvsv", bits: int = 5, **layout: int) -> CompressedNetwork:
    """A network of one matrix."""
    encoded = encode(weights, codec, bits, TileLayout(**layout))
    return CompressedNetwork("one", None, {"w": CompressedMatrix("w", encoded, (1.0,))})


def sparse(seed: int, shape: tuple[int, int] = (70, 40)) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.integers(-7, 8, shape) * (rng.random(shape) < rng.uniform(0.2, 0.9, (shape[0], 1)))).astype(np.int8)


def test_equal_content_is_computed_once_whoever_holds_it(make_network, calls: list[int]) -> None:
    network = make_network(3, hidden=(96, 96, 96))
    build_schedules(AZ1, compress_by_hand(network, AZ1))
    assert calls
    calls.clear()
    build_schedules(msgspec.structs.replace(AZ1, clock_mhz=100.0), compress_by_hand(network, AZ1))
    assert not calls
    build_schedules(AZ1, compress_by_hand(network, AZ1, seed=1))
    assert calls


def test_every_property_that_matters_is_told_apart(calls: list[int]) -> None:
    weights = sparse(1)
    wide = msgspec.structs.replace(AZ1.lanes, window_positions=8)
    dealt = msgspec.structs.replace(AZ1.lanes, row_order="balanced")
    cases = [
        (alone(weights), AZ1.lanes),
        (alone(weights), wide),
        (alone(weights), dealt),
        (alone(weights, codec="packed"), AZ1.lanes),
        (alone(weights, tile_positions=1024), AZ1.lanes),
        (alone(-weights), AZ1.lanes),
    ]
    for count in (len(cases), len(cases)):
        found = [lane_cost_of(network, "w", spec) for network, spec in cases]
        assert len(calls) == count
    for (network, spec), cost in zip(cases, found):
        rows = balanced_order(weights, network.matrices["w"].encoded.layout) if spec is dealt else slice(None)
        anew = lane_cost(network.decoded["w"][rows], network.matrices["w"].encoded.tiling, spec)
        assert np.array_equal(cost.split, anew.split)


@pytest.mark.parametrize("order", ["plain", "balanced"])
def test_with_activations_the_masks_are_remembered_and_the_cycles_are_not(calls: list[int], order: str) -> None:
    weights, rng = sparse(2), np.random.default_rng(3)
    lanes = msgspec.structs.replace(AZ1.lanes, skip="both", row_order=order)
    network = alone(weights)
    placed = weights if order == "plain" else weights[balanced_order(weights, network.matrices["w"].encoded.layout)]
    for _ in range(3):
        vectors = (rng.integers(-9, 10, (2, 40)) * (rng.random((2, 40)) < 0.5)).astype(np.int8)
        cost = lane_cost_of(network, "w", lanes, vectors)
        anew = lane_cost(placed, network.matrices["w"].encoded.tiling, lanes, vectors)
        assert np.array_equal(cost.split, anew.split)
    assert calls.count(1) == 3
    assert calls.count(2) == 1


def test_the_longest_unused_goes_first(calls: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane_cache, "_KEPT", 2)
    first, second, third = (alone(sparse(seed, (3, 4))) for seed in (4, 5, 6))
    for network in (first, second, first, third, first):
        lane_cost_of(network, "w", AZ1.lanes)
    assert len(calls) == 3
    lane_cost_of(second, "w", AZ1.lanes)
    assert len(calls) == 4
