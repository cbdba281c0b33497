"""The plan fits, keeps the right matrices, and is the same every time."""

from __future__ import annotations

from itertools import product

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azsim.chip.build import build_schedules, tile_layout
from azsim.chip.decoder import written_cycles
from azsim.chip.kept import check_pins, kept_bytes, resident_room, working_use
from azsim.chip.knapsack import best_choice
from azsim.chip.residency import ResidencyPlan, Sharer, plan_residency, plan_shared
from azsim.compress import compress
from azsim.compress.network import CompressedNetwork
from azsim.devices.chip_spec import ChipSpec
from azsim.devices.loader import load_device
from azsim.devices.sram import LINE_BYTES, in_lines
from azsim.errors import InputError
from azsim.nn.graph.graph import Graph, Node
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.graph.tensor import Tensor
from azsim.nn.operators.dense import Dense
from azsim.nn.rnnt.network import EMBEDDING
from azsim.reference.sram_replay import replayed_peak_bytes
from tests.chip.networks import compress_by_hand

AZ1 = load_device("az1").chip
ACTIVATIONS = AZ1.sram.activation_bytes
BUFFERS = ACTIVATIONS + 4 * AZ1.sram.tile_positions


def with_room(room_bytes: int, residency: str = "auto", beside: int = BUFFERS) -> ChipSpec:
    sram = msgspec.structs.replace(AZ1.sram, bytes=beside + room_bytes, residency=residency)
    return msgspec.structs.replace(AZ1, sram=sram)


def working_bytes(small: CompressedNetwork) -> int:
    """What activations and buffers take that hold the network's largest tile."""
    names = tuple(name for name in small.matrices if name != EMBEDDING)
    return working_use(AZ1, small, names).working_bytes


@pytest.fixture(scope="module")
def small(make_network) -> CompressedNetwork:
    return compress_by_hand(make_network(4, hidden=(64, 64, 64), predictor=(64,), joint=64, embedding=64), AZ1)


def sizes(small: CompressedNetwork, modes: dict[str, str]) -> int:
    return sum(
        in_lines(small.decoded[name].size if mode == "decoded" else len(small.matrices[name].encoded.data))
        for name, mode in modes.items()
        if mode != "streamed"
    )


def test_pins_are_refused_by_size_alone_exactly_where_decoded_ones_overflow() -> None:
    positions = {"encoder.0.input": 70_000, "encoder.0.recurrent": 65_600}
    check_pins(with_room(256), positions, {"*.recurrent": "decoded", "*.input": "compressed"})
    said = r"residency: matrices pinned 'decoded' take 65792 bytes.* leaves 65536 beside"
    with pytest.raises(InputError, match=said):
        check_pins(with_room(255), positions, {"*.recurrent": "decoded"})
    check_pins(with_room(0), positions, {"*": "decoded", "encoder.*": "streamed"})
    with pytest.raises(InputError, match="residency: 'joint' matches no matrix"):
        check_pins(with_room(2000), positions, {"joint": "streamed"})


def test_the_plan_never_overflows(small: CompressedNetwork) -> None:
    for room in range(0, 250_000, 9_001):
        chip = with_room(room)
        plan = plan_residency(chip, small)
        assert plan.resident_bytes == sizes(small, plan.modes) <= resident_room(chip, plan.use)
        assert plan.peak_bytes == plan.use.total_bytes <= chip.sram.bytes


def test_more_memory_never_saves_less_traffic_where_all_fits_or_nothing(small: CompressedNetwork) -> None:
    nothing = plan_residency(with_room(0, beside=working_bytes(small)), small)
    assert set(nothing.modes.values()) == {"streamed"}
    assert nothing.reload_bytes == nothing.resident_bytes == 0
    everything = plan_residency(with_room(10**7), small)
    assert set(everything.modes.values()) == {"decoded"}


def test_recurrent_matrices_come_first_once_steps_are_gathered(small: CompressedNetwork) -> None:
    one = len(small.matrices["encoder.0.recurrent"].encoded.data)
    chip = with_room(one + 2 * LINE_BYTES, beside=working_bytes(small))
    plan = plan_residency(chip, small, steps=8)
    kept = [name for name, mode in plan.modes.items() if mode != "streamed"]
    assert kept
    assert all(name.endswith(".recurrent") for name in kept)
    assert plan.reload_bytes == sum(len(small.matrices[name].encoded.data) for name in kept)


