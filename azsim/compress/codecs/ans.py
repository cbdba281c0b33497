"""`ans`: every value by table ANS, about as many bits as its entropy among the weights of similar rows and columns.

::

    decoder stream: state (R bits) | bits ...        position: class ─┐
                                                     state ───────────┴> table ──> value, bits to read, base
                                                     next state = base + those bits

One state per decoder stream; the streams of a tile are decoded side by side. **Source:** J. Duda, arXiv:1311.2540;
F. Giesen, arXiv:1402.3392; ``docs/bitstreams.md`` has the format and notes on the hardware.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from azsim.compress.circuit import SERIAL, Circuit
from azsim.compress.codecs import ans_header, ans_kernels
from azsim.compress.codecs.ans_model import AnsModel, fit
from azsim.compress.codecs.codec import Codec, Options, Part, distinct
from azsim.compress.codecs.fixed_width import (
    FixedWidth,
    bits_needed,
    palette_table,
    palette_values,
    two_complement,
    words_at,
)
from azsim.compress.codecs.places import StreamPositions
from azsim.compress.codecs.registry import register
from azsim.errors import CodecError

STORED, PALETTE = 1, 2
"""Option bits: codes of a fixed width instead of tables, and a palette that they point into."""


@dataclass(frozen=True)
class AnsCoder:
    """A `MatrixCoder` for one matrix."""

    weight_bits: int
    model: AnsModel
    table: bytes
    options: int = 0
    compact: bool = True

    @property
    def circuit(self) -> Circuit:
        """One value per cycle; the tables are filled state by state."""
        tables = self.model.tables
        return replace(SERIAL, setup_cycles=len(tables.shares) << tables.log_states)

    def encode_streams(self, values: np.ndarray, places: StreamPositions) -> list[Part]:
        """One `Part` per decoder stream; raises `CodecError` if the model does not know a value."""
        tables, streams = self.model.tables, places.bounds.size - 1
        out = np.empty(places.bounds[-1] * tables.log_states // 8 + 2 * streams + 8, dtype=np.uint8)
        ends, bits = np.empty(streams, np.int64), np.empty(streams, np.int64)
        next_state, offset, widest = self.model.encoder_tables
        known = ans_kernels.encode(
            values.view(np.uint8), places.bounds, self.model.classes(places), next_state, offset, widest,
            tables.shares, tables.log_states, out, ends, bits,
        )  # fmt: skip
        if not known:
            raise CodecError("the tables of this ans stream do not know a value that it shall hold")
        begins = [0, *ends.tolist()]
        counts = np.diff(places.bounds).tolist()
        return [Part(out[begins[k] : begins[k + 1]].data, counts[k], own) for k, own in enumerate(bits.tolist())]

    def decode_streams(
        self, data: np.ndarray, spans: np.ndarray, places: StreamPositions
    ) -> tuple[np.ndarray, np.ndarray]:
        """Values and loads; raises `CodecError` if a stream does not hold exactly its positions."""
        words = words_at(data)
        values, bits = np.empty(places.bounds[-1], dtype=np.uint8), np.empty(len(spans), dtype=np.int64)
        whole = ans_kernels.decode(
            words, np.uint64(words.size - 1), spans, places.bounds, self.model.classes(places),
            self.model.decoder_entries, self.model.tables.log_states, values, bits,
        )  # fmt: skip
        if not whole:
            raise CodecError("an ans stream does not hold the positions of its decoder stream")
        return values.view(np.int8), np.stack([np.diff(places.bounds), bits], axis=1)


@register
class Ans(Codec):
    """Table ANS with tables for classes of rows and columns; plain codes where the tables would cost too much."""

    name = "ans"
    number = 10
    grid = "palette"
    zero_is_free = True
    circuit = SERIAL

    def plan(self, matrix: np.ndarray, weight_bits: int, options: Options) -> AnsCoder | FixedWidth:
        """Hold any int8 matrix; fewer than 8 ``weight_bits`` say that its values, if so few, are a palette."""
        present = distinct(matrix)
        few = weight_bits < 8 and np.count_nonzero(present) <= 1 << weight_bits
        width, index = int(max(present[-1], ~present[0])).bit_length() + 1, bits_needed(present.size)
        palette = palette_table(present, index) if few and index < width else b""
        model, bits = fit(matrix)
        table = ans_header.pack(model)
        width = index if palette else width
        if bits + 8 * len(table) < matrix.size * width + 8 * len(palette):
            return AnsCoder(weight_bits if few else 8, model, table)
        return self._stored(width, STORED | PALETTE if palette else STORED, palette)

    def restore(self, weight_bits: int, option_byte: int, table: bytes) -> AnsCoder | FixedWidth:
        """Set up from a header."""
        entries = 1 << weight_bits if option_byte & PALETTE else 0
        if option_byte not in (0, STORED, STORED | PALETTE) or (option_byte and len(table) != entries):
            raise CodecError(f"ans options {option_byte:#04x} with a table of {len(table)} bytes are impossible")
        if option_byte:
            return self._stored(weight_bits, option_byte, table)
        return AnsCoder(weight_bits, ans_header.unpack(table), table)

    @staticmethod
    def _stored(width: int, option_byte: int, table: bytes) -> FixedWidth:
        value_of = palette_values(table) if table else two_complement(width, 1)
        return FixedWidth(width, False, value_of, table, options=option_byte, compact=True)
