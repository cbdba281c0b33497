"""What plugs into the training loop: sparsity, quantisation, a teacher, and whatever else acts on a step.

::

    before_step ──> forward, losses (+ loss) ──> backward ──> average ──> before_update ──> Adam ──> after_step

    deploy ──> measure or export ──> withdraw        the weights as the device will have them, and back
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from azsim.nn.rnnt.network import Network
from azsim.train.batch import PaddedBatch
from azsim.train.data import StoredUtterance


@dataclass(frozen=True)
class TrainingStep:
    """Where in the run a step is.

    Attributes:
        step: from 0.
        share: of the run that is done, 0 to below 1.
        learning_rate: of this step.
        stage: of the recipe, from 0.
    """

    step: int
    share: float
    learning_rate: float
    stage: int = 0


@dataclass(frozen=True)
class Forward:
    """What the network made of a batch.

    Attributes:
        batch: what it heard.
        encoded: encoder outputs ``(T, B, H)``.
        logits: float32 ``(rows, vocabulary)``, packed as in `azsim.train.rnnt_loss`.
    """

    batch: PaddedBatch
    encoded: torch.Tensor
    logits: torch.Tensor


class Mechanism:
    """Does nothing; a mechanism overrides what it needs. All workers call the same methods at the same steps."""

    def begin(self, network: Network, splits: Mapping[str, Sequence[StoredUtterance]], is_resumed: bool) -> None:
        """A run begins with this network and these recordings; if it is resumed, `restore` follows."""

    def before_step(self, moment: TrainingStep) -> None:
        """May change the weights that the forward pass sees."""

    def weights(self, batch: PaddedBatch) -> np.ndarray | None:
        """Weight of each utterance's transducer loss, float32 ``(B,)``; None leaves them as they are."""
        return None

    def loss(self, moment: TrainingStep, forward: Forward) -> torch.Tensor | None:
        """A term that is added to the summed loss of the batch."""
        return None

    def before_update(self, moment: TrainingStep) -> None:
        """The gradient per label is there; may add to it, must undo `before_step`."""

    def after_step(self, moment: TrainingStep) -> None:
        """The weights have moved."""

    def deploy(self) -> None:
        """Put the weights as the device will have them in place."""

    def withdraw(self) -> None:
        """Undo `deploy`."""

    def notes(self) -> dict[str, float]:
        """Columns for the curve."""
        return {}

    def scales(self) -> dict[str, float]:
        """Activation scales that the exported network shall carry."""
        return {}

    def state(self) -> dict[str, torch.Tensor]:
        """What a resumed run needs."""
        return {}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take what :meth:`state` gave."""
