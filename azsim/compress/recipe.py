"""From a trained network to bitstreams: prune, quantise, encode, matrix by matrix.

::

    float32 ──prune──> zeros ──quantise──> int8, scale ──encode──> bitstream
                               uniform or palette, as the codec wants it
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import get_args

import numpy as np

from azsim.compress.codecs import encode, get
from azsim.compress.codecs.codec import Options
from azsim.compress.layout import DEFAULT_LAYOUT, TileLayout, check_layout
from azsim.compress.network import CompressedMatrix, CompressedNetwork
from azsim.compress.prune import prune
from azsim.compress.quantise import Zero, lloyd_max, uniform
from azsim.compress.scale_groups import by_group, on_one_palette
from azsim.errors import InputError, located, nearest
from azsim.nn.compressible import Compressible
from azsim.nn.graph.operator import Granularity, Weights


@dataclass(frozen=True, slots=True)
class MatrixRecipe:
    """What to do differently with some matrices; None takes the network's setting.

    Attributes:
        weight_bits: 1 to 8.
        sparsity: share of zeros, 0 to 1.
        codec: a name from `azsim.compress.codecs`.
        options: the codec's own choices; None leaves them to the codec, which sees the zeros. Where an entry names
            another codec than the network, the network's options are not its own.
        granularity: scales: one for the ``tensor``, one for each ``gate`` of a recurrent layer, one for each
            ``channel`` (row); what has no gates has one scale then.
    """

    weight_bits: int | None = None
    sparsity: float | None = None
    codec: str | None = None
    options: Options | Mapping[str, object] | None = None
    granularity: Granularity | None = None


def compress(
    network: Compressible,
    *,
    name: str | None = None,
    weight_bits: int = 8,
    sparsity: float = 0.0,
    codec: str = "raw",
    options: Options | Mapping[str, object] | None = None,
    overrides: Mapping[str, MatrixRecipe] | None = None,
    granularity: Granularity = "tensor",
    layout: TileLayout = DEFAULT_LAYOUT,
) -> CompressedNetwork:
    """Prune, quantise and encode every weight matrix of a network.

    The codec decides the quantiser: its grid is uniform values of ``weight_bits`` bits
    (at 8 bits always), or a Lloyd-Max palette per matrix; where zero is free to it, zero
    comes on top of the palette. Where fewer than ``1 / weight_bits`` of a matrix are zeros,
    zero gets no place of its own, and `zvsv` bypasses its zero-value stage, since the
    bitmap would cost more than it saves; so all codecs to which zero is free store the
    same values, and so do all others with a palette.
    Integers that a network came with stay, at 8 bits where nothing is pruned. What is looked
    up (an embedding) is not pruned unless an override says so: its rows are read, so zeros in
    them save no products.

    Args:
        network: the trained network.
        name: of the configuration; by default made from the settings.
        weight_bits: 1 to 8 (from 2 for uniform values).
        sparsity: share of zeros in each matrix, 0 to 1.
        codec: a name from `codecs`.
        options: the codec's own choices; None leaves them to the codec.
        overrides: matrix name or pattern (``encoder.*.recurrent``) -> what differs there; later entries win.
        granularity: scales for each ``tensor``, ``gate`` or ``channel`` (see `MatrixRecipe`).
        layout: the chip geometry that fixes the order of positions.

    Raises:
        InputError: a setting out of range, a pattern that matches no matrix, or weights that are not finite;
            the message names the matrix.
    """
    if not hasattr(network, "weight_matrices"):
        raise InputError(f"{type(network).__name__}: must be a network, as azsim.load_network gives it")
    if name is not None and not isinstance(name, str):
        raise InputError(f"name: {type(name).__name__}: must be a text")
    check_layout(layout)
    base = MatrixRecipe(weight_bits, sparsity, codec, options, granularity)
    recipes = matrix_recipes(
        network.weight_matrices, base, {} if overrides is None else overrides, network.looked_up
    )
    matrices = {}
    for matrix, recipe in recipes.items():
        try:
            groups = network.scale_groups(matrix, _checked(recipe.granularity))
            if matrix in network.quantised and recipe.weight_bits == 8 and recipe.sparsity == 0:
                matrices[matrix] = _encoded_as_it_came(matrix, network.quantised[matrix], recipe, layout)
                continue
            matrices[matrix] = _compress_matrix(matrix, network.parameters[matrix], recipe, groups, layout)
        except InputError as error:
            raise InputError(f"{network.source}: {matrix}: {error}") from error
    return CompressedNetwork(name=name or _default_name(base), network=network, matrices=matrices, asked=recipes)


def matrix_recipes(
    names: tuple[str, ...], base: MatrixRecipe, overrides: Mapping[str, MatrixRecipe], looked_up: Collection[str] = ()
) -> dict[str, MatrixRecipe]:
    """The full recipe of each matrix, its options checked; raises `InputError` for a pattern that matches none."""
    if not isinstance(overrides, Mapping):
        raise InputError(f"overrides: {type(overrides).__name__}: must be names or patterns with a MatrixRecipe each")
    for pattern, change in overrides.items():
        if not isinstance(pattern, str) or not isinstance(change, MatrixRecipe):
            raise InputError(f"overrides: {pattern!r}: {type(change).__name__}: must be a name with a MatrixRecipe")
        if not any(fnmatchcase(name, pattern) for name in names):
            hint = nearest(pattern, names)
            raise InputError(f"pattern {pattern!r}: matches no matrix; there are {', '.join(names)}{hint}")
    recipes = {}
    for name in names:
        recipe = replace(base, sparsity=0.0 if name in looked_up else base.sparsity)
        for pattern, change in overrides.items():
            if fnmatchcase(name, pattern):
                recipe = MatrixRecipe(
                    weight_bits=recipe.weight_bits if change.weight_bits is None else change.weight_bits,
                    sparsity=recipe.sparsity if change.sparsity is None else change.sparsity,
                    codec=recipe.codec if change.codec is None else change.codec,
                    options=_options(recipe, change),
                    granularity=recipe.granularity if change.granularity is None else change.granularity,
                )
        with located(name):
            options = None if recipe.options is None else get(recipe.codec).checked(recipe.options)
        recipes[name] = replace(recipe, options=options)
    return recipes


def quantise(
    weights: np.ndarray, recipe: MatrixRecipe, groups: int = 1
) -> tuple[np.ndarray, tuple[float, ...], Options]:
    """Prune and quantise one float32 matrix by a full recipe.

    Args:
        weights: ``(rows, columns)``; any shape with one group.
        recipe: what to do.
        groups: of rows, each of which gets a scale of its own.

    Returns:
        int8 values of the same shape, their scales, and the codec's options.
    """
    bits, codec = recipe.weight_bits, get(recipe.codec)
    if isinstance(bits, bool) or not isinstance(bits, int) or not 1 <= bits <= 8:
        raise InputError(f"weight_bits = {bits!r}: it is a whole number from 1 to 8")
    pruned = prune(weights, recipe.sparsity)
    zeros = pruned.size - np.count_nonzero(pruned)
    few_zeros = zeros * bits < pruned.size
    suited = recipe.options is None
    options = codec.suited_options(zeros / pruned.size, bits) if suited else codec.checked(recipe.options)
    if codec.grid == "uniform" or bits == 8:
        return *by_group(pruned, groups, lambda part: uniform(part, bits)), options
    zero: Zero = "extra" if codec.frees_zero(options) and not few_zeros else "kept" if zeros else "free"
    return *on_one_palette(pruned, groups, lambda part: lloyd_max(part, bits, zero)), options


def _checked(granularity: Granularity) -> Granularity:
    known = get_args(Granularity)
    if granularity not in known:
        hint = nearest(granularity, known)
        raise InputError(f"granularity = {granularity!r}: must be one of {', '.join(known)}{hint}")
    return granularity


def _compress_matrix(
    name: str, weights: np.ndarray, recipe: MatrixRecipe, groups: int, layout: TileLayout
) -> CompressedMatrix:
    values, scales, options = quantise(weights, recipe, groups)
    return CompressedMatrix(name, encode(values, recipe.codec, recipe.weight_bits, layout, options), scales)


def _encoded_as_it_came(name: str, weights: Weights, recipe: MatrixRecipe, layout: TileLayout) -> CompressedMatrix:
    """Integers that a network was imported with, on the scales that they came with."""
    codec, values = get(recipe.codec), np.ascontiguousarray(weights.values)
    zeros = 1 - np.count_nonzero(values) / values.size
    options = codec.suited_options(zeros, 8) if recipe.options is None else codec.checked(recipe.options)
    return CompressedMatrix(name, encode(values, recipe.codec, 8, layout, options), tuple(weights.scales.tolist()))


def _options(recipe: MatrixRecipe, change: MatrixRecipe) -> Options | Mapping[str, object] | None:
    """Those of the change; else the recipe's, unless the change names another codec, whose options are others."""
    if change.options is not None:
        return change.options
    return recipe.options if change.codec in (None, recipe.codec) else None


def _default_name(recipe: MatrixRecipe) -> str:
    sparse = f"-{100 * recipe.sparsity:.0f}%" if recipe.sparsity else ""
    return f"{recipe.codec}-{recipe.weight_bits}bit{sparse}"
