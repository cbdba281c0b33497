"""The grid and the regulariser: nearest levels, a gradient that finite differences agree with, values that stay."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.compress.recipe import MatrixRecipe, quantise  # noqa: E402 (needs torch)
from azsim.train.levels import absolute_sine, levels_of, snap  # noqa: E402 (needs torch)

UNEVEN = np.array([-1.0, -0.3, 0.0, 0.2, 0.9], np.float32)


def weights(count: int = 4000) -> np.ndarray:
    return np.random.default_rng(2).normal(0, 0.4, (count // 40, 40)).astype(np.float32)


def test_snapping_takes_the_nearest_level():
    values = torch.from_numpy(weights())
    snapped = values.clone()
    snap(snapped, UNEVEN)
    distance = (values.reshape(-1, 1) - torch.from_numpy(UNEVEN)).abs()
    assert torch.isin(snapped, torch.from_numpy(UNEVEN)).all()
    cell = 1.9 / 16383
    assert ((values - snapped).abs().reshape(-1) <= distance.min(1).values + 2 * cell).all()


def test_the_regulariser_vanishes_on_the_levels_and_peaks_half_way():
    value, gradient = absolute_sine(torch.from_numpy(UNEVEN), UNEVEN)
    assert value == pytest.approx(0, abs=1e-6)
    middles = (UNEVEN[1:] + UNEVEN[:-1]) / 2
    value, gradient = absolute_sine(torch.from_numpy(middles), UNEVEN)
    assert value == pytest.approx(float(np.diff(UNEVEN).sum()) / np.pi, rel=1e-5)
    assert gradient.abs().max() < 1e-4


@pytest.mark.parametrize("levels", [UNEVEN, np.arange(-3, 4, dtype=np.float32) * 0.25], ids=["uneven", "uniform"])
def test_the_gradient_is_that_of_finite_differences(levels: np.ndarray):
    rng = np.random.default_rng(3)
    at = rng.uniform(-1.3, 1.3, 60)
    at = at[np.abs(at[:, None] - levels).min(1) > 0.02].astype(np.float32)
    _, gradient = absolute_sine(torch.from_numpy(at), levels)
    step = 1e-3
    for k, point in enumerate(at):
        up, down = (absolute_sine(torch.tensor([point + sign * step]), levels)[0] for sign in (1, -1))
        assert gradient[k].item() == pytest.approx((up - down) / (2 * step), abs=2e-2)


@pytest.mark.parametrize(
    ("bits", "codec"), [(2, "packed"), (4, "packed"), (8, "packed"), (1, "palette"), (3, "palette"), (4, "zvsv")]
)
@pytest.mark.parametrize("sparsity", [0.0, 0.6])
def test_compressing_snapped_weights_changes_none(bits: int, codec: str, sparsity: float):
    values = weights()
    values[np.random.default_rng(4).random(values.shape) < sparsity] = 0
    snapped = torch.from_numpy(values.copy())
    snap(snapped, levels_of(values, bits, codec))
    int8, scale, _ = quantise(snapped.numpy(), MatrixRecipe(bits, 0.0, codec))
    assert np.allclose(int8 * np.float32(scale), snapped.numpy(), atol=1e-6)
    assert (snapped.numpy()[values == 0] == 0).all() or sparsity == 0.0


def test_a_matrix_of_zeros_stays_one():
    zeros = torch.zeros(4, 4)
    snap(zeros, levels_of(zeros.numpy(), 4, "palette"))
    assert (zeros == 0).all()
