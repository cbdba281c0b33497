"""Voice activity and the end of an utterance, step by step from log-mel: what the end-pointer hears.

::

    frames ──3 = 1 step──> dense, relu ──> LSTM ──> speech: somebody speaks to the device now
                                                └─> ended:  who spoke has finished; a pause within is not the end
    stream: room ▁▁▅▇▆▁▁▇▅▁▁▁▁▁▁▃▇▅▁▁     with noise, music or babble under all of it, or nothing but those
    speech: 0 0 0 1 1 1 0 0 1 1 0 0 0 0 1 1 1 0 0
    ended:  - - 0 0 0 0 0 0 0 0 1 1 1 1 0 0 0 1 1

Synthetic speech knows its true end; where people pause and end is taken from the energy of their recordings, which are
quiet. Where a recording was cut out of a longer one, nothing is learned about its end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
from msgspec import Meta, Struct
from torch.nn import functional

from azsim.errors import InputError
from azsim.nn.graph.graph import Graph
from azsim.speech.endpointing.voice_activity import ENDED, FRAMES, POSTERIORS, SPEECH, scaled_steps
from azsim.speech.features import FRAME_SHIFT_MS, STACKED_FRAMES, STEP_MS
from azsim.speech.room_tone import room_tone
from azsim.train import augment
from azsim.train.corpus.protocol import fold_of
from azsim.train.data import StoredUtterance, complete_folders, load_utterances, of_splits
from azsim.train.detector import DetectorSizes, detector
from azsim.train.recipe import Share
from azsim.train.speech_frames import speech_frames
from azsim.train.tasks.task import Arrays, Batch, Run, Task, task

SYNTHETIC, REAL, READ = ("train",), ("real-train", "real-heldout"), ("real-unlabelled",)
MEASURED = ("dev-seen", "dev-unseen", "dev-command-unseen")
NOISES = ("noise", "music", "noise-recorded")
UNKNOWN = -1
"""Of a step whose target is not known; the loss leaves it out."""
LOGITS = "logits"


class VoiceActivityData(Struct, frozen=True, forbid_unknown_fields=True):
    """What streams are made of.

    Attributes:
        streams: in a batch.
        steps: of a stream, 30 ms each.
        real_share: of the utterances, orders of people; ``read_share``: read sentences of people.
        no_speech_share: of the streams, those in which nobody speaks.
        noise_share: of the others, those with noise, music or babble; ``snr_db``: in what range.
        pause_share: of the synthetic utterances, those with a pause put into them, ``pause_ms`` long.
        gap_ms: between two utterances of a stream.
        fold: of the people whose orders are held out; None for nobody.
    """

    streams: Annotated[int, Meta(ge=1, le=512)] = 32
    steps: Annotated[int, Meta(ge=50, le=4000)] = 400
    real_share: Share = 0.4
    read_share: Share = 0.15
    no_speech_share: Share = 0.08
    noise_share: Share = 0.6
    snr_db: tuple[float, float] = (3.0, 35.0)
    pause_share: Share = 0.35
    pause_ms: tuple[int, int] = (150, 1000)
    gap_ms: tuple[int, int] = (900, 3500)
    fold: Annotated[int, Meta(ge=0, le=3)] | None = None


@dataclass(frozen=True)
class LabelledFrames:
    """An utterance, frame by frame.

    Attributes:
        frames: log-mel ``(n, 64)``.
        speech: whether somebody speaks, bool ``(n,)``.
        end_known: whether its end is the end of what was said.
    """

    frames: np.ndarray
    speech: np.ndarray
    end_known: bool


@task("voice_activity")
class VoiceActivityTask(Task):
    """See the module."""

    network_type, data_type = DetectorSizes, VoiceActivityData
    steps_per_s = 1000 / STEP_MS

    def __init__(self, network: DetectorSizes, data: VoiceActivityData, corpus: Path) -> None:
        super().__init__(network, data, corpus)
        splits = load_utterances(corpus, complete_folders(corpus))
        self._synthetic = of_splits(splits, SYNTHETIC)
        real, self._read = of_splits(splits, REAL), of_splits(splits, READ)
        people = {each.line.speaker for each in real}
        held = {name for name in people if data.fold is not None and fold_of(name, people) == data.fold}
        self._real = [each for each in real if each.line.speaker not in held]
        self._held_out = [each for each in real if each.line.speaker in held] + of_splits(splits, MEASURED)
        self._noises = of_splits(splits, NOISES)
        if not self._synthetic or not self._noises:
            missing = "synthetic speech (build)" if self._noises else "noise (noise)"
            raise InputError(f"{corpus}: holds no {missing}; python -m azsim.train.corpus makes it")
        self._heard: dict[str, LabelledFrames] = {}

    def graph(self, rng: np.random.Generator) -> Graph:
        names = {"frames": FRAMES, "logits": LOGITS, "posteriors": POSTERIORS}
        return detector("voice-activity", self.network, rng, **names, count=2)

    def batch(self, rng: np.random.Generator) -> Batch:
        made = [self.stream(rng) for _ in range(self.data.streams)]
        frames, speech, ended = (np.stack(each) for each in zip(*made, strict=True))
        return Batch({FRAMES: frames}, {"speech": speech, "ended": ended})

    def stream(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Steps ``(n, 192)`` and the targets of each, int8 ``(n,)``."""
        data, wanted = self.data, self.data.steps * STACKED_FRAMES
        if rng.random() < data.no_speech_share:
            noise = self._noises[int(rng.integers(len(self._noises)))].features
            start = int(rng.integers(len(noise)))
            frames = noise[(start + np.arange(wanted)) % len(noise)].astype(np.float32)
            frames = frames + np.float32(rng.uniform(-9, 1))
            return scaled_steps(frames), np.zeros(data.steps, np.int8), np.full(data.steps, UNKNOWN, np.int8)
        parts: list[np.ndarray] = []
        speech: list[np.ndarray] = []
        ended: list[np.ndarray] = []
        before = np.int8(UNKNOWN)
        while sum(map(len, parts)) < wanted:
            heard = self._drawn(rng)
            gap = int(rng.integers(*data.gap_ms)) // FRAME_SHIFT_MS if parts else int(rng.integers(0, 60))
            parts += [room_tone(heard.frames, gap), heard.frames]
            speech += [np.zeros(gap, np.int8), heard.speech.astype(np.int8)]
            said = np.flatnonzero(heard.speech)
            own = np.zeros(len(heard.speech), np.int8)
            own[: said[0]] = before
            own[said[-1] + 1 :] = after = np.int8(1 if heard.end_known else UNKNOWN)
            ended += [np.full(gap, before, np.int8), own]
            before = after
        offset = int(rng.integers(sum(map(len, parts)) - wanted + 1)) if rng.random() < 0.3 else 0
        chosen = slice(offset, offset + wanted)
        frames = augment.equalise(np.concatenate(parts)[chosen], augment.WIDE_REAL, rng)
        if rng.random() < data.noise_share:
            noise = self._noises[int(rng.integers(len(self._noises)))].features
            frames = augment.add_noise(frames, noise, rng.uniform(*data.snr_db), rng)
        frames = augment.vary_level(frames, augment.WIDE_REAL, rng)
        return scaled_steps(frames), _of_steps(speech, chosen), _of_steps(ended, chosen)

    def _drawn(self, rng: np.random.Generator) -> LabelledFrames:
        data, share = self.data, rng.random()
        if self._real and share < data.real_share:
            pool: Sequence[StoredUtterance] = self._real
        elif self._read and share < data.real_share + data.read_share:
            pool = self._read
        else:
            pool = self._synthetic
        utterance = pool[int(rng.integers(len(pool)))]
        heard = self._of(utterance)
        frames = augment.warp(heard.frames.astype(np.float32), rng.uniform(*augment.WIDE_REAL.vocal_tract))
        if not utterance.is_real and rng.random() < data.pause_share:
            return _with_pause(frames, heard, int(rng.integers(*data.pause_ms)) // FRAME_SHIFT_MS, rng)
        return LabelledFrames(frames, heard.speech, heard.end_known)

    def _of(self, utterance: StoredUtterance) -> LabelledFrames:
        """The utterance with what is said where, found once."""
        name = utterance.line.id
        if name not in self._heard:
            if utterance.is_real:
                speech = speech_frames(utterance.features)
            else:
                speech = np.zeros(len(utterance.features), bool)
                speech[slice(*utterance.speech_frames)] = True
            self._heard[name] = LabelledFrames(utterance.features, speech, utterance.line.split != READ[0])
        return self._heard[name]

    def loss(self, tensors: Mapping[str, torch.Tensor], batch: Batch) -> torch.Tensor:
        total = torch.zeros(())
        for column, name in ((SPEECH, "speech"), (ENDED, "ended")):
            wanted = torch.from_numpy(batch.targets[name])
            known = wanted != UNKNOWN
            logits = tensors[LOGITS][..., column][known]
            total = total + functional.binary_cross_entropy_with_logits(logits, wanted[known].float())
        return total

    def measure(self, run: Run) -> dict[str, float]:
        """Shares of steps: speech that is missed, quiet taken for speech; pauses taken for the end, ends missed."""
        counts = np.zeros((4, 2))
        for utterance in self._held_out[::2]:
            heard = self._of(utterance)
            said = np.flatnonzero(heard.speech)
            after = room_tone(heard.frames, 60)
            posteriors = run({FRAMES: scaled_steps(np.concatenate([heard.frames, after]))})[POSTERIORS]
            speech = np.concatenate([heard.speech, np.zeros(60, bool)])
            steps = _of_steps([speech.astype(np.int8)], slice(None)).astype(bool)
            is_speech, has_ended = (posteriors[:, column] > 0.5 for column in (SPEECH, ENDED))
            at = np.arange(len(steps))
            within = (at >= said[0] // STACKED_FRAMES) & (at <= said[-1] // STACKED_FRAMES)
            late = at > said[-1] // STACKED_FRAMES + 10
            for row, (chosen, wrong) in enumerate(
                ((steps, ~is_speech), (~steps, is_speech), (within, has_ended), (late, ~has_ended))
            ):
                counts[row] += (chosen & wrong).sum(), chosen.sum()
        shares = 100 * counts[:, 0] / np.maximum(counts[:, 1], 1)
        names = ("speech_missed", "quiet_as_speech", "pause_as_end", "end_missed")
        return {f"{name}_percent": float(value) for name, value in zip(names, shares, strict=True)}

    def calibration(self) -> Iterable[Arrays]:
        rng = np.random.default_rng(17)
        return [{FRAMES: self.stream(rng)[0]} for _ in range(24)]


def _of_steps(parts: Sequence[np.ndarray], chosen: slice) -> np.ndarray:
    """Targets of frames as those of steps: the middle frame's."""
    frames = np.concatenate(parts)[chosen]
    whole = len(frames) // STACKED_FRAMES * STACKED_FRAMES
    return frames[:whole].reshape(-1, STACKED_FRAMES)[:, STACKED_FRAMES // 2]


def _with_pause(frames: np.ndarray, heard: LabelledFrames, length: int, rng: np.random.Generator) -> LabelledFrames:
    """The utterance with the sound of its room put in where it is quietest near a place within."""
    said = np.flatnonzero(heard.speech)
    first, last = int(said[0]) + 10, int(said[-1]) - 10
    if last <= first:
        return LabelledFrames(frames, heard.speech, heard.end_known)
    near = int(rng.integers(first, last + 1))
    low, high = max(first, near - 20), min(last, near + 20) + 1
    at = low + int(np.argmin(frames[low:high].mean(axis=1)))
    quiet = np.zeros(length, bool)
    made = np.concatenate([frames[:at], room_tone(frames, length), frames[at:]])
    return LabelledFrames(made, np.concatenate([heard.speech[:at], quiet, heard.speech[at:]]), heard.end_known)
