"""Make a small network that was trained into one that is shipped: its int8 weights as bitstreams, its curve, a card.

::

    RUNS/NAME/final.safetensors ──compress──> models/MODEL/model.safetensors, curve.csv, card.md

``python -m azsim.train.publish_small --from RUNS/NAME/final.safetensors --data TEXT --out models/MODEL``
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from textwrap import fill

import msgspec

from azsim.compress import compress
from azsim.compress.network import CompressedNetwork
from azsim.compress.stored import load_network, save_compressed
from azsim.errors import InputError
from azsim.nn.graph.network import GraphNetwork
from azsim.nn.sealed import CARD_KEY, MODEL_FILE, decode_metadata, read_stored
from azsim.output_file import write_output_file
from azsim.parsing import OneLineParser
from azsim.train.command import exit_status, whole
from azsim.train.recipe_file import load_any_recipe

COLUMNS = 118
CURVE = "curve.csv"


class TrainedRun(msgspec.Struct, frozen=True):
    """What a run says of itself in its file."""

    recipe: str
    seed: int
    steps: int
    hours: float
    measured: dict[str, float]
    measured_in_integers: dict[str, float]


class RunCard(msgspec.Struct, frozen=True):
    """The part of a run's card that is read."""

    trained: TrainedRun


def publish(final: Path, data: str, out: Path, codec: str = "raw", weight_bits: int = 8) -> CompressedNetwork:
    """Write the model, and beside it its curve and its card.

    Args:
        final: of a run of a small network.
        data: what it learned from, with licences, a paragraph.
        out: folder of the model, whose name it gets.
        codec, weight_bits: of its bitstreams; those that it was trained for change no weight.

    Raises:
        InputError: the file is no small network's run.
        WorkError: a file cannot be written.
    """
    network = load_network(final)
    if not isinstance(network, GraphNetwork):
        raise InputError(f"{final}: is a recogniser; python -m azsim.train.publish publishes it")
    trained = decode_metadata(read_stored(final), CARD_KEY, RunCard).trained
    small = compress(network, name=out.name, codec=codec, weight_bits=weight_bits)
    save_compressed(small, out / MODEL_FILE, {"trained": msgspec.to_builtins(trained)})
    if (final.parent / CURVE).is_file():
        shutil.copyfile(final.parent / CURVE, out / CURVE)
    write_output_file(out / "card.md", [card_text(small, trained, data, out.name).encode()])
    return small


def card_text(small: CompressedNetwork, trained: TrainedRun, data: str, name: str) -> str:
    """The card, in Markdown."""
    codecs = ", ".join(dict.fromkeys(matrix.encoded.codec for matrix in small.matrices.values()))
    nodes = ", ".join(f"{node.name} ({node.operator.kind})" for node in small.network.graph.nodes)
    what = (
        f"A graph of {small.network.weights:,} weights: {nodes}. Stored as the bitstreams that travel to the device "
        f"(`{codecs}`, {small.bits_per_weight:.2f} bits per weight, {small.model_bytes / 1024:,.0f} KiB), with the "
        "grids of its activations; `azsim.load_network` decodes them."
    )
    recipe = load_any_recipe(trained.recipe)[1]
    made = (
        f"Recipe `models/recipes/{trained.recipe.split('/')[0]}.toml`: {recipe.title}. Seed {trained.seed}, "
        f"{trained.steps} steps, {trained.hours:.2f} hours. The curve is in `{CURVE}`."
    )
    rows = [
        f"| {key.removesuffix('_percent').replace('_', ' ')} | {value:.2f} | {trained.measured_in_integers[key]:.2f} |"
        for key, value in trained.measured.items()
    ]
    table = "\n".join(["| of held-out data, % | in float | in integers |", "|:--|--:|--:|", *rows])
    parts = [
        f"# {name}",
        fill(what, COLUMNS),
        "## Made by",
        f"    azsim train {trained.recipe}",
        fill(made, COLUMNS),
        "## Measured",
        table,
        "## Trained on",
        fill(data, COLUMNS),
    ]
    return "\n\n".join(parts) + "\n"


def main() -> int:
    """The command; its exit status."""
    parser = OneLineParser(prog="python -m azsim.train.publish_small", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--from", dest="final", type=Path, required=True, metavar="FINAL")
    parser.add_argument("--data", required=True, metavar="TEXT", help="what it learned from, with licences")
    parser.add_argument("--codec", default="raw", help="of its bitstreams (default: raw)")
    parser.add_argument("--weight-bits", type=whole(1, 8), default=8, help="of its weights (default: 8)")
    parser.add_argument("--out", type=Path, required=True, metavar="models/MODEL")
    options = parser.parse_args()
    return exit_status(lambda: _published(options))


def _published(options: argparse.Namespace) -> None:
    small = publish(options.final, options.data, options.out, options.codec, options.weight_bits)
    print(f"{options.out}: {small.model_bytes} bytes")


if __name__ == "__main__":
    sys.exit(main())
