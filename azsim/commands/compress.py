"""``azsim compress FILE``: every codec on a file's weights: bits per weight, bytes, decoder cycles."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from azsim.commands.shared.options import path
from azsim.errors import InputError, nearest
from azsim.interrupts import interrupts_end_all

if TYPE_CHECKING:
    import numpy as np

HELP = "every codec on a file's weights: bits per weight, bytes, decoder cycles"
LEAST_WEIGHTS = 64
"""Constants of an ONNX model that are smaller are no weights."""


def declare(command: argparse.ArgumentParser) -> None:
    """File, and how floats are quantised on the way."""
    command.add_argument(
        "weights", metavar="FILE", help=".npy, .npz, .safetensors, .onnx, or a network's name under models/"
    )
    command.add_argument("--layer", metavar="NAME", help="only this array of a file with several (default: all)")
    command.add_argument("--device", default="az1", help="whose decoder; a name or a .toml (default: az1)")
    command.add_argument("--weight-bits", type=int, default=8, help="of floats: 1 to 8 bits (default: 8)")
    command.add_argument("--sparsity", type=float, default=0.0, help="of floats: zeros of each matrix (default: 0)")
    command.add_argument(
        "--granularity", choices=("tensor", "channel"), default="tensor", help="of floats: scales (default: tensor)"
    )


def perform(options: argparse.Namespace) -> dict[str, object]:
    """Measure every codec, print the table unless ``--json``, and return what ``--json`` prints."""
    with interrupts_end_all():
        from dataclasses import asdict

        from azsim.chip.codec_sizes import codec_sizes
        from azsim.devices import load_device
        from azsim.ranges import check_bits_and_zeros
    check_bits_and_zeros(options.weight_bits, options.sparsity)
    device, matrices = load_device(options.device), _matrices(options)
    weights = sum(matrix.size for matrix in matrices.values())
    sizes = codec_sizes(
        matrices,
        device.chip,
        weight_bits=options.weight_bits,
        sparsity=options.sparsity,
        granularity=options.granularity,
    )
    rows = []
    for size in sizes:
        row = asdict(size)
        row["snr_db"] = None if size.snr_db is None or size.snr_db == float("inf") else size.snr_db
        rows.append(row)
    answer = {"device": device.name, "matrices": len(matrices), "weights": weights, "codecs": rows}
    if not options.json:
        _print(options, answer)
    return answer


def _matrices(options: argparse.Namespace) -> dict[str, np.ndarray]:
    """Name -> int8 or float32 matrix."""
    import numpy as np

    arrays = _arrays(options.weights)
    if options.layer is not None:
        if options.layer not in arrays:
            raise InputError(
                f"{options.weights}: --layer {options.layer!r}: not there; there are {', '.join(arrays)}"
                f"{nearest(options.layer, arrays)}"
            )
        arrays = {options.layer: arrays[options.layer]}
    found = {}
    for name, array in arrays.items():
        where = f"{options.weights}{': ' + name if name else ''}"
        if array.ndim < 2:
            if len(arrays) > 1:
                continue  # biases among matrices
            raise InputError(f"{where}: shape {array.shape}: must be (rows, columns)")
        matrix = np.ascontiguousarray(array.reshape(len(array), -1))
        if matrix.dtype.kind == "f":
            if not np.isfinite(matrix).all():
                raise InputError(f"{where}: holds values that are not finite numbers")
            found[name] = matrix.astype(np.float32)
        elif matrix.dtype.kind in "iub" and matrix.min() >= -128 and matrix.max() <= 127:
            found[name] = matrix.astype(np.int8)
        elif len(arrays) == 1 or matrix.dtype.kind not in "iu":
            raise InputError(f"{where}: {matrix.dtype}: must be floats, or whole numbers from -128 to 127")
    if not found:
        raise InputError(f"{options.weights}: holds no matrix")
    return found


def _arrays(given: str) -> dict[str, np.ndarray]:
    from azsim.matrices import read_arrays
    from azsim.resources import model_names

    place = Path(given)
    if place.suffix.lower() == ".onnx":
        from azsim.nn.onnx.weights import weight_arrays

        return weight_arrays(place, LEAST_WEIGHTS)
    if given in model_names() or place.is_dir():
        return _of_network(given)
    arrays = read_arrays(path(given))
    is_azsim = place.suffix.lower() == ".safetensors" and any(array.dtype == "uint8" for array in arrays.values())
    return _of_network(given) if is_azsim else arrays


def _of_network(given: str) -> dict[str, np.ndarray]:
    """The matrices of a network: int8 where it came so or is stored as bitstreams, else floats."""
    from azsim.compress.stored import load_compressed, load_network

    small = load_compressed(given)
    if small is not None:
        return dict(small.decoded)
    network = load_network(given)
    return {
        name: network.quantised[name].values if name in network.quantised else network.parameters[name]
        for name in network.weight_matrices
    }


def _print(options: argparse.Namespace, answer: dict[str, object]) -> None:
    from azsim.report.fitted import FittedColumn, output_console, print_fitted

    rows = answer["codecs"]

    def cells(name: str, form: str) -> tuple[str, ...]:
        return tuple("–" if row[name] is None else format(row[name], form) for row in rows)

    columns = [
        FittedColumn("codec", "", tuple(row["codec"] for row in rows)),
        FittedColumn("bits/weight", "", cells("bits_per_weight", ".3f")),
        FittedColumn("bytes", "", cells("stream_bytes", ",")),
        FittedColumn("decoder cycles", "", cells("decoder_cycles", ",")),
        FittedColumn("zeros", "", cells("zeros", ".1%")),
        FittedColumn("SNR", "dB", cells("snr_db", ".1f")),
        FittedColumn("", "", tuple(row["why"] for row in rows)),
    ]
    if not any(row["why"] for row in rows):
        columns.pop()
    title = f"{options.weights}: {answer['weights']:,} weights in {answer['matrices']} matrices, for {answer['device']}"
    print_fitted(output_console(), title, columns, continues=True)
