"""Text to speech: espeak-ng, flite and Kokoro one by one, festival in batches.

festival takes 0.3 s to start, so all of its sentences of a batch go through one
process; espeak-ng and flite start in milliseconds, Kokoro stays loaded.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr

from azsim.errors import WorkError
from azsim.speech.features import SAMPLE_RATE_HZ
from azsim.train.corpus import kokoro
from azsim.train.corpus.voices import Voice

ESPEAK_RATE_HZ = 22_050
WAV_HEADER_BYTES = 44
PROGRAM_TIMEOUT_S = 60
FESTIVAL_BATCH_TIMEOUT_S = 1800

FESTIVAL_PROLOGUE = """(define (az_say voice stretch text out)
  (eval (list voice))
  (Parameter.set 'Duration_Stretch stretch)
  (set! az_utterance (utt.synth (eval (list 'Utterance 'Text text))))
  (utt.save.wave az_utterance out 'riff))
"""


class SynthesisError(WorkError):
    """A synthesis program is missing, failed, or gave no sound."""


def speak(requests: Sequence[tuple[Voice, str]]) -> list[np.ndarray]:
    """Speak each sentence with its voice.

    Returns:
        One mono float32 array at 16 kHz per request, resampled by the voice's ``warp``.

    Raises:
        SynthesisError: an engine is missing or failed.
    """
    sounds: list[np.ndarray | None] = [None] * len(requests)
    festival = [i for i, (voice, _) in enumerate(requests) if voice.engine == "festival"]
    with tempfile.TemporaryDirectory(prefix="azsim-tts-") as folder:
        if festival:
            _run_festival([requests[i] for i in festival], Path(folder))
        for position, i in enumerate(festival):
            samples, rate_hz = soundfile.read(Path(folder) / f"{position}.wav", dtype="float32")
            sounds[i] = _finish(samples, rate_hz, requests[i][0].warp)
        for i, (voice, text) in enumerate(requests):
            if voice.engine == "espeak":
                sounds[i] = _finish(_run_espeak(voice, text), ESPEAK_RATE_HZ, voice.warp)
            elif voice.engine == "flite":
                sounds[i] = _finish(*_run_flite(voice, text, Path(folder)), voice.warp)
            elif voice.engine == "kokoro":
                sounds[i] = _finish(kokoro.say(_phonemes(text), voice.name, voice.pace), kokoro.RATE_HZ, voice.warp)
    missing = [requests[i] for i, sound in enumerate(sounds) if sound is None or not np.any(sound)]
    if missing:
        raise SynthesisError(f"no sound from {missing[0][0].label} for {missing[0][1]!r}")
    return [sound for sound in sounds if sound is not None]


def _finish(samples: np.ndarray, rate_hz: int, warp: float) -> np.ndarray:
    resampled = soxr.resample(samples, rate_hz * warp, SAMPLE_RATE_HZ)
    return np.ascontiguousarray(resampled, np.float32)


def _run_espeak(voice: Voice, text: str) -> np.ndarray:
    command = ["espeak-ng", "-v", voice.name, "-s", f"{voice.pace:.0f}", "-p", f"{voice.pitch:.0f}", "--stdout", text]
    raw = _run(command, PROGRAM_TIMEOUT_S)[WAV_HEADER_BYTES:]
    return np.frombuffer(raw[: len(raw) // 2 * 2], "<i2").astype(np.float32) / 32768.0


def _phonemes(text: str) -> str:
    return _run(["espeak-ng", "-q", "--ipa", "-v", "en-us", text], PROGRAM_TIMEOUT_S).decode("utf-8")


def _run_flite(voice: Voice, text: str, folder: Path) -> tuple[np.ndarray, int]:
    out = folder / "flite.wav"
    settings = ["--setf", f"duration_stretch={voice.pace}", "--setf", f"int_f0_target_mean={voice.pitch}"]
    _run(["flite", "-voice", voice.name, *settings, "-t", text, "-o", str(out)], PROGRAM_TIMEOUT_S)
    return soundfile.read(out, dtype="float32")


def _run_festival(requests: Sequence[tuple[Voice, str]], folder: Path) -> None:
    order = sorted(range(len(requests)), key=lambda i: requests[i][0].name)
    lines = [FESTIVAL_PROLOGUE]
    for i in order:
        voice, text = requests[i]
        lines.append(f'(az_say \'voice_{voice.name} {voice.pace} "{text}" "{folder / str(i)}.wav")\n')
    script = folder / "batch.scm"
    script.write_text("".join(lines))
    _run(["festival", "-b", str(script)], FESTIVAL_BATCH_TIMEOUT_S)


def _run(command: list[str], timeout_s: float) -> bytes:
    try:
        done = subprocess.run(command, capture_output=True, check=True, timeout=timeout_s)
    except FileNotFoundError as error:
        raise SynthesisError(f"{command[0]} is not installed (Debian packages: espeak-ng flite festival)") from error
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise SynthesisError(f"{' '.join(command[:6])}: {error}") from error
    return done.stdout
