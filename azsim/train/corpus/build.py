"""The corpus builder: plans, speaks, renders and stores utterances, shard by shard."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from azsim.spawned import spread
from azsim.speech.features import log_mel
from azsim.train.corpus import kokoro
from azsim.train.corpus.commands import commands_of
from azsim.train.corpus.heldout import sentence_side
from azsim.train.corpus.plan import (
    BROAD_TRAIN,
    EVALUATION,
    KOKORO_EVALUATION,
    TRAIN,
    WIDE_EVALUATION,
    PlannedUtterance,
    Planner,
    Subset,
)
from azsim.train.corpus.scene import USUAL, WIDE, Conditions, NoisePool, Scene, make_pool, render
from azsim.train.corpus.store import Entry, is_complete, read_index, write_shard
from azsim.train.corpus.synth import speak
from azsim.train.data import COMMANDS

BATCH_UTTERANCES = 125
EVALUATION_POOL = 0x65766C


@dataclass(frozen=True)
class Shard:
    """A run of consecutive utterances of one subset: what one worker does at a time."""

    seed: int
    subset: Subset
    first: int
    count: int
    conditions: Conditions = USUAL
    commands: tuple[str, ...] = ()


def build_train(
    out: Path,
    shard_utterances: int,
    shards: int,
    seed: int,
    workers: int,
    wide: bool = False,
    text: Path | None = None,
    kokoro_share: float = 0.0,
) -> None:
    """Build the training shards that are not there yet.

    Args:
        out: the corpus.
        shard_utterances, shards: how many.
        seed: of everything.
        workers: processes.
        wide: levels, channels and noises of `WIDE`.
        text: of commands, which half of the sentences then are; those on the training side alone, which are written
            beside the shards, so that word pieces know them all.
        kokoro_share: of the utterances, spoken by Kokoro's voices.
    """
    commands = tuple(commands_of(text, "train")) if text else ()
    if commands:
        out.mkdir(parents=True, exist_ok=True)
        (out / COMMANDS).write_text("".join(f"{command}\n" for command in commands))
    subset = replace(BROAD_TRAIN if commands else TRAIN, kokoro_share=kokoro_share)
    conditions = WIDE if wide else USUAL
    for number in range(shards):
        folder = out / f"shard-{number:02d}"
        if is_complete(folder):
            print(f"{folder.name}: already complete", flush=True)
            continue
        began_s = time.monotonic()
        first = number * shard_utterances
        batches = _batches(seed, subset, first, shard_utterances, conditions, commands)
        count = write_shard(folder, synthesise(batches, seed, workers))
        check_train_side(folder)
        report(folder, count, time.monotonic() - began_s)


def evaluation_items(seed: int, workers: int) -> Iterator[tuple[Entry, np.ndarray]]:
    """The made evaluation splits: held-out sentences or names; noise other than in training."""
    for subset, count in EVALUATION:
        yield from synthesise(_batches(seed, subset, 0, count), seed ^ EVALUATION_POOL, workers)


def wide_items(text: Path, seed: int, workers: int) -> Iterator[tuple[Entry, np.ndarray]]:
    """Commands on the dev side of a text, by voices that training hears and by others, in conditions of `WIDE`.

    Kokoro's voice that is held out is among them where Kokoro is installed.
    """
    commands = tuple(commands_of(text, "dev"))
    for subset, count in (*WIDE_EVALUATION, *(KOKORO_EVALUATION if kokoro.is_there() else ())):
        yield from synthesise(_batches(seed, subset, 0, count, WIDE, commands), seed ^ EVALUATION_POOL, workers)


def check_train_side(folder: Path) -> None:
    """Refuse a training shard that holds a held-out sentence.

    Raises:
        AssertionError: a sentence of the dev or test side stands in the shard.
    """
    for entry in read_index(folder):
        if entry.get("domain") != "command" and sentence_side(str(entry["text"])) != "train":
            raise AssertionError(f"{folder}: held-out sentence in training: {entry['text']!r}")


def report(folder: Path, count: int, seconds: float) -> None:
    """Print what a shard holds and how long it took."""
    frames = sum(int(entry["frames"]) for entry in read_index(folder))
    print(f"{folder.name}: {count} utterances, {frames / 360_000:.2f} h, {seconds:.0f} s", flush=True)


def synthesise(batches: Iterable[Shard], pool_seed: int, workers: int) -> Iterator[tuple[Entry, np.ndarray]]:
    """Render batches in parallel and hand on their utterances in order."""
    for rendered in spread(partial(render_batch, pool=make_pool(pool_seed)), batches, workers):
        yield from rendered


def render_batch(batch: Shard, pool: NoisePool) -> list[tuple[Entry, np.ndarray]]:
    """Index entries and float16 features of one batch."""
    planner = Planner(batch.seed, batch.subset, batch.commands)
    utterances = [planner.utterance(index) for index in range(batch.first, batch.first + batch.count)]
    sounds = speak([(utterance.voice, utterance.text) for utterance in utterances])
    rendered = []
    for utterance, sound in zip(utterances, sounds, strict=True):
        scene = render(sound, batch.conditions, pool, utterance.rng)
        rendered.append((describe(utterance, scene), log_mel(scene.samples).astype(np.float16)))
    return rendered


def describe(utterance: PlannedUtterance, scene: Scene) -> Entry:
    """The index entry of a synthetic utterance."""
    return {
        "id": utterance.id,
        "split": utterance.split,
        "text": utterance.text,
        "voice": utterance.voice.label,
        "engine": utterance.voice.engine,
        "domain": utterance.domain,
        "source": "synth",
        "speaker": utterance.voice.speaker,
        "speech_start_ms": scene.speech_start_ms,
        "speech_end_ms": scene.speech_end_ms,
        "noise": scene.noise,
        "room": scene.room,
    }


def _batches(
    seed: int,
    subset: Subset,
    first: int,
    count: int,
    conditions: Conditions = USUAL,
    commands: tuple[str, ...] = (),
) -> Iterator[Shard]:
    for start in range(first, first + count, BATCH_UTTERANCES):
        yield Shard(seed, subset, start, min(BATCH_UTTERANCES, first + count - start), conditions, commands)
