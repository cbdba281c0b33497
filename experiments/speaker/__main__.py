"""# Who speaks: verification of people whom no training heard

    AZSIM_DATA=... python -m experiments.speaker --out reports/speaker

Ten people of LibriSpeech's test-other, ten read sentences each. Every person enrols ten times, each time by three
sentences that follow one another, and is asked for with the seven others; everybody else's hundred less ten are
impostors. A score is the cosine of the recording's voice with the enrolment's. The shipped network (`models/speaker`)
stands as the chip computes it and in float; the embedding that it was distilled from (Resemblyzer 0.1.4, whose makers
learned from other parts of LibriSpeech, so that it may know the style of such recordings, though not these people)
heard the same speech of the same trials. Enrolment is by whole recordings; the beginning of a recording is so many
windows of 0.72 s of speech. Intervals are 95 % bootstraps over the ten people, and with so few they are wide.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from azsim.compress.stored import load_network
from azsim.report.page import write_page
from azsim.resources import data_folder, model_file
from azsim.speech.speaker.embedder import unit
from azsim.speech.speaker.trials import ENROLMENT, Scores, enrolments, equal_error, scores
from azsim.speech.speaker.verifier import MatchLimits, Profiles, match
from azsim.speech.stage_registry import stage_of
from azsim.train.command import exit_status
from azsim.train.corpus.clips import UNTIL_S
from azsim.train.corpus.layouts import LAYOUTS
from azsim.train.corpus.recordings import read_sound
from azsim.train.corpus.untranscribed import load_untranscribed
from experiments.options import options_of
from experiments.speaker.trials import VoicedRecording, in_kitchen, networks, published, recordings, spoken, voices
from experiments.studies.cells import write_csv
from experiments.studies.stage_added import added_table, stage_added

OWN = ("float", "int8")
SNR_DB = 12.0
BEGINNINGS = (None, 4, 2)
BOOTSTRAPS = 300
SEED = 31
ORDERS, ENROLLED = 3, 2


@dataclass(frozen=True)
class Error:
    """Equal error rate of one embedding in one condition, and what it has more than the published one and than the same
    network in float, percent.
    """

    embedding: str
    condition: str
    heard: str
    targets: int
    impostors: int
    eer_percent: float
    eer_low: float
    eer_high: float
    more_percent: float
    more_low: float
    more_high: float
    than_float_percent: float
    than_float_low: float
    than_float_high: float


@dataclass(frozen=True)
class Decisions:
    """The shipped limits on the quiet trials: shares of errors, and of the network's windows that were run."""

    cascade: bool
    missed_percent: float
    accepted_percent: float
    windows_percent: float


def people_drawn(names: Sequence[str]) -> list[Counter[str]]:
    """How often each person is drawn, in every bootstrap."""
    rng, known = np.random.default_rng(SEED), sorted(set(names))
    return [Counter(rng.choice(known, len(known)).tolist()) for _ in range(BOOTSTRAPS)]


def errors_of(made: Scores, drawn: Sequence[Counter[str]]) -> np.ndarray:
    """Equal error rates, percent: of all trials, then of each bootstrap."""
    found = [equal_error(made.targets, made.impostors)[0]]
    for counts in drawn:
        own, others = (
            np.repeat(values, [counts[str(name)] for name in speakers])
            for values, speakers in (
                (made.targets, made.target_speakers), (made.impostors, made.impostor_speakers)
            )
        )  # fmt: skip
        found.append(equal_error(own, others)[0])
    return 100 * np.array(found)


def measure(
    conditions: dict[str, list[VoicedRecording]], names: Sequence[str], embed: Callable[[np.ndarray], np.ndarray]
) -> list[Error]:
    """Every embedding in every condition, over whole recordings and their beginnings."""
    rows, drawn = list[Error](), people_drawn(names)
    for condition, found in conditions.items():
        whole = {"published": published(found, embed, None), **{own: voices(found, own, None) for own in OWN}}
        for most in BEGINNINGS if condition == "quiet" else BEGINNINGS[:1]:
            begun = whole
            if most is not None:
                begun = {"published": published(found, embed, most), **{own: voices(found, own, most) for own in OWN}}
            found_errors: dict[str, np.ndarray] = {}
            for name, enrolled in whole.items():
                trials = scores(enrolled, names, begun[name])
                errors = errors_of(trials, drawn)
                found_errors[name] = errors
                more, than_float = errors - found_errors["published"], errors - found_errors.get("float", errors)
                spans = [np.quantile(own[1:], (0.025, 0.975)).tolist() for own in (errors, more, than_float)]
                heard = "all" if most is None else f"{most} windows"
                rows.append(
                    Error(
                        name, condition, heard, len(trials.targets), len(trials.impostors),
                        float(errors[0]), *spans[0], float(more[0]), *spans[1], float(than_float[0]), *spans[2],
                    )
                )  # fmt: skip
                print(f"{condition}, {heard}, {name}: EER {errors[0]:.2f} %", flush=True)
    return rows


def decide(found: Sequence[VoicedRecording], names: Sequence[str], limits: MatchLimits) -> list[Decisions]:
    """What the stage would say of each trial, with all of a recording and with the cascade."""
    own, rows = voices(found, "int8", None), list[Decisions]()
    people = np.array(names)
    for cascade in (False, True):
        errors, counts, run, whole = np.zeros(2), np.zeros(2), 0, 0
        for person in sorted(set(names)):
            at = np.flatnonzero(people == person)
            for chosen in enrolments(len(at)):
                profile = Profiles((person,), unit(own[at[list(chosen)]].mean(axis=0))[None])
                for index, each in enumerate(found):
                    if index in at[list(chosen)]:
                        continue
                    windows = each.windows["int8"]
                    used, said = _settled(windows, profile, limits, cascade)
                    is_other = int(names[index] != person)
                    errors[is_other] += (said == person) == bool(is_other)
                    counts[is_other] += 1
                    run, whole = run + used, whole + len(windows)
        shares = 100 * errors / counts
        rows.append(Decisions(cascade, float(shares[0]), float(shares[1]), 100 * run / whole))
    return rows


