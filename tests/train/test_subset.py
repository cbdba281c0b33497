"""A subset of the weights: what is drawn, what is named, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.errors import InputError  # noqa: E402 (needs torch)
from azsim.train.mechanism import TrainingStep  # noqa: E402 (needs torch)
from azsim.train.model import Shape, Transducer  # noqa: E402 (needs torch)
from azsim.train.recipe import TrainedSubset  # noqa: E402 (needs torch)
from azsim.train.subset import GradientMask, movable  # noqa: E402 (needs torch)


def small() -> Transducer:
    return Transducer(Shape(9, 8, 8, 8))


def test_a_share_is_drawn_by_the_seed_in_every_matrix():
    first, again, other = (movable(TrainedSubset(0.25, seed=seed), small().matrices()) for seed in (3, 3, 4))
    assert set(first) == set(small().matrices())
    for name, mask in first.items():
        assert np.array_equal(mask, again[name])
        assert 0.1 < mask.mean() < 0.4
    assert any(not np.array_equal(first[name], other[name]) for name in first)


def test_only_what_may_move_keeps_its_gradient():
    model = small()
    held = GradientMask(TrainedSubset(matrices=("joint.output",)), model)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    held.before_update(TrainingStep(0, 0.0, 1e-3))
    for name, parameter in model.named_parameters():
        assert bool(parameter.grad.any()) == (name == "joint_output.weight"), name


def test_a_pattern_without_a_matrix_is_refused():
    with pytest.raises(InputError, match="matches no matrix"):
        movable(TrainedSubset(matrices=("joint.nothing",)), small().matrices())
