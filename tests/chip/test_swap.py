"""A switch of branch fetches the branch, once, and no more."""

from __future__ import annotations

import msgspec
import pytest

from azsim.chip.build import build_schedules, tile_layout
from azsim.chip.swap import SWAP_LARGE, SWAP_SMALL, branch_matrices, plan_swapped, swap_schedules
from azsim.compress.recipe import MatrixRecipe, compress
from azsim.devices.loader import load_device
from azsim.errors import InputError


@pytest.fixture(scope="module")
def chip():
    return load_device("az1").chip


@pytest.fixture(scope="module")
def small(make_network, chip):
    return compress(make_network(8, branch_rank=4, arbiter=5), layout=tile_layout(chip))


def stream_bytes(network, names) -> int:
    return sum(len(network.matrices[name].encoded.data) for name in names)


def test_each_branch_has_its_own_matrices(small) -> None:
    own = branch_matrices(small)
    assert set(own[SWAP_LARGE]) == {f"encoder.{i}.{kind}" for i in range(3) for kind in ("input", "recurrent")}
    kinds = ("input", "recurrent", "expand")
    assert set(own[SWAP_SMALL]) == {f"encoder.{i}.small.{kind}" for i in range(3) for kind in kinds}


def test_a_swap_fetches_its_branch_and_runs_fetch_nothing(small, chip) -> None:
    plan = plan_swapped(chip, small)
    swaps, programs = swap_schedules(chip, small, plan), build_schedules(chip, small, plan)
    for swap, names in branch_matrices(small).items():
        assert swaps[swap].fetch_bytes.sum() == stream_bytes(small, names)
        assert swaps[swap].lane_cycles.sum() == 0
    for name, schedule in programs.items():
        if name.startswith("encoder."):
            assert schedule.fetch_bytes.sum() == 0, name


def test_a_memory_of_one_branch_is_enough(small, chip) -> None:
    plan = plan_swapped(chip, small)
    own = branch_matrices(small)
    positions = {name: small.decoded[name].size for name in plan.modes}
    sizes = {
        name: positions[name] if mode == "decoded" else stream_bytes(small, [name]) for name, mode in plan.modes.items()
    }
    assert plan.resident_bytes == sum(sizes.values()) - stream_bytes(small, own[SWAP_SMALL])


def test_a_plain_encoder_has_nothing_to_swap(make_network, chip) -> None:
    plain = compress(make_network(8), layout=tile_layout(chip))
    with pytest.raises(InputError, match="nothing to swap"):
        plan_swapped(chip, plain)


def test_room_is_that_of_the_branch_that_is_larger_as_it_is_kept(make_network, chip) -> None:
    network = make_network(8, branch_rank=10, arbiter=5)
    few = dict.fromkeys(
        [f"encoder.{i}.{kind}" for i in range(3) for kind in ("input", "recurrent")],
        MatrixRecipe(weight_bits=2, sparsity=0.98, codec="golomb"),
    )
    small = compress(network, overrides=few, layout=tile_layout(chip))
    own = branch_matrices(small)
    positions = {swap: sum(small.decoded[name].size for name in names) for swap, names in own.items()}
    streams = {swap: stream_bytes(small, names) for swap, names in own.items()}
    assert streams[SWAP_LARGE] < streams[SWAP_SMALL]
    assert positions[SWAP_LARGE] > positions[SWAP_SMALL]
    streamed = msgspec.structs.replace(chip, sram=msgspec.structs.replace(chip.sram, residency="streamed"))
    assert plan_swapped(streamed, small, mode="decoded").resident_bytes == positions[SWAP_LARGE]
    assert plan_swapped(streamed, small, mode="compressed").resident_bytes == streams[SWAP_SMALL]
