"""Training state on disk: everything that a resumed run needs to go on as if never stopped.

One safetensors file: flat vectors (values, Adam state), the feature
statistics, and as JSON metadata the word pieces, the sizes and the progress.
Random numbers are drawn from (seed, step, worker), so there is no generator
state to keep.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from azsim.errors import InputError
from azsim.nn.normalisation import Normalisation
from azsim.nn.sealed import write_tensors
from azsim.train.model import Shape
from azsim.train.progress import Progress


class RunConstants(msgspec.Struct, frozen=True):
    """What stays the same during a run: seed, word pieces, sizes (as in `azsim.train.model.Shape`), and what it
    started from (as in `azsim.train.export.TrainedModel`).
    """

    seed: int
    pieces: list[str]
    hidden: int
    embedding: int
    joint: int
    prediction: int = 0
    bidirectional: bool = False
    branch_rank: int = 0
    arbiter: int = 0
    start: str = ""
    normalisation: Normalisation = "global"

    @property
    def shape(self) -> Shape:
        """Sizes of the network."""
        return Shape(
            len(self.pieces),
            self.hidden,
            self.embedding,
            self.joint,
            self.prediction,
            self.bidirectional,
            branch_rank=self.branch_rank,
            arbiter=self.arbiter,
        )


class Checkpoint(msgspec.Struct, frozen=True):
    """A moment of a run; ``tensors`` holds flat vectors and ``mean``, ``inv_std``."""

    setup: RunConstants
    progress: Progress
    tensors: dict[str, torch.Tensor]


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; the old one stays until the new one is whole."""
    metadata = {
        "setup": msgspec.json.encode(checkpoint.setup).decode(),
        "progress": msgspec.json.encode(checkpoint.progress).decode(),
    }
    write_tensors(path, checkpoint.tensors, metadata, save)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read what :func:`save_checkpoint` wrote.

    Raises:
        InputError: the file is damaged or is not a training checkpoint.
    """
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
        setup = msgspec.json.decode(metadata["setup"], type=RunConstants)
        progress = msgspec.json.decode(metadata["progress"], type=Progress)
    except (OSError, SafetensorError, KeyError, msgspec.MsgspecError) as error:
        raise InputError(f"{path}: not a readable training checkpoint: {error}") from error
    return Checkpoint(setup, progress, tensors)
