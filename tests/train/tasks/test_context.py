"""The task of attention: what a batch says of its names, a loss that falls, figures of a finished graph."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="trains with PyTorch, the extra `train`")

from azsim.speech.context.names import AUDIO, NEXT, PREFIX, SAID  # noqa: E402
from azsim.train.corpus.store import write_shard  # noqa: E402
from azsim.train.encoded import all_encoded, encoded_of  # noqa: E402
from azsim.train.graph_recipe import GraphRecipe, make_task  # noqa: E402
from azsim.train.graph_trainer import GraphTrainer  # noqa: E402
from azsim.train.recipe import Schedule  # noqa: E402
from tests.conftest import random_network  # noqa: E402
from tests.speech.context.adapters import spelling  # noqa: E402

NETWORK = replace(spelling(random_network(3, joint=12)), digest="ab" * 32)
TEXTS = (("not on ton lot", "contact=ton lot"), ("off", ""), ("on lot", "city=lot"))


def items(split):
    rng = np.random.default_rng(5)
    for number, (text, names) in enumerate(TEXTS):
        entry = {"id": f"{split}-{number}", "split": split, "text": text, "names": names}
        entry |= {"speech_start_ms": 120, "speech_end_ms": 900}
        yield entry, rng.normal(4, 2, (120, 64)).astype(np.float16)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    write_shard(folder / "names-00", items("names-train"))
    write_shard(folder / "names-eval", items("names-tune"))
    return folder


@pytest.fixture
def made(corpus):
    recipe = GraphRecipe(
        title="small",
        task="context",
        network={"width": 8, "heads": 2},
        data={"utterances": 4, "most_others": 2, "told_share": 1.0},
        schedule=Schedule(steps=14, peak_learning_rate=5e-3, warm_up_steps=2),
    )
    task = make_task(recipe, "recipe 'small'", corpus)
    task.__dict__ |= {"_recogniser": NETWORK, "_others": ["no", "tool"]}
    return recipe, task


def test_outputs_are_computed_once(corpus):
    first = encoded_of(corpus / "names-00", NETWORK)
    files = list((corpus / "names-00").glob("encoded-*.npy"))
    stamp = files[0].stat().st_mtime_ns
    again = all_encoded(corpus, "names-[0-9]*", NETWORK)
    assert files[0].stat().st_mtime_ns == stamp
    assert np.array_equal(first.outputs, again.outputs)
    assert np.array_equal(first.firsts, again.firsts)
    assert first.values(1).dtype == np.float32


def test_labels_of_names_are_wanted_at_their_rows(made):
    task = made[1]
    batch = task._batch(task._training, [0], ["off", "ton lot"])
    there, wanted = batch.targets["there"], batch.targets["wanted"][0]
    rows = np.concatenate([[0], np.cumsum(there.sum(1))])
    before, name = len(task.spelled("not on")), len(task.spelled("ton lot"))
    assert wanted.tolist() == [*[0] * before, *range(rows[2], rows[2] + name), 0]
    heard = batch.targets["heard"][0]
    assert set(heard[heard > 0]) == {2}
    assert batch.inputs[PREFIX].shape[:2] == batch.inputs[NEXT].shape == there.shape
    assert not batch.inputs[PREFIX][0].any()
    assert len(batch.inputs[AUDIO][0]) == batch.targets["frames"][0]
    assert batch.inputs[SAID].shape[1] == batch.targets["lengths"][0] + 1


def test_names_that_are_not_told_are_unknown(made):
    task = made[1]
    wanted = task._batch(task._training, [0], ["off"]).targets["wanted"][0]
    assert (wanted == -1).sum() == len(task.spelled("ton lot"))


def test_it_learns_and_is_measured_in_integers(made, tmp_path):
    trainer = GraphTrainer(*made, tmp_path)
    losses = [trainer.learn() for _ in range(made[0].steps)]
    assert np.mean(losses[-5:]) < np.mean(losses[:5])
    finished = trainer.finish()
    for measured in (finished.measured, finished.measured_integer):
        assert set(measured) == {"named_loss_left_percent", "nameless_loss_left_percent", "peaks_percent"}
        assert measured["named_loss_left_percent"] < 100
