"""One training step's batch: utterances cropped, varied, normalised and padded, with what the losses ask of them.

::

    recording ── crop ─ (wait) ── voice ─┬── place, noise ── normalise ── masks ── pad ──> features
                                         └── clean, for a teacher
    text ── pieces ── edges, as if letters took equal time ──> flat targets, band of the lattice
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from azsim.speech.features import FRAME_SHIFT_MS, MEL_BINS
from azsim.train.augment import (
    NOISY_REAL,
    NOISY_SYNTHETIC,
    REAL,
    SYNTHETIC,
    WIDE_REAL,
    WIDE_SYNTHETIC,
    Strength,
    mask,
    vary_place,
    vary_voice,
)
from azsim.train.data import Normaliser, StoredUtterance
from azsim.train.model import FRAMES_PER_STEP
from azsim.train.rnnt_loss import Cells
from azsim.train.tokens import BLANK, WORD_START, Pieces

FLAT_START_DELAY_STEPS = 3
LONG_SILENCE_SHARE = 0.1
LONG_WAIT_SHARE = 0.4
WAIT_S = (0.5, 4.0)
LONG_SILENCE_S = (1.0, 3.0)
TEMPO_JITTER = 0.07


@dataclass(frozen=True)
class Slack:
    """How far from its even share of the speech a label may be emitted, in encoder steps of 60 ms."""

    before: int
    after: int


SYNTHETIC_SLACK = Slack(before=10, after=18)
REAL_SLACK = Slack(before=22, after=32)
ALIGNED_SLACK = Slack(before=5, after=5)
"""Around where another network emitted it."""


@dataclass(frozen=True)
class PaddedBatch:
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
        is_wide: levels and bands as well, and less silence before the speech.
    """

    tempo: float
    is_long: bool
    is_noisy: bool = False
    is_wide: bool = False

    @classmethod
    def draw(cls, rng: np.random.Generator, is_noisy: bool = False, is_wide: bool = False) -> Manner:
        """A manner at random."""
        share = LONG_WAIT_SHARE if is_noisy else LONG_SILENCE_SHARE
        return cls(float(rng.random()), bool(rng.random() < share), is_noisy, is_wide)

    @property
    def waits(self) -> bool:
        """Whether there are seconds of what was recorded before the speech."""
        return self.is_long and (self.is_noisy or self.is_wide)

    @property
    def before_s(self) -> tuple[float, float]:
        """Least and most silence that is kept before the speech."""
        if self.is_long:
            return LONG_SILENCE_S
        return (0.0, 0.5) if self.is_wide else (0.1, 0.6)

    def strength(self, is_real: bool) -> Strength:
        """How much an utterance is varied."""
        if self.is_wide:
            return WIDE_REAL if is_real else WIDE_SYNTHETIC
        if self.is_noisy:
            return NOISY_REAL if is_real else NOISY_SYNTHETIC
        return REAL if is_real else SYNTHETIC


@dataclass(frozen=True)
class Cropped:
    """A recording without excess silence: frames, and where in them a wake word ends (or 0), speech starts and ends.

    ``first`` is the frame of the recording with which it begins; below 0 where something was put before it.
    """

    features: np.ndarray
    wake_end: int
    start: int
    end: int
    first: int


def crop(
    utterance: StoredUtterance, manner: Manner, rng: np.random.Generator, keeps_wake_word: bool = False
) -> Cropped:
    """Leave out excess silence, and the wake word unless it is kept."""
    start, end = utterance.speech_frames
    before_s, after_s = rng.uniform(*manner.before_s), rng.uniform(*(LONG_SILENCE_S if manner.is_long else (0.3, 0.7)))
    wake = utterance.wake_frames
    beginning = 0 if keeps_wake_word else wake
    first = beginning if wake else max(0, start - round(before_s * 1000 / FRAME_SHIFT_MS))
    features = utterance.features[first : end + round(after_s * 1000 / FRAME_SHIFT_MS)]
    return Cropped(features, max(0, wake - first), start - first, end - first, first)


def waited(cropped: Cropped, rng: np.random.Generator) -> Cropped:
    """The same after up to four seconds of what was recorded before the speech, to and fro."""
    missing = round(rng.uniform(*WAIT_S) * 1000 / FRAME_SHIFT_MS) - cropped.start
    if cropped.start < 2 or missing <= 0:
        return cropped
    longer = np.pad(cropped.features[: cropped.start], ((missing, 0), (0, 0)), "symmetric")
    features = np.concatenate([longer, cropped.features[cropped.start :]])
    return Cropped(features, 0, cropped.start + missing, cropped.end + missing, cropped.first - missing)


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


def emitted(labels: Sequence[int], pieces: Pieces, letters: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Where another network emitted the first and the last letter of each label, or None if the letters do not fit.

    Args:
        labels, pieces: of the utterance.
        letters: where it emitted each letter of the text, spaces apart.
    """
    counts = np.array([len(pieces.strings[label].replace(WORD_START, "")) for label in labels])
    if pieces.sentence_end in labels[-1:]:
        counts[-1] = 0
    ends = np.cumsum(counts)
    if not len(letters) or ends[-1] != len(letters):
        return None
    first, last = np.minimum(ends - counts, len(letters) - 1), np.maximum(ends - 1, 0)
    return letters[np.minimum(first, last)], letters[np.maximum(first, last)]  # a piece may have no letter of its own


def band(begins: np.ndarray, ends: np.ndarray, slack: Slack, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Least and most labels emitted by the end of each step, int64 ``(steps,)`` each.

    Args:
        begins, ends: of each label, in steps, neither ever falling.
        slack: how much before and after it may be emitted.
        steps: of the utterance.
    """
    earliest = np.clip(np.floor(begins - slack.before), 0, steps - 1)
    latest = np.clip(np.ceil(ends + slack.after), 0, steps - 1)
    t = np.arange(steps)
    return np.searchsorted(latest, t, "left"), np.searchsorted(earliest, t, "right")


def make_batch(
    chosen: Sequence[StoredUtterance],
    pieces: Pieces,
    normaliser: Normaliser,
    noises: Sequence[np.ndarray],
    augmented: bool,
    manner: Manner,
    rng: np.random.Generator,
    keeps_wake_word: bool = False,
) -> PaddedBatch:
    """Read, vary, normalise and pad utterances."""
    frames, cleans, labels, targets, bands, starts, waking = [], [], [], [], [], [], []
    for utterance in chosen:
        cropped = crop(utterance, manner, rng, keeps_wake_word)
        if manner.waits and not utterance.wake_frames:
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
        begins, ends = edges[:-1], edges[1:]
        if utterance.letter_frames is not None:
            found = emitted(labels[-1], pieces, (utterance.letter_frames - cropped.first) * scale - wake_steps)
            if found:
                (begins, ends), slack = found, ALIGNED_SLACK
        bands.append(band(begins, ends, slack, steps))
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
    return PaddedBatch(padded, cells, frame_targets, tuple(cleans), begins, labelled, tuple(waking))
