"""A small network is learned by a task; a run that is stopped goes on to the same bits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="trains with PyTorch, the extra `train`")

from azsim.errors import InputError  # noqa: E402
from azsim.nn.graph.graph import Graph  # noqa: E402
from azsim.nn.graph.tensor import Tensor  # noqa: E402
from azsim.train.graph_recipe import GraphQuantisation, GraphRecipe, make_task  # noqa: E402
from azsim.train.graph_trainer import GraphTrainer  # noqa: E402
from azsim.train.layers import Layers  # noqa: E402
from azsim.train.recipe import Schedule  # noqa: E402
from azsim.train.tasks.task import Arrays, Batch, NoOptions, Run, Task  # noqa: E402


class Parity(Task):
    """Whether the last two of the signs that came are the same."""

    steps_per_s = 10.0

    def graph(self, rng: np.random.Generator) -> Graph:
        layers = Layers("parity", {"signs": Tensor((1,))}, rng)
        return layers.graph([layers.dense("logit", layers.gru("state", "signs", 8), 1)])

    def batch(self, rng: np.random.Generator) -> Batch:
        signs = rng.choice(np.float32([-1, 1]), (16, 12, 1))
        same = signs[:, 1:, 0] == signs[:, :-1, 0]
        return Batch({"signs": signs}, {"same": same.astype(np.float32)})

    def loss(self, tensors: Mapping[str, torch.Tensor], batch: Batch) -> torch.Tensor:
        wanted = torch.from_numpy(batch.targets["same"])
        return torch.nn.functional.binary_cross_entropy_with_logits(tensors["logit"][:, 1:, 0], wanted)

    def measure(self, run: Run) -> dict[str, float]:
        batch = self.batch(np.random.default_rng(99))
        right = [
            (run({"signs": signs})["logit"][1:, 0] > 0) == (same > 0.5)
            for signs, same in zip(batch.inputs["signs"], batch.targets["same"], strict=True)
        ]
        return {"right": float(np.mean(right))}

    def calibration(self) -> Iterable[Arrays]:
        return ({"signs": signs} for signs in self.batch(np.random.default_rng(98)).inputs["signs"])


def recipe(steps: int) -> GraphRecipe:
    return GraphRecipe(
        title="parity",
        task="parity",
        schedule=Schedule(steps=steps, peak_learning_rate=0.02, warm_up_steps=5),
        measure_every_steps=20,
        weight_decay=1e-4,
        quantisation=GraphQuantisation(8),
    )


def trainer(steps: int, out: Path) -> GraphTrainer:
    return GraphTrainer(recipe(steps), Parity(NoOptions(), NoOptions(), out), out)


def test_it_learns_and_the_integers_know_what_the_float_graph_knows(tmp_path: Path) -> None:
    finished = trainer(120, tmp_path).run()
    assert finished.measured["right"] == 1.0
    assert finished.measured_integer["right"] == 1.0
    assert (tmp_path / "curve.csv").read_text().startswith("step,loss,right\n20,")


def test_a_run_that_is_stopped_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    whole = trainer(30, tmp_path / "whole").run()
    stopped = trainer(30, tmp_path / "parts")
    for _ in range(17):
        stopped.learn()
    stopped.save()
    parts = trainer(30, tmp_path / "parts").run()
    for name, value in whole.graph.parameters.items():
        np.testing.assert_array_equal(value, parts.graph.parameters[name])
    again = trainer(30, tmp_path / "parts").run()
    assert again.steps == 30


def test_another_recipes_checkpoint_and_an_unknown_task_are_refused(tmp_path: Path) -> None:
    trainer(2, tmp_path).run()
    with pytest.raises(InputError, match="another recipe's"):
        trainer(3, tmp_path)
    (tmp_path / "checkpoint.safetensors").write_bytes(b"no")
    with pytest.raises(InputError, match="not a readable checkpoint"):
        trainer(2, tmp_path)
    with pytest.raises(InputError, match="recipe 'x': task = 'parity': must be one of"):
        make_task(recipe(2), "recipe 'x'", tmp_path)
