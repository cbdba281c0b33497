"""Slow decoders for the codecs of variable width, in plain Python, written from ``docs/bitstreams.md`` alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


class Reader:
    """Bits from the least significant end of each byte."""

    def __init__(self, data: bytes) -> None:
        self.bits = [(byte >> bit) & 1 for byte in data for bit in range(8)]
        self.at = 0

    def take(self, count: int) -> int:
        assert self.at + count <= len(self.bits)
        field = self.bits[self.at : self.at + count]
        self.at += count
        return sum(bit << place for place, bit in enumerate(field))

    def to_whole_byte(self) -> None:
        while self.at % 8:
            assert self.take(1) == 0

    def close(self) -> None:
        self.to_whole_byte()
        assert self.at == len(self.bits)


@dataclass
class Stream:
    """One decoder stream: its bytes, what the header says, its positions in the tile, and all runs of the tile."""

    data: bytes
    bits: int
    options: int
    table: bytes
    start: int
    stop: int
    runs: list[tuple[int, int]]

    def value(self, code: int) -> int:
        byte = self.table[code] if self.table else code
        return byte - 256 if byte > 127 else byte


def int8(byte: int) -> int:
    return byte - 256 if byte > 127 else byte


def run_length(stream: Stream) -> list[int]:
    reader, values = Reader(stream.data), []
    while len(values) < stream.stop - stream.start:
        values += [0] * reader.take(stream.options)
        values.append(stream.value(reader.take(stream.bits)))
    reader.close()
    return values


def csc(stream: Stream) -> list[int]:
    reader = Reader(stream.data)
    tallest = max(end - begin for begin, end in stream.runs)
    own = [(max(a, stream.start), min(b, stream.stop)) for a, b in stream.runs if a < stream.stop and b > stream.start]
    counts = [reader.take(tallest.bit_length()) for _ in own] if stream.start < stream.stop else []
    reader.to_whole_byte()
    values = [0] * (stream.stop - stream.start)
    for count, (begin, end) in zip(counts, own):
        place = begin
        for _ in range(count):
            place += reader.take(4)
            assert place < end
            values[place - stream.start] = stream.value(reader.take(stream.bits))
            place += 1
    reader.close()
    return values


def huffman(stream: Stream) -> list[int]:
    low, high = int8(stream.table[0]), int8(stream.table[1])
    lengths = {low: 0}
    if low != high:
        nibbles = Reader(stream.table[2:])
        lengths = {value: nibbles.take(4) for value in range(low, high + 1)}
    code, codes = 0, {}
    for length in range(1, 13):
        code *= 2
        for value in sorted(lengths):
            if lengths[value] == length:
                codes[f"{code:0{length}b}"] = value
                code += 1
    reader, values = Reader(stream.data), []
    while len(values) < stream.stop - stream.start:
        word = ""
        while low != high and word not in codes:
            word += str(reader.take(1))
        values.append(codes[word] if word else low)
    reader.close()
    return values


def rice(reader: Reader, k: int, escape_bits: int) -> int:
    ones = 0
    while ones < 15 and reader.take(1):
        ones += 1
    return reader.take(escape_bits) if ones == 15 else (ones << k) + reader.take(k)


def golomb(stream: Stream) -> list[int]:
    if stream.start == stream.stop:
        assert not stream.data
        return []
    reader, values = Reader(stream.data), []
    value_k, run_k = reader.take(4), reader.take(4)
    ranked = [int8(byte) for byte in stream.table if byte or run_k == 15]
    plain = 0
    while 2**plain < len(ranked):
        plain += 1
    length = stream.stop - stream.start
    while len(values) < length:
        if run_k != 15:
            values += [0] * rice(reader, run_k, 31)
            assert len(values) <= length
            if len(values) == length:
                break
        values.append(ranked[reader.take(plain) if value_k == 15 else rice(reader, value_k, 8)])
    reader.close()
    return values


VARIABLE: dict[int, Callable[[Stream], list[int]]] = {6: run_length, 7: csc, 8: huffman, 9: golomb}
