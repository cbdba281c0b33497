"""Training data: features on disk to batches of similar length.

::

    CORPUS/shard-00/features.f16   float16 (frames, 64), log-mel, one utterance after the other
                   /index.jsonl    one line per utterance: where it lies, its text, its split
    CORPUS/real/…, CORPUS/eval/…, CORPUS/noise/…   laid out the same way

A folder counts once its index is there, so a corpus may grow while it is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from azsim.errors import InputError
from azsim.speech.features import FRAME_SHIFT_MS, MEL_BINS
from azsim.train.augment import NOISY_REAL, NOISY_SYNTHETIC, REAL, SYNTHETIC, Strength, mask, vary_place, vary_voice
from azsim.train.model import FEATURE_CLIP, FRAMES_PER_STEP
from azsim.train.recipe import Mix
from azsim.train.rnnt_loss import Cells
from azsim.train.tokens import BLANK, WORD_START, Pieces

TRAIN, REAL_TRAIN = "train", "real-train"
NOISE_SPLITS = ("noise", "music")
FLAT_START_DELAY_STEPS = 3
MEAN_SILENCE_MS = 850
LONG_SILENCE_SHARE = 0.1
LONG_WAIT_SHARE = 0.4
WAIT_S = (0.5, 4.0)
TEMPO_JITTER = 0.07


@dataclass(frozen=True)
class Slack:
    """How far from its even share of the speech a label may be emitted, in encoder steps of 60 ms."""

    before: int
    after: int


SYNTHETIC_SLACK = Slack(before=10, after=18)
REAL_SLACK = Slack(before=22, after=32)


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
class Utterance:
    """One recording: its index line and its log-mel frames, float16 ``(frames, 64)``, on disk.

    Where ``is_labelled`` is false, nobody wrote down what is said: the text is a teacher's guess.
    """

    line: IndexLine
    features: np.ndarray
    is_labelled: bool = True

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


def load_utterances(corpus: Path, folders: Iterable[str]) -> dict[str, list[Utterance]]:
    """Utterances of finished folders by split, in the order of the indexes.

    Raises:
        InputError: an index line is malformed or points outside its features.
    """
    splits: dict[str, list[Utterance]] = {}
    for folder in folders:
        index = corpus / folder / "index.jsonl"
        features = np.memmap(corpus / folder / "features.f16", np.float16, "r").reshape(-1, MEL_BINS)
        for number, raw in enumerate(index.read_bytes().splitlines(), 1):
            try:
                line = msgspec.json.decode(raw, type=IndexLine)
            except msgspec.MsgspecError as error:
                raise InputError(f"{index}: line {number}: {error}") from error
            end = line.start_frame + line.frames
            if line.frames < 1 or end > len(features):
                raise InputError(f"{index}: line {number}: frames up to {end}, but features.f16 holds {len(features)}")
            splits.setdefault(line.split, []).append(Utterance(line, features[line.start_frame : end]))
    return splits


@dataclass(frozen=True)
class Normaliser:
    """Global mean and inverse standard deviation of log-mel features, float32 ``(64,)`` each."""

    mean: np.ndarray
    inv_std: np.ndarray

    @classmethod
    def measure(cls, utterances: Sequence[Utterance]) -> Normaliser:
        """Statistics over utterances."""
        frames = np.concatenate([u.features for u in utterances]).astype(np.float64)
        return cls(frames.mean(0).astype(np.float32), (1 / (frames.std(0) + 1e-5)).astype(np.float32))

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        """Normalised frames, clipped to what the integer engine can hold."""
        return np.clip((frames - self.mean) * self.inv_std, -FEATURE_CLIP, FEATURE_CLIP)


@dataclass(frozen=True)
class Batch:
    """Utterances of similar length, padded at the end.

    Attributes:
        features: float32 ``(B, T, 64)``, normalised, T a multiple of 6.
        cells: encoder steps and labels of each utterance.
        frame_targets: int64 ``(T / 6, B)``: the label that a flat start gives each step, -1 in padding.
        clean: log-mel of each utterance, not normalised, in the same time but without another channel, noise or masks.
        starts: float32 ``(B,)``: frame at which the command begins: where the wake word ends, else where speech begins.
        labelled: bool ``(B,)``, whether its labels are what was said and not a teacher's guess.
        wake_steps: encoder steps at the beginning of each utterance that ``cells`` and ``frame_targets`` do not count:
            those of its wake word.
    """

    features: np.ndarray
    cells: Cells
    frame_targets: np.ndarray
    clean: tuple[np.ndarray, ...]
    starts: np.ndarray
    labelled: np.ndarray
    wake_steps: tuple[int, ...]


@dataclass(frozen=True)
class Manner:
    """What all utterances of a step share, so that they stay of similar length.

    Attributes:
        tempo: where in the range of tempo, 0 to 1.
        is_long: silence around the speech is kept longer.
        is_noisy: more and louder noise; and where silence is kept longer, there are seconds of it before the speech,
            more than was recorded if need be.
    """

    tempo: float
    is_long: bool
    is_noisy: bool = False

    @classmethod
    def draw(cls, rng: np.random.Generator, is_noisy: bool = False) -> Manner:
        """A manner at random."""
        share = LONG_WAIT_SHARE if is_noisy else LONG_SILENCE_SHARE
        return cls(float(rng.random()), bool(rng.random() < share), is_noisy)

    def strength(self, is_real: bool) -> Strength:
        """How much an utterance is varied."""
        if self.is_noisy:
            return NOISY_REAL if is_real else NOISY_SYNTHETIC
        return REAL if is_real else SYNTHETIC


@dataclass(frozen=True)
class Cropped:
    """A recording without excess silence: frames, and where in them a wake word ends (or 0), speech starts and ends."""

    features: np.ndarray
    wake_end: int
    start: int
    end: int


def crop(utterance: Utterance, is_long: bool, rng: np.random.Generator, keeps_wake_word: bool = False) -> Cropped:
    """Leave out excess silence, and the wake word unless it is kept."""
    start, end = utterance.speech_frames
    if is_long:
        before_s, after_s = rng.uniform(1.0, 3.0, 2)
    else:
        before_s, after_s = rng.uniform(0.1, 0.6), rng.uniform(0.3, 0.7)
    wake = utterance.wake_frames
    beginning = 0 if keeps_wake_word else wake
    first = beginning if wake else max(0, start - round(before_s * 1000 / FRAME_SHIFT_MS))
    features = utterance.features[first : end + round(after_s * 1000 / FRAME_SHIFT_MS)]
    return Cropped(features, max(0, wake - first), start - first, end - first)


def waited(cropped: Cropped, rng: np.random.Generator) -> Cropped:
    """The same after up to four seconds of what was recorded before the speech, to and fro; streams stay as they are."""
    missing = round(rng.uniform(*WAIT_S) * 1000 / FRAME_SHIFT_MS) - cropped.start
    if cropped.wake_end or cropped.start < 2 or missing <= 0:
        return cropped
    longer = np.pad(cropped.features[: cropped.start], ((missing, 0), (0, 0)), "symmetric")
    features = np.concatenate([longer, cropped.features[cropped.start :]])
    return Cropped(features, 0, cropped.start + missing, cropped.end + missing)


def expected_frames(utterance: Utterance) -> int:
    """How long an utterance is in training, before variation and without its wake word, so that batches are the same
    with and without it.
    """
    start, end = utterance.speech_frames
    return min(utterance.line.frames - utterance.wake_frames, end - start + round(MEAN_SILENCE_MS / FRAME_SHIFT_MS))


def plan_epoch(
    synthetic: Sequence[Utterance],
    real: Sequence[Utterance],
    mix: Mix,
    seed: tuple[int, ...],
    unlabelled: Sequence[Utterance] = (),
) -> list[list[Utterance]]:
    """Batches of similar length in random order, the same for every worker."""
    rng = np.random.default_rng(seed)
    spoken = [u for u in synthetic if u.line.domain != "coffee" or rng.random() < mix.coffee_share]
    repeated = [*list(real) * mix.real_repeats, *list(unlabelled) * mix.unlabelled_repeats]
    pool = [u for u in [*spoken, *repeated] if expected_frames(u) <= mix.max_frames]
    lengths = np.array([expected_frames(u) for u in pool], np.float64)
    order = np.argsort(lengths * rng.uniform(0.95, 1.05, len(pool)), kind="stable")
    batches: list[list[Utterance]] = [[]]
    longest = 0.0
    for index in order:
        longest = max(longest, lengths[index])
        if batches[-1] and longest * (len(batches[-1]) + 1) > mix.batch_frames:
            batches.append([])
            longest = lengths[index]
        batches[-1].append(pool[index])
    return [batches[i] for i in rng.permutation(len(batches)) if len(batches[i]) > 1]


def label_edges(labels: Sequence[int], pieces: Pieces, start: float, end: float) -> np.ndarray:
    """Where each label begins, and the last one ends, if letters take equal time, a sentence's end none; in steps.

    Args:
        labels: the utterance's labels.
        pieces: to count letters.
        start: where speech begins, in steps.
        end: where it ends, in steps.
    """
    unspoken = pieces.sentence_end
    letters = np.array(
        [0 if label == unspoken else max(1, len(pieces.strings[label].replace(WORD_START, ""))) for label in labels]
    )
    return start + (end - start) * np.concatenate([[0], np.cumsum(letters)]) / max(1, letters.sum())


def flat_targets(labels: Sequence[int], edges: np.ndarray, steps: int) -> np.ndarray:
    """Labels spread over the voiced span by their letters, three steps late; blank elsewhere; int64 ``(steps,)``."""
    targets = np.full(steps, BLANK, np.int64)
    late = np.round(edges + FLAT_START_DELAY_STEPS).astype(np.int64)
    for label, low, high in zip(labels, late, late[1:], strict=False):
        targets[low : max(high, low + 1)] = label
    return targets


def band(edges: np.ndarray, slack: Slack, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Least and most labels emitted by the end of each step, int64 ``(steps,)`` each."""
    earliest = np.clip(np.floor(edges[:-1] - slack.before), 0, steps - 1)
    latest = np.clip(np.ceil(edges[1:] + slack.after), 0, steps - 1)
    t = np.arange(steps)
    return np.searchsorted(latest, t, "left"), np.searchsorted(earliest, t, "right")