def test_what_runs_often_comes_before_what_runs_seldom(small: CompressedNetwork) -> None:
    one = len(small.matrices["prediction.0.recurrent"].encoded.data)
    chip = with_room(one + 2 * LINE_BYTES, beside=working_bytes(small))
    assert plan_residency(chip, small).modes["prediction.0.recurrent"] == "streamed"
    assert plan_residency(chip, small, {"prediction": 5000.0}).modes["prediction.0.recurrent"] != "streamed"


@pytest.mark.parametrize("seed", range(20))
def test_the_choice_is_the_best_of_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 7))
    lines = np.stack([np.zeros(count, np.int64), *rng.integers(1, 40, (2, count))], axis=1)
    traffic, decoding = rng.integers(0, 6, (2, count))
    room = int(rng.integers(0, 60))

    def worth(choice: tuple[int, ...]) -> tuple[int, int]:
        saved = sum(int(traffic[i]) for i, mode in enumerate(choice) if mode)
        return saved, sum(int(decoding[i]) for i, mode in enumerate(choice) if mode == 2)

    fitting = [c for c in product(range(3), repeat=count) if sum(lines[i, m] for i, m in enumerate(c)) <= room]
    assert worth(tuple(best_choice(lines, traffic, decoding, room))) == max(map(worth, fitting))


def test_what_is_pinned_stays_where_it_is_put(small: CompressedNetwork) -> None:
    pinned = {"*": "streamed", "encoder.1.*": "compressed", "joint.output": "decoded"}
    modes = plan_residency(with_room(10**7), small, pinned=pinned).modes
    assert modes["joint.output"] == "decoded"
    assert modes["encoder.1.input"] == modes["encoder.1.recurrent"] == "compressed"
    assert set(modes.values()) == {"streamed", "compressed", "decoded"}
    assert modes["encoder.0.input"] == "streamed"
    with pytest.raises(InputError, match=r"matches no matrix.*did you mean 'joint.output'"):
        plan_residency(AZ1, small, pinned={"joint.outputs": "decoded"})
    with pytest.raises(InputError, match=r"pinned matrices take .* chip.sram.bytes"):
        plan_residency(with_room(1000), small, pinned={"*": "decoded"})


def test_a_word_that_is_no_place_for_weights_is_refused(small: CompressedNetwork) -> None:
    with pytest.raises(InputError, match=r"residency: 'joint\.\*' = 'decode': must be .* did you mean 'decoded'"):
        plan_residency(AZ1, small, pinned={"joint.*": "decode"})
    with pytest.raises(InputError, match=r"residency of joint\.output = 'stream': must be one of"):
        build_schedules(AZ1, small, {"joint.output": "stream"})


def test_more_frames_leave_less_room_until_they_do_not_fit(small: CompressedNetwork) -> None:
    chip = with_room(200_000)
    names = tuple(name for name in small.matrices if name != EMBEDDING)
    rooms = [resident_room(chip, working_use(chip, small, names, frames)) for frames in (1, 32, 64, 128)]
    assert rooms == sorted(rooms, reverse=True)
    assert rooms[0] > rooms[-1]
    plan = plan_residency(chip, small, steps=64)
    assert plan.resident_bytes <= rooms[2]
    with pytest.raises(InputError, match="inputs and sums of 4096 frames"):
        plan_residency(chip, small, steps=4096)


def test_streamed_devices_keep_nothing(small: CompressedNetwork) -> None:
    assert set(plan_residency(with_room(10**7, "streamed"), small).modes.values()) == {"streamed"}


def test_an_incompressible_stream_is_kept_decoded(make_network) -> None:
    raw = compress_by_hand(make_network(4, hidden=(64, 64, 64)), AZ1, codec="raw")
    modes = set(plan_residency(with_room(40_000), raw).modes.values())
    assert modes == {"decoded", "streamed"}


