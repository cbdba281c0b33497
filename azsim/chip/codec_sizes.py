"""Matrices by every codec: how many bits a weight takes, how many bytes travel, how long the decoder works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from azsim.chip.build import tile_layout
from azsim.chip.decoder import written_cycles
from azsim.compress.codecs import codecs, encode
from azsim.compress.recipe import MatrixRecipe, quantise
from azsim.devices.chip_spec import ChipSpec
from azsim.errors import InputError
from azsim.nn.graph.operator import Granularity


@dataclass(frozen=True, slots=True)
class CodecSize:
    """What a codec makes of some matrices.

    Attributes:
        codec: its name.
        stream_bytes: of all bitstreams; None where the codec cannot hold the values, and ``why`` says it.
        bits_per_weight, decoder_cycles, zeros: of all; zeros as a share.
        snr_db: of the float weights after quantisation; None for weights that came as integers.
    """

    codec: str
    stream_bytes: int | None = None
    bits_per_weight: float | None = None
    decoder_cycles: int | None = None
    zeros: float | None = None
    snr_db: float | None = None
    why: str = ""


def codec_sizes(
    matrices: Mapping[str, np.ndarray],
    chip: ChipSpec,
    *,
    weight_bits: int = 8,
    sparsity: float = 0.0,
    granularity: Granularity = "tensor",
) -> tuple[CodecSize, ...]:
    """Every codec, in their order.

    Args:
        matrices: name -> ``(rows, columns)``: int8 is taken as it is, floats are quantised for the codec.
        chip: fixes the order of positions, and has the decoder.
        weight_bits, sparsity, granularity: of floats; a ``gate`` is none of a matrix alone, and counts as ``tensor``.

    Raises:
        InputError: weights that are not finite numbers.
    """
    return tuple(_size(codec, matrices, chip, weight_bits, sparsity, granularity) for codec in codecs())


def _size(
    codec: str,
    matrices: Mapping[str, np.ndarray],
    chip: ChipSpec,
    weight_bits: int,
    sparsity: float,
    granularity: Granularity,
) -> CodecSize:
    layout, total, cycles, zeros, weights = tile_layout(chip), 0, 0, 0, 0
    noise = signal = 0.0
    for name, matrix in matrices.items():
        try:
            if matrix.dtype == np.int8:
                values, options, bits = matrix, None, 8
            else:
                recipe = MatrixRecipe(weight_bits, sparsity, codec)
                groups = len(matrix) if granularity == "channel" else 1
                values, scales, options = quantise(np.asarray(matrix, np.float32), recipe, groups)
                bits = weight_bits
                steps = np.repeat(np.array(scales), len(matrix) // len(scales))[:, None]
                noise += float(np.sum((values * steps - matrix) ** 2))
                signal += float(np.sum(np.asarray(matrix, np.float64) ** 2))
            encoded = encode(values, codec, bits, layout, options)
        except InputError as error:
            return CodecSize(codec, why=f"{name}: {error}" if name else str(error))
        total += len(encoded.data)
        cycles += int(written_cycles(encoded, chip).sum())
        zeros += int(values.size - np.count_nonzero(values))
        weights += values.size
    snr = None if not signal else float("inf") if noise == 0 else float(10 * np.log10(signal / noise))
    return CodecSize(codec, total, 8 * total / weights, cycles, zeros / weights, snr)
