"""A slow decoder in plain Python, written from ``docs/bitstreams.md`` alone."""

from __future__ import annotations

import zlib

from tests.compress.codecs.plain_ans import AnsTable
from tests.compress.codecs.plain_variable import VARIABLE, Stream


def number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "little")


def signed(code: int, bits: int) -> int:
    return code - (1 << bits) if code >> (bits - 1) else code


def field(data: bytes, at: int, count: int, bits: int) -> tuple[list[int], int]:
    """``count`` codes of ``bits`` bits that start at byte ``at``, and the byte after their padding."""
    stream = [(byte >> bit) & 1 for byte in data[at : at + -(-count * bits // 8)] for bit in range(8)]
    codes = [sum(stream[k * bits + bit] << bit for bit in range(bits)) for k in range(count)]
    assert not any(stream[count * bits :])
    return codes, at + -(-count * bits // 8)


def positions(rows: int, columns: int, lanes: int, block: int) -> list[tuple[int, int]]:
    """Row and column in the tile of each position."""
    return [
        (row, column)
        for start in range(0, columns, block)
        for lane in range(lanes)
        for column in range(start, min(start + block, columns))
        for row in range(lane, rows, lanes)
    ]


def lane_runs(rows: int, columns: int, lanes: int, block: int) -> list[tuple[int, int]]:
    """First position, and the one after the last, of each lane's part of each column of a tile."""
    owners = [(row % lanes, column) for row, column in positions(rows, columns, lanes, block)]
    begins = [k for k in range(len(owners)) if k == 0 or owners[k] != owners[k - 1]]
    return list(zip(begins, [*begins[1:], len(owners)]))


def tiles(rows: int, columns: int, lanes: int, block: int, limit: int) -> list[tuple[int, int, int, int]]:
    """First row, first column, rows and columns of each tile."""
    rounds = limit // (lanes * columns)
    if rounds >= 1:
        high, wide = min(rows, rounds * lanes), columns
    else:
        high = min(rows, lanes)
        wide = min(columns, max(1, limit // (high * block)) * block)
    return [
        (top, left, min(high, rows - top), min(wide, columns - left))
        for top in range(0, rows, high)
        for left in range(0, columns, wide)
    ]


def lengths(data: bytes, at: int, streams: int) -> tuple[list[int], int]:
    """LEB128 numbers from byte ``at`` on, and the byte after them."""
    found = []
    for _ in range(streams):
        found.append(0)
        shift = 0
        while True:
            found[-1] += data[at] % 128 << shift
            shift, at = shift + 7, at + 1
            if data[at - 1] < 128:
                break
    return found, at


def plain_decode(data: bytes) -> list[list[int]]:
    """The matrix as rows of numbers."""
    assert data[:4] == b"AZW1"
    codec, bits, options = data[4], data[5], data[6]
    rows, columns = number(data, 8, 4), number(data, 12, 4)
    lanes, block, limit, streams = number(data, 16, 2), number(data, 18, 2), number(data, 20, 4), number(data, 24, 2)
    table_end = 40 + number(data, 26, 2)
    table = data[40:table_end]
    reference = number(data, table_end, 4)
    assert reference == zlib.crc32(data[:table_end])
    assert number(data, 32, 8) == len(data)
    compact = data[7] == 1
    ans = AnsTable(table) if codec == 10 and not options else None
    bitmap = codec == 3 or (codec == 5 and not options & 1)

    def value(code: int) -> int:
        if codec == 4 or (codec == 5 and not options & 2) or (codec == 10 and options == 3):
            return signed(table[code], 8)
        return signed(code, bits) * (table[0] if codec == 2 else 1)

    matrix = [[0] * columns for _ in range(rows)]
    at = table_end + 4
    cuts = tiles(rows, columns, lanes, block, limit)
    assert number(data, 28, 4) == len(cuts)
    for index, (top, left, high, wide) in enumerate(cuts):
        if compact:
            sizes, start = lengths(data, at + 4, streams)
            end = start + sum(sizes)
            place = [reference, index, high, wide, end - at - 4]
            head = bytes([codec, bits, options, 0]) + b"".join(part.to_bytes(4, "little") for part in place)
            assert number(data, at, 4) == zlib.crc32(head + data[at + 4 : end])
        else:
            size = number(data, at + 20, 4)
            start, end = at + 28 + 4 * streams, at + 28 + size
            sizes = [number(data, at + 28 + 4 * stream, 4) for stream in range(streams)]
            assert list(data[at : at + 4]) == [codec, bits, options, 0]
            assert [number(data, at + k, 4) for k in (4, 8, 12, 16)] == [reference, index, high, wide]
            assert number(data, at + 24, 4) == zlib.crc32(data[at : at + 24] + data[at + 28 : end])
        at = end
        cells = positions(high, wide, lanes, block)
        values: list[int] = []
        share = -(-high * wide // streams)
        for stream in range(streams):
            count = max(0, min(share, high * wide - stream * share))
            first = min(stream * share, high * wide)
            end = start + sizes[stream]
            if ans is not None:
                own = [ans.level(top + row, left + column) for row, column in cells[first : first + count]]
                values += ans.decode(data[start:end], own)
                start = end
                continue
            if codec in VARIABLE:
                runs = lane_runs(high, wide, lanes, block)
                part = Stream(data[start:end], bits, options, table, first, first + count, runs)
                values += VARIABLE[codec](part)
                start = end
                continue
            present, start = field(data, start, count, 1) if bitmap else ([1] * count, start)
            codes, start = field(data, start, sum(present), bits)
            assert start == end
            decoded = iter([value(code) for code in codes])
            values += [next(decoded) if bit else 0 for bit in present]
        for (row, column), weight in zip(cells, values, strict=True):
            matrix[top + row][left + column] = weight
        assert start == at
    assert at == len(data)
    return matrix
