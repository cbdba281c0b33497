"""# The wake word: how often it is missed, and how often something else is taken for it

    AZSIM_DATA=... python -m experiments.wake --out reports/wake

(`--only NAME` measures one detector and keeps what was measured of the others.)

The detector that travels with azsim (`models/wake-word`), in the integers that the chip computes, at the threshold
that its training chose on voices that it had not heard. Words are those of held-out voices (three voices in ten of the
recordings of the word), alone and in noise; a word counts as heard if the detector fires from its beginning to 600 ms
after its end, both estimated from its energy. False accepts are counted in sound without the word: read books, orders,
another word, the shipped test speech, a kitchen and music, of which no training and no threshold heard anything. Where
nothing was counted, a rate can only be bounded: the bound is what 95 of 100 such measurements would stay below at that
rate. Hours are few; so the bounds are loose, and that is said by them.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from msgspec import convert

from azsim.errors import InputError
from azsim.report.page import write_page
from azsim.resources import data_folder
from azsim.speech.conversation.openers import shipped_detector
from azsim.speech.features import log_mel
from azsim.speech.room_tone import room_tone
from azsim.speech.wake_detector import WakeDetector
from azsim.train.command import exit_status
from experiments.options import options_of
from experiments.studies.cells import write_csv
from experiments.wake.peers import Detector, peers
from experiments.wake.recordings import LEAD_MS, mixed, noises, without, words

SNRS_DB = (20, 10, 5, 0, -5)
SEED = 11
LATEST_MS = 600
OWN = "azsim"
PEER_CONDITIONS = ("quiet", "kitchen, 10 dB", "kitchen, 0 dB")
PEER_SOUNDS = ("read books", "orders", "another word")
"""In which the detectors of others are measured: one of them takes half as long as the sound lasts."""
ROOM_FRAMES = 60


@dataclass(frozen=True)
class DetectionOutcome:
    """The word under one condition: how many there are, how many were heard, and how late at the median."""

    detector: str
    condition: str
    words: int
    heard: int
    delay_p50_ms: float | None

    @property
    def missed_percent(self) -> float:
        """Of all."""
        return 100 * (1 - self.heard / self.words)


@dataclass(frozen=True)
class FalseAccepts:
    """In one kind of sound without the word."""

    detector: str
    sound: str
    hours: float
    accepts: int

    @property
    def per_hour(self) -> float:
        """As counted."""
        return self.accepts / self.hours

    @property
    def bound_per_hour(self) -> float:
        """Rate at which so few would be counted in one of twenty measurements."""
        return upper_bound(self.accepts) / self.hours


def upper_bound(count: int, confidence: float = 0.95) -> float:
    """Of the mean of a Poisson variable that came out as ``count``: exact, one-sided."""
    low, high = 0.0, count + 10 * math.sqrt(count + 1) + 10
    for _ in range(80):
        mean = (low + high) / 2
        term = total = math.exp(-mean)
        for k in range(1, count + 1):
            term *= mean / k
            total += term
        low, high = (mean, high) if total > 1 - confidence else (low, mean)
    return high


def own(sound: np.ndarray) -> list[int]:
    """The shipped detector over a sound and the room after it."""
    laid, limits = shipped_detector()
    frames = log_mel(sound)
    heard = WakeDetector(*laid, limits).feed(np.concatenate([frames, room_tone(frames, ROOM_FRAMES)]))
    return [wake.time_ms for wake in heard]


def heard_words(
    name: str, detector: Detector, condition: str, said: Sequence[tuple[np.ndarray, int]]
) -> DetectionOutcome:
    """The detector over words, each with its end."""
    delays = []
    for sound, end_ms in said:
        in_time = [time_ms - end_ms for time_ms in detector(sound) if LEAD_MS <= time_ms <= end_ms + LATEST_MS]
        delays += in_time[:1]
    return DetectionOutcome(name, condition, len(said), len(delays), float(np.median(delays)) if delays else None)


def measure(data: Path, name: str, detector: Detector) -> tuple[list[DetectionOutcome], list[FalseAccepts]]:
    """One detector, over all words and sounds, or over those that are measured of others."""
    rows, said = [heard_words(name, detector, "quiet", words(data))], words(data)
    for background, noise in noises(data).items():
        for snr_db in SNRS_DB:
            condition, rng = f"{background}, {snr_db} dB", np.random.default_rng([SEED, snr_db + 100])
            noisy = [(mixed(sound, noise, snr_db, rng), end_ms) for sound, end_ms in said]
            if name == OWN or condition in PEER_CONDITIONS:
                rows.append(heard_words(name, detector, condition, noisy))
    counts: dict[str, tuple[float, int]] = {}
    for kind, sound in without(data):
        if name == OWN or kind.startswith(PEER_SOUNDS):
            hours, accepts = counts.get(kind, (0.0, 0))
            counts[kind] = hours + len(sound) / 16_000 / 3600, accepts + len(detector(sound))
    people = [counted for kind, counted in counts.items() if kind.startswith(PEER_SOUNDS)]
    counts["all people"] = sum(hours for hours, _ in people), sum(accepts for _, accepts in people)
    if name == OWN:
        every = [counted for kind, counted in counts.items() if kind != "all people"]
        counts["all"] = sum(hours for hours, _ in every), sum(accepts for _, accepts in every)
    return rows, [FalseAccepts(name, kind, *counted) for kind, counted in counts.items()]


def _before(path: Path, row_type: type, but: Sequence[str]) -> list:
    """Rows that an earlier run wrote, but those of some detectors."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["detector"] not in but]
    return [convert({key: value or None for key, value in row.items()}, row_type, strict=False) for row in rows]


