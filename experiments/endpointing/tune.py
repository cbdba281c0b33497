"""Choose the limits of both decisions on people and voices that are held out of training.

    azsim train voice_activity/fold0 --corpus CORPUS        (and fold1, fold2, fold3, all; sentence_end)
    AZSIM_DATA=... python -m experiments.endpointing.tune --corpus CORPUS --runs runs/train --out reports/endpointing

Each fourth of the training speakers, of the folds whose networks are there, is heard with a network of voice activity
that did not learn from them (`azsim train voice_activity/fold0` to `fold3`; `sentence_end` learned from no person), the
synthetic speech that is held out (`corpus eval`) with those that are shipped. Recordings of dev and test are not read.
The recogniser itself learned from most of the training speakers, so that its labels may come earlier than those of
strangers do.

Final decisions are kept that cut no more than SLACK_PERCENT beyond the least that is possible with a median wait of at
most MOST_WAIT_MS and a 90th percentile of MOST_LATE_MS on either set; of those whose medians are the same to a step,
the one that cuts least, then the one whose slowest tenth waits least. Chosen is, of them and
of all speculative ones with at most MOST_RESET_PERCENT resets and a median wait of MOST_TOLD_MS on either set, the pair
whose median lead is nearest to 200 ms; a percent of resets weighs as much as RESET_MS of it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import msgspec
import numpy as np

from azsim.compress import compress
from azsim.compress.stored import load_recogniser
from azsim.errors import InputError
from azsim.report.percentiles import percentile
from azsim.report.wer import count_errors, wer_percent
from azsim.resources import data_folder
from azsim.speech.endpointing.decision import EndPointing, Limits
from azsim.speech.features import STEP_MS
from azsim.speech.search.choice import SearchChoice
from azsim.train.command import CORPUS, exit_status
from experiments.endpointing.networks import networks_of
from experiments.endpointing.recordings import held_out_synthetic, orders
from experiments.endpointing.rules import TrackArrays
from experiments.endpointing.tracks import Track, listener_of, track_of
from experiments.options import options_of
from experiments.studies.cells import write_csv

MOST_WAIT_MS, MOST_TOLD_MS, MOST_RESET_PERCENT = 385, 200, 8.0
"""Below or at what is aimed at (400, 200 and 10), since strangers' orders will be other orders."""
MOST_LATE_MS, SLACK_PERCENT, RESET_MS = 600, 0.5, 4.0
LEAD_MS = 200
FOLDS, FINAL = 4, "final.safetensors"
PAUSES_MS, QUIETS_MS = (180, 240, 300, 360), (150, 180, 210, 240, 270, 300, 330, 360)
ENDED, SENTENCE = (0.0, 0.2, 0.35, 0.5, 0.7), (0.0, 0.02, 0.1)
LONGEST_QUIET_MS, LONGEST_PAUSE_MS = (600, 900, 1200), (2_000, 3_000, 4_000)
SPECULATIVE_PAUSES_MS, SPECULATIVE_QUIETS_MS = (0, 60, 120, 180), (30, 60, 90, 120, 150, 180)
SPECULATIVE_ENDED, SPECULATIVE_SENTENCE = (0.0, 0.1, 0.2, 0.35, 0.5), (0.0, 0.02, 0.05, 0.1)


@dataclass(frozen=True)
class Tried:
    """One choice of limits over one set."""

    decision: str
    speech: str
    recordings: int
    pause_ms: int
    quiet_ms: int
    ended: float
    sentence_end: float
    longest_quiet_ms: int
    longest_pause_ms: int
    median_ms: float
    p90_ms: float
    wrong_percent: float
    lead_ms: float | None = None
    loss_points: float | None = None


