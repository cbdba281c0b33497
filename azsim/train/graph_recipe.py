"""What a recipe for a small network says: its task, sizes, data, schedule, and how its weights are rounded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from azsim.errors import located
from azsim.toml import convert
from azsim.train.recipe import Bits, FromZero, NonNegative, Schedule, Share
from azsim.train.tasks.task import Task, task_of


class GraphQuantisation(Struct, frozen=True, forbid_unknown_fields=True):
    """Weights that are rounded in the forward pass (`azsim.train.graph_module.Rounding`).

    Attributes:
        weight_bits: 1 to 8.
        codec: that the device will store fewer than 8 bits by.
        from_share: of the run before it begins.
    """

    weight_bits: Bits = 8
    codec: str = "packed"
    from_share: Share = 0.5


class GraphRecipe(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The training of a small network.

    Attributes:
        title: what it is for, in one line.
        task: a file of ``azsim/train/tasks/``.
        seed: of everything random.
        network: sizes, as the task says (its ``network_type``).
        data: what is learned from, as the task says (its ``data_type``).
        schedule: length and learning rate.
        weight_decay: share of every weight that is taken away at a step, times the learning rate.
        measure_every_steps: how often held-out data is measured; 0 for at the end alone.
        ends_after: steps after which the run is over although its schedule would go on; None for all of it.
        quantisation: of the weights while training; without it they are rounded at the end.
        granularity: of the scales of the int8 weights.
    """

    title: str
    task: str
    seed: FromZero = 1
    network: dict[str, Any] = {}
    data: dict[str, Any] = {}
    schedule: Schedule
    weight_decay: NonNegative = 0.0
    measure_every_steps: Annotated[int, Meta(ge=0)] = 0
    ends_after: Annotated[int, Meta(ge=1)] | None = None
    quantisation: GraphQuantisation | None = None
    granularity: Literal["tensor", "gate", "channel"] = "channel"


    @property
    def steps(self) -> int:
        """Of the run."""
        return self.schedule.steps if self.ends_after is None else min(self.ends_after, self.schedule.steps)


def make_task(recipe: GraphRecipe, where: str, corpus: Path) -> Task:
    """The recipe's task, its two tables checked.

    Args:
        recipe: names the task.
        where: name or file of the recipe, for errors.
        corpus: folder of the task's data.

    Raises:
        InputError: there is no such task, or a table is not as the task says; the message names the key.
    """
    with located(where):
        found = task_of(recipe.task)
    network = convert(recipe.network, found.network_type, f"{where}: network")
    return found(network, convert(recipe.data, found.data_type, f"{where}: data"), corpus)
