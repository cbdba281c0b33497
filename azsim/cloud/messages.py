"""What device and cloud say to each other: messages of msgpack, typed, checked on both sides, and small.

::

    /v1/lattice   LatticeMessage                         ──> Words     the local-processing mode knows this one alone
    /v1/audio     AudioHead, packets of Opus after it    ──> Words     the baseline; refused with the setting on

**The local-processing setting.** `LatticeMessage` has no field that sound or features fit into: numbers that count, a
choice of two words, and a lattice. The lattice is not just bytes: it is taken apart on both sides, its words must be
words (letters, apostrophes and hyphens), its scores and times numbers on their grids, and written again it must give
the very same bytes, so that nothing else can lie between them.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated, Literal
from unicodedata import category

import msgspec
from msgspec import Meta, Struct

from azsim.errors import InputError, PrivacyError
from azsim.speech.lattice.lattice import Lattice
from azsim.speech.lattice.uplink import decode_lattice, encode_lattice

LATTICE_PATH, AUDIO_PATH = "/v1/lattice", "/v1/audio"
MOST_BYTES = (1 << 16) - 1
"""Of a message; a larger one, from 64 KiB on, is refused on either side. It is what HTTP/2 lets go without leave."""
MOST_AUDIO_BYTES = 1 << 19
"""Of a request with sound: `MOST_PACKETS` at 64 kb/s; each message in it is a packet."""
MOST_PACKETS = 3000
"""A minute of sound in packets of 20 ms."""
_HEAD_LENGTH_BYTES = 2
_LONGEST_WORD = 40
_WITHIN_WORDS = "'’-"
_NAME = re.compile(r"[0-9]{0,10}")

ClientName = Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")]
Counter = Annotated[int, Meta(ge=0, lt=1 << 32)]
Moment = Annotated[int, Meta(ge=0, lt=1 << 48)]


class LatticeMessage(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What was heard in one utterance.

    Attributes:
        client: drawn when a device connects; with ``number`` it names the message once and for all.
        number: of the message among its client's.
        sent_ms: when, in Unix time.
        revision: of the utterance's lattice: a later one takes an earlier one's place.
        endpoint: which end-pointer sends it.
        lattice: in the form of `azsim.speech.lattice.uplink`.
    """

    client: ClientName
    number: Counter
    sent_ms: Moment
    revision: Annotated[int, Meta(ge=0, lt=256)]
    endpoint: Literal["speculative", "final"]
    lattice: Annotated[bytes, Meta(max_length=MOST_BYTES)]


class AudioHead(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What comes before the packets of a request with sound; the names are those of `LatticeMessage`.

    Attributes:
        frame_ms: sound in a packet.
    """

    client: ClientName
    number: Counter
    sent_ms: Moment
    frame_ms: Literal[10, 20, 40, 60]


class Words(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The answer.

    Attributes:
        number: of the message that is answered.
        words: in order; none if nothing was recognised.
        changed: the words are others than the lattice's own best.
    """

    number: Counter
    words: Annotated[tuple[str, ...], Meta(max_length=2000)]
    changed: bool = False


class Refusal(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Why there is no answer, in one line."""

    reason: str


LOCAL_MESSAGES = (LatticeMessage,)
"""All that a device whose local-processing setting is on can send."""


def pack(message: LatticeMessage | Words | Refusal) -> bytes:
    """A message's bytes.

    Raises:
        InputError: it would have more than `MOST_BYTES`.
    """
    data = msgspec.msgpack.encode(message)
    if len(data) > MOST_BYTES:
        raise InputError(f"message: {len(data)} bytes: at most {MOST_BYTES}")
    return data


def unpack_lattice(data: bytes) -> tuple[LatticeMessage, Lattice]:
    """A message and the lattice in it, taken apart.

    Raises:
        InputError: too long, no such message, or a lattice that could carry something else than words.
    """
    message = _unpacked(data, LatticeMessage)
    return message, checked(message.lattice)


def unpack_words(data: bytes) -> Words:
    """An answer.

    Raises:
        InputError: it is none.
    """
    return _unpacked(data, Words)


def unpack_refusal(data: bytes) -> str:
    """Why there is no answer; what cannot be read says nothing more."""
    try:
        return _unpacked(data, Refusal).reason
    except InputError:
        return "no reason given"


def pack_head(head: AudioHead) -> bytes:
    """What a request with sound begins with: its length, and it."""
    data = msgspec.msgpack.encode(head)
    return len(data).to_bytes(_HEAD_LENGTH_BYTES, "little") + data


def unpack_head(data: bytes) -> tuple[AudioHead, bytes]:
    """What a request with sound begins with, and the packets after it.

    Raises:
        InputError: it is none.
    """
    size = int.from_bytes(data[:_HEAD_LENGTH_BYTES], "little")
    begin, end = _HEAD_LENGTH_BYTES, _HEAD_LENGTH_BYTES + size
    if len(data) < end:
        raise InputError("audio: cut short in its head")
    return _unpacked(data[begin:end], AudioHead), data[end:]


def packed_lattice(lattice: Lattice, number: int) -> bytes:
    """A lattice as it goes up, called by its message's number; checked as the other side checks it.

    Raises:
        InputError: too large.
        PrivacyError: a word of it is none.
    """
    data = encode_lattice(replace(lattice, utterance=str(number)))
    data = encode_lattice(decode_lattice(data))  # nodes numbered as the other side numbers them
    try:
        checked(data)
    except InputError as error:
        raise PrivacyError(str(error)) from error
    return data


def checked(data: bytes) -> Lattice:
    """The lattice of a message, if it holds one and nothing else.

    Raises:
        InputError: it is none, a word is none, or other bytes say the same.
    """
    lattice = decode_lattice(data)
    if not _NAME.fullmatch(lattice.utterance):
        raise InputError("lattice message: its name must be a number")
    for word in lattice.words:
        if not _is_word(word):
            raise InputError(f"lattice message: {word[:20]!r} is no word: letters, apostrophes and hyphens")
    if encode_lattice(lattice) != data:
        raise InputError("lattice message: not written as it must be: other bytes would say the same")
    return lattice


def _is_word(text: str) -> bool:
    """Letters of any script with their marks, apostrophes and hyphens."""
    return len(text) <= _LONGEST_WORD and all(each in _WITHIN_WORDS or category(each)[0] in "LM" for each in text)


def _unpacked(data: bytes, kind: type[Struct]) -> Struct:
    if len(data) > MOST_BYTES:
        raise InputError(f"message: {len(data)} bytes: at most {MOST_BYTES}")
    try:
        return msgspec.msgpack.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"message: not a {kind.__name__}: {str(error)[:100]}") from None
