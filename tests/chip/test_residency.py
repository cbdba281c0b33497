"""The plan fits, keeps the right matrices, and is the same every time."""

from __future__ import annotations

import msgspec
import pytest

from azsim.chip.residency import plan_residency, resident_room
from azsim.compress.network import CompressedNetwork
from azsim.devices.loader import load_device
from azsim.devices.spec import ChipSpec
from tests.chip.networks import compress_by_hand

AZ1 = load_device("az1").chip
BUFFERS = AZ1.sram.activation_bytes + 4 * AZ1.sram.tile_positions


def with_room(room_bytes: int, residency: str = "auto") -> ChipSpec:
    sram = msgspec.structs.replace(AZ1.sram, bytes=BUFFERS + room_bytes, residency=residency)
    return msgspec.structs.replace(AZ1, sram=sram)


@pytest.fixture(scope="module")
def small(make_network) -> CompressedNetwork:
    return compress_by_hand(make_network(4, hidden=(64, 64, 64), predictor=(64,), joint=64, embedding=64), AZ1)


def sizes(small: CompressedNetwork, modes: dict[str, str]) -> int:
    return sum(
        small.decoded[name].size if mode == "decoded" else len(small.matrices[name].encoded.data)
        for name, mode in modes.items()
        if mode != "streamed"
    )


def test_the_plan_never_overflows(small: CompressedNetwork) -> None:
    for room in range(0, 250_000, 3_001):
        chip = with_room(room)
        plan = plan_residency(chip, small)
        assert plan.resident_bytes == sizes(small, plan.modes) <= resident_room(chip, small) <= room
        assert plan.peak_bytes <= chip.sram.bytes


def test_more_memory_never_saves_less_traffic_where_all_fits_or_nothing(small: CompressedNetwork) -> None:
    nothing = plan_residency(with_room(0), small)
    assert set(nothing.modes.values()) == {"streamed"}
    assert nothing.reload_bytes == nothing.resident_bytes == 0
    everything = plan_residency(with_room(10**7), small)
    assert set(everything.modes.values()) == {"decoded"}


def test_recurrent_matrices_come_first(small: CompressedNetwork) -> None:
    one = len(small.matrices["encoder.0.recurrent"].encoded.data)
    plan = plan_residency(with_room(one + 10), small)
    kept = [name for name, mode in plan.modes.items() if mode != "streamed"]
    assert kept
    assert all(name.endswith(".recurrent") for name in kept)
    assert plan.reload_bytes == sum(len(small.matrices[name].encoded.data) for name in kept)


def test_what_runs_often_comes_before_what_runs_seldom(small: CompressedNetwork) -> None:
    one = max(len(matrix.encoded.data) for name, matrix in small.matrices.items() if name.endswith(".recurrent"))
    plan = plan_residency(with_room(one + 10), small, {"prediction": 50.0})
    assert plan.modes["prediction.0.recurrent"] != "streamed"


def test_streamed_devices_keep_nothing(small: CompressedNetwork) -> None:
    assert set(plan_residency(with_room(10**7, "streamed"), small).modes.values()) == {"streamed"}


def test_an_incompressible_stream_is_kept_decoded(make_network) -> None:
    raw = compress_by_hand(make_network(4, hidden=(64, 64, 64)), AZ1, codec="raw")
    modes = set(plan_residency(with_room(40_000), raw).modes.values())
    assert modes == {"decoded", "streamed"}
