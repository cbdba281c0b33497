"""Voices to learn from, the loss that lowers, thresholds of people held out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="trains with PyTorch, the extra `train`")

from azsim.errors import InputError  # noqa: E402
from azsim.speech.speaker.embedder import EMBEDDING, FRAMES  # noqa: E402
from azsim.train.corpus.store import write_shard  # noqa: E402
from azsim.train.corpus.voice_clips import ORDER, READ, SPOKEN, write_teacher  # noqa: E402
from azsim.train.graph_module import GraphModule  # noqa: E402
from azsim.train.graph_trainer import as_tensors  # noqa: E402
from azsim.train.tasks.speaker import Speaker, SpeakerData, SpeakerSizes, discriminants  # noqa: E402
from tests.speech.speaker.voices import frames_of  # noqa: E402

SIZES = SpeakerSizes(channels=8, dilations=(1,), wide=8, embedding=4, window=8)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight people who order, four of each voice, each twice and once resampled; some read."""
    root, made, taught = tmp_path_factory.mktemp("voices"), [], []
    for number, person in enumerate("abcdefgh"):
        for take, name in enumerate([person, person, person, person, f"{person}@0.9"]):
            entry = {"id": f"{person}{take}", "split": ORDER, "speaker": name, "source": "real"}
            made.append((entry, frames_of(number % 2, 120, 10 * number + take).astype(np.float16)))
            taught.append(np.eye(2)[number % 2])
    for person in "pqrs":
        made.append(({"id": person, "split": READ, "speaker": person}, frames_of(0, 60).astype(np.float16)))
        taught.append(np.eye(2)[0])
    made.append(({"id": "z", "split": SPOKEN, "speaker": "z"}, frames_of(1, 90).astype(np.float16)))
    taught.append(np.eye(2)[1])
    write_shard(root / "voices", made)
    write_teacher(root / "voices", taught)
    write_shard(root / "noise", [({"id": "n", "split": "noise"}, frames_of(-1, 90).astype(np.float16))])
    return root


def task(corpus: Path, **data: object) -> Speaker:
    return Speaker(SIZES, SpeakerData(recordings=4, windows=2, **data), corpus)


def test_two_streams_of_each_recording_and_what_the_teacher_says(corpus: Path) -> None:
    batch = task(corpus).batch(np.random.default_rng(1))
    assert batch.inputs[FRAMES].shape == (8, 16, 192)
    assert np.array_equal(batch.targets["taught"][::2], batch.targets["taught"][1::2])
    assert np.array_equal(batch.targets["labels"][::2], batch.targets["labels"][1::2])
    assert not np.array_equal(batch.inputs[FRAMES][0], batch.inputs[FRAMES][1])


def test_nobody_who_is_held_out_is_learned_from_under_any_pitch(corpus: Path) -> None:
    found = task(corpus)
    held = {each.line.speaker for each in found._held_out}
    kept = {each.line.speaker.partition("@")[0] for pool in found._pools for each in pool}
    assert len(held) == 3
    assert not held & kept
    assert not any("@" in name for name in held)


def test_a_seed_gives_the_same_batch(corpus: Path) -> None:
    one, other = (task(corpus).batch(np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(one.inputs[FRAMES], other.inputs[FRAMES])


def test_steps_lower_the_loss_of_a_batch(corpus: Path) -> None:
    found = task(corpus)
    torch.manual_seed(1)
    module, head = GraphModule(found.graph(np.random.default_rng(1))), found.head()
    batch = found.batch(np.random.default_rng(2))
    optimiser = torch.optim.Adam([*module.parameters(), *head.parameters()], 0.02)
    losses = []
    for _ in range(8):
        optimiser.zero_grad()
        loss = found.loss(module(as_tensors(batch)), batch)
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.8 * losses[0]


def test_the_limits_are_those_of_the_people_held_out(corpus: Path) -> None:
    found = task(corpus)

    def run(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        steps = inputs[FRAMES][: len(inputs[FRAMES]) // SIZES.window * SIZES.window]
        means = steps.reshape(-1, SIZES.window, 3, 2, 32).mean(axis=(1, 2, 4))
        return {EMBEDDING: means - means.mean(axis=1, keepdims=True)}

    measured = found.measure(run)
    facts = found.facts()
    assert measured["orders_eer_percent"] >= 0
    assert facts["unlike"] <= facts["threshold"]
    assert facts["window"] == SIZES.window


def test_data_that_lack_or_do_not_match_are_refused(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no noise \(noise\)"):
        task(tmp_path)
    write_shard(tmp_path / "noise", [({"id": "n", "split": "noise"}, frames_of(-1, 9).astype(np.float16))])
    with pytest.raises(InputError, match=r"holds no voices \(voices\)"):
        task(tmp_path)
    entry = {"id": "a", "split": ORDER, "speaker": "a"}
    write_shard(tmp_path / "voices", [(entry, frames_of(0, 60).astype(np.float16))])
    with pytest.raises(InputError, match=r"teacher.npy: cannot be read"):
        task(tmp_path)
    write_teacher(tmp_path / "voices", [np.eye(2)[0]] * 2)
    with pytest.raises(InputError, match="must have a row for each of 1 recordings"):
        task(tmp_path)


def test_discriminants_find_what_tells_apart_and_weigh_it_by_what_varies() -> None:
    rng = np.random.default_rng(1)
    labels = np.arange(400) % 20
    statistics = rng.normal(0, [5, 1, 1, 1], (400, 4)) + 3
    statistics[:, 1] += 4 * (labels % 2)
    weights, bias = discriminants(statistics, labels, 2)
    made = statistics @ weights.T + bias
    assert np.allclose(made.mean(axis=0), 0, atol=1e-3)
    assert abs(weights[0, 1]) > 5 * np.abs(weights[0, [0, 2, 3]]).max()
    within = np.concatenate([made[labels == label] - made[labels == label].mean(axis=0) for label in range(20)])
    spread = within.T @ within / len(within)
    assert abs(spread[0, 1]) < 0.1
    assert 0.3 < spread[1, 1] / spread[0, 0] < 3


def test_a_run_ends_with_the_fitted_layer_and_otherwise_as_it_was(corpus: Path) -> None:
    found = task(corpus, fitted_batches=2)
    torch.manual_seed(1)
    module = GraphModule(found.graph(np.random.default_rng(1)))
    before, after = module.graph().parameters, found.refined(module, np.random.default_rng(3)).parameters
    changed = {name for name in before if not np.array_equal(before[name], after[name])}
    assert changed == {"embedding.weights", "embedding.bias"}
