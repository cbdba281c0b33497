"""An encoder with a small and a large branch: who picks which of them runs at a step, and their parameters.

::

    int8 steps ──> Picker ──> True: the large branch, one bool per 30 ms step ──> Encoder
                   Arbiter: an LSTM of the network's own, large if its score is positive
                   Always, CommandFrom (bifocal), Chance: picked from outside

Layers above the time reduction run at the last of the joined steps and take its branch.

**Source:** AmNet, J. Macoskey et al. 2021 (arXiv:2108.01553); bifocal: arXiv:2108.01704; see `azsim.train.branches`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np

from azsim.nn.graph.executor import Executor
from azsim.nn.rnnt.network import Network

if TYPE_CHECKING:
    from azsim.nn.rnnt.integer_rnnt import IntegerModel


class Picker(Protocol):
    """Picks a branch for every step of one utterance, as they come."""

    def __call__(self, steps: np.ndarray) -> np.ndarray:
        """int8 steps ``(n, columns)`` -> bool ``(n,)``: True where the large branch runs."""


class Always:
    """The same branch at every step."""

    def __init__(self, large: bool) -> None:
        self._large = large

    def __call__(self, steps: np.ndarray) -> np.ndarray:
        return np.full(len(steps), self._large)


class CommandFrom:
    """Bifocal: the small branch up to the step at which the command begins, the large one from there on."""

    def __init__(self, step: int) -> None:
        self._left = step

    def __call__(self, steps: np.ndarray) -> np.ndarray:
        picked = np.arange(len(steps)) >= self._left
        self._left -= len(steps)
        return picked


class Chance:
    """The large branch at a share of the steps, drawn one by one."""

    def __init__(self, large_share: float, seed: int) -> None:
        self._share, self._random = large_share, np.random.default_rng(seed)

    def __call__(self, steps: np.ndarray) -> np.ndarray:
        return self._random.random(len(steps)) < self._share


class Arbiter:
    """The network's own picker: large where the score of a step is above a threshold.

    Args:
        model: with branches and an arbiter.
        threshold: Q4.11; higher picks the large branch less often.
    """

    def __init__(self, model: IntegerModel, threshold: int = 0) -> None:
        self._executor, self._threshold = Executor(model.arbiter), threshold

    def __call__(self, steps: np.ndarray) -> np.ndarray:
        return self._executor.push({"steps": steps})["score"][:, 0] > self._threshold


def branch_names(network: Network) -> list[str]:
    """The parameters of an encoder's branches and arbiter, in order; none for an encoder without."""
    kinds = ("input", "recurrent", "expand", "bias") if network.has_branches else ()
    names = [f"encoder.{i}.small.{kind}" for i in range(network.encoder_layers) for kind in kinds]
    arbiter = ("0.input", "0.recurrent", "0.bias", "score", "score_bias") if network.has_arbiter else ()
    return names + [f"arbiter.{kind}" for kind in arbiter]


def branch_shapes(network: Network, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """The shapes that those parameters must have, given that they are there."""
    expected: dict[str, tuple[int, ...]] = {}
    for i in range(network.encoder_layers if network.has_branches else 0):
        layer = f"encoder.{i}"
        rows, columns = shapes[f"{layer}.input"]
        rank = shapes[f"{layer}.small.input"][0]
        expected[f"{layer}.small.input"] = (rank, columns)
        expected[f"{layer}.small.recurrent"] = (rank, rows // 4)
        expected[f"{layer}.small.expand"] = (rows, rank)
        expected[f"{layer}.small.bias"] = (rows,)
    if network.has_arbiter:
        cells = shapes["arbiter.0.recurrent"][-1]
        expected["arbiter.0.input"] = (4 * cells, shapes["encoder.0.input"][1])
        expected["arbiter.0.recurrent"] = (4 * cells, cells)
        expected["arbiter.0.bias"] = (4 * cells,)
        expected["arbiter.score"] = (1, cells)
        expected["arbiter.score_bias"] = (1,)
    return expected
