"""Whether a recording is cut or damaged: decoders read one as far as it goes and leave out the rest.

::

    Ogg:  page page page ... page with the end-of-stream flag, each with a checksum
    MP3:  [ID3v2] [Xing/Info frame: how many follow] frame frame ... frame [tags]
    ADTS: [ID3v2] frame frame ... frame [ID3v1], each with its length
    WAV:  a header that says how many bytes follow

What cannot be told: an MP3 without a Xing or Info frame, or an ADTS stream, that is cut exactly between two frames is a
whole, shorter one; and frames of both need no checksum, so that damage inside one is sound.

Source: RFC 3533 (Ogg); ISO/IEC 11172-3 and 13818-3 (MPEG audio headers); the Xing frame as LAME writes it; ISO/IEC
14496-3 1.A.2.2 (ADTS).
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

_PAGE_HEADER_BYTES = 27
_END_OF_STREAM = 4
_CHECKSUM_AT = 22
_BACKWARDS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_BIT_RATES_KBPS = {  # (MPEG-1?, layer) -> by index 1 to 14
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_PROMISED_BYTES = re.compile(
    r"^\s*(?:data|SSND|Data Size|riff|Riff size)\s*:\s*(\d+)\s*\(should be (\d+)\)", re.MULTILINE
)
_UNKNOWN_LENGTHS = {0, 0x7FFFFFFF, 0xFFFFFFFF}  # what a recorder that writes to a pipe leaves in a header
_RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}


def promise_broken(extra_info: str) -> str:
    """What a header promises and the file does not hold, from libsndfile's ``extra_info``; empty if nothing.

    libsndfile itself would read on and only note it.
    """
    promised = _PROMISED_BYTES.search(extra_info)
    if promised is None:
        return ""
    said, there = int(promised[1]), int(promised[2])
    broken = said not in _UNKNOWN_LENGTHS and said > there
    return f"its header promises {said} bytes of sound, there are {there}" if broken else ""


def ogg_cut_short(data: bytes) -> str:
    """What is missing or damaged in an Ogg file; empty if nothing is."""
    end, at, flags = 0, data.find(b"OggS"), 0
    while at >= 0:
        if at > end:
            return f"bytes {end} to {at - 1} are no page of it"
        if at + _PAGE_HEADER_BYTES > len(data):
            return "its last page is cut"
        segments = data[at + _PAGE_HEADER_BYTES : at + _PAGE_HEADER_BYTES + data[at + 26]]
        end = at + _PAGE_HEADER_BYTES + data[at + 26] + sum(segments)
        if len(segments) < data[at + 26] or end > len(data):
            return "its last page is cut"
        if not _page_is_whole(data[at:end]):
            return f"the checksum of its page at byte {at} is wrong"
        flags = data[at + 5]
        at = data.find(b"OggS", end)
    return "" if flags & _END_OF_STREAM else "its last page is not marked as the end of the stream"


def _page_is_whole(page: bytes) -> bool:
    """Whether the checksum is right: a CRC-32 from 0 that takes its bits in the other order than zlib's."""
    stored = int.from_bytes(page[_CHECKSUM_AT : _CHECKSUM_AT + 4], "little")
    blank = page[:_CHECKSUM_AT] + bytes(4) + page[_CHECKSUM_AT + 4 :]
    found = zlib.crc32(blank.translate(_BACKWARDS), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{found:032b}"[::-1], 2) == stored


@dataclass(frozen=True)
class _Frame:
    """One MPEG audio frame header: its length, and where a Xing frame would stand in it."""

    length: int
    side_bytes: int


def mp3_cut_short(data: bytes) -> str:
    """What is missing or damaged in an MP3 file; empty if nothing is, or if it cannot be known."""
    at = _after_id3(data)
    promised, found = None, 0
    while (frame := _frame(data, at)) is not None:
        if at + frame.length > len(data):
            return "its last frame is cut"
        if found == 0 and promised is None and (count := _promised_frames(data, at, frame)) is not None:
            promised = count
        else:
            found += 1
        at += frame.length
    further = _first_frame(data, at)
    if further > at and found:
        return f"bytes {at} to {further - 1} are no frame of it"
    if promised and found < promised:
        return f"its header promises {promised} frames, there are {found}"
    return ""


def adts_cut_short(data: bytes) -> str:
    """What is missing or damaged in an AAC file without a container; empty if nothing is, or if it cannot be known."""
    at = id3_bytes(data)
    while at < len(data) and data[at : at + 3] != b"TAG":
        if at + 7 > len(data):
            return "its last frame is cut"
        if data[at] != 0xFF or data[at + 1] & 0xF6 != 0xF0:
            return f"there is no frame of it at byte {at}"
        length = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
        if length < 7:
            return f"the frame at byte {at} states a length of {length} bytes"
        at += length
    return "its last frame is cut" if at > len(data) else ""


def _after_id3(data: bytes) -> int:
    """Where the first frame of an MP3 is looked for."""
    return max(0, _first_frame(data, id3_bytes(data)))


def id3_bytes(data: bytes) -> int:
    """Length of an ID3v2 tag at the start, whose size is written in 7 bits per byte."""
    if not data.startswith(b"ID3") or len(data) < 10:
        return 0
    return 10 + sum((byte & 0x7F) << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0)))


def _first_frame(data: bytes, start: int) -> int:
    """The first place from ``start`` where two frames follow each other; -1 if there is none."""
    at = data.find(b"\xff", start)
    while at >= 0:
        frame = _frame(data, at)
        if frame is not None and _frame(data, at + frame.length) is not None:
            return at
        at = data.find(b"\xff", at + 1)
    return -1


def _frame(data: bytes, at: int) -> _Frame | None:
    """The frame header at ``at``; None if there is none, or none whose length is stated."""
    if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] & 0xE0 != 0xE0:
        return None
    version, layer = data[at + 1] >> 3 & 3, 4 - (data[at + 1] >> 1 & 3)
    rate_index, hz_index, padding = data[at + 2] >> 4, data[at + 2] >> 2 & 3, data[at + 2] >> 1 & 1
    if version == 1 or layer == 4 or rate_index in (0, 15) or hz_index == 3:
        return None
    first = version == 3
    bits_per_s, rate_hz = 1000 * _BIT_RATES_KBPS[first, layer][rate_index - 1], _RATES_HZ[version][hz_index]
    if layer == 1:
        return _Frame((12 * bits_per_s // rate_hz + padding) * 4, 0)
    mono = data[at + 3] >> 6 == 3
    side_bytes = (17 if mono else 32) if first else (9 if mono else 17)
    return _Frame((144 if first or layer == 2 else 72) * bits_per_s // rate_hz + padding, side_bytes)


def _promised_frames(data: bytes, at: int, frame: _Frame) -> int | None:
    """How many frames follow, if this one is a Xing or Info frame (0 if it does not say); None if it is sound."""
    tag = at + 4 + frame.side_bytes
    if data[tag : tag + 4] not in (b"Xing", b"Info"):
        return None
    return int.from_bytes(data[tag + 8 : tag + 12], "big") if data[tag + 7] & 1 else 0
