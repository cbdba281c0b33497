"""What an update carries: a whole image, or what turns the device's image into the new one, section by section.

::

    "AZD1" | length | new header, deflated over the old one | CRC-32 | record | record | ...     one per section

    record: kind | length | "same" nothing, "whole" the section, "difference" of a bitstream, "xor" of float32 numbers,
                            "steps" of numbers on a grid
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Literal

from azsim.compress.update.difference import apply_difference, make_difference
from azsim.compress.update.image import (
    CRC,
    MAX_HEADER_BYTES,
    ImageHeader,
    ParameterSection,
    open_image,
    read_header,
)
from azsim.compress.update.mask import SeededMask
from azsim.compress.update.vectors import apply_steps, inflated, make_steps, planes, unpacked, unplaned, xor
from azsim.errors import CodecError, located
from azsim.file_version import check_magic

Kind = Literal["full", "delta", "masked"]
MAGIC = b"AZD1"
HEAD = struct.Struct("<4sI")
RECORD = struct.Struct("<BI")
SAME, WHOLE, DIFFERENCE, XOR, STEPS = range(5)
"""Version 0.1.0 knows no steps; they come with images of format 2."""


def make_delta(old: bytes, new: bytes, masks: Mapping[str, SeededMask] | None = None) -> bytes:
    """What turns image ``old`` into image ``new``.

    Args:
        old, new: images.
        masks: matrix -> where it may differ; a matrix that is not named may differ anywhere.

    Raises:
        CodecError: an image is damaged.
        InputError: a weight outside its mask differs; the message names the matrix.
    """
    before, after = open_image(old), open_image(new)
    deflated = _deflated(after.header.pack(), before.header.pack())
    head = HEAD.pack(MAGIC, len(deflated)) + deflated
    parts = [head, CRC.pack(zlib.crc32(head))]
    had = {section.name: section for section in before.header.sections}
    for section in after.header.sections:
        was, is_now = before.sections.get(section.name), after.sections[section.name]
        with located(section.name):
            kind, body = _record(had.get(section.name), section, was, is_now, (masks or {}).get(section.name))
        parts += [RECORD.pack(kind, len(body)), body]
    return b"".join(parts)


def apply_delta(old: bytes, delta: bytes) -> Iterator[bytes]:
    """The new image, piece by piece, a tile at a time where tiles differ.

    Raises:
        CodecError: image or delta is damaged, cut short or too long, or they do not belong together. What was yielded
            before that is worth nothing.
    """
    before = open_image(old)
    view = memoryview(delta).toreadonly()
    head, at = _new_header(before.header, view)
    yield head
    header, _ = read_header(head)
    had = {section.name: section for section in before.header.sections}
    for section, kind, body in _records(header, view, at):
        with located(f"section {section.name}"):
            yield from _section(had.get(section.name), section, before.sections.get(section.name), kind, body)


def _record(
    had: ParameterSection | None,
    section: ParameterSection,
    was: memoryview | None,
    is_now: memoryview,
    mask: SeededMask | None,
) -> tuple[int, bytes]:
    """The smallest record that says it."""
    if was == is_now:
        return SAME, b""
    whole = bytes(is_now)
    if was is None or (had.scale is None) != (section.scale is None):
        return WHOLE, whole
    if section.scale is None:
        if len(was) != len(is_now):
            return WHOLE, whole
        if section.step is None:
            kind, body = XOR, zlib.compress(planes(xor(was, is_now)), 9)
        else:
            kind, body = STEPS, make_steps(was, had.step, is_now, section.step)
    else:
        kind, body = DIFFERENCE, make_difference(bytes(was), whole, mask)
    return (WHOLE, whole) if body is None or len(body) >= len(whole) else (kind, body)


def _section(
    had: ParameterSection | None, section: ParameterSection, was: memoryview | None, kind: int, body: memoryview
) -> Iterator[bytes]:
    """The new section in pieces, checked against its length and CRC-32."""
    if kind == WHOLE:
        pieces = iter([bytes(body)])
    elif was is None:
        raise CodecError("the old image has no such section")
    elif kind == SAME:
        pieces = iter([bytes(was)])
    elif kind == XOR:
        pieces = iter([xor(was, unplaned(inflated(body, len(was))))])
    elif kind == STEPS:
        if section.step is None or had.scale is not None or len(was) % 4:
            raise CodecError("steps of a section without a grid are impossible")
        pieces = iter([apply_steps(was, had.step, body, section.step)])
    else:
        pieces = apply_difference(was, body, section.bytes)
    crc = size = 0
    for piece in pieces:
        crc, size = zlib.crc32(piece, crc), size + len(piece)
        yield piece
    if (size, crc) != (section.bytes, section.crc):
        raise CodecError("what the update makes of it is not what the new image should hold")


def _new_header(before: ImageHeader, view: memoryview) -> tuple[bytes, int]:
    """The bytes of the new image's header, and where the records begin."""
    if len(view) < HEAD.size + CRC.size:
        raise CodecError(f"a delta of {len(view)} bytes is too short for its header")
    magic, length = HEAD.unpack_from(view)
    end = HEAD.size + length
    check_magic("delta", magic, MAGIC)
    if end + CRC.size > len(view):
        raise CodecError(f"not a whole delta: it has {len(view)} bytes")
    if CRC.unpack_from(view, end)[0] != zlib.crc32(view[:end]):
        raise CodecError("the header of the delta is damaged: its CRC-32 does not match")
    unpacker = zlib.decompressobj(zdict=before.pack())
    head = unpacked(lambda data: unpacker.decompress(data, MAX_HEADER_BYTES), view[HEAD.size : end])
    if not unpacker.eof or unpacker.unused_data:
        raise CodecError("the header of the delta is damaged: it does not end where it should")
    return head, end + CRC.size


def _records(header: ImageHeader, view: memoryview, at: int) -> Iterator[tuple[ParameterSection, int, memoryview]]:
    for section in header.sections:
        if at + RECORD.size > len(view):
            raise CodecError(f"a delta of {len(view)} bytes ends before section {section.name}")
        kind, length = RECORD.unpack_from(view, at)
        at += RECORD.size
        if kind > STEPS or at + length > len(view) or (kind == SAME and length):
            raise CodecError(f"section {section.name}: a record of kind {kind} and {length} bytes is impossible")
        yield section, kind, view[at : at + length]
        at += length
    if at != len(view):
        raise CodecError(f"a delta of {len(view)} bytes should have {at}: it was lengthened")


def _deflated(data: bytes, dictionary: bytes) -> bytes:
    packer = zlib.compressobj(9, zdict=dictionary)
    return packer.compress(data) + packer.flush()