def make_batch(
    chosen: Sequence[Utterance],
    pieces: Pieces,
    normaliser: Normaliser,
    noises: Sequence[np.ndarray],
    augmented: bool,
    manner: Manner,
    rng: np.random.Generator,
    keeps_wake_word: bool = False,
) -> Batch:
    """Read, vary, normalise and pad utterances."""
    frames, cleans, labels, targets, bands, starts, waking = [], [], [], [], [], [], []
    for utterance in chosen:
        cropped = crop(utterance, manner.is_long, rng, keeps_wake_word)
        if manner.is_long and manner.is_noisy:
            cropped = waited(cropped, rng)
        features = cropped.features.astype(np.float32)
        scale = 1 / (len(features) * FRAMES_PER_STEP)
        strength = manner.strength(utterance.is_real)
        slack = REAL_SLACK if utterance.is_real else SYNTHETIC_SLACK
        if augmented:
            tempo = min(1.0, max(0.0, manner.tempo + rng.normal(0, TEMPO_JITTER)))
            features = vary_voice(features, strength, tempo, rng)
        cleans.append(features)
        if augmented:
            features = vary_place(features, strength, noises, rng)
        features = normaliser(features)
        if augmented:
            mask(features, strength, rng)
        frames.append(features)
        labels.append(tuple(pieces.encode(utterance.line.text)))
        scale *= len(features)
        wake_steps = round(cropped.wake_end * scale)
        steps = max(1, len(features) // FRAMES_PER_STEP - wake_steps)
        edges = label_edges(labels[-1], pieces, cropped.start * scale - wake_steps, cropped.end * scale - wake_steps)
        waking.append(wake_steps)
        starts.append(FRAMES_PER_STEP * (wake_steps or cropped.start * scale))
        targets.append(flat_targets(labels[-1], edges, steps))
        bands.append(band(edges, slack, steps))
    most = max(len(t) for t in targets)
    whole = max(wake + len(t) for wake, t in zip(waking, targets, strict=True))
    padded = np.zeros((len(frames), whole * FRAMES_PER_STEP, MEL_BINS), np.float32)
    frame_targets = np.full((most, len(frames)), -1, np.int64)
    for b, (features, target) in enumerate(zip(frames, targets, strict=True)):
        kept = min(len(features), padded.shape[1])
        padded[b, :kept] = features[:kept]
        frame_targets[: len(target), b] = target
    low, high = (np.concatenate(side) for side in zip(*bands, strict=True))
    cells = Cells(tuple(len(t) for t in targets), tuple(labels), low, high)
    begins, labelled = np.array(starts, np.float32), np.array([u.is_labelled for u in chosen])
    return Batch(padded, cells, frame_targets, tuple(cleans), begins, labelled, tuple(waking))
