"""A compressed network as one file: what lies in the device's flash, byte by byte, and what an update changes.

::

    "AZM1" | length | header (JSON) | CRC-32 | section | section | ...     a section: a bitstream, float32 numbers,
                                                                           or whole numbers of steps of a grid

``docs/updates.md`` is the specification. The same network gives the same bytes.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np

from azsim.compress.network import CompressedNetwork, read_matrix, require_room, scales_of, stated_scales
from azsim.compress.update.vectors import FLOATS, numbers_of, vector_of
from azsim.errors import CodecError, InputError, located
from azsim.file_version import check_magic, check_number
from azsim.input_file import read_input_file
from azsim.nn.normalisation import Normalisation
from azsim.nn.rnnt.load import Card, check
from azsim.nn.rnnt.network import Network
from azsim.nn.rnnt.save import FORMATS as CARD_FORMATS
from azsim.nn.rnnt.save import KIND

Header = TypeVar("Header", bound=msgspec.Struct)
MAGIC = b"AZM1"
HEAD = struct.Struct("<4sI")
CRC = struct.Struct("<I")
MAX_HEADER_BYTES = 1 << 24
FORMATS = (1, 2, 3)
"""Version 0.1.0 knows the first alone, in which all vectors are float32 numbers; 0.2.0 those in which a matrix has one
scale."""
SINGLE_SCALES = 2
"""The newest format in which a matrix has one scale."""


class ParameterSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One parameter of the network.

    Attributes:
        name: of the parameter.
        bytes: length of the section.
        crc: CRC-32 of its bytes.
        scale: of a matrix, ``weight = scale * int8 value``; several, in format 3, for as many groups of its rows; None
            for a vector.
        step: of a vector of whole numbers, ``value = step * int32 number``; None for one of float32 numbers.
    """

    name: str
    bytes: int
    crc: int
    scale: float | tuple[float, ...] | None
    step: float | None = None