@pytest.mark.parametrize("seed", range(40))
def test_a_replay_of_all_allocations_takes_what_the_plan_says(make_network, seed: int) -> None:
    """Random networks, chips, residencies, frames and rings against an allocator that knows no formula."""
    rng = np.random.default_rng(seed)
    units = int(rng.integers(8, 100))
    network = make_network(seed, hidden=(units, units, units), predictor=(units,), joint=units, embedding=units)
    sram = msgspec.structs.replace(
        AZ1.sram,
        bytes=1 << 30,
        tile_positions=int(rng.choice([512, 3000, 16_384])),
        fetch_buffers=int(rng.integers(1, 4)),
        weight_buffers=int(rng.integers(1, 4)),
        activation_bytes=int(rng.choice([1000, 60_000])),
        residency=str(rng.choice(["auto", "streamed"])),
    )
    chip = msgspec.structs.replace(AZ1, sram=sram)
    small = compress_by_hand(network, chip, codec=str(rng.choice(["zvsv", "raw", "golomb"])), seed=seed)
    names = [name for name in small.matrices if name != EMBEDDING]
    pinned = {name: str(rng.choice(["streamed", "compressed", "decoded"])) for name in names if rng.random() < 0.4}
    steps, ring = int(rng.choice([1, 4, 16])), int(rng.choice([0, 16_384]))
    least = plan_residency(chip, small, steps=steps, pinned={"*": "streamed", **pinned}, ring_bytes=ring).peak_bytes
    sram = msgspec.structs.replace(sram, bytes=least + int(rng.integers(0, 150_000)))
    chip = msgspec.structs.replace(AZ1, sram=sram)
    plan = plan_residency(chip, small, steps=steps, pinned=pinned, ring_bytes=ring)
    assert {name: plan.modes[name] for name in pinned} == pinned
    assert replayed_peak_bytes(chip, small, plan.modes, steps, ring) == plan.peak_bytes <= sram.bytes
    smaller = msgspec.structs.replace(AZ1, sram=msgspec.structs.replace(sram, bytes=least - LINE_BYTES))
    with pytest.raises(InputError, match=r"chip\.sram\.bytes"):
        plan_residency(smaller, small, steps=steps, pinned={"*": "streamed", **pinned}, ring_bytes=ring)


def test_a_chip_whose_weights_never_leave_it_must_hold_them(make_network) -> None:
    small = compress_by_hand(make_network(4, hidden=(64, 64, 64)), AZ1)
    names = tuple(name for name in small.matrices if name != EMBEDDING)
    needed = sum(in_lines(small.decoded[name].size) for name in names)
    plan = plan_residency(with_room(needed, "resident", beside=ACTIVATIONS), small)
    assert (plan.use.buffer_bytes, plan.resident_bytes) == (0, needed)
    said = r"residency: all weights, which never leave the chip, take \d+ bytes; chip\.sram\.bytes = \d+ leaves"
    with pytest.raises(InputError, match=said):
        plan_residency(with_room(needed - 1, "resident", beside=ACTIVATIONS), small)


