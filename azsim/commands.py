"""What each command does: read the input, run the work with a progress bar, print the table, write the report."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec

from azsim.compare.devices import check_devices, side_by_side
from azsim.compare.experiment import load_experiment
from azsim.compare.runner import compare as run_comparison
from azsim.compare.runner import default_workers, make_setup, tasks_of
from azsim.compare.single import Single, make_single, run_single
from azsim.errors import readable
from azsim.interrupts import ignore_interrupts
from azsim.progress import Shown, shown
from azsim.report.fitted import output_console
from azsim.report.results import UtteranceResult, rows_to_json
from azsim.report.table import print_tables
from azsim.report.trace import TraceOptions
from azsim.report.trace.options import check_events, parse_window
from azsim.report.write import check_out_dir, write_report
from azsim.resources import shipped


def compare(options: argparse.Namespace) -> dict[str, object]:
    """``azsim compare``."""
    experiment, path = load_experiment(options.experiment)
    out = options.out or Path("runs") / experiment.name
    check_out_dir(out)
    trace = _trace_options(options)
    with _progress("comparing", options) as progress:
        setups = [
            make_setup(
                experiment,
                path,
                options.speech,
                options.utterances,
                options.max_minutes,
                progress.spin,
                device=device,
                gain=options.gain,
            )
            for device in options.device or [None]
        ]
        check_devices(setups)
        progress.expect(sum(len(tasks_of(setup)) for setup in setups))
        workers = options.workers or default_workers()
        comparisons = []
        for setup in setups:
            of = f"{setup.device.name}: " if len(setups) > 1 else ""
            advance = partial(_labelled, progress.advance, of)
            comparisons.append(run_comparison(replace(setup, trace=trace), workers, advance, _command()))
        comparison = side_by_side(comparisons)
        progress.spin("drawing")
        written = write_report(comparison, out)
        ignore_interrupts()
    if not options.json:
        print_tables(comparison, output_console())
        print(readable(f"report: {_shown(written)}/index.html"))
    return {
        "experiment": comparison.name,
        "device": comparison.device,
        "rows": rows_to_json(comparison.rows),
        "production_rows": rows_to_json(comparison.production_rows),
        "remarks": {one.utterance: list(one.remarks) for one in comparison.utterances if one.remarks},
        "report": str(out),
    }


def _labelled(advance: Callable[[str], None], of: str, label: str) -> None:
    """One part is done; ``of`` says on which device, where there are several."""
    advance(of + label)


def run(options: argparse.Namespace) -> dict[str, object]:
    """``azsim run``."""
    out = options.out or Path("runs") / "run"
    check_out_dir(out)
    trace = _trace_options(options)
    music = None if options.no_music else options.music or shipped("experiments", "music/track.ogg")
    with _progress("running", options) as progress:
        single = make_single(
            options.recordings,
            Single(
                device=options.device,
                model=options.model,
                codec=options.codec,
                weight_bits=options.weight_bits,
                sparsity=options.sparsity,
                seed=options.seed,
            ),
            music,
            options.max_minutes,
            options.gain,
        )
        progress.spin("recognising, simulating")
        comparison = run_single(replace(single, trace=trace), _command())
        progress.spin("drawing")
        written = write_report(comparison, out)
        ignore_interrupts()
    if not options.json:
        for result in comparison.utterances:
            print(readable(f"{result.utterance}: {result.hypothesis or '(no words)'}"))
            for line in _about(result):
                print(readable(f"  {line}"))
            if result.words:
                print("  begins     ends       posterior  word")
            for word in result.words:
                times = f"{word.start_ms / 1000:7.2f} s  {word.end_ms / 1000:7.2f} s"
                print(readable(f"  {times}  {word.label_posterior:9.2f}  {word.text}"))
        print_tables(comparison, output_console())
        print(readable(f"report: {_shown(written)}/index.html"))
    return {
        "device": comparison.device,
        "rows": rows_to_json(comparison.rows),
        "utterances": [
            {
                "file": result.utterance,
                "transcript": result.hypothesis,
                "transcript_whole": result.hypothesis_whole,
                "words": [msgspec.to_builtins(word) for word in result.words],
                "latency_ms": result.timing.latency_ms if result.timing else None,
                "premature_endpoint": result.timing.premature_endpoint if result.timing else None,
                "speech_end_estimated": result.speech_end_estimated,
                "remarks": list(result.remarks),
            }
            for result in comparison.utterances
        ],
        "report": str(out),
    }


def _about(result: UtteranceResult) -> Iterator[str]:
    """What else there is to say of a recording: its words after the end-point, its latency or why there is none."""
    if result.hypothesis_whole != result.hypothesis:
        yield f"whole recording: {result.hypothesis_whole}"
        yield "premature end-point: the words after it are not delivered; no latency"
    elif result.timing and result.timing.latency_ms is not None:
        estimated = " (estimated)" if result.speech_end_estimated else ""
        yield f"{result.timing.latency_ms:.0f} ms from the end of speech{estimated} to these words"
    elif result.timing and result.hypothesis:
        yield "no latency: the end of speech is not known, or came after the end-point"


def _trace_options(options: argparse.Namespace) -> TraceOptions:
    window_ps = parse_window(options.trace_window, "--trace-window") if options.trace_window else None
    check_events(options.trace_events, "--trace-events")
    return TraceOptions(window_ps, options.trace_every, options.trace_events)


def _progress(title: str, options: argparse.Namespace) -> AbstractContextManager[Shown]:
    return shown(title, options.quiet or options.json, options.verbose)


def _command() -> list[str]:
    return ["azsim", *sys.argv[1:]]


def _shown(folder: Path) -> Path:
    """The folder relative to here if it lies below."""
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
