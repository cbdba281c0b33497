"""# How far features move with loudness and with the time before the speech

    AZSIM_DATA=... python -m experiments.level --out reports/level

Training recordings of people, each at its own level after half a second, and then quieter (in a room tone of -75 dBFS)
or after another time. Shown is how far the features of the very same speech move, root mean square in standard
deviations of the feature: 0 is a front end that does not notice, 1.4 one to which it is other speech. Recordings of dev
and test are not read. By this, and before any training, the rates and the depth of `azsim.nn.normalisation` were
chosen: the slower the level falls the less it hears of pauses, and the more depth is left the more it hears of the
noise that quiet speech lies in.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from azsim.nn.normalisation import DEPTH_NATS, FALL_SHIFT, RISE_SHIFT, RunningLevel
from azsim.report.page import write_page
from azsim.resources import data_folder
from azsim.speech.features import log_mel
from azsim.train.command import exit_status
from azsim.train.corpus.protocol import ENDPOINT_TONE_DBFS, QUIET_TONE_DBFS, room_tone
from azsim.train.corpus.recordings import estimate_bounds_ms, read_sound
from experiments.options import options_of
from experiments.studies.cells import write_csv

Front = Callable[[np.ndarray], np.ndarray]

SEED = 5
USUAL_LEAD_MS = 500
CHANGES = {
    "20 dB quieter": (-20.0, 500),
    "30 dB quieter": (-30.0, 500),
    "40 dB quieter": (-40.0, 500),
    "50 ms before": (0.0, 50),
    "3 s before": (0.0, 3000),
    "30 dB quieter, 50 ms before": (-30.0, 50),
}


def levelled(rise: int, fall: int, depth: float) -> Front:
    """A running level of other rates and another depth."""
    return lambda frames: np.maximum(RunningLevel(rise, fall, 99.0)(frames), -depth)


def averaged(frames: np.ndarray) -> np.ndarray:
    """Less the mean of all frames so far, of 1.28 s at most."""
    mean, found = frames[0].copy(), np.empty_like(frames)
    for t, frame in enumerate(frames):
        mean += (frame - mean) * max(1 / (t + 1), 1 / 128)
        found[t] = frame - mean
    return found


FRONTS: dict[str, Front] = {
    "global statistics": lambda frames: frames,
    "mean of 1.28 s": averaged,
    **{
        f"level, rise 1/{2**rise}, fall 1/{2**fall}, depth {depth:g}": levelled(rise, fall, depth)
        for rise, fall, depth in (
            (RISE_SHIFT, FALL_SHIFT, DEPTH_NATS),
            (2, 9, 7.0), (3, 9, 7.0), (5, 9, 7.0), (6, 9, 7.0), (4, 8, 7.0), (4, 10, 7.0), (4, 9, 5.0), (4, 9, 10.0),
        )
    },
}  # fmt: skip


@dataclass(frozen=True)
class FeatureShift:
    """How far one front end's features move under one change."""

    front_end: str
    change: str
    moved_deviations: float


def speech_of(sound: np.ndarray, gain_db: float, lead_ms: int, front: Front, rng: np.random.Generator) -> np.ndarray:
    """Features of the speech alone, after so much time, at such a level."""
    begin, end = (ms * 16 for ms in estimate_bounds_ms(sound))
    lead = lead_ms * 16
    before = room_tone(max(0, lead - begin), ENDPOINT_TONE_DBFS, rng)
    whole = np.concatenate([before, sound[max(0, begin - lead) : end]]) * 10 ** (gain_db / 20)
    whole = (whole + room_tone(len(whole), QUIET_TONE_DBFS, rng)).astype(np.float32)
    return front(log_mel(whole))[lead // 160 : (lead + end - begin) // 160]


def measure(sounds: list[np.ndarray]) -> list[FeatureShift]:
    """Every front end under every change."""
    rows = []
    for name, front in FRONTS.items():
        rng = np.random.default_rng(SEED)
        usual = [speech_of(sound, 0.0, USUAL_LEAD_MS, front, rng) for sound in sounds]
        deviation = np.concatenate(usual).std(0)
        for change, (gain_db, lead_ms) in CHANGES.items():
            moved = []
            for sound, before in zip(sounds, usual, strict=True):
                after = speech_of(sound, gain_db, lead_ms, front, rng)
                shared = min(len(before), len(after))
                moved.append(np.mean(np.square((after[:shared] - before[:shared]) / deviation)))
            rows.append(FeatureShift(name, change, float(np.sqrt(np.mean(moved)))))
    return rows


def run(options: argparse.Namespace) -> None:
    """Measure and write."""
    data = data_folder("barista/")
    folder = data / "barista"
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        files = [row["file"] for row in csv.DictReader(stream) if row["split"] == "train"]
    rows = measure([read_sound(folder / file) for file in files[:: max(1, len(files) // options.recordings)]])
    options.out.mkdir(parents=True, exist_ok=True)
    write_csv(rows, options.out / "level.csv")
    lines = [f"| front end | {' | '.join(CHANGES)} |", "|:--|" + "--:|" * len(CHANGES)]
    for name in FRONTS:
        own = [f"{row.moved_deviations:.2f}" for row in rows if row.front_end == name]
        lines.append(f"| {name} | {' | '.join(own)} |")
    of = f"{options.recordings} recordings; the third line is what networks have."
    write_page(options.out, f"{__doc__}\n" + "\n".join(lines) + f"\n\n{of}\n")


def main() -> int:
    """The command; its exit status."""
    parser = options_of(__package__, __doc__)
    parser.add_argument("--recordings", type=int, default=32)
    parser.add_argument("--out", type=Path, default=Path("runs/level"))
    options = parser.parse_args()
    return exit_status(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
