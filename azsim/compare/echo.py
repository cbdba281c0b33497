"""The music in the microphone: the track, decoded where it plays, through a room, so much louder or softer than speech.

::

    track ──position of this utterance──> loudspeaker ──room──> x level ──┐
                                              │                           v
    recording (and noise) ───────────────────────────────────────────────(+)──> canceller ──> front end
                                              └────────── reference ──────────────^

The position is the one from which the device plays in the simulation of the same utterance. The level is set by the
volume, before the canceller's reference is taken, so that the path to the microphone stays the same. The device stands
where it stands and music was playing before: the canceller has heard some seconds of it, and keeps what it has learnt
from one recording to the next.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from msgspec.structs import replace

from azsim.compare.experiment import EchoChoice
from azsim.compare.speech_set import Microphone
from azsim.compare.surroundings import FULL_SCALE, sample_of
from azsim.devices.board_spec import AudioSpec
from azsim.devices.spec import Device
from azsim.soc.music import MusicTrack, decode_music, music_start
from azsim.speech.echo_canceller import EchoCanceller, erle_db
from azsim.speech.features import SAMPLE_RATE_HZ
from azsim.speech.rooms import draw_room, reverberate

WARM_UP_S = 3
"""Of music before the utterance, which the canceller has learnt from; `assumed`."""
_ROOM_STREAM = 3


def with_echo_canceller(device: Device, choice: EchoChoice) -> Device:
    """The device with the canceller that the experiment asks for, or without one."""
    return replace(device, audio=replace(device.audio, echo_tail_ms=choice.tail_ms if choice.cancel else 0))


class EchoInMicrophone:
    """A `Microphone`: recordings in the order of the comparison, each with its stretch of the music.

    Args:
        choice: level and canceller.
        track: what plays.
        path: its file.
        audio: ring and rate of the device.
        seed: of the experiment; the room is drawn from it, and with the number of the recording the music's position.
        before: what else the microphone hears, mixed in first.

    Attributes:
        erle_db: how far the canceller brought the echo down, one per recording in order; empty without a canceller.
    """

    def __init__(
        self,
        choice: EchoChoice,
        track: MusicTrack,
        path: Path,
        audio: AudioSpec,
        seed: int,
        before: Microphone | None = None,
    ) -> None:
        self._choice = choice
        self._track = track
        self._sound = decode_music(path, SAMPLE_RATE_HZ)
        self._room = draw_room(np.random.default_rng([seed, _ROOM_STREAM]))
        self._audio = audio
        self._seed = seed
        self._before = before
        self._canceller = EchoCanceller(choice.tail_ms) if choice.cancel else None
        self._heard = 0
        self.erle_db: list[float] = []

    def __call__(self, samples: np.ndarray, name: str, columns: dict[str, str]) -> np.ndarray:
        """What the front end gets of one recording.

        Raises:
            InputError: the manifest's bounds of its speech are not times within it.
        """
        begin = sample_of(name, columns, "speech_start_ms", 0, len(samples) - 1)
        finish = max(sample_of(name, columns, "speech_end_ms", len(samples), len(samples)), begin + 1)
        near = samples if self._before is None else self._before(samples, name, columns)
        loudspeaker = self._played(WARM_UP_S * SAMPLE_RATE_HZ + len(samples))
        echo = reverberate(loudspeaker, self._room)
        warm = len(echo) - len(samples)
        speech_power, echo_power = (float(np.mean(part[begin:finish] ** 2)) for part in (samples, echo[warm:]))
        volume = np.sqrt(speech_power / max(echo_power, 1e-12)) * 10 ** (self._choice.level_db / 20)
        echo *= np.float32(volume)
        heard = echo.copy()
        heard[warm:] += near
        if self._canceller is not None:
            heard = self._canceller.cancel(heard, loudspeaker * np.float32(volume))
            self.erle_db.append(erle_db(echo[warm:], heard[warm:] - near))
        return heard[warm:] * np.float32(min(1.0, FULL_SCALE / float(np.abs(heard[warm:]).max(initial=FULL_SCALE))))

    def _played(self, count: int) -> np.ndarray:
        """The loudspeaker's last ``count`` samples up to the end of the next recording; the track starts over."""
        rng = np.random.default_rng([self._seed + self._heard, 0])
        self._heard += 1
        start_s = music_start(self._track, self._audio, rng).played_s(self._track, self._audio) - WARM_UP_S
        return self._sound[(round(start_s * SAMPLE_RATE_HZ) + np.arange(count)) % len(self._sound)]
