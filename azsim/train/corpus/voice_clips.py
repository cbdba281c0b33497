"""Speech by many voices, and what a published embedding says of each: what the device's embedding learns from.

::

    people     orders, read sentences, wake words (training sides) ──as they are, and resampled──┐
    synthesis  commands by voices that are drawn, several by each ───────────────────────────────┴─> voices/
    voices/features.f16, index.jsonl    log-mel as everywhere; `speaker` is the label
          /teacher.npy                  float16 (utterances, 256), length 1, in the order of the index

A recording that is resampled is another voice: its pitch and its vocal tract move. People who are held out in training
are in it as they are alone.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import soxr

from azsim.output_file import write_output_file
from azsim.speech.features import FRAME_SHIFT_MS, SAMPLE_RATE_HZ, log_mel
from azsim.train.corpus.layouts import LAYOUTS
from azsim.train.corpus.recordings import SourceRecording, read_sound
from azsim.train.corpus.store import Entry
from azsim.train.corpus.synth import speak
from azsim.train.corpus.untranscribed import load_untranscribed
from azsim.train.corpus.voices import draw_engine, draw_voice
from azsim.train.speech_frames import speech_frames

FOLDER, TEACHER = "voices", "teacher.npy"
ORDER, READ, WAKE, SPOKEN = "voice-order", "voice-read", "voice-wake", "voice-spoken"
"""Splits: orders to a machine, read sentences, single words, synthesis."""
CHANGED = (0.87, 0.93, 1.08, 1.15)
"""Factors on frequency of which each recording gets one; `assumed`."""
LONGEST_S = 12.0
EACH = 3
"""Sentences by a synthetic voice."""
Teacher = Callable[[np.ndarray], np.ndarray]
"""Sound at 16 kHz to a voice of length 1."""


def people(data: Path) -> Iterator[tuple[str, SourceRecording]]:
    """Split and recording of everybody on the training sides of a folder of data.

    Raises:
        InputError: a manifest or a recording is missing.
    """
    for each in LAYOUTS["manifest"](data / "barista" / "manifest.csv"):
        if each.extra["split"] == "train":
            yield ORDER, each
    for split, folder in ((READ, "speakers"), (WAKE, "wakeword")):
        for each in load_untranscribed(data / folder):
            if each.extra["split"] == "train" and each.speaker != "unknown":
                yield split, each


def items(
    data: Path, sentences: Sequence[str], voices: int, seed: int, teacher: Teacher, heard: list[np.ndarray]
) -> Iterator[tuple[Entry, np.ndarray]]:
    """Entries and features; what the teacher says of each is put behind ``heard``.

    Args:
        data: folder with barista, speakers and wakeword in it.
        sentences: that synthesis says.
        voices: synthetic ones.
        seed: of all that is drawn.
        teacher: the published embedding.
        heard: grows.
    """
    for number, (split, each) in enumerate(people(data)):
        rng = np.random.default_rng([seed, 0x766F6963, number])
        samples = read_sound(each.path)[: int(LONGEST_S * SAMPLE_RATE_HZ)]
        factor = float(rng.choice(CHANGED))
        for name, sound in (
            (each.speaker, samples),
            (f"{each.speaker}@{factor}", soxr.resample(samples, SAMPLE_RATE_HZ * factor, SAMPLE_RATE_HZ)),
        ):
            heard.append(teacher(sound))
            yield _entry(f"{split}-{each.path.parent.name}-{each.path.stem}-{name}", split, name, "real"), _mel(sound)
    for number in range(voices):
        rng = np.random.default_rng([seed, 0x73796E74, number])
        voice = draw_voice(rng, draw_engine(rng))
        texts = [" ".join(str(sentences[int(rng.integers(len(sentences)))]) for _ in range(2)) for _ in range(EACH)]
        for take, sound in enumerate(speak([(voice, text) for text in texts])):
            heard.append(teacher(sound))
            name = f"{voice.label}-{number}"
            yield _entry(f"{SPOKEN}-{number}-{take}", SPOKEN, name, "synth"), _mel(sound)


def write_teacher(folder: Path, heard: Sequence[np.ndarray]) -> None:
    """Beside the index."""
    file = io.BytesIO()
    np.save(file, np.asarray(heard, np.float16))
    write_output_file(folder / TEACHER, [file.getvalue()])


def speech_alone(samples: np.ndarray) -> np.ndarray:
    """The samples in which somebody speaks, by their energy."""
    samples = np.asarray(samples, np.float32)
    frames = log_mel(samples)
    if not len(frames):
        return samples
    spoken = np.repeat(speech_frames(frames), SAMPLE_RATE_HZ * FRAME_SHIFT_MS // 1000)
    return samples[: len(spoken)][spoken]


def _mel(sound: np.ndarray) -> np.ndarray:
    """Of the speech alone, as the device hears it."""
    return log_mel(speech_alone(sound)).astype(np.float16)


def _entry(name: str, split: str, speaker: str, source: str) -> Entry:
    return {"id": name, "split": split, "text": "", "voice": speaker, "source": source, "speaker": speaker}
