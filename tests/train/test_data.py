"""From feature folders to batches."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.errors import InputError
from azsim.train.data import (
    FLAT_START_DELAY_STEPS,
    Batch,
    Manner,
    Mix,
    Normaliser,
    Slack,
    Utterance,
    band,
    complete_folders,
    crop,
    expected_frames,
    flat_targets,
    label_edges,
    load_utterances,
    make_batch,
    plan_epoch,
)
from azsim.train.tokens import Pieces

PIECES = Pieces(("<blank>", "▁", "a", "b", "c"))
MIX = Mix(augmented=False, real_repeats=3, max_frames=400, batch_frames=1200)


def test_folder_counts_only_with_its_index(tiny_corpus: Path, tmp_path: Path):
    corpus = tmp_path / "corpus"
    shutil.copytree(tiny_corpus, corpus)
    (corpus / "real" / "index.jsonl").rename(corpus / "real" / "index.jsonl.part")
    assert complete_folders(corpus) == ("eval", "noise", "shard-00")


def test_damaged_index_is_named(tiny_corpus: Path, tmp_path: Path):
    corpus = tmp_path / "corpus"
    shutil.copytree(tiny_corpus, corpus)
    index = corpus / "eval" / "index.jsonl"
    index.write_text(index.read_text() + '{"id": "x"}\n')
    with pytest.raises(InputError, match=r"eval/index\.jsonl: line 13"):
        load_utterances(corpus, ["eval"])
    (corpus / "shard-00" / "features.f16").write_bytes(bytes(128))
    with pytest.raises(InputError, match=r"features\.f16 holds 1"):
        load_utterances(corpus, ["shard-00"])


def test_plan_holds_everything_once_and_real_recordings_repeated(tiny_corpus: Path):
    splits = load_utterances(tiny_corpus, complete_folders(tiny_corpus))
    plan = plan_epoch(splits["train"], splits["real-train"], MIX, (1, 0))
    ids = [u.line.id for batch in plan for u in batch]
    for utterance in splits["real-train"]:
        assert ids.count(utterance.line.id) == MIX.real_repeats
    assert len(ids) >= len(splits["train"]) + 3 * len(splits["real-train"]) - 1
    for batch in plan:
        assert max(map(expected_frames, batch)) * len(batch) <= MIX.batch_frames
    again = plan_epoch(splits["train"], splits["real-train"], MIX, (1, 0))
    assert ids == [u.line.id for batch in again for u in batch]
    assert ids != [u.line.id for batch in plan_epoch(splits["train"], [], MIX, (1, 1)) for u in batch]


def test_crop_keeps_the_speech(tiny_corpus: Path):
    utterance = load_utterances(tiny_corpus, ["real"])["real-train"][0]
    for seed in range(5):
        cropped = crop(utterance, seed == 0, np.random.default_rng(seed))
        first, last = utterance.speech_frames
        assert np.array_equal(cropped.features[cropped.start : cropped.end], utterance.features[first:last])
        assert cropped.wake_end == 0


def stream_of(utterance: Utterance, wake_frames: int) -> Utterance:
    """A wake word of noise and a command after it."""
    noise = np.random.default_rng(5).normal(0, 1, (wake_frames, 64)).astype(np.float16)
    line = utterance.line
    later = {name: getattr(line, name) + 10 * wake_frames for name in ("speech_start_ms", "speech_end_ms")}
    line = structs.replace(line, frames=line.frames + wake_frames, wake_end_ms=10 * wake_frames, **later)
    return Utterance(line, np.concatenate([noise, utterance.features]))


def test_streams_are_planned_alike_and_differ_by_the_wake_word_alone(tiny_corpus: Path):
    commands = load_utterances(tiny_corpus, ["shard-00"])["train"][:4]
    streams = [stream_of(command, 6 * (5 + i)) for i, command in enumerate(commands)]
    assert [expected_frames(u) for u in streams] == [expected_frames(u) for u in commands]
    normaliser = Normaliser.measure(commands)

    def batch_of(keeps_wake_word: bool) -> Batch:
        rng = np.random.default_rng(3)
        return make_batch(streams, PIECES, normaliser, [], False, Manner(0.5, False), rng, keeps_wake_word)

    kept, reset = batch_of(True), batch_of(False)
    assert kept.wake_steps == (5, 6, 7, 8)
    assert reset.wake_steps == (0, 0, 0, 0)
    assert kept.cells.frames == reset.cells.frames
    assert (kept.frame_targets != reset.frame_targets).mean() < 0.1  # edges between two steps may round either way
    assert np.abs(kept.cells.low - reset.cells.low).max() <= 1
    for b, (wake, steps) in enumerate(zip(kept.wake_steps, reset.cells.frames, strict=True)):
        assert np.array_equal(kept.features[b, 6 * wake : 6 * (wake + steps)], reset.features[b, : 6 * steps])
        assert kept.clean[b].shape == (streams[b].wake_frames + len(reset.clean[b]), 64)


def test_flat_targets_are_late_and_follow_the_letters():
    labels, pieces = [1, 2, 3], Pieces(("<blank>", "▁abcd", "e", "f"))
    targets = flat_targets(labels, label_edges(labels, pieces, start=2, end=14), steps=20)
    late = 2 + FLAT_START_DELAY_STEPS
    assert targets.tolist() == [0] * late + [1] * 8 + [2] * 2 + [3] * 2 + [0] * (20 - late - 12)


@pytest.mark.parametrize("steps", [1, 7, 40])
def test_band_lets_every_label_out_near_its_time(steps: int):
    edges = np.array([5.0, 8.0, 9.5, 14.0])
    low, high = band(edges, Slack(before=2, after=3), steps)
    assert low[0] == 0
    assert high[-1] == 3
    assert np.diff(low).min(initial=0) == 0
    assert np.diff(high).min(initial=0) == 0
    assert (high[:-1] >= low[1:]).all()
    assert (high >= low).all()
    if steps == 40:
        assert [int(np.argmax(high > k)) for k in range(3)] == [3, 6, 7]
        assert [int(np.argmax(low > k)) for k in range(3)] == [12, 14, 18]


def test_batch_is_normalised_clipped_and_padded(tiny_corpus: Path):
    splits = load_utterances(tiny_corpus, complete_folders(tiny_corpus))
    normaliser = Normaliser.measure(splits["train"])
    noises = [u.features for u in splits["noise"]]
    batches = [
        make_batch(
            splits["train"][:4], PIECES, normaliser, noises, True, Manner(0.5, False), np.random.default_rng(seed)
        )
        for seed in (7, 7, 8)
    ]
    assert np.array_equal(batches[0].features, batches[1].features)
    assert batches[0].features.shape != batches[2].features.shape or not np.array_equal(
        batches[0].features, batches[2].features
    )
    batch = batches[0]
    assert np.abs(batch.features).max() <= 4
    assert batch.features.shape[1] == 6 * max(batch.cells.frames)
    assert (batch.frame_targets >= 0).sum() == sum(batch.cells.frames)
    assert PIECES.decode(batch.cells.labels[0]) == splits["train"][0].line.text
