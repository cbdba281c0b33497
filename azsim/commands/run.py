"""``azsim run``: recordings through one configuration; print words, latency and the table, write the report."""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from azsim.commands.shared.options import count, granularity_option, path
from azsim.commands.shared.reporting import add_report_options, command_line, from_here, progress, trace_options
from azsim.errors import AzsimWarning, InputError, located, readable
from azsim.interrupts import ignore_interrupts, interrupts_end_all

if TYPE_CHECKING:
    from azsim.compare.speech_set import Utterance
    from azsim.report.results import UtteranceResult
    from azsim.speech.stage import Stage

OPENED_BY = {"wake word": "its wake word", "voice": "a voice"}
HELP = "your recordings through one configuration: transcript, latency, report"


def declare(command: argparse.ArgumentParser) -> None:
    """Recordings, device, network, how it is compressed, music."""
    command.add_argument(
        "recordings", nargs="+", type=path, metavar="FILE", help="wav, flac, ogg, mp3, m4a..., any rate and channels"
    )
    command.add_argument("--device", default="az1", help="a device's name or a .toml (default: az1)")
    command.add_argument(
        "--model",
        default="rnnt-5bit-50",
        help="a name under models/, or a .safetensors or its folder (default: rnnt-5bit-50)",
    )
    command.add_argument("--codec", default="zvsv", help="weight codec (default: zvsv)")
    command.add_argument(
        "--weight-bits", type=int, default=5, help="bits per weight or palette index, 1 to 8 (default: 5)"
    )
    command.add_argument("--sparsity", type=float, default=0.5, help="share of zeros (default: 0.5)")
    granularity_option(command)
    cut = command.add_mutually_exclusive_group()
    cut.add_argument(
        "--wake", action="store_true", help="every turn begins with the wake word (default: where it is said at all)"
    )
    cut.add_argument("--no-wake", action="store_true", help="turns are cut by end-pointers alone, also in short files")
    command.add_argument(
        "--speakers", type=path, metavar="FOLDER", help="tell who speaks: a folder of recordings for each person in it"
    )
    command.add_argument("--whisper", action="store_true", help="tell whether somebody whispers")
    music = command.add_mutually_exclusive_group()
    music.add_argument("--music", type=path, metavar="FILE", help="what plays meanwhile (default: the shipped track)")
    music.add_argument("--no-music", action="store_true", help="silence")
    command.add_argument("--seed", type=int, default=1, help="of network jitter and the music's phase (default: 1)")
    command.add_argument(
        "--beam", type=count, default=4, metavar="N", help="hypotheses of the search (default: 4; 1: greedy)"
    )
    command.add_argument(
        "--catalogue", type=path, metavar="FILE", help="names that the user has: a text, or a CSV with entry,class"
    )
    command.add_argument("--lattice", type=path, metavar="FOLDER", help="write what else may have been said")
    command.add_argument(
        "--lattice-format", choices=("slf", "kaldi", "openfst", "dot"), help="of these files (default: slf)"
    )
    add_report_options(command)


