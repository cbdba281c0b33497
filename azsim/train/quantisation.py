"""Weights that the training brings onto few values, by three ways; post-training quantisation needs none of them.

::

    fake-quant       forward and backward with the values of the grid, the update on the real weights behind them
    regularised      |sin| ^  .-.   .-.   .-.      a penalty that is zero on the grid and pulls in between;
                           | /   \\ /   \\ /   \\     its strength rises from 0; the forward pass sees the real weights
                           └0────1────2────3──> weight in grid steps (a grid that contains zero)
    multi-regional   the same between the centroids of a Lloyd-Max palette, and a hard snap now and then

The values come from the very quantisers that make the bitstreams (`azsim.compress.recipe.quantise`), so compressing the
trained network changes none of its weights.

**Source:** straight-through gradients: Bengio et al. 2013 (arXiv:1308.3432); regulariser and centroids: see
`azsim.train.levels`; periodic hard compressor: Zhen et al. 2022 (arXiv:2206.15408).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from azsim.train.levels import absolute_sine, levels_of, snap
from azsim.train.mechanism import Mechanism, TrainingStep
from azsim.train.model import Transducer
from azsim.train.recipe import Quantisation
from azsim.train.schedule import linear


class Quantiser(Mechanism):
    """Holds the values that each matrix may take."""

    def __init__(self, settings: Quantisation, model: Transducer) -> None:
        self._settings = settings
        self._weights = model.matrices()
        self._levels: dict[str, np.ndarray] = {}
        self._real: dict[str, torch.Tensor] = {}
        self._trained_levels: dict[str, np.ndarray] = {}
        self._distance = 0.0

    def _choose_levels(self) -> None:
        for name, weights in self._weights.items():
            settings = self._settings
            self._levels[name] = levels_of(weights.detach().numpy(), settings.weight_bits, settings.codec)

    def _snap(self) -> None:
        for name, weights in self._weights.items():
            snap(weights.detach(), self._levels[name])

    def _has_begun(self, moment: TrainingStep) -> bool:
        return moment.share >= self._settings.from_share

    def before_step(self, moment: TrainingStep) -> None:
        if moment.step % self._settings.levels_every_steps == 0 or not self._levels:
            self._choose_levels()
        if self._settings.method == "fake-quant" and self._has_begun(moment):
            self._put_aside()
            self._snap()

    def _put_aside(self) -> None:
        self._real = {name: weights.detach().clone() for name, weights in self._weights.items()}

    @torch.no_grad()
    def _put_back(self) -> None:
        for name, real in self._real.items():
            self._weights[name].copy_(real)
        self._real = {}

    def before_update(self, moment: TrainingStep) -> None:
        if self._settings.method == "fake-quant":
            self._put_back()
            return
        settings = self._settings
        strength = settings.strength * linear(moment.share, settings.from_share, settings.ramp_share)
        total = 0.0
        for name, weights in self._weights.items():
            if strength and len(self._levels[name]) > 1:
                value, gradient = absolute_sine(weights.detach(), self._levels[name])
                weights.grad.add_(gradient, alpha=strength)
                total += value
        self._distance = total / sum(weights.numel() for weights in self._weights.values())

    def after_step(self, moment: TrainingStep) -> None:
        step = moment.step + 1
        snaps = self._settings.method == "multi-regional" and step % self._settings.snap_every_steps == 0
        if snaps and self._has_begun(moment):
            self._snap()

    def deploy(self) -> None:
        self._trained_levels = dict(self._levels)
        self._choose_levels()
        self._put_aside()
        self._snap()

    def withdraw(self) -> None:
        self._put_back()
        self._levels = self._trained_levels

    def notes(self) -> dict[str, float]:
        return {"regulariser_per_weight": self._distance}

    def state(self) -> dict[str, torch.Tensor]:
        return {f"levels.{name}": torch.from_numpy(levels) for name, levels in self._levels.items()}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        self._levels = {name.removeprefix("levels."): value.numpy() for name, value in state.items()}
