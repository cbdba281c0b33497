"""``azsim compare``: an experiment's configurations on one or several devices; print the table, write the report."""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from azsim.commands.shared.options import count, path
from azsim.commands.shared.reporting import add_report_options, command_line, from_here, progress, trace_options
from azsim.errors import AzsimWarning, InputError, readable
from azsim.interrupts import ignore_interrupts, interrupts_end_all

HELP = "compression configurations side by side: table, figures, page"


def declare(command: argparse.ArgumentParser) -> None:
    """Experiment, devices, recordings."""
    command.add_argument("experiment", nargs="?", type=path, help="experiment file; the shipped one if left out")
    command.add_argument(
        "--device",
        action="append",
        metavar="DEVICE",
        help="a name or a .toml in place of the experiment's; given again: devices side by side",
    )
    command.add_argument(
        "--speech", type=path, metavar="MANIFEST.csv", help="your recordings: columns file, transcript"
    )
    command.add_argument("--utterances", type=count, metavar="N", help="only N utterances, evenly spread")
    command.add_argument("--workers", type=count, metavar="N", help="processes (default: one per core, at most 8)")
    add_report_options(command)


def perform(options: argparse.Namespace) -> dict[str, object]:
    """Run them with a progress bar, print the tables, write the report."""
    with interrupts_end_all():
        from azsim.compare.devices import check_devices, side_by_side
        from azsim.compare.experiment import load_experiment
        from azsim.compare.infer import is_infer
        from azsim.compare.runner import compare, default_workers, make_setup, tasks_of
        from azsim.report.fitted import output_console
        from azsim.report.plain import rows_to_json
        from azsim.report.table import print_tables
        from azsim.report.write import check_out_dir, write_report
    if options.experiment is not None and is_infer(options.experiment):
        return _infer(options)
    experiment, file = load_experiment(options.experiment)
    out = options.out or Path("runs") / experiment.name
    check_out_dir(out)
    trace = trace_options(options)
    with progress("comparing", options) as shown:
        setups = [
            make_setup(
                experiment,
                file,
                options.speech,
                options.utterances,
                options.max_minutes,
                shown.spin,
                device=device,
                gain=options.gain,
            )
            for device in options.device or [None]
        ]
        check_devices(setups)
        if options.utterances and options.utterances > (there := len(setups[0].utterances)):
            said = f"--utterances {options.utterances}: there are {there}; all are used"
            warnings.warn(said, AzsimWarning, stacklevel=2)
        shown.expect(sum(len(tasks_of(setup)) for setup in setups))
        workers = options.workers or default_workers()
        comparisons = []
        for setup in setups:
            of = f"{setup.device.name}: " if len(setups) > 1 else ""
            advance = partial(_labelled, shown.advance, of)
            comparisons.append(compare(replace(setup, trace=trace), workers, advance, command_line()))
        comparison = side_by_side(comparisons)
        shown.spin("drawing")
        written = write_report(comparison, out)
        ignore_interrupts()
    if not options.json:
        print_tables(comparison, output_console())
        print(readable(f"report: {from_here(written)}/index.html"))
    return {
        "experiment": comparison.name,
        "device": comparison.device,
        "rows": rows_to_json(comparison.rows),
        "production_rows": rows_to_json(comparison.production_rows),
        "remarks": {one.utterance: list(one.remarks) for one in comparison.utterances if one.remarks},
        "report": str(out),
    }


def _infer(options: argparse.Namespace) -> dict[str, object]:
    """An experiment whose task is a network of the user's own."""
    with interrupts_end_all():
        from msgspec import structs, to_builtins

        from azsim.compare.infer import infer, load_infer
        from azsim.report.fitted import output_console
        from azsim.report.inference_report import write_inference_report
        from azsim.report.inference_tables import print_results
        from azsim.report.manifest import make_manifest
        from azsim.report.write import check_out_dir
    experiment = load_infer(options.experiment)
    if options.speech is not None or options.utterances is not None:
        raise InputError(f"{options.experiment}: its task is infer; leave out --speech and --utterances")
    if options.device:
        experiment = structs.replace(experiment, device=tuple(options.device))
    out = options.out or Path("runs") / experiment.name
    check_out_dir(out)
    with progress("comparing", options) as shown:
        shown.expect(len(experiment.device) * len(experiment.configuration))
        run = infer(experiment, options.experiment, shown.advance)
        manifest = make_manifest(
            command_line(), to_builtins(experiment), {"memory": experiment.seed}, {"experiment": options.experiment}
        )
        written = write_inference_report(experiment.name, run.results, run.outputs, manifest, out)
        ignore_interrupts()
    if not options.json:
        print_results(run.results, output_console(), with_layers=False)
        print(readable(f"report: {from_here(written)}/index.html"))
    rows = [result.to_json() for result in run.results]
    return {"experiment": experiment.name, "task": "infer", "rows": rows, "report": str(out)}


def _labelled(advance: Callable[[str], None], of: str, label: str) -> None:
    """One part is done; ``of`` says on which device, where there are several."""
    advance(of + label)
