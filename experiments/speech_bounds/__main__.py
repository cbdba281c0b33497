"""How far the estimated end of speech is from the true one, over the shipped recordings in quiet, noise and music.

    python -m experiments.speech_bounds [--out reports/speech_bounds]

The shipped recordings know when their speech ends. Each is heard as it is, with made noise, with the shipped track and
with other voices at 20, 10 and 5 dB below the speech, cut at its end of speech, and with digital zeros around it.
"""

from __future__ import annotations

import csv
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from azsim.report.page import write_page
from azsim.report.percentiles import percentile
from azsim.resources import shipped
from azsim.soc.music import decode_music
from azsim.speech.audio import read_audio
from azsim.speech.bounds import estimate_bounds
from azsim.speech.features import SAMPLE_RATE_HZ, log_mel
from azsim.speech.noise import MAKERS, babble, cut, mixed, unit_rms
from azsim.train.command import exit_status
from experiments.options import options_of

COMMAND = "python -m experiments.speech_bounds --out reports/speech_bounds"
PER_MS = SAMPLE_RATE_HZ // 1000
STEADY = ("white", "pink", "brown", "hum", "fan", "road")
SNRS_DB = (20, 10, 5)
EVERY = 2
"""Of the recordings without noise, those to which something is added."""
ZEROS_MS = 2_000
PAGE = """# The estimated end of speech

Made by `{command}`.

The shipped recordings know when their speech ends: within 40 dB of its loudest 10 ms, before room and noise. The
estimate (`azsim.speech.bounds`) is compared with that. *Known* is the share of recordings whose end it tells; in the
others it says that the end is unknown. The other columns are over the known ones: how many are within so many
milliseconds, the median of estimate less truth, and the 95th percentile of its size. SNR is of the speech from its
start to its end.

{table}

In noise the weak end of a last sound is hidden, so the estimate comes early; a room's decay makes it late. Clatter as
loud as speech is taken for it where it is not recognised as a lively background. A recording trimmed to its speech has
no background to compare with, so its end is unknown.
"""


@dataclass(frozen=True)
class ShippedRecording:
    """A shipped recording and what its manifest says of it."""

    name: str
    sound: np.ndarray
    start_ms: int
    end_ms: int
    noise: str
    room: str

    def with_noise(self, sound: np.ndarray, snr_db: float) -> np.ndarray:
        """The recording with ``sound`` so far below its speech."""
        return mixed(self.sound, sound, snr_db, PER_MS * self.start_ms, PER_MS * self.end_ms).astype(np.float32)

    def rng(self, kind: str, snr_db: int) -> np.random.Generator:
        """What is added depends on the recording, its kind and its level alone."""
        return np.random.default_rng([snr_db, zlib.crc32(f"{kind}{self.name}".encode())])


def recordings() -> list[ShippedRecording]:
    """All that are shipped."""
    manifest = shipped("experiments", "speech/manifest.csv")
    with open(manifest, newline="", encoding="utf-8") as stream:
        return [
            ShippedRecording(
                row["file"],
                read_audio(manifest.parent / row["file"]).samples,
                int(row["speech_start_ms"]),
                int(row["speech_end_ms"]),
                row["noise"],
                row["room"],
            )
            for row in csv.DictReader(stream)
        ]


def conditions(shipped_ones: list[ShippedRecording]) -> Iterator[tuple[str, list[tuple[np.ndarray, int]]]]:
    """Name of each condition, and its sounds with their true ends."""
    quiet = [one for one in shipped_ones if one.noise == "none"]

    def as_shipped(kept: list[ShippedRecording]) -> list[tuple[np.ndarray, int]]:
        return [(one.sound, one.end_ms) for one in kept]

    yield "as shipped, quiet", as_shipped([one for one in quiet if one.room == "none"])
    yield "as shipped, quiet, in a room", as_shipped([one for one in quiet if one.room != "none"])
    lively = ("music", "babble")
    yield (
        "as shipped, noise",
        as_shipped([o for o in shipped_ones if o.noise != "none" and not o.noise.startswith(lively)]),
    )
    yield "as shipped, music", as_shipped([one for one in shipped_ones if one.noise.startswith("music")])
    some = quiet[::EVERY]
    track = decode_music(shipped("experiments", "music/track.ogg"), SAMPLE_RATE_HZ)
    voices = [one.sound[PER_MS * one.start_ms : PER_MS * one.end_ms] for one in quiet]
    for snr_db in SNRS_DB:
        yield (
            f"steady noise, {snr_db} dB",
            [
                (one.with_noise(MAKERS[k](one.rng(k, snr_db), len(one.sound)), snr_db), one.end_ms)
                for k in STEADY
                for one in some
            ],
        )
    for snr_db in SNRS_DB:
        yield (
            f"the shipped track, {snr_db} dB",
            [
                (one.with_noise(unit_rms(cut(one.rng("music", snr_db), track, len(one.sound))), snr_db), one.end_ms)
                for one in some
            ],
        )
    for snr_db in SNRS_DB:
        heard = [(one, babble(one.rng("babble", snr_db), len(one.sound), voices)) for one in some]
        yield f"other voices, {snr_db} dB", [(one.with_noise(sound, snr_db), one.end_ms) for one, sound in heard]
    for snr_db in SNRS_DB:
        heard = [(one, MAKERS["clatter"](one.rng("clatter", snr_db), len(one.sound))) for one in some]
        yield f"clatter, {snr_db} dB", [(one.with_noise(sound, snr_db), one.end_ms) for one, sound in heard]
    yield "cut at the end of speech", [(one.sound[: PER_MS * one.end_ms], one.end_ms) for one in some]
    speech = [(one.sound[PER_MS * one.start_ms : PER_MS * one.end_ms], one.end_ms - one.start_ms) for one in some]
    yield "trimmed to the speech", speech
    zeros = np.zeros(PER_MS * ZEROS_MS, np.float32)
    around = [(np.concatenate([zeros, one.sound, zeros]), one.end_ms + ZEROS_MS) for one in some]
    yield "digital zeros around", around


def line(name: str, heard: list[tuple[np.ndarray, int]]) -> str:
    """A row of the table."""
    found = [(estimate_bounds(log_mel(sound)).end_ms, end_ms) for sound, end_ms in heard]
    off = np.array([end_ms - true_ms for end_ms, true_ms in found if end_ms is not None], np.float64)
    known = f"| {name} | {len(found)} | {100 * len(off) / len(found):.0f} |"
    if not len(off):
        return f"{known} – | – | – | – |"
    within = " | ".join(f"{100 * np.mean(np.abs(off) <= most):.0f}" for most in (50, 100))
    return f"{known} {within} | {np.median(off):+.0f} | {percentile(np.abs(off), 95):.0f} |"


def run(out: Path) -> None:
    """Measure, and write ``README.md``."""
    head = "| condition | n | known, % | within 50 ms, % | 100 ms, % | median, ms | 95 % off by, ms |"
    lines = [head, "|---|--:|--:|--:|--:|--:|--:|", *(line(*one) for one in conditions(recordings()))]
    write_page(out, PAGE.format(command=COMMAND, table="\n".join(lines)))
    print((out / "README.md").read_text(encoding="utf-8"))


def main() -> int:
    """The command; its exit status."""
    parser = options_of(__package__, __doc__)
    parser.add_argument("--out", type=Path, default=Path("runs") / "speech_bounds")
    options = parser.parse_args()
    return exit_status(lambda: run(options.out))


if __name__ == "__main__":
    raise SystemExit(main())
