"""What lies between a mouth and a front end besides air: telephone, Bluetooth, a codec, clipping, the loudspeaker.

Each takes and gives mono float32 sound at 16 kHz of the same length, and takes its own randomness.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import av
import numpy as np
import soxr

from azsim.speech import noise
from azsim.speech.features import SAMPLE_RATE_HZ
from azsim.speech.rooms import draw_room, reverberate

TELEPHONE_HZ = 8000
OPUS_BITS_PER_S = 12_000
OPUS_RATE_HZ = 48_000
"""What libopus decodes to, whatever went in."""
CLIPPED_DB = (3.0, 12.0)
ECHO_BELOW_DB = (10.0, 30.0)
"""Of speech, how far what an echo canceller leaves of the music lies below it; `assumed`."""

Channel = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def filtered(sound: np.ndarray, low_hz: float, high_hz: float) -> np.ndarray:
    """Only what lies between two frequencies, the edges a tenth of an octave wide."""
    spectrum = np.fft.rfft(sound)
    hertz = np.maximum(np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE_HZ), 1e-3)
    for edge_hz, side in ((low_hz, 1), (high_hz, -1)):
        spectrum *= np.clip(0.5 + side * 5 * np.log2(hertz / edge_hz), 0, 1)
    return np.fft.irfft(spectrum, len(sound)).astype(np.float32)


def telephone(sound: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A narrow-band call: 300 to 3,400 Hz at 8 kHz, in the 8 bits of mu-law.

    **Source:** ITU-T G.712 (band), G.711 (mu-law).
    """
    narrow = filtered(sound, rng.uniform(200.0, 350.0), rng.uniform(3300.0, 3700.0))
    slow = soxr.resample(narrow, SAMPLE_RATE_HZ, TELEPHONE_HZ)
    peak = max(1e-9, float(np.abs(slow).max()))
    squeezed = np.sign(slow) * np.log1p(255 * np.abs(slow) / peak) / np.log(256)
    coarse = np.round(squeezed * 127) / 127
    heard = np.sign(coarse) * np.expm1(np.abs(coarse) * np.log(256)) / 255 * peak
    return _as_long(soxr.resample(heard, TELEPHONE_HZ, SAMPLE_RATE_HZ), len(sound))


def bluetooth(sound: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A headset: wide-band speech up to 7 kHz, or the narrow band of older ones.

    **Source:** Hands-Free Profile 1.8: mSBC at 16 kHz, CVSD at 8 kHz; edges `assumed`, the codecs' own noise left out.
    """
    if rng.random() < 0.5:
        return filtered(sound, 50.0, 7000.0)
    slow = soxr.resample(filtered(sound, 100.0, 3800.0), SAMPLE_RATE_HZ, TELEPHONE_HZ)
    return _as_long(soxr.resample(slow, TELEPHONE_HZ, SAMPLE_RATE_HZ), len(sound))


def opus(sound: np.ndarray, rng: np.random.Generator, bits_per_s: int = OPUS_BITS_PER_S) -> np.ndarray:
    """Through libopus and back, as voice over the internet does it."""
    file = io.BytesIO()
    peak = max(1e-9, float(np.abs(sound).max()))
    loud = soxr.resample(sound / peak * 0.5, SAMPLE_RATE_HZ, OPUS_RATE_HZ)
    with av.open(file, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=OPUS_RATE_HZ, options={"application": "voip", "vbr": "on"})
        stream.layout, stream.bit_rate = "mono", bits_per_s
        frame = av.AudioFrame.from_ndarray(np.round(loud * 32767).astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate = OPUS_RATE_HZ
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    file.seek(0)
    with av.open(file) as container:
        parts = [each.to_ndarray().reshape(-1) for each in container.decode(audio=0)]
    heard = np.concatenate(parts).astype(np.float32)
    heard = heard / 32768 if np.abs(heard).max() > 8 else heard
    return _as_long(soxr.resample(heard, OPUS_RATE_HZ, SAMPLE_RATE_HZ) * (peak / 0.5), len(sound))


def clipped(sound: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Too loud for its microphone: the peaks cut off, by 3 to 12 dB."""
    limit = float(np.abs(sound).max()) * 10 ** (-rng.uniform(*CLIPPED_DB) / 20)
    return np.clip(sound, -limit, limit).astype(np.float32)


def echoed(sound: np.ndarray, speech_rms: float, track: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What an echo canceller leaves of the music that the device plays itself.

    Args:
        sound: what else the microphone hears.
        speech_rms: level of its speech.
        track: the music, at least a second of it.
        rng: of the room, the place in the music and the level.
    """
    left = reverberate(noise.cut(rng, track, len(sound)), draw_room(rng))
    level = speech_rms * 10 ** (-float(rng.uniform(*ECHO_BELOW_DB)) / 20)
    return (sound + level * noise.unit_rms(left)).astype(np.float32)


CHANNELS: dict[str, Channel] = {"telephone": telephone, "bluetooth": bluetooth, "opus": opus, "clipped": clipped}


def _as_long(sound: np.ndarray, length: int) -> np.ndarray:
    """Cut, or filled up with silence."""
    return np.pad(sound[:length], (0, max(0, length - len(sound)))).astype(np.float32)
