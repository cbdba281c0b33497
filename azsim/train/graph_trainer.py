"""The loop that trains small networks: seeded, resumable, and in the end a calibrated integer graph.

::

    OUT/checkpoint.safetensors   values, Adam's state, the step; written every minute
       /curve.csv                loss, and what the task measures
    task ──batches──> GraphModule ──loss──> Adam ... ──> graph ──calibrated──> IntegerGraph

A step depends on the recipe, the data and the checkpoint alone: all that is random is drawn from (seed, step).
"""

from __future__ import annotations

import csv
import io
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

from azsim.errors import InputError
from azsim.nn.graph.calibrate import calibrated
from azsim.nn.graph.executor import Executor, Model
from azsim.nn.graph.graph import Graph
from azsim.nn.graph.integer_graph import IntegerGraph
from azsim.nn.sealed import write_tensors
from azsim.output_file import write_output_file
from azsim.train.flat import FlatParameters
from azsim.train.graph_module import GraphModule, Rounding
from azsim.train.graph_recipe import GraphRecipe
from azsim.train.progress import NOT_MEASURED, averaged
from azsim.train.schedule import learning_rate
from azsim.train.tasks.task import Arrays, Batch, Run, Task

SAVE_EVERY_S = 60.0
LOG_EVERY_STEPS = 50
LARGEST_GRADIENT_NORM = 5.0
INITIAL, STEP, TORCH, REFINED = 0, 1, 2, 3
"""What a generator is for, beside seed and step."""
log = logging.getLogger("azsim.train")


@dataclass(frozen=True)
class Finished:
    """A run that is over.

    Attributes:
        task: that was learned.
        graph: float, its weights rounded as the recipe says.
        integers: the same, calibrated.
        measured: figures of the float graph; ``measured_integer``: of the integer graph.
        steps: of training; ``hours``: that they took.
    """

    task: Task
    graph: Graph
    integers: IntegerGraph
    measured: Mapping[str, float]
    measured_integer: Mapping[str, float]
    steps: int
    hours: float


