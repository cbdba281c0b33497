"""A slow decoder for `ans`, in plain Python, written from ``docs/bitstreams.md`` alone."""

from __future__ import annotations

from tests.compress.codecs.plain_variable import Reader, int8


class AnsTable:
    """What the table of an `ans` stream says."""

    def __init__(self, table: bytes) -> None:
        self.log_states = table[0]
        states = 2**self.log_states
        widths = [table[1] % 16, table[1] // 16]
        low, high, at = int8(table[2]), int8(table[3]), 4
        counts = [0, 0]
        for k in (0, 1):
            if widths[k]:
                counts[k] = int.from_bytes(table[at : at + 4], "little")
                at += 4
        reader = Reader(table[at:])
        values = [value for value in range(low, high + 1) if reader.take(1)]
        self.rows, self.columns = ([reader.take(widths[k]) for _ in range(counts[k])] for k in (0, 1))
        classes = 1 + max(self.rows, default=0) + max(self.columns, default=0)
        self.tables = [self.entries(values, shares(reader, values, states), states) for _ in range(classes)]
        reader.close()

    def entries(self, values: list[int], own: list[int], states: int) -> list[tuple[int, int, int]]:
        """Value, bits to read and base of each state."""
        value_of = [0] * states
        place = 0
        for value, share in sorted(zip(values, own), key=lambda pair: pair[0] % 256):
            for _ in range(share):
                value_of[place] = value
                place = (place + states // 2 + states // 8 + 3) % states
        following = dict(zip(values, own))
        table = []
        for value in value_of:
            number, bits = following[value], 0
            following[value] += 1
            while number * 2**bits < states:
                bits += 1
            table.append((value, bits, number * 2**bits - states))
        return table

    def level(self, row: int, column: int) -> int:
        """The class of a place in the matrix."""
        return (self.rows[row] if self.rows else 0) + (self.columns[column] if self.columns else 0)

    def decode(self, data: bytes, classes: list[int]) -> list[int]:
        """The values of one decoder stream, given the class of each of its positions."""
        if not classes:
            assert not data
            return []
        reader = Reader(data)
        state, values = reader.take(self.log_states), []
        for k, own in enumerate(classes):
            value, bits, base = self.tables[own][state]
            values.append(value)
            if k + 1 < len(classes):
                state = base + reader.take(bits)
        reader.close()
        return values


def shares(reader: Reader, values: list[int], states: int) -> list[int]:
    """The shares of one class."""
    count, order = len(values), reader.take(3)
    implied = values.index(0) if 0 in values else count - 1
    found: dict[int, int] = {}
    before = 0
    for index in range(count):
        if index != implied:
            long = 0
            while not reader.take(1):
                long += 1
            number = (2**long - 1) * 2**order + reader.take(long + order)
            error = -(number + 1) // 2 if number % 2 else number // 2
            mirror = count - 1 - index
            guess = found[mirror] if mirror < index and mirror in found else before
            found[index] = before = guess + error
    found[implied] = states - sum(found.values())
    assert min(found.values()) >= 0
    return [found[index] for index in range(count)]
