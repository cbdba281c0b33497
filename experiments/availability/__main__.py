"""Availability: which requests get their words, and how late, on a link that comes and goes.

    python -m experiments.availability [EXPERIMENT.toml] [--out reports/availability] [--utterances N] [--noise FILE]

The device alone, the cloud alone, and both on one device (`azsim/cloud/request.py`), for each device and link trace of
the experiment file; then with the local-processing setting on. ``--noise`` takes a recording in place of the made noise
where a device has noise in its microphone. Writes availability.csv, the figures and README.md.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from azsim.compare.runner import default_workers
from azsim.report.figures.style import report_style, write_figure
from azsim.report.page import write_page
from azsim.speech.audio import read_audio
from experiments.availability import figures
from experiments.availability.page import page
from experiments.availability.requests import load_choice, make_plan, run
from experiments.availability.tables import battery_rows, row_of, write_csv
from experiments.options import options_of

SHOWN = ("gilbert-70-20s", "drive")
"""Links of the figure of answers over time."""


def main() -> None:
    """Ask, count, draw, write."""
    options = options_of(__package__, __doc__)
    options.add_argument("experiment", type=Path, nargs="?", default=Path(__file__).with_name("availability.toml"))
    options.add_argument("--out", type=Path, default=Path("runs") / "availability")
    options.add_argument("--utterances", type=int)
    options.add_argument("--noise", type=Path)
    options.add_argument("--workers", type=int, default=default_workers())
    chosen = options.parse_args()
    choice = load_choice(chosen.experiment)
    if chosen.utterances:
        choice = msgspec.structs.replace(choice, utterances=chosen.utterances)
    noise = read_audio(chosen.noise).samples if chosen.noise else None
    outcomes = run(make_plan(choice, chosen.experiment, noise), chosen.workers)
    rows = [row_of(outcome, choice.within_s) for outcome in outcomes]
    free = [row for row in rows if row.path == "device" and not row.local_processing]
    places = [(row.device, row.link) for row in free if row.link in SHOWN] or [(free[0].device, free[0].link)]
    out: Path = chosen.out
    out.mkdir(parents=True, exist_ok=True)
    write_csv(rows, choice.within_s, out / "availability.csv")
    with report_style():
        for name, figure in (
            ("availability", figures.over_links(rows, choice.within_s)),
            ("answers", figures.over_time(outcomes, places)),
            ("energy", figures.energy(rows, rows[0].link)),
        ):
            write_figure(figure, name, out)
    battery = battery_rows(outcomes, rows, choice.requests_per_hour)
    write_page(out, page(choice, rows, battery, chosen.noise))


if __name__ == "__main__":
    main()
