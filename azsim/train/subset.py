"""Only some weights move: named matrices, or a share of each drawn by a seed, so that an update of them is small.

**Source:** training a subset for small updates, arXiv:2108.01561.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

import numpy as np
import torch

from azsim.compress.update.mask import seeded_mask
from azsim.errors import InputError
from azsim.train.mechanism import Mechanism, TrainingStep
from azsim.train.model import Transducer
from azsim.train.recipe import TrainedSubset


def movable(settings: TrainedSubset, matrices: Mapping[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """Matrix name -> bool, where its weights may move; a matrix that is not named stays as it is.

    Raises:
        InputError: a pattern matches no matrix.
    """
    for pattern in settings.matrices:
        if not any(fnmatchcase(name, pattern) for name in matrices):
            raise InputError(f"subset.matrices {pattern!r}: matches no matrix; there are {', '.join(matrices)}")
    chosen = [
        name for name in matrices if not settings.matrices or any(fnmatchcase(name, p) for p in settings.matrices)
    ]
    if settings.share == 1:
        return {name: np.ones(tuple(matrices[name].shape), bool) for name in chosen}
    return {name: seeded_mask(settings.seed, name, settings.share).of(tuple(matrices[name].shape)) for name in chosen}


class GradientMask(Mechanism):
    """Clears the gradient of every weight that must not move: Adam, which starts at zero, then leaves it alone."""

    def __init__(self, settings: TrainedSubset, model: Transducer) -> None:
        matrices = model.matrices()
        names = {id(parameter): name for name, parameter in matrices.items()}
        masks = {name: torch.from_numpy(mask) for name, mask in movable(settings, matrices).items()}
        self._kept = [(parameter, masks.get(names.get(id(parameter), ""))) for parameter in model.parameters()]

    def before_update(self, moment: TrainingStep) -> None:
        for parameter, mask in self._kept:
            if mask is None:
                parameter.grad.zero_()
            else:
                parameter.grad.mul_(mask)
