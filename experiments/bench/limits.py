"""How close the kernels come to what this machine can do: arithmetic, mask bits, bytes read."""

from __future__ import annotations

import msgspec
import numpy as np
from numba import njit

from azsim.chip.build import tile_layout
from azsim.chip.lanes import lane_cost
from azsim.chip.masks import pack_masks
from azsim.compress.layout import cut
from azsim.devices.loader import load_device
from azsim.nn.product import multiply_rows
from experiments.bench.figure import Figure, least_seconds

SECTION = "Close to the machine's limits"
COLUMNS = 1024
CACHED_ROWS = 16
LSTM_ROWS = 4096
STREAMED_ROWS = 1 << 16
READ_BYTES = 1 << 27


def figures() -> list[Figure]:
    """Each limit, then what the kernels reach, with the share in the note."""
    rng = np.random.default_rng(1)
    numbers = np.ones(READ_BYTES // 8, np.int64)
    read_gbps = READ_BYTES / least_seconds(lambda: _sum(numbers)) / 1e9
    in_cache = _gmacs(rng, CACHED_ROWS)
    found = [
        Figure(SECTION, "limit: bytes read from memory", read_gbps, "GB/s"),
        Figure(SECTION, f"limit: int8 dot products, {CACHED_ROWS} rows in the first cache", in_cache, "GMAC/s"),
    ]
    for what, rows in (("one LSTM matrix, 4 MB", LSTM_ROWS), ("64 MB, beyond every cache", STREAMED_ROWS)):
        reached = _gmacs(rng, rows)
        limit = min(in_cache, read_gbps) if rows == STREAMED_ROWS else in_cache
        found.append(_share(f"int8 matrix-vector product, {what}", reached, "GMAC/s", limit))
    return found + _lanes(rng, read_gbps)


def _gmacs(rng: np.random.Generator, rows: int) -> float:
    weights = rng.integers(-15, 16, (rows, COLUMNS), dtype=np.int8)
    vector = rng.integers(-100, 100, COLUMNS, dtype=np.int8)
    sums = np.zeros(rows, np.int32)
    repeats = max(1, LSTM_ROWS // rows)
    seconds = least_seconds(lambda: _products(weights, vector, sums, repeats))
    return repeats * rows * COLUMNS / seconds / 1e9


def _lanes(rng: np.random.Generator, read_gbps: float) -> list[Figure]:
    chip = load_device("az1").chip
    weights = (rng.random((LSTM_ROWS, COLUMNS)) < 0.5).astype(np.int8)
    vector = (rng.random((1, COLUMNS)) < 0.8).astype(np.int8)
    layout = tile_layout(chip)
    tiling = cut(*weights.shape, layout)
    masks = pack_masks(weights, tiling, layout.lanes, layout.block_columns)
    both = msgspec.structs.replace(chip.lanes, skip="both")
    words = masks.bits.view(np.uint64)
    bits = weights.size / least_seconds(lambda: int(np.bitwise_count(words).sum())) / 1e9
    packed = weights.size / least_seconds(lambda: pack_masks(weights, tiling, layout.lanes, layout.block_columns)) / 1e9
    found = [Figure(SECTION, "limit: mask bits counted (no window, no queue)", bits, "G positions/s")]
    for what, action in (
        ("lanes, weights skipped", lambda: lane_cost(weights, tiling, chip.lanes, None, masks)),
        ("lanes, weights and activations skipped", lambda: lane_cost(weights, tiling, both, vector, masks)),
    ):
        found.append(_share(what, weights.size / least_seconds(action) / 1e9, "G positions/s", bits))
    found.append(_share("masks built from int8 weights", packed, "G positions/s", read_gbps))
    return found


def _share(what: str, reached: float, unit: str, limit: float) -> Figure:
    return Figure(SECTION, what, reached, unit, note=f"{100 * reached / limit:.0f} % of {limit:.1f}")


@njit(cache=True, nogil=True)
def _sum(numbers: np.ndarray) -> int:
    total = np.int64(0)
    for index in range(np.uint64(numbers.size)):
        total += numbers[index]
    return total


@njit(cache=True, nogil=True)
def _products(weights: np.ndarray, vector: np.ndarray, sums: np.ndarray, repeats: int) -> None:
    for _ in range(repeats):
        multiply_rows(weights, vector, sums)