class TrackSet:
    """The tracks of a set."""

    def __init__(self, name: str, tracks: Sequence[Track], speech_above: float) -> None:
        self.name, self._grid, self._tracks = name, TrackArrays(tracks, speech_above), tracks
        self._rows = np.arange(len(tracks))

    def final(self, limits: EndPointing) -> np.ndarray:
        """Steps at which the final decision falls."""
        return self._grid.final(limits)

    def speculative(self, limits: EndPointing) -> np.ndarray:
        """Steps of the first speculative decision."""
        return self._grid.speculative(limits)

    def waits_ms(self, steps: np.ndarray) -> np.ndarray:
        """From the true end of speech."""
        return self._grid.waits_ms[self._rows, steps]

    def cut_percent(self, steps: np.ndarray) -> float:
        """Recordings whose words then are not those of the whole."""
        return 100 * float(np.mean(self._grid.texts[self._rows, steps] != self._grid.whole))

    def reset_percent(self, told: np.ndarray, final: np.ndarray) -> float:
        """Recordings whose words became others between two steps."""
        return 100 * float(np.mean(self._grid.are_reset(told, final)))

    def loss_points(self, steps: np.ndarray) -> float:
        """Word error rate of the words then, less that of the whole recordings', in points."""
        said = [track.recording.reference for track in self._tracks]
        delivered = [track.delivered(min(step, track.steps - 1)) for track, step in zip(self._tracks, steps.tolist())]
        whole = [track.whole for track in self._tracks]
        return (wer_percent(count_errors(said, delivered)) or 0.0) - (wer_percent(count_errors(said, whole)) or 0.0)


def tried(held: Sequence[TrackSet], decision: str, limits: EndPointing, finals: Sequence[np.ndarray]) -> list[Tried]:
    """A choice over every set; ``finals``: steps of the final decision."""
    own = limits.final if decision == "final" else limits.speculative
    rows = []
    for one, final in zip(held, finals, strict=True):
        steps = final if decision == "final" else one.speculative(limits)
        waits = one.waits_ms(steps)
        wrong = one.cut_percent(steps) if decision == "final" else one.reset_percent(steps, final)
        longest = limits.longest_quiet_ms, limits.longest_pause_ms
        sizes = (own.pause_ms, own.quiet_ms, own.ended, own.sentence_end, *longest)
        lead = None if decision == "final" else float(np.median(one.waits_ms(final) - waits))
        middle, late = percentile(waits, 50), percentile(waits, 90)
        rows.append(Tried(decision, one.name, len(steps), *sizes, middle, late, wrong, lead))
    return rows


def final_choices() -> Iterator[EndPointing]:
    """All limits of the final decision that are tried."""
    for *sizes, quiet_ms, pause_ms in product(
        PAUSES_MS, QUIETS_MS, ENDED, SENTENCE, LONGEST_QUIET_MS, LONGEST_PAUSE_MS
    ):
        limits = Limits(*sizes)
        if limits.ended or limits.sentence_end or quiet_ms == LONGEST_QUIET_MS[-1]:
            yield EndPointing(limits, limits, longest_quiet_ms=quiet_ms, longest_pause_ms=pause_ms)


def speculative_choices(final: EndPointing) -> Iterator[EndPointing]:
    """All limits of the speculative decision that are tried before a final one."""
    tried_ones = product(SPECULATIVE_PAUSES_MS, SPECULATIVE_QUIETS_MS, SPECULATIVE_ENDED, SPECULATIVE_SENTENCE)
    for sizes in tried_ones:
        yield msgspec.structs.replace(final, speculative=Limits(*sizes))


