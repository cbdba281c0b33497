"""Branches in training: a recogniser gets them, the arbiter's choice hardens, and what the large branch costs counts.

::

    loss = transducer + cost_weight * labels * (products that the choice takes / products of the large branch)

**Source:** a tunable cost beside the loss as in arXiv:2207.02393 and arXiv:2108.01553; its form, the temperatures and
the first bias are `assumed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch

from azsim.errors import InputError
from azsim.train.mechanism import Forward, Mechanism, TrainingStep
from azsim.train.model import TIME_REDUCTION, TRAINING_ONLY, Transducer
from azsim.train.progress import AVERAGE_DECAY
from azsim.train.recipe import Branching

FIRST_BIAS = 1.0
"""Of the arbiter's score: it begins with about three steps in four on the large branch."""


def branched(plain: Transducer, settings: Branching) -> Transducer:
    """The network with small branches that approximate its layers, and an arbiter if one is to pick; CTC head new.

    Raises:
        InputError: it is bidirectional or has branches already.
    """
    old = plain.shape
    if old.bidirectional or old.branch_rank:
        raise InputError("branching: the network to start from must be a streaming one without branches")
    if settings.rank > old.hidden:
        raise InputError(f"branching.rank = {settings.rank}: must be at most the {old.hidden} cells of a layer")
    arbiter = settings.arbiter if settings.choice == "arbiter" else 0
    model = Transducer(replace(old, branch_rank=settings.rank, arbiter=arbiter))
    kept = {name: tensor for name, tensor in plain.state_dict().items() if not name.startswith(TRAINING_ONLY)}
    model.load_state_dict(kept, strict=False)
    model.branches.factorise(model.encoder)
    if arbiter:
        torch.nn.init.constant_(model.branches.arbiter_score.bias, FIRST_BIAS)
    return model


class BranchChoice(Mechanism):
    """Sets how the branch is picked, and adds the cost of what the arbiter picks."""

    def __init__(self, settings: Branching, model: Transducer) -> None:
        self._settings, self._branches = settings, model.branches
        self._branches.choice, self._branches.large_share = settings.choice, settings.large_share
        self._weights = torch.tensor(step_products(model))
        self._share = 1.0

    def before_step(self, moment: TrainingStep) -> None:
        settings = self._settings
        ratio = settings.last_temperature / settings.first_temperature
        self._branches.temperature = settings.first_temperature * ratio**moment.share

    def loss(self, moment: TrainingStep, forward: Forward) -> torch.Tensor | None:
        branches = self._branches
        cells = forward.batch.cells
        weights = self._weights.repeat(len(branches.picked) // TIME_REDUCTION)[:, None]
        steps = TIME_REDUCTION * (torch.tensor(cells.frames) + torch.tensor(forward.batch.wake_steps))
        weights = weights * (torch.arange(len(weights))[:, None] < steps)
        share = float((weights * branches.picked).sum() / weights.sum())
        self._share = AVERAGE_DECAY * self._share + (1 - AVERAGE_DECAY) * share
        if branches.score is None:
            return None
        expected = (weights * torch.sigmoid(branches.score)).sum() / weights.sum()
        return self._settings.cost_weight * sum(len(labels) for labels in cells.labels) * expected

    def notes(self) -> dict[str, float]:
        return {"large_products_share": round(self._share, 4)}

    def state(self) -> dict[str, torch.Tensor]:
        return {"share": torch.tensor([self._share], dtype=torch.float64)}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        self._share = float(state["share"])


def step_products(model: Transducer) -> list[float]:
    """Products that the large branch takes at each of the steps that are joined: its layers above at the last one."""
    lower, *upper = (layer.weight_ih_l0.numel() + layer.weight_hh_l0.numel() for layer in model.encoder)
    return [float(lower)] * (TIME_REDUCTION - 1) + [float(lower + sum(upper))]
