"""One encoded matrix in a file."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from azsim.compress import codecs, encode
from azsim.compress.layout import TileLayout
from azsim.errors import CodecError, InputError
from azsim.inspect.bitstream import inspect_bitstream

WEIGHTS = np.random.default_rng(0).integers(-3, 4, (40, 70)).astype(np.int8)


@pytest.mark.parametrize("codec", codecs())
def test_the_answer_is_what_was_encoded(tmp_path: Path, codec: str) -> None:
    layout = TileLayout(lanes=8, block_columns=4, tile_positions=500, decoder_streams=3)
    encoded = encode(WEIGHTS, codec, 3, layout)
    path = tmp_path / "layer.azw"
    path.write_bytes(encoded.data)
    inspection = inspect_bitstream(path)
    answer = inspection.answer
    assert (answer["codec"], answer["weight_bits"]) == (codec, encoded.weight_bits)
    assert (answer["rows"], answer["columns"]) == WEIGHTS.shape
    assert answer["stream_bytes"] == path.stat().st_size
    assert (answer["tiles"], answer["tile_bytes_max"]) == (len(encoded.tiling), encoded.tile_bytes.max())
    assert answer["sparsity"] == pytest.approx((WEIGHTS == 0).mean())
    assert answer["values"] == 7
    assert answer["decoder_values"] == encoded.decoder_load[:, :, 1].sum()
    for name in ("lanes", "block_columns", "tile_positions", "decoder_streams"):
        assert answer[name] == getattr(layout, name)
    assert (answer["values_per_cycle_max"], answer["table_setup_cycles"]) == (
        encoded.circuit.values_per_cycle,
        encoded.circuit.setup_cycles,
    )
    assert json.loads(json.dumps(answer, allow_nan=False)) == answer
    shown = {row[0]: row[1] for row in inspection.tables[0].rows}
    assert shown["shape"] == "40 x 70"
    assert f"{len(encoded.data):,} B" in shown["stream"]


def test_what_is_no_whole_bitstream_is_named(tmp_path: Path) -> None:
    path, data = tmp_path / "layer.azw", encode(WEIGHTS, "zvsv", 3).data
    for damaged in (data[:-1], data + b"\0", data[:20], b"", data[:-5] + bytes([data[-5] ^ 1]) + data[-4:]):
        path.write_bytes(damaged)
        with pytest.raises(CodecError, match=r"layer\.azw: "):
            inspect_bitstream(path)
    with pytest.raises(InputError, match="is a folder; a bitstream is needed"):
        inspect_bitstream(tmp_path)
