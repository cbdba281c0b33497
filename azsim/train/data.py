"""Training data: features on disk, and the plan of an epoch in batches of similar length.

::

    CORPUS/shard-00/features.f16   float16 (frames, 64), log-mel, one utterance after the other
                   /index.jsonl    one line per utterance: where it lies, its text, its split
    CORPUS/real/…, CORPUS/eval/…, CORPUS/noise/…   laid out the same way

A folder counts once its index is there, so a corpus may grow while it is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from azsim.errors import InputError
from azsim.nn.normalisation import Normalisation, normalised
from azsim.nn.rnnt.network import Network
from azsim.speech.features import FRAME_SHIFT_MS, MEL_BINS
from azsim.train.recipe import Mix

TRAIN, REAL_TRAIN = "train", "real-train"
MEAN_SILENCE_MS = 850
ALIGNMENT = "alignment.json"
COMMANDS = "commands.txt"
FEATURE_CLIP = 4.0


class IndexLine(msgspec.Struct, frozen=True):
    """One line of an index: an utterance, where it lies and what is said in it.

    A stream begins with a wake word, which is no part of the text (`azsim.train.corpus.wake_streams`).
    """

    id: str
    split: str
    start_frame: int
    frames: int
    text: str = ""
    voice: str = ""
    engine: str = ""
    domain: str = ""
    source: str = ""
    speaker: str = ""
    speech_start_ms: float = 0.0
    speech_end_ms: float = 0.0
    wake_end_ms: float = 0.0
    wake_voice: str = ""
    wake_source: str = ""
    background: str = ""


@dataclass(frozen=True)
class StoredUtterance:
    """One recording: its index line and its log-mel frames, float16 ``(frames, 64)``, on disk.

    Where ``is_labelled`` is false, nobody wrote down what is said: the text is a teacher's guess. ``letter_frames`` are
    those at which a network emitted each letter, int32, where it was aligned (`azsim.train.align`).
    """

    line: IndexLine
    features: np.ndarray
    is_labelled: bool = True
    letter_frames: np.ndarray | None = None

    @property
    def is_real(self) -> bool:
        return self.line.split.startswith("real")

    @property
    def speech_frames(self) -> tuple[int, int]:
        """First frame of speech and the frame after its end, inside the recording."""
        start = round(self.line.speech_start_ms / FRAME_SHIFT_MS)
        end = round(self.line.speech_end_ms / FRAME_SHIFT_MS) or self.line.frames
        start = min(max(start, 0), self.line.frames - 1)
        return start, min(max(end, start + 1), self.line.frames)

    @property
    def wake_frames(self) -> int:
        """Frames until its wake word ends; 0 without one."""
        return round(self.line.wake_end_ms / FRAME_SHIFT_MS)


def complete_folders(corpus: Path) -> tuple[str, ...]:
    """Names of the corpus's folders that are finished."""
    return tuple(sorted(path.parent.name for path in corpus.glob("*/index.jsonl")))


def load_utterances(corpus: Path, folders: Iterable[str]) -> dict[str, list[StoredUtterance]]:
    """Utterances of finished folders by split, in the order of the indexes.

    Raises:
        InputError: an index line is malformed or points outside its features.
    """
    splits: dict[str, list[StoredUtterance]] = {}
    for folder in folders:
        index = corpus / folder / "index.jsonl"
        features = np.memmap(corpus / folder / "features.f16", np.float16, "r").reshape(-1, MEL_BINS)
        letters = read_alignment(corpus / folder)
        for number, raw in enumerate(index.read_bytes().splitlines(), 1):
            try:
                line = msgspec.json.decode(raw, type=IndexLine)
            except msgspec.MsgspecError as error:
                raise InputError(f"{index}: line {number}: {error}") from error
            end = line.start_frame + line.frames
            if line.frames < 1 or end > len(features):
                raise InputError(f"{index}: line {number}: frames up to {end}, but features.f16 holds {len(features)}")
            splits.setdefault(line.split, []).append(
                StoredUtterance(line, features[line.start_frame : end], letter_frames=letters.get(line.id))
            )
    return splits


