"""# Whispers: whether they are told from voices, and what the recogniser hears in them

    AZSIM_DATA=... python -m experiments.whisper --out reports/whisper

Nobody's real whispers are in the data. People whom no training heard (orders of the dev split, read sentences of
LibriSpeech's test-other) are made to whisper by WORLD: its envelope without any pitch, all of it breath. The detector
(`models/whisper`) learned from whispers by linear prediction and by espeak-ng alone; so this way to whisper is new to
it, and the way that it knows stands beside it. A recording is a whisper if the mean posterior of its steps with speech
is at least the threshold that training chose on other people. Every recording is heard aloud and whispered; whispers
are 8 to 24 dB weaker. In the kitchen the noise lies so far below each of both. Intervals are 95 % bootstraps by
speaker. WORLD comes with the package pyworld (`pip install pyworld "setuptools<81"`).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from azsim.compress import compress
from azsim.compress.stored import load_compressed, load_network
from azsim.report.page import write_page
from azsim.report.wer import count_errors, wer_percent
from azsim.resources import data_folder, model_file
from azsim.speech.endpoint import step_end_ms
from azsim.speech.endpointing.choice import EndPointChoice
from azsim.speech.endpointing.listening import integers_of
from azsim.speech.features import SAMPLE_RATE_HZ, log_mel
from azsim.speech.recogniser import Recogniser
from azsim.speech.stage_registry import stage_of
from azsim.speech.whisper_detector import WhisperDetector, threshold_of
from azsim.train.command import exit_status
from azsim.train.corpus.clips import UNTIL_S
from azsim.train.corpus.layouts import LAYOUTS
from azsim.train.corpus.protocol import in_noise, with_tone
from azsim.train.corpus.recordings import estimate_bounds_ms, read_sound
from azsim.train.corpus.untranscribed import load_untranscribed
from azsim.train.corpus.whispering import by_lpc, by_world
from azsim.train.tasks.whisper import f1_score
from experiments.options import options_of
from experiments.studies.cells import write_csv
from experiments.studies.stage_added import added_table, stage_added

SEED, BOOTSTRAPS = 37, 1000
SNRS_DB = (20.0, 12.0)
MARGIN_MS, LONGEST_S = 300, 6.0
ORDERS = 3
WAYS: Mapping[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {"WORLD": by_world, "LPC": by_lpc}


@dataclass(frozen=True)
class HushedSpeech:
    """A recording of somebody: as it is, whispered in each way, its words where they are known."""

    speaker: str
    text: str
    sounds: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Detected:
    """Recordings aloud and whispered one way, in one condition, percent; the interval is that of F1."""

    way: str
    condition: str
    recordings: int
    speakers: int
    f1_percent: float
    f1_low: float
    f1_high: float
    missed_percent: float
    aloud_as_whisper_percent: float
    known_p50_ms: float | None


@dataclass(frozen=True)
class WordErrors:
    """Word error rate of a recogniser on orders, percent."""

    network: str
    heard: str
    orders: int
    words: int
    wer_percent: float
    more_percent: float
    more_low: float
    more_high: float


def people(data: Path, most: int) -> list[HushedSpeech]:
    """Orders of dev and read sentences of test-other, at most so many of each, cut to what is said."""
    orders = [each for each in LAYOUTS["manifest"](data / "barista" / "manifest.csv") if each.extra["split"] == "dev"]
    read = [each for each in load_untranscribed(data / "speakers") if each.extra["split"] == "test"]
    made = []
    for group in (orders, read):
        for each in group[:: max(1, -(-len(group) // most))]:
            sound = _said(read_sound(each.path))
            rng = np.random.default_rng([SEED, len(made)])
            ways = {name: way(sound, rng) for name, way in WAYS.items()}
            made.append(HushedSpeech(each.speaker, each.transcript, {"aloud": sound, **ways}))
    return made


def _said(sound: np.ndarray) -> np.ndarray:
    start_ms, end_ms = estimate_bounds_ms(sound)
    first = max(0, start_ms - MARGIN_MS) * SAMPLE_RATE_HZ // 1000
    return sound[first : (end_ms + MARGIN_MS) * SAMPLE_RATE_HZ // 1000][: int(LONGEST_S * SAMPLE_RATE_HZ)]


def detect(found: Sequence[HushedSpeech], model: str, kitchen: np.ndarray) -> list[Detected]:
    """Both ways to whisper against voices, in the quiet and in the kitchen."""
    small = load_compressed(model) or compress(load_network(model), codec="raw")
    threshold = threshold_of(load_network(model).card)
    begin = partial(WhisperDetector, *integers_of(small), threshold)
    changes: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {"quiet": lambda sound, _: sound}
    for snr_db in SNRS_DB:
        changes[f"kitchen, {snr_db:g} dB"] = partial(_noisy, kitchen, snr_db)
    rows = []
    for condition, change in changes.items():
        heard = {
            way: [_heard(begin(), change(each.sounds[way], i)) for i, each in enumerate(found)]
            for way in ("aloud", *WAYS)
        }
        aloud = np.array([is_whisper for is_whisper, _ in heard["aloud"]])
        for way in WAYS:
            whispered = np.array([is_whisper for is_whisper, _ in heard[way]])
            low, high = _interval(found, lambda at, w=whispered, a=aloud: f1_score(w[at], a[at]))
            known = [time_ms for is_whisper, time_ms in heard[way] if is_whisper and time_ms is not None]
            rows.append(
                Detected(
                    way, condition, len(found), len({each.speaker for each in found}),
                    100 * f1_score(whispered, aloud), 100 * low, 100 * high,
                    100 * float((~whispered).mean()), 100 * float(aloud.mean()),
                    float(np.median(known)) if known else None,
                )
            )  # fmt: skip
            print(f"{way}, {condition}: F1 {rows[-1].f1_percent:.1f} %", flush=True)
    return rows


def _noisy(kitchen: np.ndarray, snr_db: float, sound: np.ndarray, number: int) -> np.ndarray:
    return in_noise(sound, kitchen, snr_db, np.random.default_rng([SEED, 1, number]))


def _heard(detector: WhisperDetector, sound: np.ndarray) -> tuple[bool, int | None]:
    """Whether it ends as a whisper, and how much speech it took until that was said for good, in ms."""
    told = detector.feed(log_mel(sound))
    if not told:
        return False, None
    last = told[-1].is_whisper
    wrong = [number for number, each in enumerate(told) if each.is_whisper is not last]
    first = told[wrong[-1] + 1 if wrong else 0]
    return last, step_end_ms(first.step) - step_end_ms(told[0].step) + 300


def _interval(found: Sequence[HushedSpeech], figure: Callable[[np.ndarray], float]) -> tuple[float, float]:
    """95 % of a figure of some recordings, by a bootstrap over speakers."""
    own = np.array([each.speaker for each in found])
    known, rng, made = sorted(set(own.tolist())), np.random.default_rng(SEED), []
    at = {name: np.flatnonzero(own == name) for name in known}
    for _ in range(BOOTSTRAPS):
        made.append(figure(np.concatenate([at[name] for name in rng.choice(known, len(known))])))
    low, high = np.quantile(made, (0.025, 0.975))
    return float(low), float(high)


def recognise(found: Sequence[HushedSpeech], names: Sequence[str]) -> list[WordErrors]:
    """What recognisers hear in orders, aloud and whispered; "more" is against aloud."""
    orders, rows = [each for each in found if each.text], list[WordErrors]()
    texts = [each.text for each in orders]
    for name in names:
        path = model_file(name)
        small = load_compressed(path) or compress(load_network(path), codec="raw")
        recogniser = Recogniser(small, ends=EndPointChoice().shipped())
        before: np.ndarray | None = None
        for way in ("aloud", *WAYS):
            said = [recogniser.recognise(with_tone(each.sounds[way])).transcript.text_whole for each in orders]
            own = count_errors(texts, said)
            before = own if before is None else before
            rest = own[:, 0] - before[:, 0]

            def more(at: np.ndarray, rest: np.ndarray = rest, words: np.ndarray = own[:, 1]) -> float:
                return 100 * float(rest[at].sum() / words[at].sum())

            total = wer_percent(own)
            everything = np.arange(len(orders))
            span = _interval(orders, more)
            rows.append(WordErrors(name, way, len(orders), int(own[:, 1].sum()), total, more(everything), *span))
            print(f"{name}, {way}: WER {total:.1f} %", flush=True)
    return rows


def run(options: argparse.Namespace) -> None:
    """Measure and write."""
    data = data_folder("speakers/, barista/ and noise/")
    kitchen = read_sound(data / "noise" / "kitchen.flac")[round(UNTIL_S * SAMPLE_RATE_HZ) :]
    found = people(data, options.recordings)
    detected = detect(found, options.model, kitchen)
    words = recognise(found, options.networks)
    with tempfile.TemporaryDirectory() as scratch:
        stage = stage_of({"kind": "whisper", "model": options.model}, "whisper")
        added, comparison = stage_added(stage, _manifest(data, Path(scratch)), ORDERS)
    options.out.mkdir(parents=True, exist_ok=True)
    write_csv(detected, options.out / "detected.csv")
    write_csv(words, options.out / "words.csv")
    write_csv(added, options.out / "added.csv")
    parts = [
        __doc__.strip(), _detected_table(detected), _words_table(words), "## What it adds on the device",
        added_table(added, len(comparison.utterances) // len(added)),
    ]  # fmt: skip
    write_page(options.out, "\n\n".join(parts) + "\n")


def _manifest(data: Path, folder: Path) -> Path:
    rows = [each for each in LAYOUTS["manifest"](data / "barista" / "manifest.csv") if each.extra["split"] == "dev"]
    chosen = [each for each in rows if each.transcript][:: max(1, len(rows) // ORDERS)][:ORDERS]
    path = folder / "orders.csv"
    path.write_text("file,transcript\n" + "".join(f"{each.path.resolve()},{each.transcript}\n" for each in chosen))
    return path


def _detected_table(rows: Sequence[Detected]) -> str:
    lines = [
        f"{rows[0].recordings} recordings of {rows[0].speakers} people, each aloud and whispered.",
        "",
        "| whispered by | condition | F1 % | whispers missed % | aloud taken for a whisper % "
        "| known for good after, p50 ms |",
        "|:--|:--|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {row.way} | {row.condition} | {row.f1_percent:.1f} [{row.f1_low:.1f}, {row.f1_high:.1f}] "
        f"| {row.missed_percent:.1f} | {row.aloud_as_whisper_percent:.1f} "
        f"| {'' if row.known_p50_ms is None else f'{row.known_p50_ms:.0f}'} |"
        for row in rows
    ]
    return "\n".join(lines)


def _words_table(rows: Sequence[WordErrors]) -> str:
    lines = [
        f"What recognisers hear in {rows[0].orders} orders ({rows[0].words} words), whole recordings, room tone of "
        "-60 dBFS in each:",
        "",
        "| network | heard | WER % | more than aloud |",
        "|:--|:--|--:|--:|",
    ]
    for row in rows:
        more = "" if row.heard == "aloud" else f"{row.more_percent:.1f} [{row.more_low:.1f}, {row.more_high:.1f}]"
        lines.append(f"| {row.network} | {row.heard} | {row.wer_percent:.1f} | {more} |")
    return "\n".join(lines)


def main() -> int:
    """The command; its exit status."""
    parser = options_of(__package__, __doc__)
    parser.add_argument("--model", default="whisper", help="another detector than the shipped one")
    parser.add_argument("--networks", nargs="+", default=["rnnt-5bit-50"], metavar="NAME", help="recognisers")
    parser.add_argument("--recordings", type=int, default=30, help="at most, of orders and of read sentences")
    parser.add_argument("--out", type=Path, default=Path("runs/whisper"))
    options = parser.parse_args()
    return exit_status(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
