"""A small network from its recipe to its file: trained, calibrated, measured, saved with its integers.

::

    RUNS/NAME/final.safetensors   graph, float vectors, int8 weights with their scales, grids; what was measured
             /curve.csv, checkpoint.safetensors

`azsim.load_network` reads it; copied to ``models/NAME/model.safetensors`` beside a card it is shipped.
"""

from __future__ import annotations

import logging
from pathlib import Path

import torch

from azsim.errors import WorkError
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.graph.stored import save_graph
from azsim.train.graph_recipe import GraphRecipe, make_task
from azsim.train.graph_trainer import Finished, GraphTrainer

FINAL = "final.safetensors"


def run(
    recipe: GraphRecipe, name: str, corpus: Path, out: Path, is_quiet: bool = False, where: str = ""
) -> Path:
    """Train by a recipe, or go on where an earlier run was stopped; returns the network's file.

    Args:
        recipe: of the network.
        name: of the recipe.
        corpus: folder of the task's data.
        out: where the run is kept.
        is_quiet: no log of its steps.
        where: the recipe was read from, for errors.

    Raises:
        InputError: the recipe or its data is wrong, or the checkpoint is another recipe's.
        WorkError: the run was interrupted, or a file cannot be written.
    """
    torch.set_num_threads(1)
    logging.basicConfig(level=logging.WARNING if is_quiet else logging.INFO, format="%(asctime)s %(message)s")
    task = make_task(recipe, where or f"recipe {name!r}", corpus)
    try:
        finished = GraphTrainer(recipe, task, out).run()
    except KeyboardInterrupt:
        raise WorkError(f"{out}: interrupted; the same command goes on from there") from None
    return save(finished, recipe, name, out / FINAL)


def save(finished: Finished, recipe: GraphRecipe, name: str, path: Path) -> Path:
    """Write what came out of a run.

    Raises:
        WorkError: the file cannot be written.
    """
    integers = finished.integers
    network = GraphNetwork(
        graph=finished.graph,
        source=str(path),
        steps_per_s=finished.task.steps_per_s,
        grids=integers.stated,
        quantised=integers.weights,
    )
    trained = {
        "recipe": name,
        "seed": recipe.seed,
        "steps": finished.steps,
        "hours": finished.hours,
        "measured": dict(finished.measured),
        "measured_in_integers": dict(finished.measured_integer),
    }
    save_graph(network, path, {"trained": trained, **finished.task.facts()})
    return path
