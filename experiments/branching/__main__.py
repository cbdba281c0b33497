"""A small and a large branch in the encoder: compute saved, words lost, and what it does to weight traffic and waits.

    AZSIM_RUNS=... python -m experiments.branching [--out reports/branching] [--runs FOLDER] [--utterances N]

The recipes `branching/*`, fine-tuned from the same recogniser as `control`, as they run in the integer engine with
5-bit palettes; held-out recordings, some of them in noise as well; bifocal on streams of a wake word and a command,
beside `audio_context/kept`. Then az1 runs some of the utterances: the trained network with its branches streamed, kept,
swapped, in 1 to 2 MiB on the chip; a production-size network, its weights drawn, its picks those of the trained one,
with az1's DRAM and parts of it. A case that is not trained yet is named and left out. What was heard is kept beside the
runs. Writes words.csv, device.csv, four figures as SVG and PNG, and README.md.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from azsim.compare.experiment import load_experiment
from azsim.compress.network import CompressedNetwork
from azsim.devices.loader import load_device
from azsim.devices.spec import Device
from azsim.errors import InputError
from azsim.nn.rnnt.load import load_network
from azsim.report.figures.style import report_style, write_figure
from azsim.report.page import write_page
from azsim.speech.conclusion import Recognition
from azsim.speech.recogniser import Recogniser
from azsim.train.command import CORPUS, exit_status
from experiments.branching import figures
from experiments.branching.cases import CASES, REFERENCES, BranchingCase
from experiments.branching.device import MeasuredCase, on_production, on_trained, production_network
from experiments.branching.hearing import CaseRecognition, compressed, hear
from experiments.branching.material import Material, recordings, streams
from experiments.branching.page import about, device_table, said, trust, words_table
from experiments.branching.rows import BranchingResult, row_of
from experiments.options import options_of
from experiments.studies.cells import write_csv
from experiments.studies.runs import finished_corpus, runs_folder, trained

COMMAND = "AZSIM_RUNS=... python -m experiments.branching --out reports/branching"


class Study:
    """Everything that is read once, and what was heard."""

    def __init__(self, corpus: Path, paths: Mapping[str, Path], device: Device) -> None:
        self.corpus, self.paths, self.device = corpus, paths, device
        self.materials: dict[str, Material] = {}
        self.networks: dict[str, CompressedNetwork] = {}
        self.heard: dict[str, CaseRecognition] = {}

    def hear_all(self) -> list[BranchingCase]:
        """The cases whose network and whose reference are trained, heard."""
        done = []
        for case in CASES:
            reference, path = REFERENCES[case.hears], self.paths.get(case.run)
            if path is None:
                continue
            if case.label != reference and reference not in self.heard:
                print(f"{case.label}: left out, since its reference is not trained yet", flush=True)
                continue
            material = self._material(case, path)
            if case.run not in self.networks:
                self.networks[case.run] = compressed(path, material, self.device)
            share = self.heard[case.share_of].large_share if case.share_of else 0.0
            self.heard[case.label] = hear(case, self.networks[case.run], path, material, share)
            done.append(case)
            print(f"heard: {case.label}", flush=True)
        return done

    def _material(self, case: BranchingCase, path: Path) -> Material:
        if case.hears not in self.materials:
            read = recordings(self.corpus) if case.hears == "recordings" else streams(self.corpus, load_network(path))
            self.materials[case.hears] = read
        return self.materials[case.hears]

    def some(self, case: BranchingCase, count: int) -> list[Recognition]:
        """Some of the quiet recordings, spread over all of them, recognised by a case."""
        material, recogniser = self.materials[case.hears], Recogniser(self.networks[case.run])
        share = self.heard[case.label].large_share
        quiet = np.flatnonzero(~material.is_noisy)
        chosen = quiet[np.linspace(0, len(quiet) - 1, count).astype(int)].tolist()
        return [material.recognise(case, recogniser, index, share) for index in chosen]


def played(study: Study, cases: Sequence[BranchingCase], utterances: int, few: int) -> list[MeasuredCase]:
    """Every case on the device, the trained network first."""
    experiment, _ = load_experiment(None)
    trained, production = [], []
    for case in cases:
        found = study.some(case, utterances)
        small, rates = study.networks[case.run], study.heard[case.label].rates
        trained += on_trained(case.label, study.device, small, rates, [each.work for each in found])
        if few and case.is_timed:
            has_arbiter = case.who == "arbiter"
            large = production_network(experiment.production, small, study.device, has_arbiter, experiment.seed)
            works = [(each.work, each.transcript.label_steps) for each in found[:: max(1, utterances // few)]]
            production += on_production(case.label, study.device, large, works)
        print(f"played: {case.label}", flush=True)
    return trained + production


def write(out: Path, study: Study, rows: Sequence[BranchingResult], measured: Sequence[MeasuredCase]) -> None:
    """All files of the report."""
    out.mkdir(parents=True, exist_ok=True)
    trained = [each for each in measured if each.network == "trained"]
    production = [each for each in measured if each.network == "production"]
    write_csv(rows, out / "words.csv")
    write_csv(measured, out / "device.csv")
    hears = {row.case: row.hears for row in rows}
    picking = {
        case: heard for case, heard in study.heard.items() if 0 < heard.large_share < 1 and hears[case] == "recordings"
    }
    with report_style():
        drawn: dict[str, Figure] = {
            "words": figures.words(rows),
            "picks": figures.picks(picking, study.materials["recordings"]),
            "traffic": figures.traffic(trained),
        }
        if production:
            drawn["waits"] = figures.waits(production)
        for name, figure in drawn.items():
            write_figure(figure, name, out)
    parts = [
        "# A small and a large branch in the encoder",
        f"    {COMMAND}",
        about(rows),
        "![word error rate against products](words.svg)",
        words_table(rows) + "\nDifferences are paired, against the large branch alone; 95 % intervals in brackets.",
        "\n".join(said(rows, trained, production)),
        "![who takes the large branch](picks.svg)",
        "## On the device",
        "![DRAM traffic](traffic.svg)",
        device_table(trained),
        *(["## At production size", "![waits](waits.svg)", device_table(production)] if production else []),
        "## Accuracy",
        trust(),
    ]
    write_page(out, "\n\n".join(part.rstrip() for part in parts) + "\n")


def run(options: argparse.Namespace) -> None:
    """Hear, play and write."""
    paths = trained((case.run for case in CASES), options.runs)
    if CASES[0].run not in paths:
        raise InputError(f"{options.runs}: the reference is not trained yet; azsim train {CASES[0].run}")
    study = Study(finished_corpus(options.corpus), paths, load_device("az1"))
    cases = study.hear_all()
    rows = [
        row_of(case, study.heard[case.label], study.heard[REFERENCES[case.hears]], study.materials[case.hears])
        for case in cases
    ]
    write(options.out, study, rows, played(study, cases, options.utterances, options.production))


def main() -> int:
    """The command; its exit status."""
    options = options_of(__package__, __doc__)
    options.add_argument("--out", type=Path, default=Path("runs") / "branching")
    options.add_argument("--runs", type=Path, default=runs_folder())
    options.add_argument("--corpus", type=Path, default=CORPUS)
    options.add_argument("--utterances", type=int, default=12, help="that the device plays")
    options.add_argument("--production", type=int, default=3, help="of those, at production size; 0 for none")
    chosen = options.parse_args()
    return exit_status(lambda: run(chosen))


if __name__ == "__main__":
    sys.exit(main())
