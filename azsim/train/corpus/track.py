"""The music track that travels with azsim: composed, then encoded by ffmpeg."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import soundfile

from azsim.errors import InputError, WorkError
from azsim.train.corpus.music import compose

TRACK_S = 30.0
TRACK_RATE_HZ = 48_000
BIT_RATE = "128k"
ENCODERS = {".ogg": "libvorbis", ".mp3": "libmp3lame"}


def write_track(out: Path, seed: int) -> None:
    """Write a 30 s stereo track at 48 kHz and 128 kb/s, as Vorbis or MP3 by the file's ending.

    Raises:
        InputError: the ending is not known.
        WorkError: ffmpeg is missing or failed.
    """
    if out.suffix not in ENCODERS:
        raise InputError(f"{out}: ending {out.suffix!r} is not one of {', '.join(ENCODERS)}")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="azsim-track-", dir=out.parent) as folder:
        plain, encoded = Path(folder) / "track.wav", Path(folder) / out.name
        soundfile.write(plain, compose(seed, TRACK_S, TRACK_RATE_HZ), TRACK_RATE_HZ, "PCM_16")
        quiet = ["-hide_banner", "-loglevel", "error", "-fflags", "+bitexact", "-flags", "+bitexact"]
        rate = ["-b:a", BIT_RATE, "-minrate", BIT_RATE, "-maxrate", BIT_RATE]
        encode = ["-c:a", ENCODERS[out.suffix], *rate, "-map_metadata", "-1"]
        try:
            subprocess.run(["ffmpeg", "-i", plain, *quiet, *encode, encoded], check=True, capture_output=True)
        except FileNotFoundError as error:
            raise WorkError("ffmpeg is not installed; it encodes the track") from error
        except subprocess.CalledProcessError as error:
            raise WorkError(f"{out}: ffmpeg failed: {error.stderr.decode().strip().splitlines()[-1]}") from error
        os.replace(encoded, out)
