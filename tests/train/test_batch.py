"""From utterances to what a step sees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

pytest.importorskip("torch", reason="training needs the extra `train`")

from azsim.speech.features import FRAME_SHIFT_MS
from azsim.train.batch import (
    FLAT_START_DELAY_STEPS,
    WAIT_S,
    Manner,
    PaddedBatch,
    Slack,
    band,
    crop,
    flat_targets,
    label_edges,
    make_batch,
    waited,
)
from azsim.train.data import Mix, Normaliser, StoredUtterance, complete_folders, expected_frames, load_utterances
from azsim.train.tokens import Pieces

PIECES = Pieces(("<blank>", "▁", "a", "b", "c"))
MIX = Mix(augmented=False, real_repeats=3, max_frames=400, batch_frames=1200)


def test_crop_keeps_the_speech(tiny_corpus: Path):
    utterance = load_utterances(tiny_corpus, ["real"])["real-train"][0]
    for seed in range(5):
        cropped = crop(utterance, Manner(0.5, seed == 0), np.random.default_rng(seed))
        first, last = utterance.speech_frames
        assert np.array_equal(cropped.features[cropped.start : cropped.end], utterance.features[first:last])
        assert cropped.wake_end == 0


def test_a_noisy_manner_lets_the_speech_wait(tiny_corpus: Path):
    utterance = load_utterances(tiny_corpus, ["real"])["real-train"][0]
    first, last = utterance.speech_frames
    starts = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        cropped = waited(crop(utterance, Manner(0.5, True), rng), rng)
        assert np.array_equal(cropped.features[cropped.start : cropped.end], utterance.features[first:last])
        recorded = {row.tobytes() for row in utterance.features[:first]}
        assert {row.tobytes() for row in cropped.features[: cropped.start]} <= recorded
        starts.append(cropped.start)
    assert max(starts) > 200
    assert max(starts) <= max(round(1000 * WAIT_S[1] / FRAME_SHIFT_MS), first)


def test_manners_share_their_draws_and_differ_in_how_often_speech_waits():
    quiet, noisy = (
        [Manner.draw(np.random.default_rng(seed), is_noisy) for seed in range(200)] for is_noisy in (False, True)
    )
    assert [manner.tempo for manner in quiet] == [manner.tempo for manner in noisy]
    assert 0.04 < np.mean([manner.is_long for manner in quiet]) < 0.2 < np.mean([manner.is_long for manner in noisy])
    assert noisy[0].strength(True).snr_db[0] < quiet[0].strength(True).snr_db[0]
    assert noisy[0].strength(False).tempo == quiet[0].strength(False).tempo


def stream_of(utterance: StoredUtterance, wake_frames: int) -> StoredUtterance:
    """A wake word of noise and a command after it."""
    noise = np.random.default_rng(5).normal(0, 1, (wake_frames, 64)).astype(np.float16)
    line = utterance.line
    later = {name: getattr(line, name) + 10 * wake_frames for name in ("speech_start_ms", "speech_end_ms")}
    line = structs.replace(line, frames=line.frames + wake_frames, wake_end_ms=10 * wake_frames, **later)
    return StoredUtterance(line, np.concatenate([noise, utterance.features]))


@pytest.mark.parametrize("manner", [Manner(0.5, False), Manner(0.5, True, True)])
def test_streams_are_planned_alike_and_differ_by_the_wake_word_alone(tiny_corpus: Path, manner: Manner):
    commands = load_utterances(tiny_corpus, ["shard-00"])["train"][:4]
    streams = [stream_of(command, 6 * (5 + i)) for i, command in enumerate(commands)]
    assert [expected_frames(u) for u in streams] == [expected_frames(u) for u in commands]
    normaliser = Normaliser.measure(commands)

    def batch_of(keeps_wake_word: bool) -> PaddedBatch:
        rng = np.random.default_rng(3)
        return make_batch(streams, PIECES, normaliser, [], False, manner, rng, keeps_wake_word)

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
    low, high = band(edges[:-1], edges[1:], Slack(before=2, after=3), steps)
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
