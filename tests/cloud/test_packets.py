"""Packets in a stream of bytes come out as they went in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azsim.cloud.packets import PacketWriter, length_of, read_packets
from azsim.errors import InputError

packet_lists = st.lists(
    st.one_of(st.just(b""), st.binary(min_size=1, max_size=30), st.binary(min_size=250, max_size=1275))
)


@given(packet_lists, st.integers(1, 7))
def test_packets_come_out_as_they_went_in(packets: list[bytes], at_once: int):
    writer, out = PacketWriter(), b""
    for start in range(0, len(packets), at_once):
        out += writer.put(packets[start : start + at_once])
    assert read_packets(out + writer.end(), len(packets)) == packets


def test_silence_costs_two_bytes_however_long():
    writer = PacketWriter()
    assert writer.put([b""] * 200) == b""
    assert writer.put([b"ab"]) == b"\0\xc8\x02ab"
    assert writer.put([b""] * 255) == b"\0\xff"
    assert writer.end() == b""


@given(st.integers(1, 1275))
def test_lengths_are_those_of_the_standard(size: int):
    written = length_of(bytes(size))
    assert size == (written[0] if len(written) == 1 else 4 * written[1] + written[0])
    assert len(written) == (1 if size < 252 else 2)


@given(st.binary(max_size=300))
def test_any_bytes_are_packets_or_refused(data: bytes):
    try:
        packets = read_packets(data, 100)
    except InputError:
        return
    assert sum(map(len, packets)) <= len(data)


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"\x05ab", "within a packet of 5"), (b"\0\0", "no frame"), (b"\0", "no frame"), (b"\xff", "within a length")],
)
def test_what_is_cut_short_is_refused(data: bytes, said: str):
    with pytest.raises(InputError, match=said):
        read_packets(data, 10)


def test_too_many_packets_are_refused():
    with pytest.raises(InputError, match="more than 100 packets"):
        read_packets(b"\0\xff", 100)