class GraphTrainer:
    """One run.

    Args:
        recipe: of the network.
        task: as the recipe says (`azsim.train.graph_recipe.make_task`).
        out: where checkpoint and curve go.

    Raises:
        InputError: the checkpoint is damaged, or another recipe's.
    """

    def __init__(self, recipe: GraphRecipe, task: Task, out: Path) -> None:
        self.recipe, self.task, self._out = recipe, task, out
        self.step, self.loss, self._elapsed_s = 0, NOT_MEASURED, 0.0
        self._curve: list[dict[str, float]] = []
        self._torch_seed()
        self.module = GraphModule(task.graph(self._rng(INITIAL)))
        self._head = self.task.head()
        self._flat = FlatParameters(nn.ModuleList([self.module, self._head]), sums=0)
        self._checkpoint = out / "checkpoint.safetensors"
        if self._checkpoint.exists():
            self._restore()

    def run(self) -> Finished:
        """Train until all steps are done, from where an earlier run was stopped."""
        began = saved = time.monotonic()
        before_s, steps = self._elapsed_s, self.recipe.steps
        while self.step < steps:
            loss = self.learn()
            if not np.isfinite(loss):
                raise InputError(f"{self._out}: step {self.step}: the loss is {loss}; try a smaller peak_learning_rate")
            now = time.monotonic()
            self._elapsed_s = before_s + now - began
            every = self.recipe.measure_every_steps
            measured = self.measure() if every and self.step % every == 0 and self.step < steps else {}
            if measured or self.step % LOG_EVERY_STEPS == 0:
                self._curve.append({"step": self.step, "loss": round(self.loss, 5), **_rounded(measured)})
                log.info(" ".join(f"{key}={value}" for key, value in self._curve[-1].items()))
            if now - saved > SAVE_EVERY_S:
                self.save()
                saved = now
        self.save()
        return self.finish()

    def learn(self) -> float:
        """One step; its loss."""
        recipe = self.recipe
        quantisation, share = recipe.quantisation, self.step / recipe.schedule.steps
        if quantisation is not None and share >= quantisation.from_share:
            self.module.rounding = Rounding(quantisation.weight_bits, quantisation.codec, recipe.granularity)
        self._torch_seed()
        batch = self.task.batch(self._rng(STEP))
        self.module.train()
        self._flat.zero()
        loss = self.task.loss(self.module(as_tensors(batch)), batch)
        loss.backward()
        self._flat.average(1.0, LARGEST_GRADIENT_NORM)
        rate = learning_rate(recipe.schedule, self.step)
        if recipe.weight_decay:
            self._flat.parameter.data.mul_(1 - rate * recipe.weight_decay)
        self._flat.step(rate)
        self.step += 1
        value = float(loss.detach())
        self.loss = averaged(self.loss, value)
        return value

    def measure(self) -> dict[str, float]:
        """What the task measures of the float graph as it is now."""
        return self.task.measure(run_of(Model.in_float(self.module.graph())))

    def finish(self) -> Finished:
        """Calibrate on the task's streams and measure both graphs."""
        self._torch_seed()
        graph = self.task.refined(self.module, self._rng(REFINED))
        integers = calibrated(graph, self.task.calibration(), self.recipe.granularity)
        return Finished(
            task=self.task,
            graph=graph,
            integers=integers,
            measured=self.task.measure(run_of(Model.in_float(graph))),
            measured_integer=self.task.measure(run_in_integers(integers)),
            steps=self.step,
            hours=round(self._elapsed_s / 3600, 3),
        )

    def _rng(self, purpose: int) -> np.random.Generator:
        return np.random.default_rng((self.recipe.seed, purpose, self.step))

    def _torch_seed(self) -> None:
        torch.manual_seed(int(self._rng(TORCH).integers(2**62)))

    def save(self) -> None:
        """Write the checkpoint and the curve, each whole or not at all."""
        metadata = {
            "recipe": msgspec.json.encode(self.recipe).decode(),
            "progress": json.dumps({"step": self.step, "loss": self.loss, "elapsed_s": self._elapsed_s}),
            "curve": json.dumps(self._curve),
        }
        write_tensors(self._checkpoint, self._flat.state(), metadata, save)
        write_output_file(self._out / "curve.csv", [_as_csv(self._curve).encode()])

    def _restore(self) -> None:
        try:
            with safe_open(self._checkpoint, "pt") as file:
                metadata = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
            progress, own = json.loads(metadata["progress"]), metadata["recipe"]
            self._curve = json.loads(metadata["curve"])
            self.step, self.loss, self._elapsed_s = (progress[key] for key in ("step", "loss", "elapsed_s"))
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise InputError(f"{self._checkpoint}: not a readable checkpoint of a small network: {error}") from error
        if not _is_of(own, self.recipe):
            raise InputError(f"{self._checkpoint}: is another recipe's; remove it to begin anew")
        self._flat.restore(tensors)


def _is_of(stored: str, recipe: GraphRecipe) -> bool:
    """Whether a checkpoint's recipe is this one; when it is over is no part of what a step depends on."""
    try:
        own = msgspec.json.decode(stored, type=GraphRecipe)
    except msgspec.MsgspecError:
        return False
    return msgspec.structs.replace(own, ends_after=None) == msgspec.structs.replace(recipe, ends_after=None)


def as_tensors(batch: Batch) -> dict[str, torch.Tensor]:
    """The inputs of a batch."""
    return {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in batch.inputs.items()}


def run_of(model: Model) -> Run:
    """A float model on whole streams."""

    def run(inputs: Arrays) -> dict[str, np.ndarray]:
        return Executor(model).push(inputs)

    return run


def run_in_integers(integers: IntegerGraph) -> Run:
    """An integer graph on whole streams of values: inputs are put on their grids, outputs are values again."""
    model, grids = Model.in_integers(integers), integers.grids

    def run(inputs: Arrays) -> dict[str, np.ndarray]:
        fed = {name: value if grids[name] is None else grids[name].quantise(value) for name, value in inputs.items()}
        made = Executor(model).push(fed)
        return {name: value if grids[name] is None else grids[name].restore(value) for name, value in made.items()}

    return run


def _rounded(measured: Mapping[str, float]) -> dict[str, float]:
    return {key: float(f"{value:.6g}") for key, value in measured.items()}


def _as_csv(curve: list[dict[str, float]]) -> str:
    keys = list(dict.fromkeys(key for row in curve for key in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, keys, lineterminator="\n")
    writer.writeheader()
    writer.writerows(curve)
    return text.getvalue()