def read_alignment(folder: Path) -> dict[str, np.ndarray]:
    """Frames at which the letters of a folder's utterances were emitted, by the utterances' ids; none before it is
    aligned (`azsim.train.align`).
    """
    path = folder / ALIGNMENT
    if not path.exists():
        return {}
    lines = msgspec.json.decode(path.read_bytes(), type=dict[str, list[int]])
    return {name: np.array(frames, np.int32) for name, frames in lines.items()}


def of_splits(splits: Mapping[str, Sequence[StoredUtterance]], names: Iterable[str]) -> list[StoredUtterance]:
    """All utterances of some splits, in the order of the names; a split that is not there has none."""
    return [utterance for name in names for utterance in splits.get(name, ())]


@dataclass(frozen=True)
class Normaliser:
    """What the front end does to log-mel features: its normalisation, then global mean and deviation.

    Attributes:
        mean, inv_std: of normalised features, float32 ``(64,)`` each.
        normalisation: see `azsim.nn.normalisation`.
    """

    mean: np.ndarray
    inv_std: np.ndarray
    normalisation: Normalisation = "global"

    @classmethod
    def measure(cls, utterances: Sequence[StoredUtterance], normalisation: Normalisation = "global") -> Normaliser:
        """Statistics over utterances."""
        frames = np.concatenate([normalised(u.features, normalisation) for u in utterances]).astype(np.float64)
        mean, inv_std = frames.mean(0).astype(np.float32), (1 / (frames.std(0) + 1e-5)).astype(np.float32)
        return cls(mean, inv_std, normalisation)

    @classmethod
    def of(cls, network: Network) -> Normaliser:
        """That of a network."""
        parameters = network.parameters
        return cls(parameters["frontend.mean"], parameters["frontend.inv_std"], network.normalisation)

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        """Normalised frames of a whole recording, clipped to what the integer engine can hold."""
        return np.clip((normalised(frames, self.normalisation) - self.mean) * self.inv_std, -FEATURE_CLIP, FEATURE_CLIP)


def expected_frames(utterance: StoredUtterance) -> int:
    """How long an utterance is in training, before variation and without its wake word, so that batches are the same
    with and without it.
    """
    start, end = utterance.speech_frames
    return min(utterance.line.frames - utterance.wake_frames, end - start + round(MEAN_SILENCE_MS / FRAME_SHIFT_MS))


def plan_epoch(
    synthetic: Sequence[StoredUtterance],
    real: Sequence[StoredUtterance],
    mix: Mix,
    seed: tuple[int, ...],
    unlabelled: Sequence[StoredUtterance] = (),
) -> list[list[StoredUtterance]]:
    """Batches of similar length in random order, the same for every worker."""
    rng = np.random.default_rng(seed)
    spoken = [u for u in synthetic if u.line.domain != "coffee" or rng.random() < mix.coffee_share]
    repeated = [*list(real) * mix.real_repeats, *list(unlabelled) * mix.unlabelled_repeats]
    pool = [u for u in [*spoken, *repeated] if expected_frames(u) <= mix.max_frames]
    lengths = np.array([expected_frames(u) for u in pool], np.float64)
    order = np.argsort(lengths * rng.uniform(0.95, 1.05, len(pool)), kind="stable")
    batches: list[list[StoredUtterance]] = [[]]
    longest = 0.0
    for index in order:
        longest = max(longest, lengths[index])
        if batches[-1] and longest * (len(batches[-1]) + 1) > mix.batch_frames:
            batches.append([])
            longest = lengths[index]
        batches[-1].append(pool[index])
    return [batches[i] for i in rng.permutation(len(batches)) if len(batches[i]) > 1]