def _settled(windows: Sequence[np.ndarray], profile: Profiles, limits: MatchLimits, cascade: bool) -> tuple[int, str]:
    for used in range(1, len(windows) + 1) if cascade else (len(windows),):
        found = match(windows[:used], profile, limits, cascade)
        if found.is_settled:
            return used, found.name
    return len(windows), found.name


def enrol(data: Path, folder: Path) -> Path:
    """Sentences of two readers as a folder of people, orders of others as a manifest; returns the manifest."""
    by_person: dict[str, list[Path]] = {}
    for each in load_untranscribed(data / "speakers"):
        if each.extra["split"] == "test":
            by_person.setdefault(each.speaker, []).append(each.path)
    for number, name in enumerate(sorted(by_person)[:ENROLLED]):
        (folder / f"person-{number}").mkdir()
        for path in by_person[name][:ENROLMENT]:
            shutil.copyfile(path, folder / f"person-{number}" / path.name)
    manifest = folder.parent / "orders.csv"
    rows = [each for each in LAYOUTS["manifest"](data / "barista" / "manifest.csv") if each.extra["split"] == "dev"]
    chosen = [each for each in rows if each.transcript][:: max(1, len(rows) // ORDERS)][:ORDERS]
    manifest.write_text("file,transcript\n" + "".join(f"{each.path.resolve()},{each.transcript}\n" for each in chosen))
    return manifest


def run(options: argparse.Namespace) -> None:
    """Measure and write."""
    data = data_folder("speakers/, barista/ and noise/")
    import torch

    from azsim.train.corpus.published_voice import PublishedVoice

    torch.set_num_threads(1)
    embed, own = PublishedVoice().embed, networks(options.model)
    sounds, names = recordings(data)
    kitchen = read_sound(data / "noise" / "kitchen.flac")[round(UNTIL_S * 16_000) :]
    conditions = {
        "quiet": [spoken(each, own) for each in sounds],
        f"kitchen, {SNR_DB:g} dB": [spoken(each, own) for each in in_kitchen(sounds, kitchen, SNR_DB)],
    }
    rows = measure(conditions, names, embed)
    limits = MatchLimits.of_card(load_network(options.model).card, options.model)
    decisions = decide(conditions["quiet"], names, limits)
    with tempfile.TemporaryDirectory() as scratch:
        people = Path(scratch) / "people"
        people.mkdir()
        stage = stage_of({"kind": "speaker", "speakers": str(people), "model": options.model}, "speaker")
        added, comparison = stage_added(stage, enrol(data, people), ORDERS)
    options.out.mkdir(parents=True, exist_ok=True)
    write_csv(rows, options.out / "errors.csv")
    write_csv(decisions, options.out / "decisions.csv")
    write_csv(added, options.out / "added.csv")
    write_page(
        options.out,
        "\n\n".join([__doc__.strip(), *_tables(rows, decisions, limits, options.model)]) + "\n\n"
        f"## What it adds on the device\n\nTwo readers enrolled; coffee orders of others.\n\n"
        f"{added_table(added, len(comparison.utterances) // len(added))}\n",
    )


def _tables(rows: Sequence[Error], decisions: Sequence[Decisions], limits: MatchLimits, model: str) -> list[str]:
    lines = [
        f"{rows[0].targets} target and {rows[0].impostors:,} impostor trials in each row; equal error rate, percent.",
        "",
        "| condition | heard | published, 1,423,616 weights | in float | in int8 | int8 less float "
        "| int8 less published |",
        "|:--|:--|--:|--:|--:|--:|--:|",
    ]
    for key in dict.fromkeys((row.condition, row.heard) for row in rows):
        own = {row.embedding: row for row in rows if (row.condition, row.heard) == key}
        cells = [f"{own[name].eer_percent:.2f} [{own[name].eer_low:.2f}, {own[name].eer_high:.2f}]" for name in own]
        last = own["int8"]
        more = f"{last.more_percent:.2f} [{last.more_low:.2f}, {last.more_high:.2f}]"
        than = f"{last.than_float_percent:.2f} [{last.than_float_low:.2f}, {last.than_float_high:.2f}]"
        lines.append(f"| {' | '.join(key)} | {' | '.join(cells)} | {than} | {more} |")
    settled = [
        f"The shipped limits, which were chosen on other people: threshold {limits.threshold:.3f}, sure "
        f"{limits.sure:.3f}, unlike {limits.unlike:.3f}. On the quiet trials, one person enrolled at a time:",
        "",
        "| cascade | own person missed % | another accepted % | windows run % |",
        "|:--|--:|--:|--:|",
        *(
            f"| {'on' if row.cascade else 'off'} | {row.missed_percent:.2f} | {row.accepted_percent:.2f} "
            f"| {row.windows_percent:.0f} |"
            for row in decisions
        ),
    ]
    size = f"The file of the network has {model_file(model).stat().st_size / 1024:,.0f} KiB."
    return ["\n".join(lines), "\n".join(settled), size]


def main() -> int:
    """The command; its exit status."""
    parser = options_of(__package__, __doc__)
    parser.add_argument("--model", default="speaker", help="another network than the shipped one")
    parser.add_argument("--out", type=Path, default=Path("runs/speaker"))
    options = parser.parse_args()
    return exit_status(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
