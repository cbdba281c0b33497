"""Model updates over the air: bytes against word errors over five releases, what they do to a device, and power cuts.

    python -m experiments.updates [--out reports/updates] [--model rnnt-student] [--corpus CORPUS]

Three series of five releases, fine-tuned from the model with all weights, with the last encoder layer and the joint
network, and with a seeded tenth of the weights; as signed updates, full, delta and masked delta, in raw and ans of 8
bits and zvsv of 5. The releases are in experiments/updates/releases; if they belong to another model, they are trained
anew on CORPUS (some minutes; needs the extra `train`) and kept there. Writes updates.csv, device.csv, figures and
README.md.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from azsim.compare.experiment import load_experiment
from azsim.compare.runner import make_setup
from azsim.compress import compress
from azsim.compress.requantise import requantise_to
from azsim.compress.update.image import pack_image
from azsim.errors import InputError
from azsim.report.figures.style import report_style, write_figure
from azsim.report.page import write_page
from azsim.soc.update import UpdateJob
from experiments.options import options_of
from experiments.updates import figures, on_device, page, power_cuts, sizes
from experiments.updates.series import FOLDER, Series, load, store, train

DEVICE_UTTERANCES = 12


def series_of(model: str, corpus: Path | None, trained: Path | None) -> list[Series]:
    """The stored releases of the model; trained and stored first if there are none.

    Raises:
        InputError: there are none, and no corpus to train them on.
    """
    found = load(model)
    if found is None:
        if corpus is None and trained is None:
            raise InputError(f"{FOLDER}: not made from {model} as it is now: give --corpus to train them anew")
        with tempfile.TemporaryDirectory() as scratch:
            folder = trained or Path(scratch)
            if corpus is not None:
                train(model, corpus, folder)
            store(model, folder)
        found = load(model)
    return found


def jobs_of(series: Sequence[Series], rows: Sequence[sizes.ReleaseSize]) -> dict[str, UpdateJob]:
    """The third release as updates of the trained network, and scaled to production size."""
    release = 3

    def row(name: str, codec: str) -> sizes.ReleaseSize:
        return next(r for r in rows if (r.series, r.release, r.codec, r.how) == (name, release, codec, "followed"))

    network = series[0].networks()[0]
    raw, zvsv, tenth = row("all", "raw, 8 bits"), row("all", "zvsv, 5 bits"), row("tenth", "zvsv, 5 bits")
    tiles = sum(len(m.encoded.tiling) for m in compress(network, weight_bits=5, codec="zvsv").matrices.values())

    def delta(payload: int, one: sizes.ReleaseSize, scale: float = 1.0) -> UpdateJob:
        image = round(scale * one.full_bytes)
        return UpdateJob(round(scale * payload), image, image, round(scale * network.weights), round(scale * tiles))

    large = page.PRODUCTION_WEIGHTS / network.weights
    return {
        "raw full": UpdateJob(raw.full_bytes, raw.full_bytes),
        "raw delta": delta(raw.delta_bytes, raw),
        "zvsv full": UpdateJob(zvsv.full_bytes, zvsv.full_bytes),
        "zvsv delta": delta(zvsv.delta_bytes, zvsv),
        "zvsv masked": delta(tenth.masked_bytes, tenth),
        "58.4 M, zvsv full": UpdateJob(round(large * zvsv.full_bytes), round(large * zvsv.full_bytes)),
        "58.4 M, zvsv delta": delta(zvsv.delta_bytes, zvsv, large),
    }


def write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """A tidy table."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(key for row in rows for key in row)))
        writer.writeheader()
        writer.writerows(rows)


def flat(load: on_device.UpdateLoad) -> dict[str, object]:
    """A load as one row."""
    row = asdict(load)
    phases, energy = row.pop("phase_ms"), row.pop("energy_mj")
    return row | {f"{k}_ms": v for k, v in phases.items()} | {f"{k}_mj": v for k, v in energy.items()}


def command(chosen: argparse.Namespace) -> str:
    """What makes the same report again: by now the releases are stored, so no corpus is named."""
    named = {"--out": chosen.out, "--model": chosen.model, "--utterances": chosen.utterances, "--kills": chosen.kills}
    given = [f"{name} {value}" for name, value in named.items() if name in sys.argv]
    return " ".join(["python -m experiments.updates", *given])


def main() -> None:
    """Measure, draw, write."""
    options = options_of(__package__, __doc__)
    options.add_argument("--out", type=Path, default=Path("runs") / "updates")
    options.add_argument("--model", default="rnnt-student")
    options.add_argument("--corpus", type=Path, help="to train releases on, if the stored ones belong to another model")
    options.add_argument("--trained", type=Path, help="where trained releases are kept or found: SERIES/release-K")
    options.add_argument("--utterances", type=int, help="only so many, evenly spread")
    options.add_argument("--kills", type=int, default=200)
    chosen = options.parse_args()
    series = series_of(chosen.model, chosen.corpus, chosen.trained)
    experiment, path = load_experiment(None)
    setup = make_setup(experiment, path, limit=chosen.utterances)
    rows = sizes.measure(series, sizes.Measure(setup, lambda text: print(text, flush=True)))
    few = make_setup(experiment, path, limit=DEVICE_UTTERANCES)
    before, after = series[0].networks()[:2]
    small = compress(before, weight_bits=5, codec="zvsv")
    loads = on_device.measure(few, small, jobs_of(series, rows))
    cuts = power_cuts.cut(pack_image(small), pack_image(requantise_to(small, after)), chosen.kills)
    chosen.out.mkdir(parents=True, exist_ok=True)
    write_csv(chosen.out / "updates.csv", [asdict(row) for row in rows])
    write_csv(chosen.out / "device.csv", [flat(load) for load in loads])
    with report_style():
        for name, figure in (
            ("bytes_and_words", figures.bytes_and_words(rows)), ("phases", figures.phases(loads)),
        ):  # fmt: skip
            write_figure(figure, name, chosen.out)
    text = page.readme(rows, loads, cuts, series, setup, chosen.model, command(chosen))
    write_page(chosen.out, text)


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"updates.py: {error}")
