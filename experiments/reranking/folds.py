"""Speech to choose weights with: neither test nor dev, and nothing that the recogniser was trained on.

A recogniser makes few errors on what trained it, and it has learnt those very sentences: weights chosen there would
say to trust it. So the people are the five who were held out of every training, and made speech is of another seed.
Each recording is heard as it is, and said anew by another vocal tract, at another speed, through another channel and
often in noise (`azsim.train.augment`), by more than any training varies: errors like those that are made of strangers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from azsim.errors import InputError
from azsim.speech.features import MEL_BINS
from azsim.train.augment import Strength, vary_place, vary_voice
from azsim.train.corpus.store import Entry, read_index
from experiments.studies.lattices import Recorded

STRANGE = Strength(
    tempo=(0.8, 1.25),
    vocal_tract=(0.78, 1.28),
    channel_db=3.0,
    noise_share=0.5,
    snr_db=(5.0, 25.0),
)
PEOPLE, VOICES = "held-out training people", "made speech of another seed"
SETS = {"real-heldout": ("real", PEOPLE, 4), "train": ("shard-00", VOICES, 2)}
"""Split of the corpus -> the folder that it lies in, the set that it gives, how often each recording is varied."""


def recordings(corpus: Path) -> Iterator[Recorded]:
    """Features of the two sets; those of one recording have the same name.

    Raises:
        InputError: one of the folders is not in the corpus.
    """
    noises = [features for _, features in _entries(corpus / "noise")]
    for split, (folder, group, times) in SETS.items():
        rng = np.random.default_rng(5)
        for entry, features in _entries(corpus / folder):
            if entry["split"] != split:
                continue
            heard = [features]
            for _ in range(times):
                strange = vary_voice(features, STRANGE, float(rng.random()), rng)
                heard.append(vary_place(strange, STRANGE, noises, rng))
            for each in heard:
                yield str(entry["id"]), group, str(entry["speaker"]), str(entry["text"]), each


def _entries(folder: Path) -> Iterator[tuple[Entry, np.ndarray]]:
    """Entries of a folder with their log-mel features, float32 ``(frames, 64)``."""
    if not (folder / "index.jsonl").exists():
        raise InputError(f"{folder}: not there; the corpus needs real, a shard of its own seed, and noise")
    features = np.memmap(folder / "features.f16", np.float16, "r").reshape(-1, MEL_BINS)
    for entry in read_index(folder):
        first = int(entry["start_frame"])
        yield entry, np.asarray(features[first : first + int(entry["frames"])], np.float32)
