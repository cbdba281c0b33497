"""A small and a large branch in the encoder: compute saved, words lost, and what it does to weight traffic and waits.

    OPENBLAS_NUM_THREADS=1 python experiments/branching.py [--out reports/branching] [--runs FOLDER] [--utterances N]

The recipes `branching/*`, fine-tuned equally long from the same recogniser, as they run in the integer engine with
5-bit palettes; every held-out recording twice, as it is and in noise. Then az1 runs some of the utterances: the trained
network with its branches streamed, kept, swapped, in 1 to 2 MiB on the chip; a production-size network, its weights
drawn, its picks those of the trained one, with az1's DRAM and parts of it. A case that is not trained yet is named and
left out. What was heard is kept beside the runs. Writes words.csv, device.csv, four figures as SVG and PNG, and
README.md.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the parts are a package beside this script

from azsim.compare.experiment import load_experiment  # noqa: E402 (after the path is set)
from azsim.compress.network import CompressedNetwork  # noqa: E402
from azsim.devices.loader import load_device  # noqa: E402
from azsim.devices.spec import Device  # noqa: E402
from azsim.errors import InputError  # noqa: E402
from azsim.report.figures.style import report_style, save_png, save_svg  # noqa: E402
from azsim.speech.conclusion import Recognition  # noqa: E402
from azsim.speech.recogniser import Recogniser  # noqa: E402
from azsim.train_command import CORPUS, exported  # noqa: E402
from experiments.branches import figures  # noqa: E402
from experiments.branches.cases import CASES, REFERENCE, Case  # noqa: E402
from experiments.branches.device import Measured, on_production, on_trained, production_network  # noqa: E402
from experiments.branches.hearing import Heard, compressed, hear, speech_spans  # noqa: E402
from experiments.branches.page import about, device_table, said, trust, words_table  # noqa: E402
from experiments.branches.rows import Row, row_of  # noqa: E402
from experiments.studies.hearing import Listening  # noqa: E402

COMMAND = "OPENBLAS_NUM_THREADS=1 python experiments/branching.py --out reports/branching"


class Study:
    """Everything that is read once."""

    def __init__(self, corpus: Path, runs: Path, device: Device) -> None:
        self.runs, self.device = runs, device
        self.listening, self.spans = Listening.load(corpus), speech_spans(corpus)
        self.networks: dict[str, CompressedNetwork] = {}
        self.heard: dict[str, Heard] = {}

    def hear_all(self) -> list[Case]:
        """The cases whose network is trained, heard."""
        done = []
        for case in CASES:
            try:
                path = exported(case.run, self.runs)
            except InputError:
                print(f"{case.label}: {case.run} is not trained yet", flush=True)
                continue
            if case.run not in self.networks:
                self.networks[case.run] = compressed(path, self.listening, self.device)
            share = self.heard[case.share_of].large_share if case.share_of else 0.0
            small = self.networks[case.run]
            self.heard[case.label] = hear(case, small, path, self.listening, self.spans, share)
            done.append(case)
            print(f"heard: {case.label}", flush=True)
        return done

    def some(self, case: Case, count: int) -> list[Recognition]:
        """Some of the quiet recordings, spread over all of them, recognised by a case."""
        recogniser = Recogniser(self.networks[case.run])
        share = self.heard[case.label].large_share
        quiet = np.flatnonzero(~self.listening.is_noisy)
        return [
            recogniser.recognise(
                self.listening.features[i],
                str(i),
                10 * self.spans[i][1],
                picker=case.picker(i, self.spans[i][0], share),
            )
            for i in quiet[np.linspace(0, len(quiet) - 1, count).astype(int)].tolist()
        ]


def played(study: Study, cases: Sequence[Case], utterances: int, few: int) -> list[Measured]:
    """Every case on the device, the trained network first."""
    experiment, _ = load_experiment(None)
    trained, production = [], []
    for case in cases:
        found = study.some(case, utterances)
        small, rates = study.networks[case.run], study.heard[case.label].rates
        trained += on_trained(case.label, study.device, small, rates, [each.work for each in found])
        if few and small.network.has_branches:
            has_arbiter = case.who == "arbiter"
            large = production_network(experiment.production, small, study.device, has_arbiter, experiment.seed)
            works = [(each.work, each.transcript.label_steps) for each in found[:: max(1, utterances // few)]]
            production += on_production(case.label, study.device, large, works)
        print(f"played: {case.label}", flush=True)
    return trained + production


def write_csv(rows: Sequence[Row] | Sequence[Measured], path: Path) -> None:
    """One line each, floats to six digits."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, asdict(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in asdict(row).items()})


def write(out: Path, study: Study, rows: Sequence[Row], measured: Sequence[Measured]) -> None:
    """All files of the report."""
    out.mkdir(parents=True, exist_ok=True)
    trained = [each for each in measured if each.network == "trained"]
    production = [each for each in measured if each.network == "production"]
    write_csv(rows, out / "words.csv")
    write_csv(measured, out / "device.csv")
    picking = {case: heard for case, heard in study.heard.items() if 0 < heard.large_share < 1}
    with report_style():
        drawn: dict[str, Figure] = {
            "words": figures.words(rows),
            "picks": figures.picks(picking, study.spans, study.listening.is_real),
            "traffic": figures.traffic(trained),
        }
        if production:
            drawn["waits"] = figures.waits(production)
        for name, figure in drawn.items():
            (out / f"{name}.svg").write_bytes(save_svg(figure))
            (out / f"{name}.png").write_bytes(save_png(figure))
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
        "## How far to trust it",
        trust(),
    ]
    (out / "README.md").write_text("\n\n".join(part.rstrip() for part in parts) + "\n", encoding="utf-8")


def main() -> int:
    """The command; its exit status."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=Path, default=ROOT / "runs" / "branching")
    options.add_argument("--runs", type=Path, default=Path("runs/train"))
    options.add_argument("--corpus", type=Path, default=CORPUS)
    options.add_argument("--utterances", type=int, default=12, help="that the device plays")
    options.add_argument("--production", type=int, default=4, help="of those, at production size; 0 for none")
    chosen = options.parse_args()
    study = Study(chosen.corpus.expanduser(), chosen.runs, load_device("az1"))
    cases = study.hear_all()
    if REFERENCE not in study.heard:
        print(f"the reference is not trained yet: azsim train {CASES[0].run}")
        return 1
    reference = study.heard[REFERENCE]
    rows = [row_of(case, study.heard[case.label], reference, study.listening, study.spans) for case in cases]
    write(chosen.out, study, rows, played(study, cases, chosen.utterances, chosen.production))
    return 0


if __name__ == "__main__":
    sys.exit(main())
