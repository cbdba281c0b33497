"""Lane times of whole matrices, remembered by content, so that a sweep of clock or bandwidth computes them once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TypeVar

import numpy as np

from azsim.chip.lanes import LaneCost, lane_cost
from azsim.chip.masks import LaneMasks, pack_masks
from azsim.chip.row_order import balanced_order
from azsim.chip.subword import lanes_for
from azsim.compress.encoded import Encoded
from azsim.compress.network import CompressedNetwork
from azsim.devices.chip_spec import LanesSpec

T = TypeVar("T")
_KEPT = 256
_costs: OrderedDict[Hashable, LaneCost] = OrderedDict()
_masks: OrderedDict[Hashable, LaneMasks] = OrderedDict()


def lane_cost_of(
    network: CompressedNetwork, name: str, spec: LanesSpec, activations: np.ndarray | None = None
) -> LaneCost:
    """Lane time of matrix ``name``; remembered unless activations are given, whose masks are.

    Args:
        network: its weights are decoded only if they have to be.
        name: of the matrix.
        spec: the lanes.
        activations: int8 ``(frames, columns)``.

    Raises:
        InputError: as `lane_cost`.
    """
    encoded = network.matrices[name].encoded
    spec = lanes_for(encoded, spec)
    if activations is None:
        return _remembered(
            _costs, _key(encoded, spec), lambda: lane_cost(_placed(network, name, spec), encoded.tiling, spec)
        )
    layout = encoded.layout
    weights = _placed(network, name, spec)
    masks = _remembered(
        _masks,
        (spec.row_order, *_key(encoded, None)),
        lambda: pack_masks(weights, encoded.tiling, layout.lanes, layout.block_columns),
    )
    return lane_cost(weights, encoded.tiling, spec, activations, masks)


def _placed(network: CompressedNetwork, name: str, spec: LanesSpec) -> np.ndarray:
    """The matrix with its rows where the chip has them. Bytes per tile stay those of the plain order."""
    weights, matrix = network.decoded[name], network.matrices[name]
    if spec.row_order == "plain" or matrix.rows_placed:
        return weights
    return weights[balanced_order(weights, matrix.encoded.layout)]


def _key(encoded: Encoded, spec: LanesSpec | None) -> tuple[Hashable, ...]:
    """Equal for equal bitstreams; holds Python's 64-bit hash of the bytes (kept by the object), not the bytes."""
    return hash(encoded.data), len(encoded.data), encoded.codec, encoded.shape, encoded.layout, spec


def _remembered(kept: OrderedDict[Hashable, T], key: Hashable, compute: Callable[[], T]) -> T:
    value = kept.pop(key) if key in kept else compute()
    kept[key] = value
    if len(kept) > _KEPT:
        kept.popitem(last=False)
    return value
