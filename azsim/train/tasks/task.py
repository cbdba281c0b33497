"""What a task is: a network before training, batches, a loss, a measure on held-out data, streams to calibrate with.

::

    azsim/train/tasks/NAME.py    @task("NAME") class ...(Task)        models/recipes/*.toml    task = "NAME"

All that is random is drawn from the generators that the loop hands out, so that a run that was stopped goes on to the
same bits.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

import msgspec
import numpy as np

import azsim.train.tasks
from azsim.errors import InputError, nearest
from azsim.nn.graph.graph import Graph

if TYPE_CHECKING:
    import torch

    from azsim.train.graph_module import GraphModule

Arrays = Mapping[str, np.ndarray]
Run = Callable[[Arrays], dict[str, np.ndarray]]
"""A network on one stream from its start: inputs ``(n, *shape)`` in values to outputs ``(m, *shape)`` in values."""


class NoOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of a task that has none."""


@dataclass(frozen=True)
class Batch:
    """What one step learns from.

    Attributes:
        inputs: input -> ``(B, n, *shape)``, shorter streams padded behind.
        targets: whatever the loss takes.
    """

    inputs: Arrays
    targets: Arrays


class Task(ABC):
    """Base of all tasks.

    Args:
        network: the recipe's table ``[network]``.
        data: the recipe's table ``[data]``.
        corpus: folder that the data lies in, or is made in.

    Attributes:
        network_type, data_type: of the two tables.
        steps_per_s: how often the network's inputs come.
    """

    network_type: ClassVar[type[msgspec.Struct]] = NoOptions
    data_type: ClassVar[type[msgspec.Struct]] = NoOptions
    steps_per_s: float

    def __init__(self, network: msgspec.Struct, data: msgspec.Struct, corpus: Path) -> None:
        self.network, self.data, self.corpus = network, data, corpus

    @abstractmethod
    def graph(self, rng: np.random.Generator) -> Graph:
        """The network before training."""

    @abstractmethod
    def batch(self, rng: np.random.Generator) -> Batch:
        """What one step learns from."""

    @abstractmethod
    def loss(self, tensors: Mapping[str, torch.Tensor], batch: Batch) -> torch.Tensor:
        """The loss of a batch: a number.

        Args:
            tensors: every tensor of the graph, ``(B, m, *shape)``.
            batch: that they come from.
        """

    @abstractmethod
    def measure(self, run: Run) -> dict[str, float]:
        """Figures on held-out data; ``run`` is the network in float, or as the chip computes it."""

    @abstractmethod
    def calibration(self) -> Iterable[Arrays]:
        """Streams of training data, input -> ``(n, *shape)``, from which the grids of the activations are chosen."""

    def head(self) -> torch.nn.Module:
        """Parameters that are trained with the network and thrown away; the loss finds them as it made them."""
        from torch import nn

        return nn.Module()

    def refined(self, module: GraphModule, rng: np.random.Generator) -> Graph:
        """The graph that a run ends with: what was learned, or something better that follows from it in closed form.

        Args:
            module: as the last step left it, its weights rounded as the recipe says.
            rng: the only source of randomness.
        """
        return module.graph()

    def facts(self) -> Mapping[str, str | int | float]:
        """What the saved network shall say of itself besides, such as how its inputs are scaled."""
        return {}


Kind = TypeVar("Kind", bound=type[Task])
_REGISTERED: dict[str, type[Task]] = {}


def task(name: str) -> Callable[[Kind], Kind]:
    """Register a class as the task of that name, which is its module's."""

    def register(cls: Kind) -> Kind:
        _REGISTERED[name] = cls
        return cls

    return register


def task_names() -> tuple[str, ...]:
    """Of all tasks there are; none is imported."""
    own = __name__.rpartition(".")[2]
    return tuple(sorted(each.name for each in pkgutil.iter_modules(azsim.train.tasks.__path__) if each.name != own))


def task_of(name: str) -> type[Task]:
    """The task of that name.

    Raises:
        InputError: there is none.
    """
    known = task_names()
    if name not in known:
        raise InputError(f"task = {name!r}: must be one of {', '.join(known)}{nearest(name, known)}")
    importlib.import_module(f"azsim.train.tasks.{name}")
    return _REGISTERED[name]