def choose_finals(held: Sequence[TrackSet]) -> tuple[list[EndPointing], list[Tried]]:
    """The final decisions that are kept, and the rows of all choices.

    Raises:
        InputError: none is as early as is asked for.
    """
    rows: list[Tried] = []
    early: list[tuple[float, float, tuple[float, ...], EndPointing]] = []
    for limits in final_choices():
        found = tried(held, "final", limits, [one.final(limits) for one in held])
        rows += found
        if all(row.median_ms <= MOST_WAIT_MS and row.p90_ms <= MOST_LATE_MS for row in found):
            cut, late = sum(row.wrong_percent for row in found), sum(row.p90_ms for row in found)
            early.append((cut, late, tuple(row.median_ms // STEP_MS for row in found), limits))
    if not early:
        raise InputError(f"no limits wait at most {MOST_WAIT_MS} ms at the median")
    least = min(cut for cut, *_ in early)
    kept: dict[tuple[float, ...], EndPointing] = {}
    for cut, _, medians, limits in sorted(early, key=lambda each: each[:2]):
        if cut <= least + SLACK_PERCENT:
            kept.setdefault(medians, limits)
    return list(kept.values()), rows


def choose_speculative(held: Sequence[TrackSet], finals: Sequence[EndPointing]) -> tuple[EndPointing, list[Tried]]:
    """The best pair, and the rows of all speculative choices before its final one.

    Raises:
        InputError: none is taken back as seldom, and early enough, as is asked for.
    """
    best: tuple[float, EndPointing] | None = None
    chosen_rows: list[Tried] = []
    for final in finals:
        steps = [one.final(final) for one in held]
        rows: list[Tried] = []
        nearest: tuple[float, EndPointing] | None = None
        for limits in speculative_choices(final):
            found = tried(held, "speculative", limits, steps)
            rows += found
            if all(row.wrong_percent <= MOST_RESET_PERCENT and row.median_ms <= MOST_TOLD_MS for row in found):
                away = [abs((row.lead_ms or 0.0) - LEAD_MS) + RESET_MS * row.wrong_percent for row in found]
                if nearest is None or sum(away) < nearest[0]:
                    nearest = sum(away), limits
        if nearest is not None and (best is None or nearest[0] < best[0]):
            best, chosen_rows = nearest, rows
    if best is None:
        raise InputError(f"no limits are taken back in at most {MOST_RESET_PERCENT} percent")
    return best[1], chosen_rows


def frontier(rows: Sequence[Tried]) -> list[Tried]:
    """Of each decision and set, those that no other beats in both the median wait and the share of wrong ones."""
    kept: list[Tried] = []
    for decision, speech in dict.fromkeys((row.decision, row.speech) for row in rows):
        own = [row for row in rows if (row.decision, row.speech) == (decision, speech)]
        least = float("inf")
        for row in sorted(own, key=lambda row: (row.median_ms, row.wrong_percent)):
            if row.wrong_percent < least:
                kept.append(row)
                least = row.wrong_percent
    return kept


def heard(options: argparse.Namespace) -> list[TrackSet]:
    """The tracks of both sets."""
    data = data_folder("barista/")
    small = compress(load_recogniser(options.model), codec="raw")
    people: list[Track] = []
    folds = [fold for fold in range(FOLDS) if (options.runs / f"voice_activity/fold{fold}" / FINAL).is_file()]
    if not folds:
        raise InputError(f"{options.runs}: holds no voice_activity/fold0; azsim train voice_activity/fold0 makes it")
    for fold in folds:
        recogniser = listener_of(small, SearchChoice(), networks_of(options.runs, f"fold{fold}"))
        people += [track_of(each, recogniser) for each in orders(data, "train", fold)]
    recogniser = listener_of(small, SearchChoice(), networks_of(options.runs))
    synthetic = [track_of(each, recogniser) for each in held_out_synthetic(options.corpus.expanduser())]
    above = EndPointing().speech_above
    return [TrackSet("people", people, above), TrackSet("synthetic", synthetic, above)]


def choose(held: Sequence[TrackSet], out: Path) -> EndPointing:
    """Choose, print the chosen limits as they stand in an experiment file, write what was tried."""
    finals_kept, rows = choose_finals(held)
    chosen, more = choose_speculative(held, finals_kept)
    finals = [one.final(chosen) for one in held]
    losses = [one.loss_points(steps) for one, steps in zip(held, finals, strict=True)]
    own = [replace(row, loss_points=loss) for row, loss in zip(tried(held, "final", chosen, finals), losses)]
    own += tried(held, "speculative", chosen, finals)
    out.mkdir(parents=True, exist_ok=True)
    write_csv(own, out / "chosen.csv")
    write_csv(frontier([*rows, *more]), out / "tuning.csv")
    for decision in ("speculative", "final"):
        print(decision, msgspec.json.encode(getattr(chosen, decision)).decode())
    print("longest_quiet_ms", chosen.longest_quiet_ms, "longest_pause_ms", chosen.longest_pause_ms)
    for row in own:
        print(row)
    return chosen


def main() -> int:
    """The command; its exit status."""
    parser = options_of("experiments.endpointing.tune", __doc__)
    parser.add_argument("--corpus", type=Path, default=CORPUS)
    parser.add_argument("--runs", type=Path, default=Path("runs/train"))
    parser.add_argument("--model", default="rnnt-student")
    parser.add_argument("--out", type=Path, default=Path("runs/endpointing"))
    options = parser.parse_args()
    return exit_status(lambda: print(msgspec.json.encode(choose(heard(options), options.out)).decode()))


if __name__ == "__main__":
    sys.exit(main())
