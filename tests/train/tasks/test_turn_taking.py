"""Scenes to learn from: targets are those of what is said, held-out people are never learned from, one sense alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="trains with PyTorch, the extra `train`")

from azsim.errors import InputError  # noqa: E402
from azsim.speech.turn_taking.directed import FRAMES, PEOPLE_SEEN  # noqa: E402
from azsim.train.corpus.store import write_shard  # noqa: E402
from azsim.train.graph_module import GraphModule  # noqa: E402
from azsim.train.tasks.turn_taking import (  # noqa: E402
    UNKNOWN,
    TurnTakingData,
    TurnTakingSizes,
    TurnTakingTask,
    best_threshold,
    scored,
)


def spoken(rng: np.random.Generator, *parts: tuple[int, float]) -> np.ndarray:
    levels = np.concatenate([np.full(length, level) for length, level in parts])
    return (levels[:, None] + rng.normal(0, 0.1, (len(levels), 64))).astype(np.float16)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, rng = tmp_path_factory.mktemp("corpus"), np.random.default_rng(1)
    for name, split in (("real", "real-train"), ("unlabelled", "real-unlabelled"), ("noise", "noise")):
        made = [
            ({"id": f"{name}{who}", "split": split, "speaker": who}, spoken(rng, (40, 5), (90, 14), (40, 5)))
            for who in "abcdefgh"
        ]
        write_shard(folder / name, made)
    return folder


def task(corpus: Path, **data: object) -> TurnTakingTask:
    return TurnTakingTask(
        TurnTakingSizes(dense=8, person=4, units=8), TurnTakingData(streams=2, scenes=3, steps=120, **data), corpus
    )


def test_targets_follow_the_sound_and_who_is_spoken_to(corpus: Path) -> None:
    made = task(corpus, noise_share=0, overheard_share=0, told_share=0, orders_share=1)
    scene = made.scene(np.random.default_rng(3))
    level = scene.inputs[FRAMES].mean(axis=1)
    loud = level > (level.max() + level.min()) / 2
    assert np.mean(loud == scene.speech.astype(bool)) > 0.9
    np.testing.assert_array_equal(scene.directed == UNKNOWN, scene.speech == 0)
    assert set(scene.directed[scene.speech == 1]) == {1}
    assert all(to_device for _, _, to_device in scene.said)
    others = task(corpus, noise_share=0, told_share=0, orders_share=0).scene(np.random.default_rng(3))
    assert not (others.directed == 1).any()


def test_held_out_people_are_measured_with_and_never_learned_from(corpus: Path) -> None:
    made = task(corpus)
    for held, other in zip(made._pools[True], made._pools[False], strict=True):
        names = [{each.line.speaker for each in pool} for pool in (held, other)]
        assert names[0]
        assert names[1]
        assert not names[0] & names[1]


def test_a_network_may_be_deaf_or_blind_but_not_both(corpus: Path) -> None:
    rng = np.random.default_rng(8)
    deaf, blind = task(corpus, hears=False).scene(rng), task(corpus, sees=False).scene(rng)
    assert not deaf.inputs[FRAMES].any()
    assert not blind.inputs[PEOPLE_SEEN].any()
    assert blind.inputs[FRAMES].any()
    with pytest.raises(InputError, match="one of them must be true"):
        task(corpus, hears=False, sees=False)


def test_a_batch_is_repeated_and_has_a_gradient(corpus: Path) -> None:
    made = task(corpus, nobody_share=0)
    first, again = (made.batch(np.random.default_rng(5)) for _ in range(2))
    for name in (FRAMES, PEOPLE_SEEN):
        np.testing.assert_array_equal(first.inputs[name], again.inputs[name])
    module = GraphModule(made.graph(np.random.default_rng(0)))
    loss = made.loss(module({name: torch.from_numpy(each) for name, each in first.inputs.items()}), first)
    loss.backward()
    assert all(float(each.grad.abs().sum()) > 0 for each in module.parameters())


def test_the_best_threshold_takes_what_is_directed(corpus: Path) -> None:
    threshold, f1 = best_threshold([(0.9, True), (0.8, True), (0.3, False), (0.1, False)])
    assert 0.3 < threshold <= 0.8
    assert f1 == 1
    assert best_threshold([(0.2, True), (0.9, False)])[1] == pytest.approx(2 / 3)
    scene = task(corpus).scene(np.random.default_rng(4))
    sure = np.stack([scene.speech, np.where(scene.directed == 1, 0.9, 0.1)], axis=1)
    early = sum(first < 60 for first, _, _ in scene.said)
    assert early
    assert all((score > 0.5) == to_device for score, to_device in scored(scene, sure)[:early])


def test_a_corpus_without_readers_is_refused(tmp_path: Path) -> None:
    write_shard(tmp_path / "real", [({"id": "a", "split": "real-train"}, np.zeros((9, 64), np.float16))])
    with pytest.raises(InputError, match=r"holds no read sentences"):
        task(tmp_path)
