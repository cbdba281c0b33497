"""A bitstream file: what its header says, its tiles, and whether it decodes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from azsim.compress.codecs import read
from azsim.errors import CodecError, located
from azsim.input_file import read_input_file
from azsim.inspect.inspection import Inspection, Table, number

TAKEN = (
    "inspect takes a network (a name, .safetensors or its folder), a device (a name or .toml), "
    "or a bitstream (what azsim.encode gives)"
)
_STREAM = b"AZW"  # then the digit of the format
_OF_UPDATES = (b"AZM", b"AZU", b"AZD")


def inspect_bitstream(path: Path) -> Inspection:
    """Codec, shape, layout and sizes of one encoded matrix (``Encoded.data`` in a file), every checksum checked.

    Raises:
        InputError: the file cannot be read.
        CodecError: it is no bitstream, or damaged.
    """
    data = read_input_file(path, "a bitstream")
    if not data.startswith(_STREAM):
        hint = "azsim update inspect shows images and updates" if data.startswith(_OF_UPDATES) else TAKEN
        raise CodecError(f"{path}: is no bitstream; {hint}")
    with located(str(path)):
        weights, encoded = read(data)
    layout, tiles, circuit = encoded.layout, encoded.tile_bytes, encoded.circuit
    rate = "as many values per cycle and stream as the device has room for"
    if circuit.values_per_cycle is not None:
        rate = f"{circuit.values_per_cycle} value per cycle and stream at most"
    answer = {
        "file": str(path),
        "codec": encoded.codec,
        "weight_bits": encoded.weight_bits,
        "rows": encoded.shape[0],
        "columns": encoded.shape[1],
        "stream_bytes": len(data),
        "table_bytes": encoded.table_bytes,
        "tiles": len(encoded.tiling),
        "tile_bytes_max": int(tiles.max()),
        "bits_per_weight": encoded.bits_per_weight,
        "sparsity": 1 - np.count_nonzero(weights) / weights.size,
        "values": int(np.unique(weights).size),
        "lanes": layout.lanes,
        "block_columns": layout.block_columns,
        "tile_positions": layout.tile_positions,
        "decoder_streams": layout.decoder_streams,
        "decoder_values": int(encoded.decoder_load[:, :, 1].sum()),
        "values_per_cycle_max": circuit.values_per_cycle,
        "table_setup_cycles": circuit.setup_cycles,
    }
    rows = [
        ("codec", f"{encoded.codec}, {encoded.weight_bits} bits"),
        ("shape", f"{encoded.shape[0]} x {encoded.shape[1]}"),
        ("stream", f"{len(data):,} B, {encoded.table_bytes} of them header and tables"),
        ("bits per weight", f"{encoded.bits_per_weight:.3f}"),
        ("tiles", f"{len(tiles)}, the largest {number(int(tiles.max()), 0)} B"),
        ("zeros", f"{100 * answer['sparsity']:.1f} %"),
        ("different values", str(answer["values"])),
        ("decoder", f"{answer['decoder_values']:,} values; {rate}; {circuit.setup_cycles} cycles to expand the tables"),
        (
            "laid out for",
            f"{layout.lanes} lanes, blocks of {layout.block_columns} columns, tiles of {layout.tile_positions}, "
            f"{layout.decoder_streams} decoder streams",
        ),
    ]
    return Inspection(answer, (Table(str(path), ("", "whole, all checksums right"), rows),))
