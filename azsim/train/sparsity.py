"""Zeros that the training knows about: which weights of a matrix become zero, when, and how gently.

::

    gradual             share of zeros ^      ____   a cubic, then the rest recovers; smallest magnitudes first
                                       |   /
    one-shot            all at the first step
    compressed-sensing  all weights shrink a little at each step, those outside the projected target are pulled
                        to zero more and more; a hard mask from the ramp's end on

    balanced            lane 0: x . x .   lane 1: . x x .    the same number of non-zeros for each lane in each block
                        of columns, so that no lane waits for another

Embeddings and biases stay dense: one row of an embedding is read per label, so zeros in it save no products.

**Source:** gradual: Zhu & Gupta 2017 (arXiv:1710.01878); compressed sensing: the idea of Zhen et al. 2021
(arXiv:2102.04932) as soft threshold and projection, the form and its constants `assumed`; balance: load-balance-aware
pruning, Han et al. 2017 (arXiv:1612.00694), per block of columns as the lanes of `azsim.chip.lanes` wait.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from azsim.train.mechanism import Mechanism, TrainingStep
from azsim.train.model import Transducer
from azsim.train.recipe import Sparsity
from azsim.train.schedule import cubic

EMBEDDING = "prediction.embedding"


def magnitude_mask(weights: torch.Tensor, sparsity: float) -> torch.Tensor:
    """1 where a weight is kept, 0 for the ``round(sparsity * n)`` smallest; float32, the weights' shape."""
    mask = torch.ones(weights.numel())
    mask[weights.abs().reshape(-1).argsort(stable=True)[: round(sparsity * weights.numel())]] = 0
    return mask.view_as(weights)


def balanced_mask(weights: torch.Tensor, sparsity: float, lanes: int, block_columns: int) -> torch.Tensor:
    """A magnitude mask with as many zeros in each lane (row modulo ``lanes``) of each block of columns.

    Lanes of equal many rows keep equally many weights in a block; where the rows do not divide by the lanes, the
    share of zeros is the same.
    """
    rows, columns = weights.shape
    full_rows = rows - rows % lanes
    mask = torch.ones_like(weights)
    for start in range(0, columns, block_columns):
        block = weights[:, start : start + block_columns].abs()
        width = block.shape[1]
        parts = [(block[:full_rows], mask[:full_rows, start : start + width], lanes)]
        if full_rows < rows:
            parts.append((block[full_rows:], mask[full_rows:, start : start + width], rows - full_rows))
        for part, place, own_lanes in parts:
            if not part.numel():
                continue
            of_lane = part.reshape(-1, own_lanes, width).transpose(0, 1).reshape(own_lanes, -1)
            kept = torch.ones_like(of_lane)
            zeros = round(sparsity * of_lane.shape[1])
            kept.scatter_(1, of_lane.argsort(dim=1, stable=True)[:, :zeros], 0.0)
            place.copy_(kept.reshape(own_lanes, -1, width).transpose(0, 1).reshape(-1, width))
    return mask


class Sparsifier(Mechanism):
    """Holds the mask of every matrix that is pruned."""

    def __init__(self, settings: Sparsity, model: Transducer) -> None:
        self._settings = settings
        self._weights = {name: p for name, p in model.matrices().items() if name != EMBEDDING}
        self._masks = {name: torch.ones_like(p) for name, p in self._weights.items()}
        self._kept: dict[str, torch.Tensor] = {}
        self._share = 0.0

    @property
    def _soft(self) -> bool:
        return self._settings.method == "compressed-sensing"

    def _choose(self, share: float) -> None:
        settings, self._share = self._settings, share
        for name, weights in self._weights.items():
            values = weights.detach()
            if settings.pattern == "balanced":
                mask = balanced_mask(values, share, settings.lanes, settings.block_columns)
            else:
                mask = magnitude_mask(values, share)
            self._masks[name] = mask

    def before_step(self, moment: TrainingStep) -> None:
        settings = self._settings
        if moment.step % settings.choose_every_steps:
            return
        ramp = 0.0 if settings.method == "one-shot" else settings.ramp_share
        if moment.share < ramp or self._share < settings.share:
            self._choose(cubic(moment.share, ramp, settings.share) if moment.share < ramp else settings.share)
        if not self._is_soft(moment):
            self._apply()

    def _is_soft(self, moment: TrainingStep) -> bool:
        return self._soft and moment.share < self._settings.ramp_share

    def after_step(self, moment: TrainingStep) -> None:
        if self._is_soft(moment):
            self._pull(moment)
        else:
            self._apply()

    @torch.no_grad()
    def _pull(self, moment: TrainingStep) -> None:
        """One step of soft threshold, and of the way to the projection onto the largest weights."""
        settings = self._settings
        pull = settings.pull * moment.share / settings.ramp_share
        for name, weights in self._weights.items():
            threshold = settings.threshold * weights.abs().mean()
            weights.copy_(torch.nn.functional.softshrink(weights, float(threshold)))
            weights.mul_(1 - pull * (1 - self._masks[name]))

    @torch.no_grad()
    def _apply(self) -> None:
        for name, weights in self._weights.items():
            weights.mul_(self._masks[name])

    def deploy(self) -> None:
        """While weights are still on their way to zero, the device would have them there."""
        self._kept = {name: weights.detach().clone() for name, weights in self._weights.items()}
        self._apply()

    @torch.no_grad()
    def withdraw(self) -> None:
        for name, weights in self._weights.items():
            weights.copy_(self._kept[name])

    def notes(self) -> dict[str, float]:
        zeros = sum(int((weights == 0).sum()) for weights in self._weights.values())
        return {
            "sparsity_target": self._share,
            "sparsity": zeros / sum(weights.numel() for weights in self._weights.values()),
        }

    def state(self) -> dict[str, torch.Tensor]:
        masks = {f"mask.{name}": mask.to(torch.uint8) for name, mask in self._masks.items()}
        return masks | {"share": torch.tensor([self._share], dtype=torch.float64)}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        self._share = float(state["share"])
        self._masks = {name: state[f"mask.{name}"].float() for name in self._masks}
