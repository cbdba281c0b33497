"""Products of int8 matrices: by loops and by the CPU's own dot product the sums are NumPy's, exactly."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.nn import product, vnni

SIZES = st.tuples(st.integers(1, 13), st.integers(1, 150), st.integers(0, 10))


def case(rows: int, columns: int, count: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights (-128 too), vectors, and their products in 64 bits."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(-128, 128, (rows, columns)).astype(np.int8)
    vectors = rng.integers(-128, 128, (count, columns)).astype(np.int8)
    return weights, vectors, vectors.astype(np.int64) @ weights.T.astype(np.int64)


@given(SIZES, st.integers(0, 2**32))
def test_any_shape_is_exact(sizes, seed):
    weights, vectors, wanted = case(*sizes, seed)
    assert np.array_equal(product.products(weights, vectors), wanted)
    for vector, own in zip(vectors, wanted):
        sums = np.empty(len(weights), np.int32)
        product.multiply_rows(weights, vector, sums)
        assert np.array_equal(sums, own)


@given(SIZES, st.integers(0, 9), st.integers(0, 5), st.integers(0, 2**32))
def test_a_matrix_may_lie_anywhere_and_vectors_be_longer(sizes, before, longer, seed):
    weights, vectors, wanted = case(*sizes, seed)
    flat = np.concatenate([np.full(before, 77, np.int8), weights.ravel(), np.full(3, 99, np.int8)])
    long = np.concatenate([vectors, np.full((len(vectors), longer), 55, np.int8)], axis=1)
    for multiply in (product.multiply, product._loops):
        sums = np.full((len(vectors) + 1, len(weights)), -1, np.int32)
        multiply(flat, before, len(weights), long, weights.shape[1], sums[: len(vectors)])
        assert np.array_equal(sums[:-1], wanted)
        assert (sums[-1] == -1).all()


@pytest.mark.parametrize("count", [1, 4])
def test_every_width_of_the_cpu_is_exact(count: int) -> None:
    """Also the one that this machine does not prefer; on a CPU without there is nothing to see."""
    for width in (32, 64):
        if width <= product.VECTOR_BYTES:
            check_width(width, count)


def check_width(width: int, count: int) -> None:
    block = vnni.block(width, count)

    @numba.njit
    def multiply(weights, columns, entries, sums):
        block(weights, 0, columns, columns, entries, 0, entries.shape[1], sums, 0, 1, sums.shape[1])

    for columns in (1, width - 1, width, width + 1, 5 * width, 5 * width + 3):
        weights, vectors, wanted = case(vnni.ROWS, columns, count, columns)
        entries = np.full((count, -(-columns // width) * width), 200, np.uint8)
        entries[:, :columns] = vectors.astype(np.int16) + 128
        sums = np.empty((count, vnni.ROWS), np.int32)
        multiply(weights.ravel(), columns, entries, sums)
        assert np.array_equal(sums, wanted)


@given(SIZES, st.integers(0, 2**32))
def test_int16_vectors_in_two_passes_are_exact(sizes, seed):
    weights, _, _ = case(*sizes, seed)
    rng = np.random.default_rng(seed)
    vectors = rng.integers(-(2**15), 2**15, (sizes[2], sizes[1])).astype(np.int16)
    wanted = vectors.astype(np.int64) @ weights.T.astype(np.int64)
    assert np.array_equal(product.products(weights, vectors), wanted)
    coarse, fine = product.halves(vectors)
    assert np.array_equal(256 * coarse.astype(int) + fine + 128, vectors)


@pytest.mark.parametrize("kind", [np.int8, np.int16])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_products_in_groups(groups: int, kind: type[np.integer]) -> None:
    rng = np.random.default_rng(2)
    weights = rng.integers(-127, 128, (8, 3 * 4 // groups)).astype(np.int8)
    windows = rng.integers(np.iinfo(kind).min, np.iinfo(kind).max + 1, (5, 3, 4)).astype(kind)
    found = product.grouped_products(weights, windows, groups)
    each = 4 // groups
    for k, window in enumerate(windows.astype(int)):
        for r, row in enumerate(weights.astype(int)):
            first = r // (8 // groups) * each
            assert found[k, r] == (row * window[:, first : first + each].ravel()).sum()
    assert np.array_equal(product.grouped_float(weights.astype(float), windows.astype(float), groups), found)
