"""``python -m azsim.train.corpus``: the corpus, the shipped test speech and the shipped music.

Without ``--real``, recordings of people come from ``$AZSIM_DATA/barista/manifest.csv`` where that is set.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import msgspec
import numpy as np

from azsim.errors import InputError
from azsim.output_file import write_output_file
from azsim.parsing import OneLineParser
from azsim.resources import data_folder
from azsim.train.command import exit_status, whole
from azsim.train.corpus import named, testset, voice_clips, wake_streams, wake_words, whisper_clips
from azsim.train.corpus.automata import both_grammars
from azsim.train.corpus.build import build_train, evaluation_items, report, wide_items
from azsim.train.corpus.clips import MEASURED, UNTIL_S, clip_items, measured_items, recorded_items
from azsim.train.corpus.commands import commands_of
from azsim.train.corpus.layouts import LAYOUTS
from azsim.train.corpus.real import real_items, unlabelled_items
from azsim.train.corpus.store import Entry, is_complete, read_index, write_shard
from azsim.train.corpus.track import write_track
from azsim.train.corpus.untranscribed import load_untranscribed
from azsim.train.recipe import RECORDED

REAL_MANIFEST_UNDER_DATA = "barista/manifest.csv"
MOST = 1_000_000


def main() -> int:
    """Run one builder; returns the exit status."""
    arguments = _parser().parse_args()
    return exit_status(lambda: arguments.run(arguments))


def _build(arguments: argparse.Namespace) -> None:
    build_train(
        arguments.out, arguments.shard_utterances, arguments.shards, arguments.seed, arguments.workers,
        arguments.wide, arguments.text, arguments.kokoro,
    )  # fmt: skip


def _eval(arguments: argparse.Namespace) -> None:
    made = evaluation_items(arguments.seed, arguments.workers)
    _write(arguments.out / "eval", chain(made, testset.items(arguments.testset)))


def _eval_wide(arguments: argparse.Namespace) -> None:
    _write(arguments.out / "eval-wide", wide_items(arguments.text, arguments.seed, arguments.workers))


def _noise(arguments: argparse.Namespace) -> None:
    _write(arguments.out / "noise", clip_items(arguments.seed, arguments.clips, arguments.wide))
    _write(arguments.out / MEASURED, measured_items(arguments.seed, arguments.clips))


def _recorded_noise(arguments: argparse.Namespace) -> None:
    _write(arguments.out / RECORDED, recorded_items(arguments.audio, arguments.until_s))


def _real(arguments: argparse.Namespace) -> None:
    manifest = arguments.real or data_folder("recordings, without --real MANIFEST") / REAL_MANIFEST_UNDER_DATA
    held_out = _held_out_sentences(arguments.out)
    recordings = list(LAYOUTS[arguments.layout](manifest))
    _write(arguments.out / "real", real_items(recordings, arguments.domain, held_out, arguments.fold))


def _unlabelled(arguments: argparse.Namespace) -> None:
    recordings = (each for folder in arguments.audio for each in load_untranscribed(folder))
    heard = (each for each in recordings if each.extra["split"] == "train")
    _write(arguments.out / "unlabelled", unlabelled_items(heard))


def _streams(arguments: argparse.Namespace) -> None:
    data = arguments.data or data_folder("recordings, without --data FOLDER")
    held_out = _held_out_sentences(arguments.out)
    people = wake_streams.People.load(data, "train", held_out)
    made = wake_streams.train_items(people, arguments.commands, arguments.seed, arguments.workers)
    _write(arguments.out / "streams", made)
    people = wake_streams.People.load(data, "test")
    made = wake_streams.measured_items(people, arguments.test_commands, arguments.seed, arguments.workers)
    _write(arguments.out / "streams-eval", made)


def _wake(arguments: argparse.Namespace) -> None:
    data = arguments.data or data_folder("recordings, without --data FOLDER")
    spoken = wake_words.synthetic_items(
        arguments.words, arguments.near_words, arguments.measured, arguments.seed, arguments.workers
    )
    _write(arguments.out / "wake", chain(wake_words.recorded_items(data), spoken))


def _voices(arguments: argparse.Namespace) -> None:
    from azsim.train.corpus.published_voice import PART_FRAMES, PublishedVoice  # PyTorch takes a while

    data, heard = arguments.data or data_folder("recordings, without --data FOLDER"), list[np.ndarray]()
    sentences = commands_of(data / "text" / "slurp_lm.txt", "train")
    embed = PublishedVoice(part_step_frames=PART_FRAMES).embed
    made = voice_clips.items(data, sentences, arguments.voices, arguments.seed, embed, heard)
    folder = arguments.out / voice_clips.FOLDER
    _write(folder, made)
    voice_clips.write_teacher(folder, heard)


def _whispers(arguments: argparse.Namespace) -> None:
    data = arguments.data or data_folder("recordings, without --data FOLDER")
    sentences = commands_of(data / "text" / "slurp_lm.txt", "train")
    _write(arguments.out / "whispers", whisper_clips.items(data, sentences, arguments.spoken, arguments.seed))


def _names(arguments: argparse.Namespace) -> None:
    seed, workers = arguments.seed, arguments.workers
    evaluation, count = arguments.out / "names-eval", arguments.shard_utterances
    if not is_complete(evaluation):
        measured = (named.named_items(each, arguments.measured, seed, workers) for each in named.MEASURED)
        _write(evaluation, chain(named.named_items(named.TUNING, arguments.tuning, seed, workers), *measured))
    for number in range(arguments.shards):
        folder = arguments.out / f"names-{number:02d}"
        if not is_complete(folder):
            _write(folder, named.named_items(named.TRAINING, count, seed, workers, number * count))


def _held_out_sentences(out: Path) -> frozenset[str]:
    evaluation = out / "eval"
    if not is_complete(evaluation):
        raise InputError(f"{evaluation}: build eval first, so that its sentences can be kept out of training")
    return frozenset(str(entry["text"]) for entry in read_index(evaluation))


def _testset(arguments: argparse.Namespace) -> None:
    testset.make(arguments.out, arguments.seed)


def _grammars(arguments: argparse.Namespace) -> None:
    automaton = both_grammars()
    write_output_file(arguments.out, [msgspec.json.encode(automaton), b"\n"])
    print(f"{arguments.out}: {len(automaton.ends)} states, {len(automaton.sources)} arcs, {len(automaton.words)} words")


def _music(arguments: argparse.Namespace) -> None:
    write_track(arguments.out, arguments.seed)


def _write(folder: Path, items: Iterable[tuple[Entry, np.ndarray]]) -> None:
    began_s = time.monotonic()
    count = write_shard(folder, items)
    report(folder, count, time.monotonic() - began_s)


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(prog="python -m azsim.train.corpus", description=__doc__)
    commands = parser.add_subparsers(required=True)
    builders = {
        "build": (_build, "training shards of synthetic speech"),
        "eval": (_eval, "evaluation splits: dev, unknown names, and the shipped test speech"),
        "eval-wide": (_eval_wide, "commands of a text that training never hears, in quiet and in noise"),
        "noise": (_noise, "noise, babble and music clips to mix in while training, and others to measure in"),
        "recorded-noise": (_recorded_noise, "clips of recorded noise, for recipes that name them"),
        "real": (_real, "recordings of people: train, held-out speakers, dev"),
        "unlabelled": (_unlabelled, "recordings of people that nobody wrote down, for a teacher"),
        "streams": (_streams, "wake word and command in one stream, with and without another voice behind them"),
        "wake": (_wake, "clips of the wake word, and of words that sound like it, for its detector"),
        "voices": (_voices, "speech by many voices with a published embedding of each, for the device's own"),
        "whispers": (_whispers, "the same speech aloud and whispered, for its detector"),
        "names": (_names, "sentences whose names are known: to train, tune and measure what is told a user's names"),
        "testset": (_testset, "the test speech that travels with azsim"),
        "music": (_music, "the music track that travels with azsim"),
        "grammars": (_grammars, "both grammars as an automaton, for the language model of the cloud"),
    }
    added = {}
    for name, (run, text) in builders.items():
        added[name] = commands.add_parser(name, help=text)
        added[name].set_defaults(run=run)
        added[name].add_argument("--out", type=Path, required=True)
        added[name].add_argument("--seed", type=whole(0, 2**31 - 1), default=1)
    for name in ("build", "eval", "eval-wide", "streams", "wake", "names"):
        added[name].add_argument("--workers", type=whole(1, 64), default=2)
    added["build"].add_argument("--shard-utterances", type=whole(1, MOST), default=5000)
    added["build"].add_argument("--shards", type=whole(1, MOST), default=3)
    for name in ("build", "noise"):
        added[name].add_argument("--wide", action="store_true", help="more levels, channels and noises")
    added["build"].add_argument("--text", type=Path, help="commands, one a line, that half of the sentences are")
    added["build"].add_argument("--kokoro", type=float, default=0.0, help="share that Kokoro's voices speak, 0 to 1")
    added["eval-wide"].add_argument("--text", type=Path, required=True, help="commands, one a line")
    added["eval"].add_argument("--testset", type=Path, default=Path("experiments/speech"))
    added["noise"].add_argument("--clips", type=whole(1, MOST), default=120)
    added["recorded-noise"].add_argument("--audio", type=Path, nargs="+", required=True, metavar="FILE")
    added["recorded-noise"].add_argument(
        "--until-s", type=float, default=UNTIL_S, help="the rest is left for measuring"
    )
    added["real"].add_argument("--real", type=Path, help="a CSV or JSONL manifest, or a corpus's root folder")
    added["real"].add_argument("--layout", choices=list(LAYOUTS), default="manifest")
    added["real"].add_argument("--domain", default="coffee")
    added["real"].add_argument("--fold", type=whole(0, 3), help="hold out this fold of the training speakers")
    added["unlabelled"].add_argument("--audio", type=Path, nargs="+", required=True, metavar="FOLDER")
    for name in ("streams", "wake", "voices", "whispers"):
        added[name].add_argument("--data", type=Path, help="folder with wakeword, speakers and barista in it")
    added["voices"].add_argument("--voices", type=whole(0, MOST), default=300, help="synthetic ones")
    added["whispers"].add_argument("--spoken", type=whole(0, MOST), default=400, help="commands that espeak-ng says")
    added["wake"].add_argument("--words", type=whole(0, MOST), default=1500, help="times that the word is synthesised")
    added["wake"].add_argument("--near-words", type=whole(0, MOST), default=1000, help="times that other words are")
    added["wake"].add_argument("--measured", type=whole(0, MOST), default=100, help="times of each by unseen voices")
    added["names"].add_argument("--shard-utterances", type=whole(1, MOST), default=500, help="to train with")
    added["names"].add_argument("--shards", type=whole(0, MOST), default=6)
    added["names"].add_argument("--tuning", type=whole(0, MOST), default=300)
    added["names"].add_argument("--measured", type=whole(0, MOST), default=150, help="of each of three splits")
    added["streams"].add_argument(
        "--commands", type=whole(0, MOST), default=1200, help="synthetic ones, two streams each"
    )
    added["streams"].add_argument(
        "--test-commands", type=whole(0, MOST), default=70, help="synthetic ones, twelve streams each"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