class ImageHeader(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """All of a network but its numbers."""

    format: int
    name: str
    model: str
    stack: int
    time_reduction_after: int
    time_reduction: int
    feature_clip: float
    pieces: tuple[str, ...]
    activation_scales: dict[str, float]
    sections: tuple[ParameterSection, ...]
    normalisation: Normalisation = "global"

    def pack(self) -> bytes:
        """The beginning of the image, up to the first section."""
        text = msgspec.json.encode(self)
        head = HEAD.pack(MAGIC, len(text)) + text
        return head + CRC.pack(zlib.crc32(head))


@dataclass(frozen=True)
class Image:
    """An image taken apart, its sections still compressed.

    Attributes:
        header: what it says of itself.
        sections: name -> bytes, in the header's order.
        data: the whole.
    """

    header: ImageHeader
    sections: Mapping[str, memoryview]
    data: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the whole image, hex: by this an update names it."""
        return hashlib.sha256(self.data).hexdigest()


def pack_image(small: CompressedNetwork, format: int | None = None) -> bytes:
    """The image of a compressed network.

    Args:
        small: the network.
        format: 1 to 3, for devices that know no newer; by default 2, or 3 where a matrix has several scales.

    Raises:
        InputError: there is no such format, or it holds one scale a matrix.
    """
    several = next((name for name, matrix in small.matrices.items() if len(matrix.scales) > 1), None)
    format = (FORMATS[-1] if several else SINGLE_SCALES) if format is None else format
    if format not in FORMATS:
        raise InputError(f"format = {format!r}: must be one of {', '.join(map(str, FORMATS))}")
    if several and format <= SINGLE_SCALES:
        raise InputError(f"format = {format}: holds one scale a matrix, {several} has several: must be {FORMATS[-1]}")
    network = small.network
    numbers = numbers_of(small) if format > 1 else {}
    parts: list[bytes] = []
    sections = []
    for name, value in network.parameters.items():
        matrix = small.matrices.get(name)
        step, data = numbers.get(name, (None, np.asarray(value, FLOATS).tobytes()))
        if matrix:
            data = matrix.encoded.data
        scale = stated_scales(matrix.scales) if matrix else None
        sections.append(ParameterSection(name, len(data), zlib.crc32(data), scale, step))
        parts.append(data)
    header = ImageHeader(
        format=format,
        name=small.name,
        model=network.name,
        stack=network.stack,
        time_reduction_after=network.time_reduction_after,
        time_reduction=network.time_reduction,
        feature_clip=network.feature_clip,
        pieces=network.pieces,
        activation_scales=dict(sorted(network.activation_scales.items())),
        sections=tuple(sections),
        normalisation=network.normalisation,
    )
    return b"".join((header.pack(), *parts))


def read_header(data: bytes) -> tuple[ImageHeader, int]:
    """The header at the start of an image, and where the first section begins; raises `CodecError` if damaged."""
    if len(data) < HEAD.size + CRC.size:
        raise CodecError(f"a model image of {len(data)} bytes is too short for its header")
    magic, length = HEAD.unpack_from(data)
    check_magic("model image", magic, MAGIC)
    end = HEAD.size + length
    if length > MAX_HEADER_BYTES or end + CRC.size > len(data):
        raise CodecError(f"a model image of {len(data)} bytes ends inside its header of {length}")
    if CRC.unpack_from(data, end)[0] != zlib.crc32(data[:end]):
        raise CodecError("the header of the model image is damaged: its CRC-32 does not match")
    header = decode_header(data[HEAD.size : end], ImageHeader, FORMATS, "model image")
    for section in header.sections:
        wrong = section.step is not None and (header.format == 1 or section.scale is not None or not section.step > 0)
        wrong |= isinstance(section.scale, tuple) and header.format <= SINGLE_SCALES
        if section.bytes < 0 or wrong:
            raise CodecError(f"the header of the model image is impossible: section {section.name}: {section}")
    return header, end + CRC.size


def decode_header(text: bytes, kind: type[Header], formats: tuple[int, ...], what: str) -> Header:
    """A JSON header that states its ``format``, as a structure; raises `InputError` if it is none or too new."""
    check_number(what, text, formats[-1])
    try:
        header = msgspec.json.decode(text, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise CodecError(f"the header of the {what} is impossible: {error}") from error
    if header.format not in formats:
        raise CodecError(f"the header of the {what} is impossible: format {header.format}")
    return header


def open_image(data: bytes) -> Image:
    """Take an image apart and check its CRC-32s; raises `CodecError` if it is damaged, cut short or too long."""
    header, start = read_header(data)
    bounds = list(accumulate((section.bytes for section in header.sections), initial=start))
    if bounds[-1] != len(data):
        raise CodecError(f"a model image of {len(data)} bytes should have {bounds[-1]}: it was cut short or lengthened")
    view = memoryview(data).toreadonly()
    parts = {section.name: view[a:b] for section, (a, b) in zip(header.sections, pairwise(bounds))}
    if len(parts) != len(header.sections):
        raise CodecError("the header of the model image is impossible: a section occurs twice")
    for section in header.sections:
        if zlib.crc32(parts[section.name]) != section.crc:
            raise CodecError(f"section {section.name} of the model image is damaged: its CRC-32 does not match")
    return Image(header, parts, data)


def read_image(data: bytes, source: str = "model image") -> CompressedNetwork:
    """The compressed network of an image: the very bitstreams; its float32 matrices are what they decode to.

    Args:
        data: the image.
        source: what messages call it.

    Raises:
        CodecError: it is damaged, cut short or too long, or a bitstream in it is.
        InputError: its parts do not make a network.
    """
    image = open_image(data)
    header = image.header
    parameters: dict[str, np.ndarray] = {}
    matrices = {}
    require_room({one.name: image.sections[one.name] for one in header.sections if one.scale is not None})
    for section in header.sections:
        part = bytes(image.sections[section.name])
        with located(f"section {section.name}"):
            if section.scale is None:
                parameters[section.name] = vector_of(part, section.step)
            else:
                matrices[section.name], parameters[section.name] = read_matrix(
                    section.name, part, scales_of(section.scale)
                )
    network = Network(
        name=header.model,
        parameters=parameters,
        pieces=header.pieces,
        stack=header.stack,
        time_reduction_after=header.time_reduction_after,
        time_reduction=header.time_reduction,
        feature_clip=header.feature_clip,
        activation_scales=header.activation_scales,
        digest=image.digest,
        source=source,
        normalisation=header.normalisation,
    )
    card = Card(
        CARD_FORMATS[0], KIND, header.model, header.stack, header.time_reduction_after, header.time_reduction,
        header.feature_clip, header.pieces,
    )  # fmt: skip
    try:
        check(network, card)
    except (KeyError, IndexError) as error:
        raise InputError(f"{source}: not a whole network: {error} is missing") from error
    return CompressedNetwork(name=header.name, network=network, matrices=matrices)


def load_image(path: Path | str) -> CompressedNetwork:
    """`read_image` of a file; raises `InputError` too if it cannot be read."""
    with located(str(path)):
        return read_image(read_input_file(Path(path), "a model image"), str(path))
