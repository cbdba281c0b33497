"""# Whole conversations: sounds of minutes, turn by turn

    AZSIM_DATA=... python -m experiments.conversation --out reports/conversation

What `azsim run long.wav` and `azsim listen` do, over sounds of two to ten minutes: something opens a turn (the wake
word by voices that its detector never heard, or speech itself), the end-pointer closes it, states are reset, the next
turn follows. A turn is *right* if it has the words that the recogniser hears in the request's own recording, and it is
*as spoken* if it has those of its transcript: the first is what cutting may spoil, the second is the recogniser's. The
recogniser is the shipped `rnnt-5bit-50` with a beam of 4 under the shipped end-pointer.

*Instability* is words taken back over words shown. *Emission latency* is the time from the end of what was said to the
last label: what no end-pointer that waits for words can be faster than. The end is known for the shipped speech and
estimated from energy for the orders of people.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from azsim.compress.stored import load_compressed
from azsim.report.page import write_page
from azsim.report.percentiles import percentile
from azsim.report.wer import count_errors, wer_percent
from azsim.resources import data_folder, shipped
from azsim.speech.audio import read_audio
from azsim.speech.conversation.conversation import Conversation, ConversationTurn
from azsim.speech.conversation.openers import for_voice, for_wake_word
from azsim.speech.conversation.partials import Stability
from azsim.speech.endpoint import step_end_ms
from azsim.speech.endpointing.choice import EndPointChoice
from azsim.speech.features import SAMPLE_RATE_HZ, LogMel
from azsim.speech.recogniser import Recogniser
from azsim.speech.search.choice import SearchChoice
from azsim.train.command import exit_status
from azsim.train.corpus.recordings import estimate_bounds_ms, read_sound
from experiments.conversation.scenes import ConversationScene, scenes
from experiments.options import options_of
from experiments.studies.cells import write_csv

MODEL = "rnnt-5bit-50"
BLOCK = SAMPLE_RATE_HZ // 10


@dataclass(frozen=True)
class SceneResult:
    """One scene.

    Attributes:
        minutes: of sound.
        wanted: turns that there should be, -1 where they are not counted; ``turns`` that there were, ``with_words`` of
            them.
        right, as_spoken: see the report.
        wer_percent: of all turns together; -1 where nothing is counted.
        shown, taken_back, completed: words of partial results.
        cpu_s: of this machine; ``kept_kib``: most that Python held at a time beyond what it held before.
        reasons: why turns were over.
    """

    scene: str
    minutes: float
    wanted: int
    turns: int
    with_words: int
    right: int
    as_spoken: int
    wer_percent: float
    shown: int
    taken_back: int
    completed: int
    longest_turn_s: float
    cpu_s: float
    kept_kib: float
    reasons: str


@dataclass(frozen=True)
class EmissionLatency:
    """Time from the end of speech to the last label over a set."""

    speech: str
    utterances: int
    p10_ms: float
    p50_ms: float
    p90_ms: float


def heard(scene: ConversationScene, recogniser: Recogniser) -> SceneResult:
    """The scene in blocks of 100 ms."""
    limits = recogniser.ends.limits
    waiting = for_wake_word() if scene.with_wake else for_voice(limits.speech_above)
    conversation, stream, turns = Conversation(recogniser, waiting), LogMel(), list[ConversationTurn]()
    tracemalloc.start()
    began_s, before = time.process_time(), tracemalloc.get_traced_memory()[0]
    for start in range(0, len(scene.sound), BLOCK):
        happenings = conversation.feed(stream.feed(scene.sound[start : start + BLOCK]))
        turns += [_without_frames(each) for each in happenings if isinstance(each, ConversationTurn)]
    turns += [_without_frames(each) for each in conversation.finish() if isinstance(each, ConversationTurn)]
    cpu_s, most = time.process_time() - began_s, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    texts = [turn.text for turn in turns]
    spoken = [text for text in texts if text]
    alone = [recogniser.recognise(piece).transcript.text for piece in scene.pieces]
    shown = sum((turn.stability for turn in turns), Stability())
    wer = wer_percent(count_errors([" ".join(scene.said)], [" ".join(spoken)])) if scene.said else None
    return SceneResult(
        scene=scene.name,
        minutes=len(scene.sound) / SAMPLE_RATE_HZ / 60,
        wanted=-1 if scene.said is None else len(scene.said),
        turns=len(turns),
        with_words=len(spoken),
        right=_in_order(alone, spoken),
        as_spoken=_in_order(list(scene.said or ()), spoken),
        wer_percent=-1.0 if wer is None else wer,
        shown=shown.shown,
        taken_back=shown.taken_back,
        completed=shown.completed,
        longest_turn_s=max((turn.end_ms - turn.start_ms for turn in turns), default=0) / 1000,
        cpu_s=cpu_s,
        kept_kib=(most - before) / 1024,
        reasons=", ".join(f"{reason} {count}" for reason, count in Counter(turn.reason for turn in turns).items()),
    )


def _without_frames(turn: ConversationTurn) -> ConversationTurn:
    """What a report needs of a turn."""
    return replace(turn, frames=turn.frames[:0].copy())


def _in_order(wanted: Sequence[str], found: Sequence[str]) -> int:
    """How many of the texts were found, in their order: the longest common subsequence."""
    table = np.zeros((len(wanted) + 1, len(found) + 1), int)
    for i, text in enumerate(wanted, 1):
        for j, other in enumerate(found, 1):
            table[i, j] = max(table[i - 1, j], table[i, j - 1], table[i - 1, j - 1] + (text == other))
    return int(table[-1, -1])


def emissions(data: Path, recogniser: Recogniser) -> list[EmissionLatency]:
    """Of the shipped speech and of the dev orders."""
    folder = shipped("experiments", "speech/manifest.csv").parent
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        shipped_rows = [
            (read_audio(folder / row["file"]).samples, float(row["speech_end_ms"])) for row in csv.DictReader(stream)
        ]
    with (data / "barista" / "manifest.csv").open(newline="", encoding="utf-8") as stream:
        files = [row["file"] for row in csv.DictReader(stream) if row["split"] == "dev"]
    sounds = [read_sound(data / "barista" / file) for file in files]
    people = [(sound, float(estimate_bounds_ms(sound)[1])) for sound in sounds]
    return [
        _emission("shipped", shipped_rows, recogniser),
        _emission("orders of people (dev)", people, recogniser),
    ]


def _emission(name: str, rows: Sequence[tuple[np.ndarray, float]], recogniser: Recogniser) -> EmissionLatency:
    delays = []
    for sound, end_ms in rows:
        steps = recogniser.recognise(sound).transcript.label_steps
        if steps:
            delays.append(step_end_ms(steps[-1]) - end_ms)
    return EmissionLatency(name, len(delays), *(percentile(delays, percent) for percent in (10, 50, 90)))


def run(options: argparse.Namespace) -> None:
    """Measure and write."""
    data = data_folder("wakeword/, speakers/, barista/, noise/")
    small = load_compressed(MODEL)
    search = SearchChoice()
    recogniser = Recogniser(small, search.maker(), lattices=search, ends=EndPointChoice().shipped())
    recogniser.recognise(np.zeros(SAMPLE_RATE_HZ, np.float32))  # its kernels are compiled
    rows = [heard(scene, recogniser) for scene in scenes(data)]
    delays = emissions(data, recogniser)
    options.out.mkdir(parents=True, exist_ok=True)
    write_csv(rows, options.out / "conversation.csv")
    write_csv(delays, options.out / "emission.csv")
    write_page(options.out, f"{__doc__}\n{_scene_table(rows)}\n\n{_emission_table(delays)}\n")


def _scene_table(rows: Sequence[SceneResult]) -> str:
    lines = [
        "| scene | minutes | turns wanted | turns | with words | right | as spoken | WER % | shown | taken back | "
        "of these grown | longest turn s | CPU s | kept KiB | over because |",
        "|:--|" + "--:|" * 13 + ":--|",
    ]
    for row in rows:
        counted = row.wanted > 0
        cells = [
            f"{row.minutes:.1f}", "" if row.wanted < 0 else str(row.wanted), str(row.turns), str(row.with_words),
            str(row.right) if counted else "", str(row.as_spoken) if counted else "",
            f"{row.wer_percent:.1f}" if row.wer_percent >= 0 else "", str(row.shown), str(row.taken_back),
            str(row.completed), f"{row.longest_turn_s:.1f}", f"{row.cpu_s:.1f}", f"{row.kept_kib:.0f}", row.reasons,
        ]  # fmt: skip
        lines.append(f"| {row.scene} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _emission_table(rows: Sequence[EmissionLatency]) -> str:
    lines = ["| emission latency | utterances | p10 ms | p50 ms | p90 ms |", "|:--|--:|--:|--:|--:|"]
    lines += [
        f"| {row.speech} | {row.utterances} | {row.p10_ms:.0f} | {row.p50_ms:.0f} | {row.p90_ms:.0f} |" for row in rows
    ]
    return "\n".join(lines)


def main() -> int:
    """The command; its exit status."""
    parser = options_of(__package__, __doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/conversation"))
    arguments = parser.parse_args()
    return exit_status(lambda: run(arguments))


if __name__ == "__main__":
    sys.exit(main())
