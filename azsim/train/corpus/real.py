"""Real recordings as corpus splits: real-train, real-heldout and real-dev.

``real-heldout`` holds a few speakers out of the source's train split, to choose
models by; ``real-dev`` is the source's dev split, for final reporting only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator

import numpy as np

from azsim.speech.features import log_mel
from azsim.train.corpus.protocol import fold_of
from azsim.train.corpus.recordings import SourceRecording, cut_at_pauses, estimate_bounds_ms, read_sound
from azsim.train.corpus.store import Entry

HELDOUT_SPEAKERS = 5


def heldout_speakers(recordings: Iterable[SourceRecording]) -> frozenset[str]:
    """Five speakers of the train split, chosen by a digest of their names."""
    speakers = {recording.speaker for recording in recordings if recording.extra.get("split", "train") == "train"}
    ranked = sorted(speakers, key=lambda speaker: hashlib.sha256(speaker.encode()).digest())
    return frozenset(ranked[:HELDOUT_SPEAKERS]) if len(ranked) > HELDOUT_SPEAKERS else frozenset()


def fold_speakers(recordings: Iterable[SourceRecording], fold: int) -> frozenset[str]:
    """The speakers of the train split that one of four folds holds out."""
    speakers = {recording.speaker for recording in recordings if recording.extra.get("split", "train") == "train"}
    return frozenset(speaker for speaker in speakers if fold_of(speaker, speakers) == fold)


def real_items(
    recordings: Collection[SourceRecording], domain: str, test_sentences: Collection[str], fold: int | None = None
) -> Iterator[tuple[Entry, np.ndarray]]:
    """Index entries and features; recordings without words are skipped.

    A train recording whose very sentence is in ``test_sentences`` is skipped too,
    so that test sentences stay unheard. With a ``fold``, its speakers are held out in place of the usual five.

    Raises:
        InputError: a recording cannot be read.
    """
    heldout = heldout_speakers(recordings) if fold is None else fold_speakers(recordings, fold)
    for recording in recordings:
        split = split_of(recording, heldout)
        if not recording.transcript or (split == "real-train" and recording.transcript in test_sentences):
            continue
        samples = read_sound(recording.path)
        yield _item(f"real-{recording.path.stem}", split, recording.transcript, domain, recording.speaker, samples)


def _item(name: str, split: str, text: str, domain: str, speaker: str, samples: np.ndarray) -> tuple[Entry, np.ndarray]:
    """Index entry and features of what a person said."""
    start_ms, end_ms = estimate_bounds_ms(samples)
    entry: Entry = {
        "id": name,
        "split": split,
        "text": text,
        "voice": speaker,
        "engine": "human",
        "domain": domain,
        "source": "real",
        "speaker": speaker,
        "speech_start_ms": start_ms,
        "speech_end_ms": end_ms,
        "endpoint": "estimated",
    }
    return entry, log_mel(samples).astype(np.float16)


def split_of(recording: SourceRecording, heldout: frozenset[str]) -> str:
    """The corpus split of one recording, by its source's split and its speaker."""
    if recording.extra.get("split", "train") != "train":
        return "real-dev"
    return "real-heldout" if recording.speaker in heldout else "real-train"


def unlabelled_items(recordings: Iterable[SourceRecording]) -> Iterator[tuple[Entry, np.ndarray]]:
    """Index entries and features of recordings whose words nobody wrote down, split ``real-unlabelled``.

    Long ones are cut into pieces at pauses, so that they fit into a training step.

    Raises:
        InputError: a recording cannot be read.
    """
    for recording in recordings:
        for number, samples in enumerate(cut_at_pauses(read_sound(recording.path))):
            name = f"unlabelled-{recording.path.parent.name}-{recording.path.stem}-{number}"
            yield _item(name, "real-unlabelled", "", "unknown", recording.speaker, samples)
