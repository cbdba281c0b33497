"""What the microphone hears where the device stands: each recording with the noise that the device file names.

::

    recording ──active level of its speech──> + noise, snr_db below it ──> no louder than full scale ──> front end
"""

from __future__ import annotations

import zlib

import numpy as np

from azsim.compare.speech_set import Microphone
from azsim.devices.spec import Device
from azsim.errors import InputError
from azsim.speech.features import SAMPLE_RATE_HZ
from azsim.speech.level import active_rms
from azsim.speech.noise import MAKERS, cut, unit_rms

FULL_SCALE = 0.99


def heard_in(device: Device, seed: int, recording: np.ndarray | None = None) -> Microphone | None:
    """How a device's surroundings change a recording; None if its file names none.

    The noise of a recording depends on the seed and the recording's name alone. Its level is set against the active
    level (`azsim.speech.level`) of the speech between ``speech_start_ms`` and ``speech_end_ms`` of the manifest, or of
    the whole recording without them; what comes back raises an InputError where those are no such times.

    Args:
        device: its description.
        seed: of the noise.
        recording: noise to take, from a random place on, in place of the made one; float32 mono at 16 kHz.
    """
    surroundings = device.surroundings
    if surroundings is None:
        return None

    def heard(samples: np.ndarray, name: str, columns: dict[str, str]) -> np.ndarray:
        rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
        if recording is None:
            sound = MAKERS[surroundings.noise](rng, len(samples))
        else:
            sound = unit_rms(cut(rng, recording, len(samples)))
        begin = sample_of(name, columns, "speech_start_ms", 0, len(samples) - 1)
        finish = sample_of(name, columns, "speech_end_ms", len(samples), len(samples))
        level = active_rms(samples[begin : max(finish, begin + 1)]) * 10 ** (-surroundings.snr_db / 20)
        noisy = samples + level * sound
        return (noisy * min(1.0, FULL_SCALE / float(np.abs(noisy).max(initial=FULL_SCALE)))).astype(np.float32)

    return heard


def sample_of(name: str, columns: dict[str, str], column: str, otherwise: int, most: int) -> int:
    """A time that the manifest gives in milliseconds, as a sample; ``otherwise`` if it gives none.

    Raises:
        InputError: it is no number from 0 to ``most`` samples.
    """
    given = columns.get(column, "").strip()
    try:
        sample = round(float(given) * SAMPLE_RATE_HZ / 1000) if given else otherwise
    except (ValueError, OverflowError):
        sample = -1
    if not 0 <= sample <= most:
        raise InputError(f"{name}: {column} = {given!r}: must be milliseconds within the recording")
    return sample
