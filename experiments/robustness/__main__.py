"""# Level, band, lead-in, noise, room and codec

    AZSIM_DATA=... python -m experiments.robustness --set dev --release 0.1 --out reports/robustness

Coffee orders of real people, each recording as it is and made harder in one way at a time
(`azsim/train/corpus/protocol.py`), heard by networks in the integer engine. Decibels are those of the active speech
(samples above 2 % of the peak) over the noise; recordings that are attenuated get a room tone of -75 dBFS. The kitchen
is its second minute, which no network here may have learned from; road and rain are classes of noise that are made for
measuring alone. WER is over whole recordings, but in the rows named end-point: there it is what the device delivers, in
a room tone of -60 dBFS. An order is right if every slot is. Intervals are 95 % bootstraps by speaker.

Networks are chosen on training speakers (`--set heldout`: those that a fold of `azsim.train.corpus real` holds out).
The speakers of `dev` are heard once per release; `dev_log.csv` says when and by what, and a network that it does not
know is refused without a new `--release`.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from azsim.compress import compress
from azsim.compress.network import CompressedNetwork
from azsim.compress.stored import load_compressed, load_network
from azsim.errors import InputError
from azsim.nn.sealed import read_stored
from azsim.report.figures.style import COLOURS, MARKERS, WIDTH_INCHES, report_style, write_figure
from azsim.report.page import write_page
from azsim.report.wer import bootstrap_wer, count_edits, wer_percent
from azsim.resources import data_folder
from azsim.speech.recogniser import recognise_many
from azsim.train.command import exit_status, exported
from azsim.train.corpus.protocol import FOLDS, KITCHEN, Condition, conditions, with_tone
from experiments.options import options_of
from experiments.studies.cells import write_csv
from experiments.studies.orders import count_slots
from experiments.studies.people import SEED, PeopleSpeech, recorded_noises
from experiments.studies.runs import runs_folder

NETWORKS = ("rnnt-student", "rnnt-5bit-50")
ENDPOINT = "end-point"
QUIET = ("level", "as recorded")
ORDERED = ("level", "lead-in", KITCHEN)
"""Groups whose conditions have an order."""


@dataclass(frozen=True)
class ConditionResult:
    """One network in one condition; rates in percent, the interval 95 % by speaker.

    ``cut_early_percent`` are recordings whose end-point came before the last word, in the rows of end-points.
    """

    network: str
    group: str
    condition: str
    recordings: int
    speakers: int
    wer_percent: float
    wer_low: float | None
    wer_high: float | None
    worst_speaker_wer_percent: float
    insertions_percent: float
    orders_right_percent: float
    cut_early_percent: float | None = None


def on_device(path: Path) -> tuple[CompressedNetwork, str]:
    """A network as its file holds it (int8 where that is floats), and its digest."""
    return load_compressed(path) or compress(load_network(path), codec="raw"), read_stored(path).digest


def texts_of(small: CompressedNetwork, digest: str, sounds: Sequence[np.ndarray], kept: Path) -> list[tuple[str, str]]:
    """What a network hears in each recording, up to its end-point and as a whole; kept for the next time."""
    seen = hashlib.sha256(digest.encode())
    for sound in sounds:
        seen.update(np.ascontiguousarray(sound, np.float32).tobytes())
    path = kept / f"{seen.hexdigest()[:24]}.json"
    if path.exists():
        return [(cut, whole) for cut, whole in json.loads(path.read_text(encoding="utf-8"))]
    heard = [(each.transcript.text, each.transcript.text_whole) for each in recognise_many(small, sounds)]
    kept.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".partial{os.getpid()}")
    partial.write_text(json.dumps(heard), encoding="utf-8")
    os.replace(partial, path)
    return heard


def hear(
    name: str, small: CompressedNetwork, digest: str, speech: PeopleSpeech, ways: Sequence[Condition], kept: Path
) -> list[ConditionResult]:
    """One network in every condition, and its end-points in room tone."""
    rows = []
    for way in ways:
        texts = texts_of(small, digest, way.heard(speech.sounds, SEED), kept)
        rows.append(_row(name, way.group, way.name, speech, [whole for _, whole in texts]))
        print(f"{name}: {way.group}, {way.name}: {rows[-1].wer_percent:.1f} %", flush=True)
    for way in (each for each in ways if each.group in ("level", KITCHEN) and each.name in ("as recorded", "12 dB")):
        texts = texts_of(small, digest, [with_tone(each) for each in way.heard(speech.sounds, SEED)], kept)
        cut = 100 * float(np.mean([until != whole for until, whole in texts]))
        rows.append(_row(name, ENDPOINT, f"{way.group}, {way.name}", speech, [until for until, _ in texts], cut))
    return rows


def _row(
    name: str, group: str, condition: str, speech: PeopleSpeech, texts: list[str], cut: float | None = None
) -> ConditionResult:
    edits = count_edits(speech.texts, texts)
    counts = np.stack([edits[:, :3].sum(1), edits[:, 3]], 1)
    found = bootstrap_wer(counts, speech.speakers)
    own = np.array(speech.speakers)
    worst = max(wer_percent(counts[own == speaker]) or 0.0 for speaker in set(speech.speakers))
    inserted = 100 * float(edits[:, 2].sum() / edits[:, 3].sum())
    right = 100 * float((count_slots(speech.slots, texts)[:, 0] == 0).mean())
    return ConditionResult(
        name, group, condition, len(texts), len(set(speech.speakers)), found.value, found.low, found.high, worst,
        inserted, right, cut,
    )  # fmt: skip


def check_log(path: Path, digests: dict[str, str], release: str) -> list[dict[str, str]]:
    """The log of what heard `dev`; refuse a network that it does not know without a release of its own.

    Raises:
        InputError: so it is.
    """
    known: list[dict[str, str]] = []
    if path.exists():
        with path.open(newline="", encoding="utf-8") as stream:
            known = list(csv.DictReader(stream))
    for name, digest in digests.items():
        if any(row["digest"] == digest[:16] for row in known):
            continue
        if any(row["network"] == name and row["release"] == release for row in known):
            raise InputError(
                f"--release {release}: {name} was measured on dev for it already ({path.name}); "
                "choose on --set heldout, and measure on dev once per release"
            )
    return known


def write_log(
    path: Path, known: list[dict[str, str]], digests: dict[str, str], release: str, rows: list[ConditionResult]
) -> None:
    """Add what is new to the log."""
    for name, digest in digests.items():
        if any(row["digest"] == digest[:16] for row in known):
            continue
        own = [row for row in rows if row.network == name]
        quiet = next(row for row in own if (row.group, row.condition) == QUIET)
        kitchen = np.mean([row.wer_percent for row in own if row.group == KITCHEN])
        known.append(
            {
                "release": release,
                "network": name,
                "digest": digest[:16],
                "recordings": str(quiet.recordings),
                "speakers": str(quiet.speakers),
                "quiet_wer_percent": f"{quiet.wer_percent:.4g}",
                "kitchen_wer_percent": f"{kitchen:.4g}",
                "quiet_orders_right_percent": f"{quiet.orders_right_percent:.4g}",
            }
        )
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, known[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(known)


def markdown(rows: Sequence[ConditionResult]) -> str:
    """The table, conditions down, networks across."""
    names = list(dict.fromkeys(row.network for row in rows))
    heads = " | ".join(f"{name}: WER % | worst speaker | insertions | orders right" for name in names)
    lines = [
        f"| condition | {heads} |",
        "|:--|" + "--:|--:|--:|--:|" * len(names),
    ]
    for group, condition in dict.fromkeys((row.group, row.condition) for row in rows):
        cells = []
        for name in names:
            row = next(r for r in rows if (r.network, r.group, r.condition) == (name, group, condition))
            interval = f" [{row.wer_low:.1f}, {row.wer_high:.1f}]" if row.wer_low is not None else ""
            cut = f", {row.cut_early_percent:.0f} % premature end-points" if row.cut_early_percent is not None else ""
            cells.append(
                f"{row.wer_percent:.1f}{interval}{cut} | {row.worst_speaker_wer_percent:.0f} | "
                f"{row.insertions_percent:.1f} | {row.orders_right_percent:.0f}"
            )
        lines.append(f"| {group}: {condition} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def draw(rows: Sequence[ConditionResult], out: Path) -> None:
    """One panel a group, WER by condition, one line a network."""
    groups = list(dict.fromkeys(row.group for row in rows if row.group != ENDPOINT))
    names = list(dict.fromkeys(row.network for row in rows))
    with report_style():
        figure = Figure(figsize=(WIDTH_INCHES, 2.6 * -(-len(groups) // 2)), layout="constrained")
        panels = figure.subplots(-(-len(groups) // 2), 2, squeeze=False, sharey=True).ravel()
        for axes, group in zip(panels, groups, strict=False):
            for index, name in enumerate(names):
                own = [row for row in rows if (row.network, row.group) == (name, group)]
                at, values = range(len(own)), [row.wer_percent for row in own]
                style = "-" if group in ORDERED else ""
                axes.plot(at, values, style, marker=MARKERS[index], color=COLOURS[index], label=name)
            axes.set_xticks(range(len(own)), [row.condition.replace(", ", "\n") for row in own], rotation=35)
            axes.set(title=group, ylim=(0, 100))
        for axes in panels[::2]:
            axes.set_ylabel("word error rate, %")
        for axes in panels[len(groups) :]:
            axes.set_visible(False)
        panels[0].legend(loc="upper left")
        write_figure(figure, "robustness", out)


def run(options: argparse.Namespace) -> None:
    """Hear, count and write."""
    data = data_folder("barista/ and noise/")
    is_dev = options.set == "dev"
    if is_dev and not options.release:
        raise InputError("--release: name the release that dev is heard for, once")
    networks = {name: on_device(exported(name, options.runs)) for name in options.networks}
    digests = {name: digest for name, (_, digest) in networks.items()}
    log = options.out / "dev_log.csv"
    known = check_log(log, digests, options.release) if is_dev else []
    speech = PeopleSpeech.load(data, options.set, options.fold, options.recordings)
    ways = conditions(recorded_noises(data))
    kept = options.runs / "robustness"
    rows = [row for name, each in networks.items() for row in hear(name, *each, speech, ways, kept)]
    options.out.mkdir(parents=True, exist_ok=True)
    write_csv(rows, options.out / "robustness.csv")
    draw(rows, options.out)
    if is_dev:
        write_log(log, known, digests, options.release, rows)
    which = "of the dev split" if is_dev else f"of fold {options.fold} of the training speakers"
    of = f"{len(speech.texts)} recordings {which}, {len(set(speech.speakers))} speakers."
    of += " A network that was trained on these speakers is flattered here." if not is_dev else ""
    text = f"{__doc__}\n{of}\n\n![word error rate by condition](robustness.png)\n\n{markdown(rows)}"
    write_page(options.out, text)


def main() -> int:
    """The command; its exit status."""
    parser = options_of(__package__, __doc__)
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS), metavar="NAME", help="runs, models or paths")
    parser.add_argument("--set", choices=("heldout", "dev"), default="heldout", help="who is heard")
    parser.add_argument("--fold", type=int, choices=range(FOLDS), default=0, help="of the training speakers")
    parser.add_argument("--release", default="", help="that dev is heard for")
    parser.add_argument("--recordings", type=int, default=10_000, help="at most so many")
    parser.add_argument("--runs", type=Path, default=runs_folder(), help="where networks were trained")
    out = Path("runs/robustness")
    parser.add_argument("--out", type=Path, default=out, help=f"where the report goes (default: {out})")
    options = parser.parse_args()
    return exit_status(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