def perform(options: argparse.Namespace) -> dict[str, object]:
    """Recognise and simulate with a progress bar, print words and tables, write the report."""
    with interrupts_end_all():
        import msgspec

        from azsim.compare.lattices import write_lattices
        from azsim.compare.single import Single, make_single, run_single
        from azsim.report.fitted import output_console
        from azsim.report.plain import rows_to_json
        from azsim.report.table import print_tables
        from azsim.report.write import check_out_dir, write_report
        from azsim.resources import shipped
        from azsim.speech.transcript import moved
    out = options.out or Path("runs") / "run"
    check_out_dir(out)
    if (options.lattice or options.lattice_format) and options.beam == 1:
        raise InputError("--lattice: a greedy search keeps no lattice; give --beam 2 or more")
    if options.lattice_format and not options.lattice:
        raise InputError(f"--lattice-format {options.lattice_format}: needs --lattice FOLDER")
    trace = trace_options(options)
    music = None if options.no_music else options.music or shipped("experiments", "music/track.ogg")
    with progress("running", options) as shown:
        single = make_single(
            _each_once(options.recordings),
            Single.asked(options, _stages(options)),
            music,
            options.max_minutes,
            options.gain,
            "wake" if options.wake else "no wake" if options.no_wake else "by itself",
        )
        shown.spin("recognising, simulating")
        comparison = run_single(replace(single, trace=trace), command_line())
        shown.spin("drawing")
        written = write_report(comparison, out)
        if options.lattice:
            write_lattices(comparison.utterances, options.lattice, options.lattice_format or "slf")
        ignore_interrupts()
    if not options.json:
        for utterance, result in zip(single.utterances, comparison.utterances, strict=True):
            _print_words(result, utterance)
        print_tables(comparison, output_console())
        print(readable(f"report: {from_here(written)}/index.html"))
    return {
        "device": comparison.device,
        "rows": rows_to_json(comparison.rows),
        "utterances": [
            {
                "file": result.utterance,
                "transcript": result.hypothesis,
                "transcript_whole": result.hypothesis_whole,
                "start_ms": utterance.start_ms,
                "opened_by": utterance.opened_by or None,
                "words": [msgspec.to_builtins(word) for word in moved(result.words, utterance.start_ms)],
                "latency_ms": result.timing.latency_ms if result.timing else None,
                "premature_endpoint": result.timing.premature_endpoint if result.timing else None,
                "speech_end_estimated": result.speech_end_estimated,
                "remarks": list(result.remarks),
                "told": dict(result.told),
            }
            for utterance, result in zip(single.utterances, comparison.utterances, strict=True)
        ],
        "report": str(out),
    }


def _stages(options: argparse.Namespace) -> tuple[Stage, ...]:
    """Those that the options ask for, beside the recogniser."""
    from azsim.speech.speaker.enrolment import people_of
    from azsim.speech.stage_registry import stage_of

    tables: list[dict[str, object]] = [{"kind": "whisper"}] if options.whisper else []
    if options.speakers:
        with located("--speakers"):
            people_of(options.speakers)
        tables.append({"kind": "speaker", "speakers": str(options.speakers)})
    return tuple(stage_of(table, f"--{table['kind']}") for table in tables)


def _each_once(recordings: Sequence[Path]) -> list[Path]:
    """The recordings without those that were named before, under whatever path."""
    kept: dict[str, Path] = {}
    for recording in recordings:
        if kept.setdefault(os.path.realpath(recording), recording) is not recording:
            warnings.warn(f"{recording}: given more than once; it counts once", AzsimWarning, stacklevel=2)
    return list(kept.values())


def _print_words(result: UtteranceResult, utterance: Utterance) -> None:
    """The words of a turn, what else there is to say of it, and when each was said, in time of its recording."""
    from azsim.speech.transcript import moved

    print(readable(f"{result.utterance}: {result.hypothesis or '(no words)'}"))
    if utterance.opened_by:
        print(f"  from {utterance.start_ms / 1000:.2f} s on, opened by {OPENED_BY[utterance.opened_by]}")
    for line in _about(result):
        print(readable(f"  {line}"))
    if result.words:
        print("  begins     ends       posterior  word")
    for word in moved(result.words, utterance.start_ms):
        times = f"{word.start_ms / 1000:7.2f} s  {word.end_ms / 1000:7.2f} s"
        sure = word.label_posterior if word.word_posterior is None else word.word_posterior
        print(readable(f"  {times}  {sure:9.2f}  {word.text}"))


def _about(result: UtteranceResult) -> Iterator[str]:
    """What else there is to say of a recording: who speaks and how, its words after the end-point, its latency or why
    there is none.
    """
    if isinstance(who := result.told.get("speaker"), dict):
        yield f"said by {who['name'] or 'somebody who did not enrol'} (likeness {who['score']:.2f})"
    if isinstance(how := result.told.get("whisper"), dict):
        yield f"{'whispered' if how['whisper'] else 'said aloud'} (posterior of a whisper {how['posterior']:.2f})"
    if result.hypothesis_whole != result.hypothesis:
        yield f"whole recording: {result.hypothesis_whole}"
        yield "premature end-point: the words after it are not delivered; no latency"
    elif result.timing and result.timing.latency_ms is not None:
        estimated = " (estimated)" if result.speech_end_estimated else ""
        yield f"{result.timing.latency_ms:.0f} ms from the end of speech{estimated} to these words"
    elif result.timing and result.hypothesis:
        yield "no latency: the end of speech is not known, or came after the end-point"
