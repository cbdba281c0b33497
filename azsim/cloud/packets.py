"""How Opus packets lie in a stream of bytes: each behind its length, silence as a count of frames.

::

    packet of 80 bytes ──> 0x50, 80 bytes        3 frames of silence ──> 0x00, 0x03

Lengths are written as Opus writes those of its own frames: one byte below 252, else two.

**Source:** RFC 6716 3.2.1 (lengths); silence as a count is our own, since a stream must say how long nothing was sent.
"""

from __future__ import annotations

from collections.abc import Iterable

from azsim.cloud.opus import LONGEST_PACKET_BYTES
from azsim.errors import InputError

_TWO_BYTES_FROM = 252
MOST_SILENT = 255
"""Frames of silence that one count can state."""


class PacketWriter:
    """Turns packets into bytes; a stretch of silence waits until it ends, or cannot be counted any further."""

    def __init__(self) -> None:
        self._silent = 0

    def put(self, packets: Iterable[bytes]) -> bytes:
        """Bytes of the next packets, an empty one being silence; nothing at all while silence goes on."""
        out = bytearray()
        for packet in packets:
            if not packet:
                self._silent += 1
                if self._silent == MOST_SILENT:
                    out += self.end()
                continue
            out += self.end()
            out += length_of(packet)
            out += packet
        return bytes(out)

    def end(self) -> bytes:
        """Bytes of the silence that still waits."""
        silent, self._silent = self._silent, 0
        return bytes([0, silent]) if silent else b""


def length_of(packet: bytes) -> bytes:
    """A packet's length in one or two bytes."""
    size = len(packet)
    if not 0 < size <= LONGEST_PACKET_BYTES:
        raise ValueError(f"a packet of {size} bytes: must be 1 to {LONGEST_PACKET_BYTES}")
    if size < _TWO_BYTES_FROM:
        return bytes([size])
    first = _TWO_BYTES_FROM + (size & 3)
    return bytes([first, (size - first) >> 2])


def read_packets(data: bytes, most: int) -> list[bytes]:
    """The packets of a whole stream, empty ones where there was silence.

    Args:
        data: as `PacketWriter` makes it.
        most: packets that are taken.

    Raises:
        InputError: it ends within a packet, counts no silence, or holds more packets than ``most``.
    """
    packets: list[bytes] = []
    at = 0
    while at < len(data):
        size, at = data[at], at + 1
        if size >= _TWO_BYTES_FROM:
            if at == len(data):
                raise InputError("audio: the stream ends within a length")
            size, at = 4 * data[at] + size, at + 1
        if size == 0:
            if at == len(data) or not data[at]:
                raise InputError("audio: silence of no frame")
            packets += [b""] * data[at]
            at += 1
        elif at + size > len(data):
            raise InputError(f"audio: the stream ends within a packet of {size} bytes")
        else:
            packets.append(data[at : at + size])
            at += size
        if len(packets) > most:
            raise InputError(f"audio: more than {most} packets")
    return packets
