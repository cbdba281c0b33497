"""What each codec's circuit can do at most: the table of docs/bitstreams.md, and the reason for it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from azsim.compress.codecs import codecs, encode
from azsim.compress.codecs.ans_model import fit
from azsim.compress.encoded import Encoded
from azsim.compress.layout import TileLayout
from tests.compress.codecs.few_values import few_values

PAGE = Path(__file__).parents[2] / "docs" / "bitstreams.md"
SMALL = TileLayout(tile_positions=64, decoder_streams=2)
MATRIX = np.clip(few_values(3, 1, (96, 64), 0.4), -8, 7)


def encoded(codec: str) -> Encoded:
    return encode(MATRIX, codec, 4, SMALL)


def rows_of_the_page() -> dict[str, tuple[str, str]]:
    """Codec -> most values per cycle, cycles to expand the table, in the page's words."""
    section = PAGE.read_text(encoding="utf-8").split("## Work for the decoder circuit")[1]
    table = [line.split("|")[1:-1] for line in section.splitlines() if line.startswith("| `") and "stored" not in line]
    return {name: (row[2].strip(), row[5].strip()) for row in table for name in re.findall(r"`([a-z-]+)`", row[0])}


def test_every_codec_is_in_the_table_of_the_page() -> None:
    assert set(rows_of_the_page()) == set(codecs())


@pytest.mark.parametrize("codec", codecs())
def test_the_circuit_is_the_page_s(codec: str) -> None:
    most, expanding = rows_of_the_page()[codec]
    circuit = encoded(codec).circuit
    assert circuit.values_per_cycle == (None if most == "the device's" else int(most))
    assert bool(circuit.setup_cycles) == (expanding != "0")


def test_tables_take_a_cycle_for_each_entry_that_is_filled() -> None:
    tables = fit(MATRIX)[0].tables
    assert encoded("ans").circuit.setup_cycles == len(tables.shares) * 2**tables.log_states
    assert encoded("huffman").circuit.setup_cycles == np.unique(MATRIX).size


@pytest.mark.parametrize("codec", codecs())
def test_where_codes_stand_is_known_beforehand_exactly_if_the_circuit_is_parallel(codec: str) -> None:
    """The bits of a stream are a sum over its positions and values, whatever these are, or they are not."""
    load = encoded(codec).decoder_load.reshape(-1, 3)
    fitted, *_ = np.linalg.lstsq(load[:, :2].astype(float), load[:, 2], rcond=None)
    linear = np.allclose(load[:, :2] @ fitted, load[:, 2])
    serial = encoded(codec).circuit.values_per_cycle == 1
    assert linear != serial or codec in ("run-length", "csc")  # whose entries are of one width, but their runs are not