def run(options: argparse.Namespace) -> None:
    """Measure and write."""
    data = data_folder("wakeword/, speakers/, barista/, noise/")
    detectors: dict[str, Detector] = {OWN: own, **peers()}
    chosen = [options.only] if options.only else list(detectors)
    if chosen[0] not in detectors:
        raise InputError(f"--only {options.only}: must be one of {', '.join(detectors)}")
    rows = _before(options.out / "missed.csv", DetectionOutcome, chosen)
    found = _before(options.out / "false_accepts.csv", FalseAccepts, chosen)
    for name in chosen:
        of_words, of_sounds = measure(data, name, detectors[name])
        rows, found = rows + of_words, found + of_sounds
    order = list(detectors)
    rows.sort(key=lambda row: order.index(row.detector))
    found.sort(key=lambda row: order.index(row.detector))
    options.out.mkdir(parents=True, exist_ok=True)
    write_csv(rows, options.out / "missed.csv")
    write_csv(found, options.out / "false_accepts.csv")
    write_page(options.out, "\n\n".join([__doc__.strip(), *_tables(rows, found), _about()]) + "\n")


def _tables(rows: Sequence[DetectionOutcome], found: Sequence[FalseAccepts]) -> list[str]:
    names = list(dict.fromkeys(row.detector for row in rows))
    conditions = list(dict.fromkeys(row.condition for row in rows))
    of = {(row.detector, row.condition): row for row in rows}
    head = f"| {rows[0].words} words | " + " | ".join(f"{name}, missed %" for name in names) + " |"
    lines = [head, "|:--|" + "--:|" * len(names)]
    lines += [
        f"| {each} | " + " | ".join(_missed(of.get((name, each))) for name in names) + " |" for each in conditions
    ]
    quiet = [f"{name} {of[name, 'quiet'].delay_p50_ms:.0f} ms" for name in names if of[name, "quiet"].heard]
    kinds = list(dict.fromkeys(each.sound for each in found))
    counted = {(each.detector, each.sound): each for each in found}
    more = ["| without the word | hours | " + " | ".join(f"{name}, accepts (at most an hour)" for name in names) + " |"]
    more.append("|:--|--:|" + "--:|" * len(names))
    for kind in kinds:
        own_cells = [counted.get((name, kind)) for name in names]
        hours = next(each.hours for each in own_cells if each)
        more.append(f"| {kind} | {hours:.3f} | " + " | ".join(_accepts(each) for each in own_cells) + " |")
    delays = f"From the word's end until it is known, at the median, in the quiet: {', '.join(quiet)}."
    return ["\n".join(lines), delays, "\n".join(more)]


def _missed(row: DetectionOutcome | None) -> str:
    return "" if row is None else f"{row.missed_percent:.1f}"


def _accepts(row: FalseAccepts | None) -> str:
    return "" if row is None else f"{row.accepts} (≤ {row.bound_per_hour:.1f})"


def _about() -> str:
    (_, integers), limits = shipped_detector()
    weights = sum(weights.values.size for weights in integers.weights.values())
    return (
        f"The detector has {weights:,} weights in int8 and reads a step of 30 ms at a time: "
        f"{weights * 1000 / 30 / 1e6:.2f} million products a second. Its threshold is {limits.threshold:g}."
    )


def main() -> int:
    """The command; its exit status."""
    parser = options_of(__package__, __doc__)
    parser.add_argument("--only", metavar="NAME", help="measure this detector alone")
    parser.add_argument("--out", type=Path, default=Path("runs/wake"))
    arguments = parser.parse_args()
    return exit_status(lambda: run(arguments))


if __name__ == "__main__":
    sys.exit(main())
