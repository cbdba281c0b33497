"""What the report on lattices hears: the shipped test speech, real people of the dev split, held-out speakers."""

from __future__ import annotations

from dataclasses import dataclass

import av
import numpy as np

from azsim.resources import data_folder, speech_file
from azsim.speech.features import SAMPLE_RATE_HZ, log_mel
from azsim.train.corpus.manifest import load_manifest
from azsim.train.corpus.real import heldout_speakers, split_of
from azsim.train.corpus.recordings import SourceRecording, read_sound

SHIPPED, REAL, HELD_OUT = "shipped", "real", "held out"
OPUS_KBPS = 24


@dataclass(frozen=True)
class Said:
    """One recording: its features, what was said, its length, and the bytes of its sound as Opus packets."""

    name: str
    frames: np.ndarray
    reference: str
    audio_ms: int
    opus_bytes: int


def heard() -> dict[str, list[Said]]:
    """Every set of recordings; `REAL` and `HELD_OUT` only where ``AZSIM_DATA`` is.

    `HELD_OUT` are the five speakers of the train split that no training heard; `REAL` is the dev split.
    """
    sets = {SHIPPED: [_said(one) for one in load_manifest(speech_file("speech"))]}
    data = data_folder("barista/")
    recordings = [one for one in load_manifest(data / "barista" / "manifest.csv") if one.transcript]
    held_out = heldout_speakers(recordings)
    for name, split in ((REAL, "real-dev"), (HELD_OUT, "real-heldout")):
        sets[name] = [_said(one) for one in recordings if split_of(one, held_out) == split]
    return sets


def _said(recording: SourceRecording) -> Said:
    sound = read_sound(recording.path)
    audio_ms = len(sound) * 1000 // SAMPLE_RATE_HZ
    return Said(recording.path.stem, log_mel(sound), recording.transcript, audio_ms, opus_bytes(sound))


def opus_bytes(sound: np.ndarray) -> int:
    """Bytes of the packets that libopus makes of a recording, at `OPUS_KBPS`, in frames of 20 ms."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = SAMPLE_RATE_HZ, "mono", "s16"
    encoder.bit_rate, encoder.options = 1000 * OPUS_KBPS, {"application": "voip"}
    total, each = 0, SAMPLE_RATE_HZ // 50
    samples = np.rint(np.clip(sound, -1, 1) * 32767).astype(np.int16)
    samples = np.pad(samples, (0, -len(samples) % each))
    for start in range(0, len(samples), each):
        frame = av.AudioFrame.from_ndarray(samples[None, start : start + each], format="s16", layout="mono")
        frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, start
        total += sum(packet.size for packet in encoder.encode(frame))
    return total + sum(packet.size for packet in encoder.encode(None))
