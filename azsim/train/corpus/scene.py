"""From clean synthetic speech to what a microphone hears, with the true end of speech.

::

    clean speech ─> find start and end ─> pad ─> room ─> gain ─> + noise, echo ─> channel ─> sound
                          └── kept as speech_start_ms, speech_end_ms ────────────────────────────^
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azsim.speech import noise
from azsim.speech.features import SAMPLE_RATE_HZ
from azsim.speech.rooms import draw_room, reverberate
from azsim.train.corpus.channel import CHANNELS, echoed
from azsim.train.corpus.music import compose
from azsim.train.corpus.synth import speak
from azsim.train.corpus.voices import draw_voice

SPEECH_FLOOR_DB = -40.0
ENERGY_WINDOW = SAMPLE_RATE_HZ // 100
MARGIN_S = 0.02
NOISES = ("white", "pink", "brown", "hum", "fan", "clatter")
"""Makers that training draws from; their order decides what a seed gives."""
POOL_TRACKS = 10
POOL_TRACK_S = 20.0
POOL_VOICES = 24


@dataclass(frozen=True)
class Conditions:
    """The ranges from which an utterance's surroundings are drawn.

    Attributes:
        lead_s, tail_s: silence before and after the speech.
        peak: of the speech, full scale 1.
        room_probability, noise_probability: how often there is one; music and babble are among the noises.
        snr_db: level of the speech over the noise.
        floor_db: the microphone's own noise relative to full scale.
        noises: makers of `azsim.speech.noise` that are drawn from.
        echo_probability: how often an echo canceller has left something of the device's own music.
        channel_probability: how often it comes through one of `azsim.train.corpus.channel`.
    """

    lead_s: tuple[float, float] = (0.2, 1.0)
    tail_s: tuple[float, float] = (0.3, 1.2)
    peak: tuple[float, float] = (0.03, 0.9)
    room_probability: float = 0.4
    noise_probability: float = 0.45
    snr_db: tuple[float, float] = (5.0, 30.0)
    floor_db: tuple[float, float] = (-85.0, -60.0)
    noises: tuple[str, ...] = NOISES
    echo_probability: float = 0.0
    channel_probability: float = 0.0


USUAL = Conditions()
WIDE = Conditions(
    lead_s=(0.05, 0.6),
    tail_s=(0.4, 1.2),
    peak=(10 ** (-50 / 20), 1.0),
    room_probability=0.5,
    noise_probability=0.5,
    snr_db=(-5.0, 30.0),
    floor_db=(-85.0, -70.0),
    noises=(*NOISES, "appliance", "traffic"),
    echo_probability=0.1,
    channel_probability=0.25,
)
"""Levels from -50 to 0 dBFS, bands, codecs, hardly any time before the speech, louder noise of more kinds."""
HELD_OUT_NOISES = ("road", "rain")
"""Never heard in training, to be measured in."""


@dataclass(frozen=True)
class NoisePool:
    """Sounds to mix in: music tracks and utterances for babble, float32 mono at 16 kHz."""

    tracks: tuple[np.ndarray, ...]
    voices: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Scene:
    """One rendered utterance: float32 sound at 16 kHz and what is known about it."""

    samples: np.ndarray
    speech_start_ms: int
    speech_end_ms: int
    noise: str
    room: str


def make_pool(seed: int) -> NoisePool:
    """The pool of a corpus seed: composed tracks, and training voices speaking for babble."""
    rng = np.random.default_rng([seed, 0x706F6F6C])
    tracks = tuple(
        compose(int(rng.integers(1 << 31)), POOL_TRACK_S, SAMPLE_RATE_HZ).mean(axis=1) for _ in range(POOL_TRACKS)
    )
    requests = []
    for number in range(POOL_VOICES):
        voice = draw_voice(rng, "espeak")
        requests.append((voice, BABBLE_SENTENCES[number % len(BABBLE_SENTENCES)]))
    return NoisePool(tracks, tuple(speak(requests)))


BABBLE_SENTENCES = (
    "we talked about the garden and the old fence behind the house",
    "did you see how many people came to the market this weekend",
    "they moved the table closer to the window because of the view",
    "nobody remembers who left the bicycle in front of the school",
    "i thought the bridge was finished but they still work on it",
    "our neighbours are planning a big dinner for her birthday",
)


def speech_bounds(samples: np.ndarray) -> tuple[int, int]:
    """First and one-past-last sample whose 10 ms energy is within 40 dB of the loudest 10 ms.

    Raises:
        ValueError: the sound is shorter than 10 ms or silent.
    """
    windows = len(samples) // ENERGY_WINDOW
    energy = (
        np.square(samples[: windows * ENERGY_WINDOW].astype(np.float64)).reshape(windows, ENERGY_WINDOW).sum(axis=1)
    )
    if not windows or not energy.max() > 0:
        raise ValueError("no speech: the sound is empty or silent")
    loud = np.flatnonzero(energy > energy.max() * 10 ** (SPEECH_FLOOR_DB / 10))
    return int(loud[0]) * ENERGY_WINDOW, int(loud[-1] + 1) * ENERGY_WINDOW


def render(clean: np.ndarray, conditions: Conditions, pool: NoisePool, rng: np.random.Generator) -> Scene:
    """Put clean speech into a drawn scene; the bounds are those of the clean speech."""
    start, end = speech_bounds(clean)
    margin = int(MARGIN_S * SAMPLE_RATE_HZ)
    first, last = max(0, start - margin), min(len(clean), end + margin)
    lead = int(rng.uniform(*conditions.lead_s) * SAMPLE_RATE_HZ)
    tail = int(rng.uniform(*conditions.tail_s) * SAMPLE_RATE_HZ)
    speech = np.pad(clean[first:last], (lead, tail))
    begin, finish = lead + start - first, lead + end - first

    room_name = "none"
    if rng.random() < conditions.room_probability:
        room = draw_room(rng)
        speech = reverberate(speech, room)
        room_name = f"rt60={room.rt60_s * 1000:.0f}ms"
    low, high = np.log(conditions.peak[0]), np.log(conditions.peak[1])
    speech = speech * (float(np.exp(rng.uniform(low, high))) / float(np.abs(speech).max()))

    noise_name = "none"
    if rng.random() < conditions.noise_probability:
        noise_name, sound = _draw_noise(rng, len(speech), pool, conditions.noises)
        snr_db = float(rng.uniform(*conditions.snr_db))
        speech = noise.mixed(speech, sound, snr_db, begin, finish)
        noise_name = f"{noise_name}@{snr_db:.0f}dB"
    if conditions.echo_probability and rng.random() < conditions.echo_probability:
        track = pool.tracks[int(rng.integers(len(pool.tracks)))]
        speech_rms = float(np.sqrt(np.mean(np.square(speech[begin:finish]))))
        speech, noise_name = echoed(speech, speech_rms, track, rng), f"{noise_name}+echo"
    if conditions.channel_probability and rng.random() < conditions.channel_probability:
        name = list(CHANNELS)[int(rng.integers(len(CHANNELS)))]
        speech, noise_name = CHANNELS[name](speech, rng), f"{noise_name}+{name}"
    floor = 10 ** (float(rng.uniform(*conditions.floor_db)) / 20)
    speech = speech + floor * noise.coloured(rng, len(speech), float(rng.uniform(0.0, 1.0)))
    peak = float(np.abs(speech).max())
    if peak > 0.99:
        speech = speech * (0.99 / peak)
    to_ms = 1000 / SAMPLE_RATE_HZ
    return Scene(speech.astype(np.float32), round(begin * to_ms), round(finish * to_ms), noise_name, room_name)


def _draw_noise(
    rng: np.random.Generator, length: int, pool: NoisePool, noises: tuple[str, ...]
) -> tuple[str, np.ndarray]:
    share = rng.random()
    if share < 0.35:
        track = pool.tracks[int(rng.integers(len(pool.tracks)))]
        return "music", noise.unit_rms(noise.cut(rng, track, length))
    if share < 0.5:
        return "babble", noise.babble(rng, length, pool.voices)
    name = noises[int(rng.integers(len(noises)))]
    return name, noise.MAKERS[name](rng, length)