def test_a_csc_store_keeps_entries_and_padding_only(make_network) -> None:
    eie = load_device("eie").chip
    small = compress_by_hand(make_network(4, hidden=(64, 64, 64)), eie)
    for name in ("encoder.0.input", "joint.output"):
        weights, entries = small.decoded[name], 0
        for lane in range(64):
            for column in weights[lane::64].T:
                gaps = np.diff(np.flatnonzero(column), prepend=-1) - 1
                entries += gaps.size + int((gaps // 16).sum())
        assert kept_bytes(eie, small, name)["decoded"] == entries < weights.size


def brute_force(chip: ChipSpec, sharers: dict[str, Sharer], room: int) -> tuple[float, float]:
    """The most traffic per second that any choice of modes saves, and the most decoding among those."""
    items = []
    for sharer in sharers.values():
        programs, rates = sharer.network.network.programs(), sharer.rates or sharer.network.network.rates()
        uses: dict[str, float] = {}
        for name, program in programs.items():
            for use in program.uses:
                uses[use.matrix] = uses.get(use.matrix, 0.0) + rates[name]
        for matrix, rate in uses.items():
            sizes, encoded = kept_bytes(chip, sharer.network, matrix), sharer.network.matrices[matrix].encoded
            traffic, decoding = rate * len(encoded.data), rate * int(written_cycles(encoded, chip).sum())
            items.append(
                [
                    (0, 0.0, 0.0),
                    (in_lines(sizes["compressed"]), traffic, 0.0),
                    (in_lines(sizes["decoded"]), traffic, decoding),
                ]
            )
    found = [[sum(part) for part in zip(*choice)] for choice in product(*items)]
    traffic = max(saved for taken, saved, _ in found if taken <= room)
    return traffic, max(more for taken, saved, more in found if taken <= room and saved > traffic - len(items))


def saved(chip: ChipSpec, sharers: dict[str, Sharer], plans: dict[str, ResidencyPlan]) -> tuple[float, float]:
    """What plans save: traffic and decoding per second."""
    traffic = decoding = 0.0
    for name, sharer in sharers.items():
        rates = sharer.rates or sharer.network.network.rates()
        for program in sharer.network.network.programs().values():
            for use in program.uses:
                encoded, mode = sharer.network.matrices[use.matrix].encoded, plans[name].modes[use.matrix]
                traffic += rates[program.name] * len(encoded.data) * (mode != "streamed")
                decoding += rates[program.name] * int(written_cycles(encoded, chip).sum()) * (mode == "decoded")
    return traffic, decoding


def drawn_net(rng: np.random.Generator, name: str) -> CompressedNetwork:
    """Two or three dense layers of drawn sizes, run at a drawn rate."""
    widths = rng.integers(8, 90, rng.integers(3, 5)).tolist()
    weights = {f"{index}": rng.normal(size=shape) for index, shape in enumerate(zip(widths[1:], widths))}
    nodes = tuple(
        Node(
            f"layer.{index}", Dense(), ("in" if not index else f"out.{index - 1}",), (f"out.{index}",), {"weights": key}
        )
        for index, key in enumerate(weights)
    )
    parameters = {key: value.astype(np.float32) for key, value in weights.items()}
    graph = Graph(name, {"in": Tensor((widths[0],))}, (f"out.{len(weights) - 1}",), nodes, parameters)
    network = GraphNetwork(graph, "drawn", steps_per_s=float(rng.choice([2.5, 10, 33.3, 100])))
    codec, bits = (("raw", 8), ("zvsv", 4))[rng.integers(2)]
    return compress(network, codec=codec, weight_bits=bits, sparsity=0.5, layout=tile_layout(AZ1))


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 1.2))
def test_the_shared_plan_is_the_best_that_there_is(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    sharers = {name: Sharer(drawn_net(rng, name)) for name in ("one", "two")}
    needed = plan_shared(with_room(0, "streamed", beside=10**6), sharers).use.working_bytes
    whole = sum(
        kept_bytes(AZ1, one.network, name)["decoded"] for one in sharers.values() for name in one.network.matrices
    )
    chip = with_room(round(share * whole) // LINE_BYTES * LINE_BYTES, beside=needed)
    found = plan_shared(chip, sharers)
    room = chip.sram.bytes - needed
    assert found.use.total_bytes <= chip.sram.bytes
    assert found.use.resident_bytes == sum(plan.resident_bytes for plan in found.plans.values()) <= room
    best, own = brute_force(chip, sharers, room), saved(chip, sharers, found.plans)
    assert own[0] == pytest.approx(best[0], abs=6)  # bytes per second, whole ones for each of at most six matrices
    assert own[1] <= best[1] * (1 + 1e-9)
    if own[0] >= best[0] - 1e-6:
        assert own[1] >= best[1] * (1 - 1e-4) - 1
    assert plan_shared(chip, dict(sharers)).plans == found.plans


def test_one_network_has_the_plan_of_before_and_another_takes_its_place(small: CompressedNetwork) -> None:
    other = drawn_net(np.random.default_rng(1), "other")
    chip = with_room(30_000, beside=working_bytes(small))
    alone = plan_residency(chip, small)
    assert plan_shared(chip, {"a": Sharer(small)}).plans["a"] == alone
    busy = {name: 10**6 for name in other.network.programs()}
    both = plan_shared(chip, {"a": Sharer(small), "b": Sharer(other, busy)})
    assert set(both.plans["b"].modes.values()) == {"decoded"}
    assert both.plans["a"].resident_bytes < alone.resident_bytes
    idle = plan_shared(chip, {"a": Sharer(small), "b": Sharer(other, dict.fromkeys(busy, 0.0))})
    assert idle.plans["a"].modes == alone.modes


def test_what_is_pinned_and_does_not_fit_names_its_network(small: CompressedNetwork) -> None:
    other = drawn_net(np.random.default_rng(1), "other")
    pinned = Sharer(other, pinned={"*": "decoded"})
    chip = with_room(2048, beside=working_bytes(small))
    with pytest.raises(
        InputError, match=r"network 'b': residency: pinned matrices take \d+ bytes.* leaves 2048 beside"
    ):
        plan_shared(chip, {"a": Sharer(small), "b": pinned})
    with pytest.raises(InputError, match=r"network 'b': residency: 'x' matches no matrix"):
        plan_shared(chip, {"a": Sharer(small), "b": Sharer(other, pinned={"x": "decoded"})})
