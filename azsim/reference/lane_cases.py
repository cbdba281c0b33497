"""Random cases for the lane rule: every skip mode and store, several frames, sub-word multipliers; small and many."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np

from azsim.chip.lanes import lane_cost
from azsim.chip.subword import lanes_for
from azsim.compress.codecs import encode
from azsim.compress.layout import TileLayout
from azsim.devices.chip_spec import LanesSpec
from azsim.reference.lane_machine import Rule, run_tile

MODES = ("none", "weights", "activations", "both")


@dataclass(frozen=True)
class LaneCase:
    """A matrix, its frames (None: nothing is known about the activations), the lanes and the layout of its stream."""

    weights: np.ndarray
    activations: np.ndarray | None
    spec: LanesSpec
    layout: TileLayout

    @property
    def kind(self) -> str:
        """What is special about it."""
        frames = "no activations" if self.activations is None else f"{self.activations.shape[0]} frames"
        return f"{self.spec.store}{', sub-word' if self.spec.subword else ''}, {frames}"


def lane_case(seed: int) -> LaneCase:
    """The case of that number."""
    rng = np.random.default_rng(seed)
    multipliers = int(rng.integers(1, 5))
    spec = LanesSpec(
        lanes=int(rng.choice([1, 2, 3, 5, 8])),
        multipliers_per_lane=multipliers,
        window_positions=multipliers + int(rng.choice([0, 1, 2, 5, 1000])),
        block_columns=int(rng.choice([1, 2, 3, 8, 16])),
        queue_blocks=int(rng.integers(1, 5)),
        broadcast_cycles=int(rng.integers(0, 4)),
        min_block_cycles=int(rng.integers(0, 4)),
        skip=str(rng.choice(MODES)),
        skip_zero_columns=bool(rng.integers(0, 2)),
        store=str(rng.choice(["dense", "dense", "csc"])),
        subword=bool(rng.integers(0, 2)),
    )
    shape = int(rng.integers(1, 50)), int(rng.integers(1, 24))
    weights = _sparse(rng, shape, [-8, -1, 1, 7])
    frames = int(rng.integers(0, 4))
    if frames == 0 and spec.skip in ("activations", "both"):
        spec = msgspec.structs.replace(spec, skip="weights")
    activations = _sparse(rng, (frames, shape[1]), [-128, -1, 1, 127]) if frames else None
    layout = TileLayout(spec.lanes, spec.block_columns, int(rng.choice([64, 300, 16_384])))
    return LaneCase(weights, activations, spec, layout)


def compare(case: LaneCase) -> tuple[int, list[str]]:
    """Tiles and frames compared with the machine, and what differs."""
    codec = ("packed", 4) if case.spec.subword else ("raw", 8)
    encoded = encode(case.weights, *codec, layout=case.layout)
    tiling = encoded.tiling
    cost = lane_cost(case.weights, tiling, lanes_for(encoded, case.spec), case.activations)
    spec = case.spec
    rule = Rule(
        lanes=spec.lanes,
        multipliers=spec.multipliers_per_lane,
        window=spec.window_positions,
        block=spec.block_columns,
        queue=spec.queue_blocks,
        broadcast=spec.broadcast_cycles,
        min_block=spec.min_block_cycles,
        skip=spec.skip,
        skip_zero_columns=spec.skip_zero_columns,
        store=spec.store,
        subword=spec.subword,
    )
    vectors = [None] if case.activations is None else list(case.activations)
    wrong = []
    for frame, vector in enumerate(vectors):
        for tile in range(len(tiling)):
            rows = slice(tiling.row[tile], tiling.row[tile] + tiling.rows[tile])
            columns = slice(tiling.column[tile], tiling.column[tile] + tiling.columns[tile])
            seen = run_tile(case.weights[rows, columns], None if vector is None else vector[columns], rule)
            at = min(frame, cost.cycles.shape[0] - 1), tile
            found = cost.cycles[at], cost.positions[at], cost.products[at]
            if found != (seen.cycles, seen.positions, seen.products):
                wrong.append(f"frame {frame}, tile {tile}: {found}, the machine {seen}")
    return len(vectors) * len(tiling), wrong


def _sparse(rng: np.random.Generator, shape: tuple[int, int], values: list[int]) -> np.ndarray:
    density = float(rng.choice([0, 0.05, 0.3, 0.6, 1]))
    return (rng.choice(values, shape) * (rng.random(shape) < density)).astype(np.int8)
