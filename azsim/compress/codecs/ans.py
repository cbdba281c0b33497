"""`ans`: every value by table ANS, about as many bits as its entropy among the weights of similar rows and columns.

::

    decoder stream: state (R bits) | bits ...        position: class ─┐
                                                     state ───────────┴> table ──> value, bits to read, base
                                                     next state = base + those bits

One state per decoder stream; the streams of a tile are decoded side by side. **Source:** J. Duda, arXiv:1311.2540;
F. Giesen, arXiv:1402.3392; ``docs/bitstreams.md`` has the format and notes on the hardware.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from azsim.compress.circuit import Circuit
from azsim.compress.codecs import ans_header, ans_kernels
from azsim.compress.codecs.ans_model import Model, fit
from azsim.compress.codecs.codec import Bypass, Part, distinct, refuse_bypass
from azsim.compress.codecs.fixed_width import FixedWidth, two_complement
from azsim.compress.codecs.places import Places
from azsim.compress.codecs.words import words_at
from azsim.errors import CodecError

STORED = 1


@dataclass(frozen=True)
class AnsCoder:
    """A `MatrixCoder` for one matrix."""

    weight_bits: int
    model: Model
    table: bytes
    options: int = 0
    compact: bool = True

    @property
    def circuit(self) -> Circuit:
        """One value per cycle; the tables are filled state by state."""
        tables = self.model.tables
        return Circuit(values_per_cycle=1, setup_cycles=len(tables.shares) << tables.log_states)

    def encode_streams(self, values: np.ndarray, places: Places) -> list[Part]:
        """One `Part` per decoder stream; the model must know every value."""
        tables, streams = self.model.tables, places.bounds.size - 1
        out = np.empty(places.bounds[-1] * tables.log_states // 8 + 2 * streams + 8, dtype=np.uint8)
        ends, bits = np.empty(streams, np.int64), np.empty(streams, np.int64)
        next_state, offset, widest = self.model.encoder_tables
        ans_kernels.encode(
            values.view(np.uint8), places.bounds, self.model.classes(places), next_state, offset, widest,
            tables.shares, tables.log_states, out, ends, bits,
        )  # fmt: skip
        begins = [0, *ends.tolist()]
        counts = np.diff(places.bounds).tolist()
        return [Part(out[begins[k] : begins[k + 1]].data, counts[k], own) for k, own in enumerate(bits.tolist())]

    def decode_streams(self, data: np.ndarray, spans: np.ndarray, places: Places) -> tuple[np.ndarray, np.ndarray]:
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


class Ans:
    """Table ANS with tables for classes of rows and columns; plain codes where the tables would cost too much."""

    name = "ans"
    number = 10

    def plan(self, matrix: np.ndarray, weight_bits: int, bypass: Bypass) -> AnsCoder | FixedWidth:
        """Hold any int8 matrix; ``weight_bits`` has no influence."""
        refuse_bypass(self.name, bypass)
        present = distinct(matrix)
        width = max(int(max(present[-1], ~present[0])).bit_length() + 1, 1)
        model, bits = fit(matrix)
        table = ans_header.pack(model)
        if bits + 8 * len(table) < matrix.size * width:
            return AnsCoder(width, model, table)
        return self._stored(width)

    def restore(self, weight_bits: int, options: int, table: bytes) -> AnsCoder | FixedWidth:
        """Set up from a header."""
        if options & ~STORED or (options and table):
            raise CodecError(f"ans options {options:#04x} with a table of {len(table)} bytes are impossible")
        return self._stored(weight_bits) if options else AnsCoder(weight_bits, ans_header.unpack(table), table)

    @staticmethod
    def _stored(width: int) -> FixedWidth:
        return FixedWidth(width, skip_zeros=False, value_of=two_complement(width, 1), options=STORED, compact=True)
