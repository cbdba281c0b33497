"""What attention over names is judged by before a search: the loss that is left, and where its shares peak."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch.nn import functional

from azsim.speech.context.names import SAID, SIDES, VALUE, key_of, query_of
from azsim.train.rnnt_loss import Cells, join, rnnt_loss
from azsim.train.tasks.task import Batch

Made = Mapping[str, np.ndarray]
"""Keys, values and queries of one utterance by their tensors' names; the first row stands for none of the names."""


def shares(made: Made, side: str, heads: int) -> np.ndarray:
    """Of each piece, float ``(heads, n, pieces)``."""
    queries, keys = (
        each.reshape(len(each), heads, -1).transpose(1, 0, 2) for each in (made[query_of(side)], made[key_of(side)])
    )
    scores = queries @ keys.transpose(0, 2, 1) / np.sqrt(queries.shape[2])
    raised = np.exp(scores - scores.max(-1, keepdims=True))
    return raised / raised.sum(-1, keepdims=True)


def transducer_losses(
    made: Made, batch: Batch, joint: tuple[torch.Tensor, torch.Tensor], heads: int
) -> np.ndarray:
    """The loss of a batch of one without and with what attention adds, float ``(2,)``.

    Args:
        made: of the utterance.
        batch: of one.
        joint: output matrix and bias of the recogniser.
        heads: of the attention.
    """
    value = made[VALUE].reshape(len(made[VALUE]), heads, -1)
    labels = tuple(map(tuple, batch.targets["labels"].tolist()))
    cells = Cells(tuple(batch.targets["frames"].tolist()), labels, batch.targets["low"], batch.targets["high"])
    losses = []
    for told in (False, True):
        sides = []
        for side in SIDES:
            own = batch.inputs[side].astype(np.float32)
            if told:
                weighted = shares(made, side, heads) @ value.transpose(1, 0, 2)
                own = own + weighted.transpose(1, 0, 2).reshape(1, *own.shape[1:])
            sides.append(torch.from_numpy(own.astype(np.float32)))
        losses.append(float(rnnt_loss(functional.linear(join(*sides, cells), *joint), cells)))
    return np.array(losses)


def right_peaks(made: Made, batch: Batch, heads: int) -> tuple[int, int]:
    """Pieces of names but their first ones at which the label history's share is largest for the right one; of all."""
    wanted = batch.targets["wanted"][0]
    inside = np.flatnonzero((wanted > 0) & (np.concatenate([[0], wanted[:-1]]) == wanted - 1))
    largest = shares(made, SAID, heads).mean(0).argmax(-1)
    return int((largest[inside] == wanted[inside]).sum()), len(inside)
