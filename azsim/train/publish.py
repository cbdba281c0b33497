"""Make a trained network into a model that is shipped: calibrated, sealed, measured, described.

::

    final.safetensors ─┬─ trained for bits or zeros: compress ─┬─ calibrate, seal ──> models/NAME/model.safetensors
                       └─ for neither: as floats ──────────────┘
                       ── measure per set, in float and on the device ──────────────> models/NAME/card.md

``python -m azsim.train.publish --from FINAL --corpus DIR --out models/NAME``
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np

from azsim.cloud.recogniser import recognise_in_cloud
from azsim.compress import codecs, compress
from azsim.compress.codecs import get
from azsim.compress.network import CompressedNetwork
from azsim.compress.stored import load_compressed, load_network, network_in, save_compressed
from azsim.errors import InputError
from azsim.nn.rnnt.network import Network
from azsim.nn.rnnt.save import save_network
from azsim.nn.sealed import CARD_KEY, MODEL_FILE, decode_metadata, read_stored, seal
from azsim.parsing import OneLineParser
from azsim.report.columns import interval
from azsim.report.wer import bootstrap_wer, count_errors
from azsim.speech.recogniser import recognise_many
from azsim.train.calibrate import calibrate
from azsim.train.card import Published, card_text
from azsim.train.command import exit_status
from azsim.train.data import REAL_TRAIN, TRAIN, StoredUtterance, complete_folders, load_utterances
from azsim.train.export import ModelCard, TrainedModel

FLOATS = ("float32", "float16")
CURVE = "curve.csv"
Splits = Mapping[str, Sequence[StoredUtterance]]
CALIBRATION_UTTERANCES = 200
SETS = {
    "dev-seen": "synthetic, unseen sentences, seen voices",
    "dev-unseen": "synthetic, unseen sentences, unseen voices",
    "test-seen": "shipped test speech, seen voices",
    "test-unseen espeak": "shipped test speech, 16 unseen espeak-ng voices",
    "test-unseen festival": "shipped test speech, unseen voice ked (festival)",
    "dev-command-seen": "held-out commands of a text, wide conditions, seen voices",
    "dev-command-unseen": "held-out commands of a text, wide conditions, unseen voices",
    "dev-kokoro": "unseen sentences, half of them commands, Kokoro's unseen voice",
    "real-heldout": "real coffee orders, training speakers held out for selection",
    "real-dev": "real coffee orders, dev split, unseen speakers",
}


def calibration_features(splits: Splits) -> list[np.ndarray]:
    """Features of training utterances, synthetic and real, evenly spread."""
    chosen = []
    for split in (TRAIN, REAL_TRAIN):
        utterances = splits.get(split, [])
        count = min(len(utterances), CALIBRATION_UTTERANCES // 2)
        chosen += [utterances[i] for i in np.linspace(0, len(utterances) - 1, count).astype(int)]
    return [np.asarray(utterance.features, np.float32) for utterance in chosen]


def members(splits: Splits, name: str) -> list[StoredUtterance]:
    """Utterances of one of ``SETS``."""
    split, _, engine = name.partition(" ")
    return [utterance for utterance in splits.get(split, []) if not engine or utterance.line.engine == engine]


def form_of(network: Network, trained: TrainedModel) -> str:
    """How a network is stored: a codec's name if it was trained for its bits or zeros, else a float type.

    Raises:
        InputError: its file says bits, but not for which codec.
    """
    if network.is_bidirectional:
        return "float16"
    if trained.weight_bits == 0:
        return "bitmap" if trained.sparsity else "float32"
    if not trained.codec:
        raise InputError(f"{network.source}: trained for {trained.weight_bits} bits of no codec; name it with --as")
    if get(trained.codec).grid == "uniform" and trained.weight_bits == 8:
        return "bitmap" if trained.sparsity else "raw"
    return trained.codec


def write_model(network: Network, card: ModelCard, splits: Splits, path: Path) -> None:
    """Write the file: its form is the card's ``dtype``, its activation scales are trained or else calibrated."""
    form, trained = card.dtype, card.trained
    more = {"dtype": form, "trained": msgspec.to_builtins(trained)}
    if form in FLOATS:
        save_network(network, path, form, more)
    else:
        save_compressed(_compressed(network, card), path, more)
    if not (network.activation_scales or network.is_bidirectional):
        seal(path, calibrate(load_network(path), calibration_features(splits)))


def _compressed(network: Network, card: ModelCard) -> CompressedNetwork:
    trained = card.trained
    return compress(network, codec=card.dtype, weight_bits=trained.weight_bits or 8, sparsity=trained.sparsity)


def is_exact(network: Network, small: CompressedNetwork, card: ModelCard) -> bool:
    """Whether compressing the weights of a file again gives the values that the file holds."""
    again = _compressed(network, card).decoded
    return all(np.array_equal(again[name], values) for name, values in small.decoded.items())


def measured(network: Network, small: CompressedNetwork | None, utterances: Sequence[StoredUtterance]) -> list[str]:
    """WER in float and on the device as table cells, whole recordings, 95 % bootstrap by speaker where real.

    A network without bitstreams goes to the device as int8 `raw`, a bidirectional one not at all.
    """
    features = [np.asarray(utterance.features, np.float32) for utterance in utterances]
    references = [utterance.line.text for utterance in utterances]
    names = [utterance.line.id for utterance in utterances]
    speakers = [utterance.line.speaker if utterance.is_real else "" for utterance in utterances]
    heard = [recognise_in_cloud(network, features, names)]
    if not network.is_bidirectional:
        heard.append(recognise_many(small or compress(network, codec="raw"), features, utterances=names))
    cells = []
    for recognitions in heard:
        texts = [recognition.transcript.text_whole for recognition in recognitions]
        found = bootstrap_wer(count_errors(references, texts), speakers)
        cells.append(interval(found.value, found.low, found.high))
    return cells


def publish(
    source: Path,
    corpus: Path,
    out: Path,
    curve: Path | None = None,
    form: str | None = None,
    without: Collection[str] = (),
) -> None:
    """Write the model folder.

    Args:
        source: exported network.
        corpus: features, to calibrate and to measure on.
        out: folder; its name is the model's.
        curve: to ship beside the model; None for that of the run that exported it, if there is one.
        form: a float type or a codec; None for what the network was trained for.
        without: sets that are not measured, such as ``real-dev`` between releases.

    Raises:
        InputError: the network cannot be read, the corpus holds none of ``SETS``, there is no such curve, or the form
            is not known.
    """
    if form is not None and form not in (*FLOATS, *codecs()):
        raise InputError(f"--as {form!r}: must be one of {', '.join((*FLOATS, *codecs()))}")
    if curve is not None and not curve.is_file():
        raise InputError(f"--curve {curve}: no such file")
    stored = read_stored(source)
    trained_card = decode_metadata(stored, CARD_KEY, ModelCard)
    network = replace(network_in(stored), name=out.name)
    card = msgspec.structs.replace(trained_card, name=out.name, dtype=form or form_of(network, trained_card.trained))
    splits = load_utterances(corpus, complete_folders(corpus))
    sets = {name: found for name in SETS if name not in without and (found := members(splits, name))}
    if not sets:
        raise InputError(
            f"{corpus}: none of the sets {', '.join(SETS)}; make them: python -m azsim.train.corpus eval --out {corpus}"
        )
    model = out / MODEL_FILE
    write_model(network, card, splits, model)
    _ship_curve(curve or source.parent / CURVE, out / CURVE)
    network, small = load_network(model), load_compressed(model)
    rows = []
    for name, utterances in sets.items():
        cells = measured(network, small, utterances)
        rows.append(f"| {' | '.join((name, SETS[name], str(len(utterances)), *cells))} |")
        print(rows[-1])
    has_commands = any(utterance.line.domain == "command" for utterance in splits.get(TRAIN, []))
    exact = small is not None and is_exact(network, small, card)
    published = Published(card, network, small, model.stat().st_size, (out / CURVE).is_file(), exact, has_commands)
    (out / "card.md").write_text(card_text(published, rows), encoding="utf-8")


def _ship_curve(curve: Path, shipped: Path) -> None:
    """Put the curve beside the model; without one, take away that of a network which the folder held before."""
    if not curve.is_file():
        shipped.unlink(missing_ok=True)
    elif curve.resolve() != shipped.resolve():
        shutil.copyfile(curve, shipped)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    parser = OneLineParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--from", dest="source", type=Path, required=True, help="exported network (.safetensors)")
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--curve", type=Path, help="training curve (CSV) to ship (default: the one beside the network)")
    parser.add_argument(
        "--as",
        dest="form",
        metavar="FORM",
        help="float32, float16 or a codec (default: the codec that it was trained for, else float32; "
        "float16 for a bidirectional one)",
    )
    parser.add_argument("--without", nargs="+", choices=SETS, default=(), metavar="SET", help="sets not to measure")
    given = parser.parse_args(arguments)
    return exit_status(lambda: publish(given.source, given.corpus, given.out, given.curve, given.form, given.without))


if __name__ == "__main__":
    raise SystemExit(main())
